/** Letters turned by thirteen, in tokens that mix letters and digits as keys and account numbers do. */
import type { View } from './view.ts'

export const rot13View: View = {
  name: 'rot13',
  strongOnly: true,
  triggers: [],
  edit: () => null,
  token(text, { start, end, lower, upper, digit }) {
    if (!digit || !(lower || upper) || end - start > TOKEN_LENGTH_MAX) return null
    const replacement = Buffer.from(text.subarray(start, end))
    for (let i = 0; i < replacement.length; i++) replacement[i] = TURNED[replacement[i] as number] as number
    return { end, edit: { start, end, replacement } }
  },
}

/** Longer runs are no single key or number. */
const TOKEN_LENGTH_MAX = 256

const TURNED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const base = byte >= 0x61 && byte <= 0x7a ? 0x61 : byte >= 0x41 && byte <= 0x5a ? 0x41 : null
  return base === null ? byte : ((byte - base + 13) % 26) + base
})

export function rot13(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => {
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
}
