/** Base64 and its URL-safe alphabet (RFC 4648 sections 4 and 5), also wrapped over lines, in quotes and in data URIs. */
import { mayBeText } from './decoded-text.ts'
import { byteSet, encodedRun, tokenRun } from './token-run.ts'
import type { View } from './view.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD = byteSet(`${LETTERS}+/=`)
const URL_SAFE = byteSet(`${LETTERS}-_=`)

export const base64View: View = {
  name: 'base64',
  triggers: [],
  edit: () => null,
  token(text, { start, lower, upper, digit }) {
    // Encoded text mixes cases or digits; words, numbers and names mostly don't.
    if (!(upper && (lower || digit)) || !mixed(text, start)) return null
    if (!mayBeText(Buffer.from(text.toString('latin1', start, start + FIRST), 'base64'))) return null
    const standard = tokenRun(text, start, STANDARD)
    const run = standard.characters.length > FIRST ? standard : tokenRun(text, start, URL_SAFE)
    return encodedRun(start, run, (characters) => Buffer.from(characters, 'base64'))
  },
}

/** Characters looked at first; nine decoded bytes. */
const FIRST = 12

/** Whether the first characters are mixed already; a name's capitals stand at its front. */
function mixed(text: Buffer, start: number): boolean {
  let lower = 0
  let upper = 0
  let digits = 0
  let capitalAfterFirst = 0
  for (let i = 0; i < FIRST; i++) {
    const byte = text[start + i] as number
    if (byte >= 0x61 && byte <= 0x7a) lower++
    else if (byte >= 0x41 && byte <= 0x5a) {
      upper++
      if (i > 0) capitalAfterFirst++
    } else if (byte >= 0x30 && byte <= 0x39) digits++
  }
  if (upper === 0) return false
  return lower > 0 ? capitalAfterFirst > 0 || digits > 0 : digits > 0
}
