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
  /** No block follows. */
  last: boolean
  /** Byte offsets. */
  readonly start: Uint32Array
  readonly end: Uint32Array
  readonly high: Uint32Array
  readonly low: Uint32Array
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

const CAPACITY = BLOCK_WORDS + CARRIED_MAX
const block: WordBlock = {
  count: 0,
  carried: 0,
  first: 0,
  last: false,
  start: new Uint32Array(CAPACITY),
  end: new Uint32Array(CAPACITY),
  high: new Uint32Array(CAPACITY),
  low: new Uint32Array(CAPACITY),
  alone: new Uint8Array(CAPACITY),
  classes: new Uint8Array(CAPACITY),
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

/** The bit that ASCII letters have and ASCII digits have not. */
const NOT_DIGIT = 0x40

/** Appends words until the block is full or the text ends; returns where to go on. */
function fill(utf8: Uint8Array, from: number, key: WordKey): number {
  const { start, end, high, low, alone, classes } = block
  const length = utf8.length
  let count = block.count
  let i = from
  while (i < length && count < CAPACITY) {
    const byte = utf8[i] ?? 0
    if (byte < 0x80 && ASCII_FOLD[byte] === SEPARATOR) {
      i = byte === 0x26 ? afterEntity(utf8, i) : i + 1
      continue
    }
    const begin = i
    const limit = Math.min(length, begin + WORD_MAX_BYTES)
    let a = key.high
    let b = key.low
    let some = 0
    let every = NOT_DIGIT
    let classOf = 0
    let single = 0
    for (;;) {
      // Nearly all of most texts passes through this loop.
      while (i < limit) {
        const fold = ASCII_FOLD[utf8[i] as number] as number
        if (fold === SEPARATOR) break
        a = Math.imul(a ^ fold, 0x01000193)
        b = Math.imul(b ^ fold, 0x27d4eb2f)
        b ^= b >>> 15
        some |= fold
        every &= fold
        i++
      }
      if (i >= limit || (utf8[i] as number) < 0x80) break
      const width = sequenceWidth(utf8, i)
      const fold = width === 1 ? SEPARATOR : foldOf(codePointAt(utf8, i, width))
      if (fold === SEPARATOR) {
        if (i === begin) i += width
        break
      }
      if (fold === INVISIBLE) {
        i += width
        continue
      }
      if (fold & ALONE && some > 0) break
      const sequence = fold & MANY ? foldSequence(fold) : null
      for (let j = 0; j < (sequence ? sequence.length : 1); j++) {
        const point = sequence ? (sequence[j] ?? 0) : fold & ~ALONE
        a = Math.imul(a ^ point, 0x01000193)
        b = Math.imul(b ^ point, 0x27d4eb2f)
        b ^= b >>> 15
        classOf |= NOT_ASCII | (point >= 0x30 && point <= 0x39 ? HAS_DIGIT : HAS_LETTER)
      }
      some |= NOT_DIGIT
      i += width
      if (fold & ALONE) {
        single = 1
        break
      }
    }
    if (some === 0) continue
    high[count] = a ^ (a >>> 15)
    low[count] = b ^ (b >>> 15)
    start[count] = begin
    end[count] = i
    alone[count] = single
    if (classOf === 0) classOf = some & NOT_DIGIT ? (every ? HAS_LETTER : HAS_LETTER | HAS_DIGIT) : HAS_DIGIT
    else if (!every) classOf |= HAS_DIGIT
    classes[count] = classOf
    count++
  }
  block.count = count
  return i
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
