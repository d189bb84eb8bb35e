/** What the engine needn't do again: these would fail no comparison of findings, only make texts slow. */
import { expect, it } from 'vitest'
import { Automaton } from '../../../src/detect/match/automaton.ts'
import { Program } from '../../../src/detect/match/program.ts'
import { Scanner } from '../../../src/detect/match/scanner.ts'
import { SolePattern } from '../../../src/detect/match/sole-pattern.ts'
import { parseRegex } from '../../../src/detect/regex/parse-regex.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

it('transitions for characters that a pattern takes alike are built once', () => {
  const program = new Program()
  program.add(parseRegex('[A-Z]{8,40}'), 'word')
  // Each letter is one that some pattern knows, so that none shares its class.
  for (const letter of LETTERS) program.add(parseRegex(`${letter}#`), 'word')
  const automaton = new Automaton(program)
  const scanner = new Scanner(automaton)
  const tokens = Array.from({ length: 200 }, (_, i) =>
    Array.from({ length: 40 }, (_, j) => LETTERS[(i * 7 + j * j * 3 + i * j) % LETTERS.length]).join(''),
  )
  let found = 0
  expect(scanner.scan(Buffer.from(tokens.join(' ')), () => found++ >= 0)).toBe(true)
  expect(found).toBe(tokens.length)
  // One for each letter at the beginning, and then one for each place.
  expect(automaton.built).toBeLessThan(4 * LETTERS.length)
})

it('a pattern by itself is not looked for within a match of it that stands', () => {
  const { scanner } = new SolePattern(parseRegex('[a-z]+@[a-z]+'), 'none')
  const text = Buffer.from('someone@example and another@example')
  const walksWhere = (stands: boolean) => {
    let walks = 0
    scanner.observe(() => walks++)
    expect(scanner.scan(text, () => stands)).toBe(true)
    return walks
  }
  expect(walksWhere(true)).toBeLessThan(6)
  expect(walksWhere(false)).toBeGreaterThan(25)
})
