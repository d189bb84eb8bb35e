import fc from 'fast-check'
import RE2 from 're2'
import { describe, expect, it } from 'vitest'
import { BOUNDARIES } from '../../../src/detect/match/boundary.ts'
import { Program } from '../../../src/detect/match/program.ts'
import { lengthOf } from '../../../src/detect/regex/ast.ts'
import { parseRegex } from '../../../src/detect/regex/parse-regex.ts'
import { type PatternUnderTest, referenceMatches, scannerMatches } from './reference.ts'

/** Patterns over a small alphabet, so that random texts match often. */
const atom = fc.constantFrom(
  'a',
  'b',
  '1',
  '2',
  '-',
  '\\.',
  ' ',
  'é',
  'П',
  '漢',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '.',
  '[a-c1-3]',
  '\\b',
  '\\B',
  '^',
  '$',
  '\\pL',
  '[^\\d-]',
  '(?i:aB)',
  '(?i:[^kS])',
  '(?i:é)',
  '(?s:.)',
  '(?m:^)',
  '(?m:$)',
)
const regex = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'node' },
    atom,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((items) => items.join('')),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((items) => `(?:${items.join('|')})`),
    fc
      .tuple(tie('node'), fc.constantFrom('?', '*', '+', '{2}', '{1,3}', '??', '*?', '+?', '{0,2}?', '{2,}'))
      .map(([item, repeat]) => `(?:${item})${repeat}`),
  ),
})).node as fc.Arbitrary<string>
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'A',
      'B',
      'k',
      '1',
      '2',
      '3',
      '-',
      '.',
      ' ',
      '\n',
      'é',
      'É',
      'П',
      'п',
      '漢',
      '\u212a',
      ',',
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join('')))
const pattern: fc.Arbitrary<PatternUnderTest> = fc
  .record({ regex, boundary: fc.constantFrom(...BOUNDARIES) })
  .filter(({ regex }) => usable(regex))

/** RE2 refuses some nestings of counted repeats, and rules may not loop over nothing; those never reach the scanner. */
function usable(source: string): boolean {
  try {
    new Program().add(parseRegex(source), 'digit')
    return new RE2(`(${source})`) !== null && lengthOf(parseRegex(source)).min > 0
  } catch {
    return false
  }
}

describe('the scanner finds what plain RE2 finds', () => {
  it('for random patterns over random texts', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), text, (patterns, buffer) => {
        const found = scannerMatches(patterns, buffer)
        for (const [i, one] of patterns.entries())
          expect(found[i], JSON.stringify(one)).toEqual(referenceMatches(one, buffer))
      }),
      { numRuns: 1500, seed: 7 },
    )
  })
})
