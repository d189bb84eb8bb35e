import { decodeShortText } from '../charset.ts'
import { hexDigit } from './hex-digit.ts'

/**
 * Header values to text: encoded words of RFC 2047 (with the language of RFC 2231), adjacent ones joined, also those that
 * split a character between them; raw eight-bit bytes as UTF-8 or whatever they look like. Lenient, since mail programs
 * are: words inside quotes, blanks inside words and missing padding are decoded all the same. Linear in its input.
 */
const CHARSET_MAX_CHARS = 64
const EQUALS = 0x3d
const UNDERSCORE = 0x5f
const BLANK = 0x20

interface Word {
  readonly from: number
  readonly to: number
  readonly charset: string
  readonly kind: 'b' | 'q'
  readonly coded: string
}

/** Decodes a header value that holds one byte a character. */
export function decodeHeaderValue(value: string): string {
  if (!value.includes('=?')) return decodeRaw(value)
  const words = findWords(value)
  let out = ''
  let at = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (!word) break
    const between = value.slice(at, word.from)
    const adjacent = i > 0 && /^[ \t\r\n]*$/.test(between)
    if (!adjacent) out += decodeRaw(between)
    const run = [word]
    let next = words[i + 1]
    let to = word.to
    while (next && next.charset === word.charset && /^[ \t\r\n]*$/.test(value.slice(to, next.from))) {
      run.push(next)
      to = next.to
      i += 1
      next = words[i + 1]
    }
    out += decodeShortText(decodeRun(run), word.charset)
    at = to
  }
  return out + decodeRaw(value.slice(at))
}

function decodeRaw(value: string): string {
  for (let at = 0; at < value.length; at++) {
    if (value.charCodeAt(at) > 0x7e) return decodeShortText(Buffer.from(value, 'latin1'), null)
  }
  return value
}

function findWords(value: string): Word[] {
  const words: Word[] = []
  let end = -1
  for (let at = value.indexOf('=?'); at >= 0; at = value.indexOf('=?', at)) {
    const afterCharset = value.indexOf('?', at + 2)
    const kind = value[afterCharset + 1]?.toLowerCase()
    const isWord =
      afterCharset > at + 2 &&
      afterCharset - at <= CHARSET_MAX_CHARS &&
      (kind === 'b' || kind === 'q') &&
      value[afterCharset + 2] === '?'
    if (!isWord) {
      at += 2
      continue
    }
    const from = afterCharset + 3
    // The next end mark only ever moves forward, so a flood of beginnings stays linear.
    if (end < from) end = value.indexOf('?=', from)
    if (end < 0) break
    const text = value.slice(from, end)
    const charset = value.slice(at + 2, afterCharset).replace(/\*.*$/, '')
    words.push({ from: at, to: end + 2, charset, kind, coded: text })
    at = end + 2
  }
  return words
}

/** Bytes of adjacent words: a character, or four characters of base64, may be split between two of them. */
function decodeRun(run: readonly Word[]): Buffer {
  const pieces: Buffer[] = []
  let open = ''
  for (const word of run) {
    if (word.kind === 'b') open += word.coded
    if (word.kind === 'b' && open.replace(/\s+/g, '').length % 4 !== 0 && !open.endsWith('=')) continue
    if (open !== '') pieces.push(Buffer.from(open, 'base64'))
    open = ''
    if (word.kind === 'q') pieces.push(decodeQ(word.coded))
  }
  if (open !== '') pieces.push(Buffer.from(open, 'base64'))
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
}

/** The Q encoding (RFC 2047 section 4.2): `_` is a blank, `=XX` a byte. */
function decodeQ(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const high = byte === EQUALS ? hexDigit(bytes[at + 1]) : -1
    const low = high < 0 ? -1 : hexDigit(bytes[at + 2])
    if (low >= 0) at += 2
    bytes[length++] = low >= 0 ? (high << 4) | low : byte === UNDERSCORE ? BLANK : byte
  }
  return bytes.subarray(0, length)
}
