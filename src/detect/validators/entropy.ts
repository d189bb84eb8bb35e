import type { Validator } from './validator.ts'

/** Shannon entropy of the string's own character frequencies, in bits per character (Shannon 1948). */
export function bitsPerCharacter(value: string): number {
  const counts = new Map<string, number>()
  let total = 0
  for (const character of value) {
    counts.set(character, (counts.get(character) ?? 0) + 1)
    total++
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / total) * Math.log2(count / total)
  return bits
}

/** `entropy(N)`: at least N bits per character, so that words and placeholders stay silent. */
export const entropy: Validator = {
  id: 'entropy',
  check(value, argument) {
    return bitsPerCharacter(value) >= Number(argument) ? value : null
  },
  argumentProblem(argument) {
    const bits = Number(argument)
    return argument !== undefined && argument.trim() !== '' && bits > 0 && bits <= 8
      ? null
      : 'wants the least bits per character, above 0 and at most 8, as in `entropy(3.5)`'
  },
}
