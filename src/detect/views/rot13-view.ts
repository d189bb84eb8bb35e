/** Letters turned by thirteen, in tokens that mix letters and digits as keys and account numbers do. */
import type { View } from './view.ts'

export const rot13View: View = {
  name: 'rot13',
  strongOnly: true,
  triggers: [],
  edit: () => null,
  token(text, { start, end, lower, upper, digit }) {
    if (!digit || !(lower || upper) || end - start > TOKEN_LENGTH_MAX) return null
    const replacement = Buffer.from(rot13(text.toString('latin1', start, end)), 'latin1')
    return { end, edit: { start, end, replacement } }
  },
}

/** Longer runs are no single key or number. */
const TOKEN_LENGTH_MAX = 256

export function rot13(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => {
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
}
