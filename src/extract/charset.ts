import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { detectLegacy } from './charset-detect.ts'
import { decodeEbcdic, ebcdicPage, looksEbcdic } from './charset-ebcdic.ts'
import { decodeIso2022, hasIso2022, stripHz } from './charset-iso2022.ts'
import { decodeUtf7, hasUtf7Shift, looksUtf7 } from './charset-utf7.ts'

/**
 * Bytes to text, whatever they claim to be. A declared charset is a hint: senders get it wrong, and some on purpose. A
 * byte order mark outranks it, bytes that are valid UTF-8 with multi-byte sequences outrank a legacy name, and where two
 * readings both make sense the second stands in `others`, so that the detectors see both. Never throws.
 */
export interface DecodedText {
  readonly text: string
  /** Charset it was read as; null where nothing fitted and bytes were taken one by one (windows-1252). */
  readonly charset: string | null
  /** Readings under other charsets that a receiver may take instead. */
  readonly others: readonly string[]
}

const NONE: readonly string[] = []

/** Decodes `bytes`; `declared` is a charset name from outside or null. */
export function decodeText(bytes: Uint8Array, declared: string | null): DecodedText {
  return decode(bytes, declared, true)
}

/** Names of charsets that ASCII and UTF-8 are told from by their bytes. */
const TOLD_BY_BYTES = /^(?:us-?ascii|ascii|utf-?8|iso-?8859-\d{1,2}|windows-125\d|latin1)$/

/** Whether `decodeText` reads the bytes as UTF-8, drops nothing of them and sees no other reading. May say no in doubt. */
export function isPlainUtf8(bytes: Uint8Array, declared: string | null): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const name = declared === null ? null : canonicalCharset(declared)
  if (name !== null && !TOLD_BY_BYTES.test(name)) return false
  if (!isUtf8(buffer) || decodeMarked(buffer) !== null) return false
  return !buffer.includes(0) && !hasIso2022(buffer) && !(hasUtf7Shift(buffer) && looksUtf7(buffer.toString('latin1')))
}

/** The same for a header value or a name: too short to guess a charset from, and there may be very many. */
export function decodeShortText(bytes: Uint8Array, declared: string | null): string {
  return decode(bytes, declared, false).text
}

function decode(bytes: Uint8Array, declared: string | null, guess: boolean): DecodedText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const marked = decodeMarked(buffer)
  if (marked) return marked
  const name = declared === null ? null : canonicalCharset(declared)
  const named = name === null ? null : decodeSelfContained(buffer, name)
  if (named) return named
  const wide = wideWithoutMark(buffer)
  if (guess && hasOverlong(buffer)) return { ...decodeLegacy(buffer, name, guess), others: [decodeOverlong(buffer)] }
  if (wide) return { text: decodeWide(buffer, wide), charset: wide, others: NONE }
  if (isAscii(buffer)) return decodeAscii(buffer)
  if (isUtf8(buffer)) return { text: buffer.toString('utf8'), charset: 'utf-8', others: utf7Reading(buffer) }
  return decodeLegacy(buffer, name, guess)
}

/** Lower-case name without quotes, blanks and RFC 2231 language; null for an empty one. */
export function canonicalCharset(declared: string): string | null {
  const name = declared
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .replace(/\*.*$/, '')
    .trim()
    .toLowerCase()
  return name === '' ? null : name
}

function decodeMarked(buffer: Buffer): DecodedText | null {
  const [a, b, c, d] = [buffer[0], buffer[1], buffer[2], buffer[3]]
  if (a === 0xef && b === 0xbb && c === 0xbf) return plain(buffer.toString('utf8', 3), 'utf-8')
  if (a === 0xff && b === 0xfe && c === 0 && d === 0)
    return plain(decodeWide(buffer.subarray(4), 'utf-32le'), 'utf-32le')
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff)
    return plain(decodeWide(buffer.subarray(4), 'utf-32be'), 'utf-32be')
  if (a === 0xff && b === 0xfe) return plain(decodeWide(buffer.subarray(2), 'utf-16le'), 'utf-16le')
  if (a === 0xfe && b === 0xff) return plain(decodeWide(buffer.subarray(2), 'utf-16be'), 'utf-16be')
  if (a === 0x84 && b === 0x31 && c === 0x95 && d === 0x33)
    return plain(decodeNamed(buffer.subarray(4), 'gb18030') ?? '', 'gb18030')
  if (a === 0x2b && b === 0x2f && c === 0x76 && isUtf7Mark(d))
    return plain(decodeUtf7(buffer.toString('latin1')).replace(/^\ufeff/, ''), 'utf-7')
  return null
}

function isUtf7Mark(byte: number | undefined): boolean {
  return byte === 0x38 || byte === 0x39 || byte === 0x2b || byte === 0x2f
}

function plain(text: string, charset: string): DecodedText {
  return { text, charset, others: NONE }
}

/** Charsets whose bytes are not ASCII: they have to be believed when declared, and the bytes read plainly as well. */
function decodeSelfContained(buffer: Buffer, name: string): DecodedText | null {
  const wide = wideName(name, buffer)
  if (wide) {
    const text = decodeWide(buffer, wide)
    return { text, charset: wide, others: plainReading(buffer) }
  }
  if (/^(?:unicode-?1-?1-)?utf-?7(?:-imap)?$|^csunicode11utf7$|^x-unicode-2-0-utf-7$/.test(name)) {
    const raw = buffer.toString('latin1')
    const text = decodeUtf7(raw, name.endsWith('imap'))
    return { text, charset: 'utf-7', others: NONE }
  }
  const page = ebcdicPage(name)
  if (page !== null) return { text: decodeEbcdic(buffer, page), charset: `ibm${page}`, others: plainReading(buffer) }
  if (/^(?:cs)?iso-?2022/.test(name) && hasIso2022(buffer)) {
    return plain(decodeIso2022(buffer, name), name)
  }
  if (/^(?:x-)?hz(?:-gb-?2312)?$/.test(name))
    return plain(decodeNamed(stripHz(buffer), 'gbk') ?? buffer.toString('latin1'), name)
  return null
}

/** The bytes read as ASCII where they look like ASCII text: what a receiver shows that ignores the declared charset. */
function plainReading(buffer: Buffer): readonly string[] {
  const text = isAscii(buffer) ? buffer.toString('latin1') : isUtf8(buffer) ? buffer.toString('utf8') : null
  return text !== null && !text.includes('\0') && buffer.length > 0 ? [text] : NONE
}

function wideName(name: string, buffer: Buffer): string | null {
  const m = /^(?:x-)?(?:cs)?(?:utf-?(16|32)|ucs-?([24])|iso-10646-ucs-([24])|unicode)(?:-?([lb]e))?$/.exec(name)
  if (!m) return null
  const bits = m[1] ?? (m[2] === '4' || m[3] === '4' ? '32' : '16')
  const found = wideWithoutMark(buffer)
  if (found?.startsWith(`utf-${bits}`)) return found
  return `utf-${bits}${m[4] ?? (name.startsWith('utf') ? 'le' : 'be')}`
}

/** UTF-16 and UTF-32 without a mark give themselves away by the zeros of their ASCII characters. */
export function wideWithoutMark(buffer: Uint8Array): 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be' | null {
  const sample = buffer.subarray(0, 4096)
  const units = Math.floor(sample.length / 4)
  if (sample.length < 4 || !sample.includes(0)) return null
  const zeros = [0, 0, 0, 0]
  for (let at = 0; at < units * 4; at++) if (sample[at] === 0) zeros[at & 3] = (zeros[at & 3] ?? 0) + 1
  const [a = 0, b = 0, c = 0, d = 0] = zeros
  const most = units * 0.6
  const few = units * 0.1
  if (b >= units * 0.9 && c >= units * 0.9 && d >= units * 0.9 && a <= few) return 'utf-32le'
  if (a >= units * 0.9 && b >= units * 0.9 && c >= units * 0.9 && d <= few) return 'utf-32be'
  if (b >= most && d >= most && a <= few && c <= few) return 'utf-16le'
  if (a >= most && c >= most && b <= few && d <= few) return 'utf-16be'
  return null
}

function decodeWide(buffer: Buffer, charset: string): string {
  if (charset === 'utf-16le') return buffer.toString('utf16le', 0, buffer.length & ~1)
  if (charset === 'utf-16be')
    return Buffer.from(buffer.subarray(0, buffer.length & ~1))
      .swap16()
      .toString('utf16le')
  return iconv.decode(buffer, charset, { stripBOM: true })
}

function decodeAscii(buffer: Buffer): DecodedText {
  if (hasIso2022(buffer)) return { text: decodeIso2022(buffer, 'iso-2022'), charset: 'iso-2022', others: NONE }
  return { text: buffer.toString('latin1'), charset: 'us-ascii', others: utf7Reading(buffer) }
}

function utf7Reading(buffer: Buffer): readonly string[] {
  if (!hasUtf7Shift(buffer)) return NONE
  const raw = buffer.toString('latin1')
  return looksUtf7(raw) ? [decodeUtf7(raw)] : NONE
}

function decodeLegacy(buffer: Buffer, name: string | null, guess: boolean): DecodedText {
  if (name !== null && name !== 'us-ascii' && name !== 'utf-8' && name !== 'utf8') {
    const text = decodeNamed(buffer, name)
    if (text !== null && !isMostlyReplaced(text)) return plain(text, name)
  }
  if (guess && looksEbcdic(buffer)) return plain(decodeEbcdic(buffer, '37'), 'ibm37')
  const detected = guess ? detectLegacy(buffer) : null
  if (detected) {
    const text = decodeNamed(buffer, detected)
    if (text !== null && !isMostlyReplaced(text)) return plain(text, detected)
  }
  return { text: decodeNamed(buffer, 'windows-1252') ?? buffer.toString('latin1'), charset: null, others: NONE }
}

/** UTF-8 in two bytes of what needs one: invalid (RFC 3629 section 3), and decoded by lenient readers all the same. */
function hasOverlong(buffer: Buffer): boolean {
  if (!buffer.includes(0xc0) && !buffer.includes(0xc1)) return false
  const text = buffer.toString('latin1')
  return (text.match(OVERLONG)?.length ?? 0) >= OVERLONG_MIN
}

const OVERLONG = /[\xc0\xc1][\x80-\xbf]/g
/** Words of Latin-1 hold such a pair now and then, never several. */
const OVERLONG_MIN = 4

function decodeOverlong(buffer: Buffer): string {
  const single = buffer
    .toString('latin1')
    .replace(OVERLONG, (pair) => String.fromCharCode(((pair.charCodeAt(0) & 1) << 6) | (pair.charCodeAt(1) & 0x3f)))
  return Buffer.from(single, 'latin1').toString('utf8')
}

function isMostlyReplaced(text: string): boolean {
  const sample = text.slice(0, 4096)
  let replaced = 0
  for (let at = 0; at < sample.length; at++) if (sample.charCodeAt(at) === 0xfffd) replaced++
  return replaced > sample.length / 10
}

/** Decodes by a name that TextDecoder or iconv-lite knows; null for one that neither does. */
function decodeNamed(buffer: Buffer, name: string): string | null {
  if (iconv.encodingExists(name)) return iconv.decode(buffer, name)
  try {
    return new TextDecoder(name).decode(buffer)
  } catch {
    return null
  }
}
