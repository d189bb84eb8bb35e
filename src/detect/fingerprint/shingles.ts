/**
 * Text -> keyed hashes of its word shingles (k consecutive words), with the place of each. Words are runs of letters
 * and digits, lower-cased; punctuation, white space, quoting marks, underscores and HTML entities only separate, so
 * re-wrapped, re-cased, re-punctuated, quoted and escaped copies have the same shingles. Pure; linear in the text.
 */

/** Words in a shingle. Shorter ones collide with ordinary phrases, longer ones don't survive small edits. */
export const SHINGLE_WORDS = 8
/**
 * Winnowing window in shingles (Schleimer, Wilkerson, Aiken 2003): of every WINNOW_WINDOW consecutive shingles at least
 * one is kept, so every shared passage of SHINGLE_WORDS + WINNOW_WINDOW - 1 words is found.
 */
export const WINNOW_WINDOW = 4
export const GUARANTEED_WORDS = SHINGLE_WORDS + WINNOW_WINDOW - 1

/** Longer words (encoded blobs) are cut, so that none costs more than its length and nothing overflows. */
const WORD_MAX_BYTES = 256

export interface Shingles {
  /** Number of shingles. */
  readonly count: number
  /** Two 32-bit halves of each hash. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Byte offset where each word begins and ends; shingle i spans words i … i + SHINGLE_WORDS - 1. */
  readonly wordStart: Uint32Array
  readonly wordEnd: Uint32Array
  readonly words: number
}

/** Four 32-bit words that make the hashes of one installation unlike another's. */
export type ShingleKey = Uint32Array

/** `key`: at least 16 bytes. */
export function shingleKey(key: Uint8Array): ShingleKey {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return Uint32Array.from([0, 4, 8, 12], (offset) => view.getUint32(offset, true))
}

export function shingles(utf8: Uint8Array, key: ShingleKey): Shingles {
  const words = splitWords(utf8, key)
  const count = Math.max(0, words.count - SHINGLE_WORDS + 1)
  const high = new Uint32Array(count)
  const low = new Uint32Array(count)
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = key
  for (let i = 0; i < count; i++) {
    let a = k2
    let b = k3
    for (let j = i; j < i + SHINGLE_WORDS; j++) {
      a = Math.imul(a ^ (words.high[j] ?? 0), 0x9e3779b1)
      a ^= a >>> 15
      b = Math.imul(b + (words.low[j] ?? 0), 0x85ebca77) ^ (a >>> 7)
      b = (b << 13) | (b >>> 19)
    }
    high[i] = avalanche(a ^ k0 ^ (b >>> 3))
    low[i] = avalanche(b ^ k1 ^ Math.imul(a, 0xc2b2ae3d))
  }
  return { count, high, low, wordStart: words.start, wordEnd: words.end, words: words.count }
}

/** Indices of the shingles that winnowing keeps: in each window the rightmost smallest hash, each once. */
export function winnow({ count, high, low }: Pick<Shingles, 'count' | 'high' | 'low'>): number[] {
  const kept: number[] = []
  if (count === 0) return kept
  const last = Math.max(0, count - WINNOW_WINDOW)
  let chosen = -1
  for (let start = 0; start <= last; start++) {
    const end = Math.min(start + WINNOW_WINDOW, count)
    let best = start
    for (let i = start + 1; i < end; i++) {
      const smaller = (high[i] ?? 0) - (high[best] ?? 0) || (low[i] ?? 0) - (low[best] ?? 0)
      if (smaller <= 0) best = i
    }
    if (best !== chosen) {
      chosen = best
      kept.push(best)
    }
  }
  return kept
}

interface Words {
  readonly count: number
  readonly high: Uint32Array
  readonly low: Uint32Array
  readonly start: Uint32Array
  readonly end: Uint32Array
}

function splitWords(utf8: Uint8Array, key: ShingleKey): Words {
  const capacity = (utf8.length >> 1) + 1
  const high = new Uint32Array(capacity)
  const low = new Uint32Array(capacity)
  const start = new Uint32Array(capacity)
  const end = new Uint32Array(capacity)
  const [k0 = 0, k1 = 0] = key
  const length = utf8.length
  let count = 0
  let i = 0
  while (i < length) {
    const first = utf8[i] ?? 0
    if (first === 0x26) {
      i = skipEntity(utf8, i)
      continue
    }
    let width = wordWidth(utf8, i)
    if (width <= 0) {
      i -= width
      continue
    }
    const from = i
    let a = k0
    let b = k1
    while (width > 0 && i - from < WORD_MAX_BYTES) {
      const folded = width === 1 ? (ASCII[utf8[i] ?? 0] ?? 0) : foldAt(utf8, i, width)
      a = Math.imul(a ^ folded, 0x01000193)
      b = Math.imul((b << 5) ^ (b >>> 27) ^ folded, 0x27d4eb2f)
      i += width
      width = i < length ? wordWidth(utf8, i) : 0
    }
    high[count] = a
    low[count] = b
    start[count] = from
    end[count] = i
    count++
  }
  return { count, high, low, start, end }
}

/** ASCII letters and digits -> lower case; 0 separates. */
const ASCII = Uint8Array.from({ length: 128 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return /[a-z0-9]/i.test(character) ? character.toLowerCase().charCodeAt(0) : 0
})

/** Bytes of the word character at `i`; 0 or less: none, skip that many (at least one) bytes. */
function wordWidth(utf8: Uint8Array, i: number): number {
  const byte = utf8[i] ?? 0
  if (byte < 0x80) return ASCII[byte] ? 1 : -1
  const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1
  if (width === 1 || i + width > utf8.length) return -1
  return foldAt(utf8, i, width) === 0 ? -width : width
}

const ENTITY_MAX_BYTES = 10

/** After `&`: past `name;` or `#digits;`, else past the `&` alone. */
function skipEntity(utf8: Uint8Array, at: number): number {
  for (let i = at + 1; i < Math.min(at + ENTITY_MAX_BYTES, utf8.length); i++) {
    const byte = utf8[i] ?? 0
    if (byte === 0x3b) return i > at + 1 ? i + 1 : at + 1
    if (byte !== 0x23 && !(byte < 0x80 && ASCII[byte])) return at + 1
  }
  return at + 1
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}\p{M}]/u
/** Folded code points of the basic multilingual plane: 0 not looked at yet, 1 separates, else the folded value + 1. */
const folds = new Uint32Array(0x10000)

/** The lower-cased code point at `i`, or 0 when it separates. */
function foldAt(utf8: Uint8Array, i: number, width: number): number {
  const b1 = (utf8[i + 1] ?? 0) & 0x3f
  let codePoint = (((utf8[i] ?? 0) & (0xff >> (width + 1))) << 6) | b1
  if (width > 2) codePoint = (codePoint << 6) | ((utf8[i + 2] ?? 0) & 0x3f)
  if (width > 3) codePoint = (codePoint << 6) | ((utf8[i + 3] ?? 0) & 0x3f)
  if (codePoint >= 0x10000) return codePoint <= 0x10ffff ? codePoint : 0
  const known = folds[codePoint] ?? 0
  if (known !== 0) return known - 1
  const character = String.fromCodePoint(codePoint).normalize('NFKC').toLowerCase()
  const folded = LETTER_OR_DIGIT.test(character) ? (character.codePointAt(0) ?? 0) : 0
  folds[codePoint] = folded + 1
  return folded
}

/** Final mix of MurmurHash3's 32-bit variant: every input bit reaches every output bit. */
function avalanche(value: number): number {
  let h = value
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
