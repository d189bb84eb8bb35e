/** Base64 and its URL-safe alphabet (RFC 4648 sections 4 and 5), also wrapped over lines, in quotes and in data URIs. */
import { mayBeText } from './decoded-text.ts'
import { byteSet, encodedRun, isForeign, tokenRun } from './token-run.ts'
import type { Reading, View } from './view.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD = byteSet(`${LETTERS}+/=`)
const URL_SAFE = byteSet(`${LETTERS}-_=`)

export const base64View: View = {
  name: 'base64',
  triggers: [],
  edit: () => null,
  token(text, { start, lower, upper, digit }) {
    // Encoded text mixes cases or digits; words, numbers and names mostly don't.
    if (!(upper && (lower || digit))) return null
    if (isForeign(text[start - 1]) && STANDARD[text[start - 2] ?? 0] === 1) return behindForeign(text, start)
    if (!mixed(text, start)) return null
    if (!mayBeText(Buffer.from(text.toString('latin1', start, start + FIRST), 'base64'))) return null
    return decodedAt(text, start)
  },
}

function decodedAt(text: Buffer, start: number): Reading {
  const standard = tokenRun(text, start, STANDARD, mendBase64)
  const run = standard.characters.length > FIRST ? standard : tokenRun(text, start, URL_SAFE, mendBase64)
  return encodedRun(start, run, (characters) => Buffer.from(characters, 'base64'))
}

/**
 * A byte that is none of the alphabet, amid it: readers skip one that was put in (RFC 4648 section 3.3), and one that
 * took another's place costs three bytes. What to write there is told by what the next characters then decode to.
 */
function mendBase64(before: string, next: string): string | null {
  for (const instead of ['', 'A']) {
    const open = (before.length + instead.length) % 4
    const whole = next.slice(open === 0 ? 0 : 4 - open)
    if (mayBeText(Buffer.from(whole.slice(0, whole.length - (whole.length % 4)), 'base64'))) return instead
  }
  return null
}

/** Behind a byte that interrupts it, a token's first characters may be the rest of a group of four. */
function behindForeign(text: Buffer, start: number): Reading | null {
  for (let shift = 0; shift < 4; shift++) {
    const from = start + shift
    if (!mayBeText(Buffer.from(text.toString('latin1', from, from + FIRST), 'base64'))) continue
    const reading = decodedAt(text, from)
    if (reading.edit) return reading
  }
  return null
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
