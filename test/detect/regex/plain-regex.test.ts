import fc from 'fast-check'
import RE2 from 're2'
import { describe, expect, it } from 'vitest'
import { isPlainRegex } from '../../../src/detect/regex/plain-regex.ts'

const PLAIN = [
  'abc',
  '\\bEU-\\d{3}(?:[- ]?\\d{2,4}){1,3}',
  '(?i)(?:key|token)[\\w .-]{0,20}?[:=]\\s*(?P<value>[A-Za-z0-9_-]{20,40})',
  '(?m)^[ \\t>]*(?<value>[^\\r\\n]+?)\\x{2013}\\x41$',
  '(?i-s:a.b)(?s:.)+x',
  '[-+.][a-c-]',
]
const NOT_SURE = [
  ['(?=a)b', 'look-ahead'],
  ['(a)\\1', 'a back-reference'],
  ['a**', 'a repeat of a repeat'],
  ['a{1001}', 'more repeats than RE2 takes'],
  ['(?:a{100}){100}', 'more nested repeats than RE2 takes'],
  ['a{3,2}', 'counts in the wrong order'],
  ['[z-a]', 'a range in the wrong order'],
  ['(?P<a>x)(?P<a>y)', 'a name twice'],
  ['(a', 'a group without end'],
  ['a)', 'an end without group'],
  ['*a', 'a repeat of nothing'],
  ['a*', 'what may match nothing'],
  ['\\y', 'an escape that RE2 does not know'],
  ['\\pL', 'a property, which RE2 knows better'],
  ['\ud800', 'half a character'],
] as const

/** Pieces that break patterns most ways. */
const piece = fc.constantFrom(
  ...['(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '\\', '^', '$', '-', '{2,1}', '{1001}', '(?', '(?P<a>', '(?<'],
  ...['[^', '[]', '[:', '\\Q', '\\E', '\\1', '\\y', '\\x', '\\x{', '**', '{3}', '(?=', '\\C', 'z-a', '(?i)', '(?-i:'],
)
const change = fc.record({ at: fc.nat(100), cut: fc.nat(3), piece })
const mutant = fc
  .record({ pattern: fc.constantFrom(...PLAIN), changes: fc.array(change, { maxLength: 3 }) })
  .map(({ pattern, changes }) =>
    changes.reduce((text, { at, cut, piece }) => text.slice(0, at) + piece + text.slice(at + cut), pattern),
  )

describe('isPlainRegex', () => {
  it.each(PLAIN)('is sure of %s', (pattern) => {
    expect(isPlainRegex(pattern)).toBe(true)
  })

  it.each(NOT_SURE)('leaves %s to RE2: %s', (pattern) => {
    expect(isPlainRegex(pattern)).toBe(false)
  })

  it('is never sure of what RE2 refuses or what matches the empty string', () => {
    let sure = 0
    fc.assert(
      fc.property(mutant, (pattern) => {
        if (!isPlainRegex(pattern)) return
        sure++
        expect(new RE2(pattern).test(''), pattern).toBe(false)
      }),
      { numRuns: 8_000, seed: 3 },
    )
    expect(sure).toBeGreaterThan(500)
  })
})
