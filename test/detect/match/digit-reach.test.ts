import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SolePattern } from '../../../src/detect/match/sole-pattern.ts'
import { parseRegex } from '../../../src/detect/regex/parse-regex.ts'
import { referenceMatches } from './reference.ts'

const PATTERNS = [
  '[A-Z][a-z ]{0,4}[ ,]{1,2}\\d{2}',
  '(?:no|nr)\\.? ?\\d{1,3}',
  '\\d-\\d|[a-z]{2,3}\\d',
  '[a-zé]{1,3}\\d?',
] as const
const text = fc
  .array(
    fc.constantFrom(
      'A',
      'b',
      'no',
      'nr.',
      ' ',
      ',',
      '1',
      '23',
      '4-5',
      'Ab c, 12',
      'é',
      '漢',
      'words without any digit. ',
    ),
    {
      maxLength: 14,
    },
  )
  .map((parts) => Buffer.from(parts.join('')))

it.each(PATTERNS)('a pattern by itself finds what RE2 finds, in windows, too: %s', (regex) => {
  let found = 0
  fc.assert(
    fc.property(
      text,
      fc.nat(20),
      fc.nat(60),
      fc.constantFrom('none', 'digit', 'word'),
      (buffer, from, length, boundary) => {
        const sole = new SolePattern(parseRegex(regex), boundary)
        const matches: [number, number][] = []
        const take = (_: number, start: number, end: number) => matches.push([start, end]) > 0
        const to = Math.min(buffer.length, from + length)
        sole.scanner.scan(buffer, take, undefined, 0, buffer.length)
        expect(matches).toEqual(referenceMatches({ regex, boundary }, buffer))
        const starts = new Set<string>()
        sole.scanner.scan(buffer, (_, start, end) => starts.add(`${start} ${end}`) === null, undefined, from, to)
        for (const [start, end] of matches) if (start >= from && start < to) expect(starts).toContain(`${start} ${end}`)
        found += matches.length
      },
    ),
    { numRuns: 400, seed: 11 },
  )
  expect(found).toBeGreaterThan(20)
})
