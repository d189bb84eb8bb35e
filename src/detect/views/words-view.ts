/** Digits spelt out: `four one one one`, in the seven languages of most European mail. */
import { runEnd } from './token-run.ts'
import type { View } from './view.ts'

const WORDS: readonly (readonly string[])[] = [
  ['zero', 'oh', 'null', 'nul', 'zéro', 'cero'],
  ['one', 'eins', 'ein', 'un', 'une', 'uno', 'um', 'een', 'één'],
  ['two', 'zwei', 'zwo', 'deux', 'dos', 'due', 'dois', 'twee'],
  ['three', 'drei', 'trois', 'tres', 'tre', 'três', 'drie'],
  ['four', 'vier', 'quatre', 'cuatro', 'quattro', 'quatro'],
  ['five', 'fünf', 'fuenf', 'cinq', 'cinco', 'cinque', 'vijf'],
  ['six', 'sechs', 'seis', 'sei', 'zes'],
  ['seven', 'sieben', 'sept', 'siete', 'sette', 'sete', 'zeven'],
  ['eight', 'acht', 'huit', 'ocho', 'otto', 'oito'],
  ['nine', 'neun', 'neuf', 'nueve', 'nove', 'negen'],
]
const DIGIT_OF = new Map(WORDS.flatMap((words, digit) => words.map((word) => [word, String(digit)] as const)))
const ANY = `(?:${[...DIGIT_OF.keys()].join('|')})`
const JOIN = '[ \\t\\r\\n,.;:/_-]{1,3}'

/** Over Latin-1, so letters beyond ASCII stand as their bytes. */
const RUN = new RegExp(
  `(?:${Buffer.from(`${ANY}${JOIN}`).toString('latin1')})*${Buffer.from(ANY).toString('latin1')}`,
  'iy',
)

export const wordsView: View = {
  name: 'words',
  triggers: [{ regex: `(?i)${ANY}(?:${JOIN}${ANY}){6}`, boundary: 'word' }],
  edit(text, start, triggerEnd) {
    const end = runEnd(text, start, triggerEnd, RUN)
    const words = text
      .toString('utf8', start, end)
      .toLowerCase()
      .split(/[^\p{L}]+/u)
    return { start, end, replacement: Buffer.from(words.map((word) => DIGIT_OF.get(word) ?? '').join('')) }
  },
}
