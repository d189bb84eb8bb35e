/** Whole lines written backwards, told by words that stand beside what is worth hiding. */
import { characterStart } from './region.ts'
import type { View } from './view.ts'

/** In English, German, French, Spanish and Italian; `nabi` is IBAN. */
const WORDS = [
  ...['number', 'card', 'account', 'security', 'confidential', 'password', 'customer', 'secret', 'address', 'codename'],
  ...['iban', 'nummer', 'karte', 'konto', 'vertraulich', 'passwort', 'numéro', 'carte', 'compte', 'confidentiel'],
  ...['número', 'tarjeta', 'cuenta', 'confidencial', 'numero', 'carta', 'conto', 'riservato'],
]
/** How far a text is turned about such a word, to each side. */
const REACH_BYTES = 1024

export const reversedTextView: View = {
  name: 'reversed',
  triggers: [{ regex: `(?i)(?:${WORDS.map(backward).join('|')})`, boundary: 'word' }],
  edit(text, start, end) {
    const from = characterStart(text, Math.max(0, start - REACH_BYTES))
    const to = characterStart(text, Math.min(text.length, end + REACH_BYTES))
    const shown = text.toString('utf8', from, to)
    // Malformed bytes change their number when they are decoded: then offsets would say nothing.
    if (Buffer.byteLength(shown) !== to - from) return null
    return { start: from, end: to, replacement: Buffer.from(backward(shown)), backward: true }
  },
}

function backward(text: string): string {
  return [...text].reverse().join('')
}
