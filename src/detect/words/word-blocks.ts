/**
 * UTF-8 -> words, a block at a time: where each begins and ends and two keyed 32-bit hashes of its folded letters.
 * Linear in the text and bounded in memory, whatever the bytes are; malformed UTF-8 only separates. The block is reused:
 * a visitor must not keep it, nor walk another text meanwhile.
 */
import { ALONE, ASCII_FOLD, foldOf, foldSequence, INVISIBLE, MANY, SEPARATOR } from './fold.ts'

export interface WordBlock {
  /** Words in it, those carried over included. */
  count: number
  /** How many of them, at the front, were the last of the block before. */
  carried: number
  /** Number of the block's first word in the whole text. */
  first: number
  /** Some of its words are characters of their own. */
  hasAlone: boolean
  /** No block follows. */
  last: boolean
  /** Byte offsets. */
  readonly start: Uint32Array
  readonly end: Uint32Array
  /** Signed, as arithmetic on them is. */
  readonly high: Int32Array
  readonly low: Int32Array
  /** 1 for a character that is a word of its own. */
  readonly alone: Uint8Array
  /** What its folded characters are: HAS_DIGIT, HAS_LETTER, NOT_ASCII. */
  readonly classes: Uint8Array
}

export const HAS_DIGIT = 1
export const HAS_LETTER = 2
export const NOT_ASCII = 4

export interface WordKey {
  readonly high: number
  readonly low: number
}

/** Longer words (encoded blobs) are cut: nothing looks for one. */
export const WORD_MAX_BYTES = 256
/** Blocks are small enough for the cache and large enough that carrying over costs nothing. */
export const BLOCK_WORDS = 8_192
export const CARRIED_MAX = 64
/** After `&`: the longest entity name with its semicolon. */
const ENTITY_MAX_BYTES = 10

/** Most words of one block. */
export const BLOCK_CAPACITY = BLOCK_WORDS + CARRIED_MAX
const block: WordBlock = {
  count: 0,
  carried: 0,
  first: 0,
  hasAlone: false,
  last: false,
  start: new Uint32Array(BLOCK_CAPACITY),
  end: new Uint32Array(BLOCK_CAPACITY),
  high: new Int32Array(BLOCK_CAPACITY),
  low: new Int32Array(BLOCK_CAPACITY),
  alone: new Uint8Array(BLOCK_CAPACITY),
  classes: new Uint8Array(BLOCK_CAPACITY),
}

/** Visits all words in order; the last `carry` words (at most CARRIED_MAX) of a block stand at the front of the next. */
export function eachWordBlock(utf8: Uint8Array, key: WordKey, carry: number, visit: (block: WordBlock) => void): void {
  block.count = 0
  block.carried = 0
  block.first = 0
  let at = 0
  for (;;) {
    at = fill(utf8, at, key)
    block.last = at >= utf8.length
    block.hasAlone = block.alone.subarray(0, block.count).includes(1)
    visit(block)
    if (block.last) return
    const kept = Math.min(carry, block.count)
    const from = block.count - kept
    for (const column of [block.start, block.end, block.high, block.low, block.alone, block.classes])
      column.copyWithin(0, from, block.count)
    block.first += from
    block.carried = kept
    block.count = kept
  }
}

/** The bit that ASCII letters have and ASCII digits have not, in each of four bytes. */
const LETTER_BITS = 0x40404040
/** Set in four ASCII letters or digits it makes them lower case. */
const LOWER_BITS = 0x20202020

/** Where words begin and end, in turns. */
const EDGES_BYTES = 4_096
const edges = new Uint32Array(EDGES_BYTES + 1)
/** Bytes: 1 in a word, 0 between words; 2 is for a closer look, `&` and what is no ASCII. */
const EDGE_CLASS = Uint8Array.from(ASCII_FOLD, (fold, byte) => (byte >= 0x80 || byte === 0x26 ? 2 : fold && 1))

/** Appends words until the block is full or the text ends; returns where to go on. */
function fill(utf8: Uint8Array, from: number, key: WordKey): number {
  const view = new DataView(utf8.buffer, utf8.byteOffset, utf8.byteLength)
  let i = from
  while (i < utf8.length && block.count < BLOCK_CAPACITY) {
    i = plainWords(utf8, view, i, key)
    if (i < utf8.length && block.count < BLOCK_CAPACITY) i = anyWord(utf8, view, i, key)
  }
  return i
}

/**
 * Appends the words of a stretch of mere ASCII; returns where a closer look must go on. Finding their edges without a
 * branch is twice as fast as word by word, since no processor can guess where a word ends.
 */
function plainWords(utf8: Uint8Array, view: DataView, from: number, key: WordKey): number {
  // Two bytes at least are a word and what ends it.
  const to = Math.min(utf8.length, from + EDGES_BYTES, from + 2 * (BLOCK_CAPACITY - block.count))
  let inWord = 0
  let count = 0
  let i = from
  for (; i < to; i++) {
    const kind = EDGE_CLASS[utf8[i] as number] as number
    if (kind === 2) break
    edges[count] = i
    count += kind ^ inWord
    inWord = kind
  }
  const whole = count - inWord
  for (let at = 0; at < whole; at += 2) {
    const end = edges[at + 1] as number
    let begin = edges[at] as number
    for (; end - begin > WORD_MAX_BYTES; begin += WORD_MAX_BYTES)
      appendPlain(utf8, view, begin, begin + WORD_MAX_BYTES, key)
    appendPlain(utf8, view, begin, end, key)
  }
  if (inWord === 0) return i
  let begin = edges[whole] as number
  for (; i - begin >= WORD_MAX_BYTES; begin += WORD_MAX_BYTES)
    appendPlain(utf8, view, begin, begin + WORD_MAX_BYTES, key)
  return begin
}

/** Appends the word that begins or stands after the separator at `i`, whatever it is; returns where to go on. */
function anyWord(utf8: Uint8Array, view: DataView, i: number, key: WordKey): number {
  const byte = utf8[i] as number
  if (byte < 0x80 && ASCII_FOLD[byte] === SEPARATOR) return byte === 0x26 ? afterEntity(utf8, i) : i + 1
  const limit = Math.min(utf8.length, i + WORD_MAX_BYTES)
  let end = i
  while (end < limit && ASCII_FOLD[utf8[end] as number] !== SEPARATOR) end++
  if (end === limit || (utf8[end] as number) < 0x80) {
    appendPlain(utf8, view, i, end, key)
    return end
  }
  const { count } = block
  end = foldWord(utf8, i, limit, count)
  if (folded.length === 0) return end
  block.start[count] = i
  block.end[count] = end
  hashWord(folded.view, 0, folded.length, 0, key, count)
  block.count++
  return end
}

function appendPlain(utf8: Uint8Array, view: DataView, begin: number, end: number, key: WordKey): void {
  const at = block.count++
  block.start[at] = begin
  block.end[at] = end
  block.alone[at] = 0
  if (end - begin <= 8 && begin + 8 <= utf8.length) hashShortWord(view, begin, end - begin, key, at)
  else hashWord(view, begin, end - begin, LOWER_BITS, key, at)
}

/**
 * The same as `hashWord` for ASCII words of up to eight letters, which nearly all are: without a branch on the length,
 * since no processor can guess it. Reads eight bytes from where the word begins.
 */
function hashShortWord(view: DataView, from: number, length: number, key: WordKey, at: number): void {
  // All bits set for fewer than four letters, and for more than four.
  const few = (length - 4) >> 31
  const many = (4 - length) >> 31
  const cut = (32 - 8 * length) & few & 31
  const lower = LOWER_BITS >>> cut
  const chunk = (few & (view.getInt32(from) >>> cut)) | (~few & view.getInt32(from, true)) | lower
  const last = view.getInt32(from + ((length - 4) & many), true) | LOWER_BITS
  const b0 = key.low + length
  let a = Math.imul(key.high ^ length ^ chunk, 0x2c1b3c6d)
  let b = Math.imul(((few & b0) | (~few & ((b0 << 13) | (b0 >>> 19)))) ^ chunk, 0x297a2d39)
  a ^= (a >>> 15) & ~few
  const c = Math.imul(a ^ last, 0x2c1b3c6d)
  a = (many & (c ^ (c >>> 15))) | (~many & a)
  b = (many & Math.imul(((b << 13) | (b >>> 19)) ^ last, 0x297a2d39)) | (~many & b)
  block.high[at] = a ^ (a >>> 15)
  block.low[at] = b ^ (b >>> 15)
  const letters = LETTER_BITS >>> cut
  const some = (chunk | (last & many)) & letters
  const every = chunk & (last | ~many) & letters
  block.classes[at] = (some === 0 ? 0 : HAS_LETTER) | (every === letters ? 0 : HAS_DIGIT)
}

/** Puts two hashes of folded bytes, and what classes they have, into the block. Overlapping words of four bytes. */
function hashWord(view: DataView, from: number, length: number, lower: number, key: WordKey, at: number): void {
  let a = key.high ^ length
  let b = key.low + length
  let some = 0
  let every = LETTER_BITS
  if (length < 4) {
    let chunk = 0
    for (let j = 0; j < length; j++) {
      const byte = view.getUint8(from + j) | (lower & 0xff)
      chunk = (chunk << 8) | byte
      some |= byte
      every &= byte | ~0xff
    }
    every &= 0x40
    a = Math.imul(a ^ chunk, 0x2c1b3c6d)
    b = Math.imul(b ^ chunk, 0x297a2d39)
  } else {
    for (let j = 0; ; ) {
      const chunk = view.getInt32(from + j, true) | lower
      some |= chunk
      every &= chunk
      a = Math.imul(a ^ chunk, 0x2c1b3c6d)
      a ^= a >>> 15
      b = Math.imul(((b << 13) | (b >>> 19)) ^ chunk, 0x297a2d39)
      if (j === length - 4) break
      j = Math.min(j + 4, length - 4)
    }
    every = every === LETTER_BITS ? 0x40 : 0
  }
  block.high[at] = a ^ (a >>> 15)
  block.low[at] = b ^ (b >>> 15)
  block.classes[at] = (some & LETTER_BITS ? HAS_LETTER : 0) | (every ? 0 : HAS_DIGIT)
  if (lower === 0) block.classes[at] = folded.classes
}

/** The folded bytes of a word that is not mere ASCII: UTF-8 of its folded letters. */
const folded = {
  // Three letters at most come of one, in the longest encoding.
  bytes: new Uint8Array(WORD_MAX_BYTES * 20),
  view: new DataView(new ArrayBuffer(0)),
  length: 0,
  classes: 0,
}
folded.view = new DataView(folded.bytes.buffer)

/** Folds the word that begins at `begin`; returns where it ends. Nothing folded: there was none. */
function foldWord(utf8: Uint8Array, begin: number, limit: number, at: number): number {
  folded.length = 0
  folded.classes = NOT_ASCII
  block.alone[at] = 0
  let i = begin
  while (i < limit) {
    const byte = utf8[i] as number
    const width = byte < 0x80 ? 1 : sequenceWidth(utf8, i)
    const fold =
      byte < 0x80 ? (ASCII_FOLD[byte] as number) : width === 1 ? SEPARATOR : foldOf(codePointAt(utf8, i, width))
    if (fold === SEPARATOR) return i === begin ? i + width : i
    if (fold === INVISIBLE) {
      i += width
      continue
    }
    if (fold & ALONE && folded.length > 0) return i
    i += width
    if (fold & MANY) for (const point of foldSequence(fold)) appendFolded(point)
    else appendFolded(fold & ~ALONE)
    if (fold & ALONE) {
      block.alone[at] = 1
      return i
    }
  }
  return i
}

function appendFolded(point: number): void {
  folded.classes |= point >= 0x30 && point <= 0x39 ? HAS_DIGIT : HAS_LETTER
  const { bytes } = folded
  if (point < 0x80) {
    bytes[folded.length++] = point
    return
  }
  // As in UTF-8, so that it is no longer than it has to be; what matters is only that each has its own.
  if (point >= 0x10000) bytes[folded.length++] = 0xf0 | (point >>> 18)
  if (point >= 0x800) bytes[folded.length++] = 0xe0 | ((point >>> 12) & 0x3f)
  bytes[folded.length++] = 0xc0 | ((point >>> 6) & 0x3f)
  bytes[folded.length++] = 0x80 | (point & 0x3f)
}

/** Bytes of the sequence at `i`, 1 where it is malformed (or cut off). */
function sequenceWidth(utf8: Uint8Array, i: number): number {
  const byte = utf8[i] ?? 0
  const width = byte >= 0xf5 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1
  if (i + width > utf8.length) return 1
  for (let j = 1; j < width; j++) if (((utf8[i + j] ?? 0) & 0xc0) !== 0x80) return 1
  return width
}

function codePointAt(utf8: Uint8Array, i: number, width: number): number {
  let point = (utf8[i] ?? 0) & (0xff >> (width + 1))
  for (let j = 1; j < width; j++) point = (point << 6) | ((utf8[i + j] ?? 0) & 0x3f)
  return point
}

/** Past `&name;` or `&#digits;`, else past the `&` alone: escaped punctuation separates as the plain one does. */
function afterEntity(utf8: Uint8Array, at: number): number {
  for (let i = at + 1; i < Math.min(at + ENTITY_MAX_BYTES, utf8.length); i++) {
    const byte = utf8[i] ?? 0
    if (byte === 0x3b) return i > at + 1 ? i + 1 : at + 1
    if (byte !== 0x23 && (byte >= 0x80 || ASCII_FOLD[byte] === SEPARATOR)) return at + 1
  }
  return at + 1
}
