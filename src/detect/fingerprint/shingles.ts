/**
 * Words -> keyed hashes of their shingles (runs of SHINGLE_WORDS words), a block at a time, and which of them winnowing
 * keeps. Words have no case, accents and punctuation, so re-wrapped, re-cased, re-punctuated, quoted and escaped copies
 * have the same shingles. Pure; linear in the text. Without the key a hash tells nothing of its words.
 */
import { createHmac } from 'node:crypto'
import { eachWordBlock, type WordBlock, type WordKey } from '../words/word-blocks.ts'

/** Words in a shingle. Shorter ones collide with ordinary phrases, longer ones don't survive small edits. */
export const SHINGLE_WORDS = 8
/**
 * Winnowing window in shingles (Schleimer, Wilkerson, Aiken 2003): of every WINNOW_WINDOW consecutive shingles at least
 * one is kept, so every shared passage of SHINGLE_WORDS + WINNOW_WINDOW - 1 words is found.
 */
export const WINNOW_WINDOW = 4
export const GUARANTEED_WORDS = SHINGLE_WORDS + WINNOW_WINDOW - 1

/** Documents with fewer words may be too short for a window, so only a look at every shingle is sure to find them. */
export const SURE_WORDS = 2 * SHINGLE_WORDS + WINNOW_WINDOW - 1

/** Halves of words: a word weighs two, a character that is a word of its own (Chinese, Japanese, Thai …) one. */
const WORD_UNITS = 2
const SHINGLE_UNITS = SHINGLE_WORDS * WORD_UNITS
/** Most words that one shingle may have, when all weigh one unit. */
const SHINGLE_WORDS_MAX = SHINGLE_UNITS
/** Enough of a block's end for the shingles and windows that go on in the next. */
const CARRY = SHINGLE_WORDS_MAX + WINNOW_WINDOW - 1

export interface ShingleKey {
  readonly words: WordKey
  /** Round keys of the last mix. */
  readonly rounds: readonly [number, number, number, number]
}

/** Derived from the catalogue key (at least 16 bytes), so that two installations have nothing in common. */
export function shingleKey(key: Uint8Array): ShingleKey {
  const derived = createHmac('sha256', key).update('fingerprint shingles').digest()
  const at = (index: number) => derived.readUInt32LE(index * 4)
  return { words: { high: at(0), low: at(1) }, rounds: [at(2), at(3), at(4), at(5)] }
}

/**
 * Shingles of one block, in order. The last of a block come again at the front of the next one, with the same `first`
 * numbering, so that no window is torn.
 */
export interface ShingleBlock {
  count: number
  /** Number in the whole text of the word with which the block's first shingle begins. */
  first: number
  /** 48 bits of hash: 32 and 16. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Bytes of text that the shingle spans. */
  readonly start: Uint32Array
  readonly end: Uint32Array
  /** Units of text before the shingle, and past it. */
  readonly unitStart: Float64Array
  readonly unitEnd: Float64Array
}

/** Words that so many units are. */
export function wordsOfUnits(units: number): number {
  return Math.floor(units / WORD_UNITS)
}

let capacity = 0
let scratch: ShingleBlock = blockOf(0)
/** Polynomial hashes of the words before each word, so that any run's hash is a difference. */
let prefixHigh = new Int32Array(0)
let prefixLow = new Int32Array(0)
let units = new Float64Array(0)

const BASE_HIGH = 0x9e3779b1 | 0
const BASE_LOW = 0x85ebca77 | 0
const powersHigh = powers(BASE_HIGH)
const powersLow = powers(BASE_LOW)

/** Visits the shingles of a text. A visitor must not keep the block, nor walk another text meanwhile. Returns its words. */
export function eachShingleBlock(utf8: Uint8Array, key: ShingleKey, visit: (block: ShingleBlock) => void): number {
  let words = 0
  let unitsBefore = 0
  eachWordBlock(utf8, key.words, CARRY, (block) => {
    const carriedUnits = unitsOf(block, 0, block.carried)
    hashShingles(block, key, unitsBefore - carriedUnits)
    visit(scratch)
    unitsBefore += unitsOf(block, block.carried, block.count)
    words = block.first + block.count
  })
  return words
}

function unitsOf(block: WordBlock, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += block.alone[i] === 1 ? 1 : WORD_UNITS
  return sum
}

function hashShingles(block: WordBlock, key: ShingleKey, unitsBefore: number): void {
  reserve(block.start.length)
  const { high, low, start, end, unitStart, unitEnd } = scratch
  const [r0, r1, r2, r3] = key.rounds
  let a = 0
  let b = 0
  let unit = unitsBefore
  prefixHigh[0] = 0
  prefixLow[0] = 0
  units[0] = unit
  for (let i = 0; i < block.count; i++) {
    a = (Math.imul(a, BASE_HIGH) + (block.high[i] ?? 0)) | 0
    b = (Math.imul(b, BASE_LOW) + (block.low[i] ?? 0)) | 0
    unit += block.alone[i] === 1 ? 1 : WORD_UNITS
    prefixHigh[i + 1] = a
    prefixLow[i + 1] = b
    units[i + 1] = unit
  }
  let count = 0
  let to = 0
  for (let from = 0; from < block.count; from++) {
    const need = (units[from] ?? 0) + SHINGLE_UNITS
    while (to <= block.count && (units[to] ?? 0) < need) to++
    if (to > block.count) break
    const length = to - from
    let x = ((prefixHigh[to] ?? 0) - Math.imul(prefixHigh[from] ?? 0, powersHigh[length] ?? 0)) | 0
    let y = ((prefixLow[to] ?? 0) - Math.imul(prefixLow[from] ?? 0, powersLow[length] ?? 0)) | 0
    x ^= mix(y ^ r0)
    y ^= mix(x ^ r1)
    x ^= mix(y ^ r2)
    y ^= mix(x ^ r3)
    high[count] = x
    low[count] = y
    start[count] = block.start[from] ?? 0
    end[count] = block.end[to - 1] ?? 0
    unitStart[count] = units[from] ?? 0
    unitEnd[count] = units[to] ?? 0
    count++
  }
  scratch.count = count
  scratch.first = block.first
}

/**
 * Calls back with the index of each shingle of a block that winnowing keeps: in each window the rightmost of the
 * smallest, each once. A block too short for a window keeps its smallest.
 */
export function winnow({ count, low }: Pick<ShingleBlock, 'count' | 'low'>, keep: (index: number) => void): void {
  if (count === 0) return
  const last = Math.max(0, count - WINNOW_WINDOW)
  let chosen = -1
  for (let start = 0; start <= last; start++) {
    const end = Math.min(start + WINNOW_WINDOW, count)
    let best = chosen
    if (chosen < start) {
      best = start
      for (let i = start + 1; i < end; i++) if ((low[i] ?? 0) <= (low[best] ?? 0)) best = i
    } else if ((low[end - 1] ?? 0) <= (low[chosen] ?? 0)) best = end - 1
    if (best !== chosen) {
      chosen = best
      keep(best)
    }
  }
}

/** The bits of a hash's low half that are stored. */
export const LOW_MASK = 0xffff

function reserve(words: number): void {
  if (words <= capacity) return
  capacity = words
  scratch = blockOf(words)
  prefixHigh = new Int32Array(words + 1)
  prefixLow = new Int32Array(words + 1)
  units = new Float64Array(words + 2)
}

function blockOf(size: number): ShingleBlock {
  return {
    count: 0,
    first: 0,
    high: new Uint32Array(size),
    low: new Uint32Array(size),
    start: new Uint32Array(size),
    end: new Uint32Array(size),
    unitStart: new Float64Array(size),
    unitEnd: new Float64Array(size),
  }
}

function powers(base: number): Int32Array {
  const list = new Int32Array(SHINGLE_WORDS_MAX + 1)
  list[0] = 1
  for (let i = 1; i < list.length; i++) list[i] = Math.imul(list[i - 1] ?? 0, base)
  return list
}

/** Final mix of MurmurHash3's 32-bit variant: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
