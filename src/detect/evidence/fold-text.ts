/**
 * Folds UTF-8 for keyword look-up without moving a byte: case, accents, dashes, underscores and white space. A byte
 * that counts for nothing (half of an accented letter, a soft hyphen, a zero-width space) becomes SKIP. Pure.
 */

/** A byte that the keyword matcher passes over. */
export const SKIP = 0
export const SPACE = 0x20

const ASCII = asciiTable()
/** U+0080 … U+053F: replacement as up to two bytes, first byte in the high half. */
const TWO_BYTES = twoByteTable()

/** Folds `text[from, to)` into `out` from index 0; `from` must stand at the start of a code point. */
export function foldInto(text: Uint8Array, from: number, to: number, out: Uint8Array): void {
  for (let i = from, o = 0; i < to; i++, o++) {
    const byte = text[i] as number
    if (byte < 0x80) {
      out[o] = ASCII[byte] as number
    } else if (byte >= 0xc2 && byte <= 0xd4 && i + 1 < to) {
      const pair = TWO_BYTES[((byte & 0x1f) << 6) | ((text[i + 1] as number) & 0x3f)] as number
      out[o] = pair >> 8
      out[o + 1] = pair & 0xff
      i++
      o++
    } else if (byte === 0xe2 && i + 2 < to) {
      const [fold, known] = punctuation(text[i + 1] as number, text[i + 2] as number)
      out[o] = known ? fold : byte
      out[o + 1] = known ? fold : (text[i + 1] as number)
      out[o + 2] = known ? fold : (text[i + 2] as number)
      i += 2
      o += 2
    } else out[o] = byte
  }
}

/** A keyword as the matcher looks for it: folded, without skipped bytes, white space single, none at the ends. */
export function foldKeyword(keyword: string): Uint8Array {
  const bytes = Buffer.from(keyword.normalize('NFC'), 'utf8')
  const folded = new Uint8Array(bytes.length)
  foldInto(bytes, 0, bytes.length, folded)
  const kept: number[] = []
  for (const byte of folded) {
    if (byte === SKIP || (byte === SPACE && (kept.length === 0 || kept.at(-1) === SPACE))) continue
    kept.push(byte)
  }
  if (kept.at(-1) === SPACE) kept.pop()
  return Uint8Array.from(kept)
}

function asciiTable(): Uint8Array {
  const table = new Uint8Array(128)
  for (let byte = 0; byte < 128; byte++) table[byte] = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
  for (const space of '\t\n\v\f\r -_\0') table[space.charCodeAt(0)] = SPACE
  return table
}

function twoByteTable(): Uint16Array {
  const table = new Uint16Array(0x540)
  for (let code = 0x80; code < 0x540; code++) {
    table[code] = foldedPair(code)
  }
  return table
}

function foldedPair(code: number): number {
  if (code === 0xa0) return (SPACE << 8) | SPACE
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

/** U+2000 … U+206F after the lead byte E2: spaces, zero-width characters and dashes. */
function punctuation(second: number, third: number): readonly [number, boolean] {
  if (second === 0x80) {
    if (third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf) return [SPACE, true]
    if (third >= 0x8b && third <= 0x8f) return [SKIP, true]
    if (third >= 0x90 && third <= 0x95) return [SPACE, true]
    if (third >= 0xaa && third <= 0xae) return [SKIP, true]
  }
  if (second === 0x81 && third >= 0xa0 && third <= 0xaf) return [SKIP, true]
  return [0, false]
}
