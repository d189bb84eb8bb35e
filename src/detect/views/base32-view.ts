/** Base32 (RFC 4648 section 6), upper or lower case. */
import { byteSet, encodedRun, tokenRun } from './token-run.ts'
import type { View } from './view.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const CHARACTERS = byteSet(`${ALPHABET}${ALPHABET.toLowerCase()}=`)

export const base32View: View = {
  name: 'base32',
  triggers: [],
  edit: () => null,
  token(text, { start, end, lower, upper }) {
    if (lower === upper || end - start < 16) return null
    for (let i = start; i < start + 16; i++) if (CHARACTERS[text[i] as number] !== 1) return null
    const run = tokenRun(text, start, CHARACTERS)
    return encodedRun(start, run, (characters) => fromBase32(characters.toUpperCase().replace(/=+$/, '')))
  },
}

function fromBase32(characters: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((characters.length * 5) / 8))
  let bits = 0
  let value = 0
  let at = 0
  for (const character of characters) {
    value = ((value << 5) | ALPHABET.indexOf(character)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (value >> bits) & 0xff
    }
  }
  return bytes
}
