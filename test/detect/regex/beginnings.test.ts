import fc from 'fast-check'
import RE2 from 're2'
import { describe, expect, it } from 'vitest'
import { beginningsOf } from '../../../src/detect/regex/beginnings.ts'
import { parseRegex } from '../../../src/detect/regex/parse-regex.ts'

function shown(pattern: string): string[] | null {
  return beginningsOf(parseRegex(pattern), 4)
}

describe('beginningsOf', () => {
  it.each([
    ['token', ['toke']],
    ['(?i)TUNER', ['tune']],
    ['ab(?:cd|ef)x', ['abcd', 'abef']],
    ['a{2,3}b{2}', ['aabb', 'aaab']],
    ['(?:ab)+c+', ['abab', 'abcc', 'abc']],
    ['\\bgh[po]_\\w+', ['ghp_', 'gho_']],
    ['éé', ['\xc3\xa9\xc3\xa9']],
  ])('%s', (pattern, expected) => {
    const whole = expected.every((text) => text.length === 4)
    expect(shown(pattern)?.sort() ?? null).toEqual(whole ? expected.sort() : null)
  })

  it.each(['abc', 'a*', '\\w+', '[^a]bcd', 'a.cd', 'ab[a-z]\\w'])('%s has too many, or shorter matches', (pattern) => {
    expect(shown(pattern)).toBeNull()
  })

  it.each([
    ['(?i)agora.{1,40}key', ['agora']],
    ['stat(?:us|istics)', ['status', 'statist']],
    ['pass[-_]?word', ['pass-wo', 'pass_wo', 'passwor']],
    ['sk_[a-z]\\w+', null],
    ['mfa\\.\\w+', ['mfa.']],
    ['test(?:ed)?', ['test', 'tested']],
    ['abc', null],
  ])('of four to seven bytes: %s', (pattern, expected) => {
    const known = beginningsOf(parseRegex(pattern), 4, 7)
    if (expected) expect(known?.sort()).toEqual(expected.sort())
    else expect(known?.every((bytes) => bytes.length === 4) ?? true).toBe(true)
  })

  it('has the beginning of every match', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      'é',
      '[ab]',
      'ab',
      '(?:a|bb)',
      '(?i:Ab)',
      'b?',
      'a{0,2}',
      '(?:ab){1,2}',
      '\\b',
    )
    const text = fc
      .array(fc.constantFrom('a', 'a', 'b', 'b', 'A', 'é'), { maxLength: 30 })
      .map((parts) => parts.join(''))
    let matches = 0
    fc.assert(
      fc.property(fc.array(atom, { minLength: 3, maxLength: 6 }), text, (atoms, content) => {
        const known = shown(atoms.join(''))
        if (!known) return
        for (const match of content.matchAll(new RE2(atoms.join(''), 'g'))) {
          matches++
          const first = Buffer.from(match[0])
            .toString('latin1')
            .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
          expect(known).toContain(first.slice(0, 4))
          const longer = beginningsOf(parseRegex(atoms.join('')), 4, 7)
          expect(longer?.some((bytes) => first.startsWith(bytes))).toBe(true)
        }
      }),
      { numRuns: 4_000, seed: 5 },
    )
    expect(matches).toBeGreaterThan(20)
  })
})
