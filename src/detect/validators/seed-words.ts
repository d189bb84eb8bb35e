/**
 * `seed-words`: 12, 15, 18, 21 or 24 words that can be a wallet's seed phrase (BIP 39). The English list has no word of
 * fewer than three or more than eight letters and none of the commonest words of prose, and a phrase hardly repeats.
 */
import type { Validator } from './validator.ts'

const COUNTS: ReadonlySet<number> = new Set([12, 15, 18, 21, 24])
const REPEATS_MAX = 2
/** Common English words that the list doesn't have: one of them means prose. */
const PROSE: ReadonlySet<string> = new Set(
  'the and for are but not you your his her she they them then than with was were has have had been from into our its their there these those which who whom how why would could should must here very also just like did does don easy most many every'.split(
    ' ',
  ),
)

export const seedWords: Validator = {
  id: 'seed-words',
  check(value) {
    const words = value.toLowerCase().split(/\s+/)
    if (!COUNTS.has(words.length) || words.length - new Set(words).size > REPEATS_MAX) return null
    return words.some((word) => PROSE.has(word)) ? null : words.join(' ')
  },
}
