/**
 * Folds UTF-8 for keyword look-up: case, accents, dashes, underscores, apostrophes and white space. A byte that counts
 * for nothing (half of an accented letter, a soft hyphen, a zero-width space) becomes SKIP. Pure.
 */

/** A byte that the keyword matcher passes over. */
export const SKIP = 0
export const SPACE = 0x20

/** Bytes of ASCII folded; others stand for themselves. */
export const FOLDED_BYTE = byteTable()
/** U+0080 … U+053F: replacement as up to two bytes, first byte in the high half. */
const TWO_BYTES = twoByteTable()

/**
 * The folded bytes of the character at `at`, which is not ASCII, packed as `bytes of text << 16 | first << 8 | second`.
 * A character of three bytes that folds to a space or nothing gives that as its first byte; else its bytes stand for
 * themselves one by one.
 */
export function foldBeyondAscii(text: Uint8Array, at: number): number {
  const byte = text[at] as number
  if (byte >= 0xc2 && byte <= 0xd4 && at + 1 < text.length)
    return (2 << 16) | (TWO_BYTES[((byte & 0x1f) << 6) | ((text[at + 1] as number) & 0x3f)] as number)
  if (byte === 0xe2 && at + 2 < text.length) {
    const fold = punctuation(text[at + 1] as number, text[at + 2] as number)
    if (fold !== null) return (3 << 16) | (fold << 8) | SKIP
  }
  return (1 << 16) | (byte << 8) | SKIP
}

/** A keyword as the matcher looks for it: folded, without skipped bytes, white space single, none at the ends. */
export function foldKeyword(keyword: string): Uint8Array {
  const bytes = Buffer.from(keyword.normalize('NFC'), 'utf8')
  const kept: number[] = []
  const keep = (byte: number) => {
    if (byte !== SKIP && !(byte === SPACE && (kept.length === 0 || kept.at(-1) === SPACE))) kept.push(byte)
  }
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    const folded = byte < 0x80 ? (1 << 16) | ((FOLDED_BYTE[byte] as number) << 8) : foldBeyondAscii(bytes, at)
    keep((folded >> 8) & 0xff)
    keep(folded & 0xff)
    at += folded >> 16
  }
  if (kept.at(-1) === SPACE) kept.pop()
  return Uint8Array.from(kept)
}

function byteTable(): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))
  for (const space of "\t\n\v\f\r -_'\0") table[space.charCodeAt(0)] = SPACE
  return table
}

function twoByteTable(): Uint16Array {
  const table = new Uint16Array(0x540)
  for (let code = 0x80; code < 0x540; code++) table[code] = foldedPair(code)
  return table
}

function foldedPair(code: number): number {
  // The letter apostrophe of Ukrainian is one of three ways to write it.
  if (code === 0xa0 || code === 0x2bc) return (SPACE << 8) | SKIP
  // Soft hyphen, combining grapheme joiner and combining accents.
  if (code === 0xad || (code >= 0x300 && code <= 0x36f)) return SKIP
  if (code === 0xdf) return (0x73 << 8) | 0x73
  const lower = String.fromCodePoint(code).toLowerCase()
  const base = lower.normalize('NFD').replace(/[\u0300-\u036f]/g, '')
  const letter = base.charCodeAt(0)
  if (base.length === 1 && letter < 0x80) return letter << 8
  const folded = base.length === 1 && letter < 0x540 ? letter : code
  return ((0xc0 | (folded >> 6)) << 8) | 0x80 | (folded & 0x3f)
}

/** U+2000 … U+206F after the lead byte E2: spaces, dashes and apostrophes, zero-width characters; null for anything else. */
function punctuation(second: number, third: number): number | null {
  if (second === 0x80) {
    if (third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf) return SPACE
    if (third === 0x98 || third === 0x99) return SPACE
    if (third >= 0x8b && third <= 0x8f) return SKIP
    if (third >= 0x90 && third <= 0x95) return SPACE
    if (third >= 0xaa && third <= 0xae) return SKIP
  }
  return second === 0x81 && third >= 0xa0 && third <= 0xaf ? SKIP : null
}
