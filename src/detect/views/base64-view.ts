/** Base64 and its URL-safe alphabet (RFC 4648 sections 4 and 5), also wrapped over lines, in quotes and in data URIs. */
import { decodedText } from './decoded-text.ts'
import { byteSet, tokenRun } from './token-run.ts'
import type { View } from './view.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD = byteSet(`${LETTERS}+/=`)
const URL_SAFE = byteSet(`${LETTERS}-_=`)

export const base64View: View = {
  name: 'base64',
  triggers: [{ regex: '[A-Za-z0-9+/_-]{12}', boundary: 'word', endBoundary: 'none' }],
  edit(text, start, end) {
    const first = text.toString('latin1', start, end)
    // Encoded text mixes cases and digits within its first characters; words and numbers don't.
    if (!/[a-z].*[A-Z0-9]|[A-Z].*[a-z].*[A-Z0-9]|[A-Z].*[0-9]|[0-9].*[A-Z]/.test(first)) return null
    const run = tokenRun(text, start, STANDARD)
    const safe = run.characters.length >= 16 && run.end >= end ? run : tokenRun(text, start, URL_SAFE)
    if (safe.characters.length < 12) return null
    const decoded = decodedText(Buffer.from(safe.characters, 'base64'))
    return decoded ? { start, end: safe.end, replacement: decoded.text, via: decoded.via } : null
  },
}
