/**
 * Words -> keyed hashes of their shingles (runs of SHINGLE_WORDS words), a block at a time, and which of them winnowing
 * keeps. Words have no case, accents and punctuation, so re-wrapped, re-cased, re-punctuated, quoted and escaped copies
 * have the same shingles. Pure; linear in the text. Without the key a hash tells nothing of its words.
 */
import { createHmac } from 'node:crypto'
import { BLOCK_CAPACITY, CARRIED_MAX, eachWordBlock, type WordBlock, type WordKey } from '../words/word-blocks.ts'

/** Words in a shingle. Shorter ones collide with ordinary phrases, longer ones don't survive small edits. */
export const SHINGLE_WORDS = 8
/**
 * Winnowing window in shingles (Schleimer, Wilkerson, Aiken 2003): of every WINNOW_WINDOW consecutive shingles at least
 * one is kept, so two texts that share a passage of GUARANTEED_WORDS share a kept shingle.
 */
export const WINNOW_WINDOW = 4
export const GUARANTEED_WORDS = SHINGLE_WORDS + WINNOW_WINDOW - 1

/**
 * Two windows side by side, which keep two shingles. The smallest shingle of both is the smallest of one of them, so to
 * learn whether a passage of so many shingles is there it is enough to ask for the smallest of each LOOK_WINDOW: two in
 * nine instead of two in five.
 */
export const LOOK_WINDOW = 2 * WINNOW_WINDOW

/** Documents with fewer words may be too short for a window, so only a look at every shingle is sure to find them. */
export const SURE_WORDS = 2 * SHINGLE_WORDS + LOOK_WINDOW - 1

/** Halves of words: a word weighs two, a character that is a word of its own (Chinese, Japanese, Thai …) one. */
const WORD_UNITS = 2
const SHINGLE_UNITS = SHINGLE_WORDS * WORD_UNITS
/** Most words that one shingle may have, when all weigh one unit. */
const SHINGLE_WORDS_MAX = SHINGLE_UNITS
/** Enough of a block's end for the windows that go on in the next, and for what stands around their shingles. */
const CARRY = CARRIED_MAX

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
  /** Hashes: two signed halves. The low one's last 16 bits are stored. */
  readonly high: Int32Array
  readonly low: Int32Array
  words: WordBlock | null
  /** Units of text before the block. */
  unitsBefore: number
}

/** Where a shingle stands: bytes of text, and units of text before it and past it. */
export interface ShinglePlace {
  start: number
  end: number
  unitStart: number
  unitEnd: number
}

/** Words that so many units are. */
export function wordsOfUnits(units: number): number {
  return Math.floor(units / WORD_UNITS)
}

const shingleBlock: ShingleBlock = {
  count: 0,
  first: 0,
  high: new Int32Array(BLOCK_CAPACITY),
  low: new Int32Array(BLOCK_CAPACITY),
  words: null,
  unitsBefore: 0,
}
/** Where each shingle of a block with characters of their own ends, and units before each of its words. */
const lastWords = new Int32Array(BLOCK_CAPACITY)
const units = new Float64Array(BLOCK_CAPACITY + 1)

const BASE_HIGH = 0x9e3779b1 | 0
const BASE_LOW = 0x85ebca77 | 0
const powersHigh = powers(BASE_HIGH)
const powersLow = powers(BASE_LOW)

/** Visits the shingles of a text. A visitor must not keep the block, nor walk another text meanwhile. Returns its words. */
export function eachShingleBlock(utf8: Uint8Array, key: ShingleKey, visit: (block: ShingleBlock) => void): number {
  let words = 0
  let unitsBefore = 0
  eachWordBlock(utf8, key.words, CARRY, (block) => {
    shingleBlock.words = block
    shingleBlock.first = block.first
    shingleBlock.unitsBefore = unitsBefore - unitsOf(block, 0, block.carried)
    shingleBlock.count = block.hasAlone ? hashUneven(block, key) : hashEven(block, key)
    visit(shingleBlock)
    unitsBefore = shingleBlock.unitsBefore + unitsOf(block, 0, block.count)
    words = block.first + block.count
  })
  return words
}

/** Where the shingle with that index stands. Overwrites and returns `place`. */
export function placeOf({ words, unitsBefore }: ShingleBlock, index: number, place: ShinglePlace): ShinglePlace {
  if (!words) return place
  const last = words.hasAlone ? (lastWords[index] as number) : index + SHINGLE_WORDS - 1
  place.start = words.start[index] as number
  place.end = words.end[last] as number
  place.unitStart = unitsBefore + (words.hasAlone ? (units[index] as number) : index * WORD_UNITS)
  place.unitEnd = unitsBefore + (words.hasAlone ? (units[last + 1] as number) : (last + 1) * WORD_UNITS)
  return place
}

function unitsOf(block: WordBlock, from: number, to: number): number {
  if (!block.hasAlone) return (to - from) * WORD_UNITS
  let sum = 0
  for (let i = from; i < to; i++) sum += block.alone[i] === 1 ? 1 : WORD_UNITS
  return sum
}

/** Polynomial hashes that roll from word to word, then mixed. */
function hashEven(block: WordBlock, key: ShingleKey): number {
  const { high: wordHigh, low: wordLow, count } = block
  const { high, low } = shingleBlock
  const [r0, r1, r2, r3] = key.rounds
  const dropHigh = powersHigh[SHINGLE_WORDS] as number
  const dropLow = powersLow[SHINGLE_WORDS] as number
  let a = 0
  let b = 0
  for (let i = 0; i < count; i++) {
    a = (Math.imul(a, BASE_HIGH) + (wordHigh[i] as number)) | 0
    b = (Math.imul(b, BASE_LOW) + (wordLow[i] as number)) | 0
    const from = i - SHINGLE_WORDS + 1
    if (from < 0) continue
    if (from > 0) {
      a = (a - Math.imul(wordHigh[from - 1] as number, dropHigh)) | 0
      b = (b - Math.imul(wordLow[from - 1] as number, dropLow)) | 0
    }
    const x1 = a ^ mix(b ^ r0)
    const y1 = b ^ mix(x1 ^ r1)
    const x2 = x1 ^ mix(y1 ^ r2)
    high[from] = x2
    low[from] = y1 ^ mix(x2 ^ r3)
  }
  return Math.max(0, count - SHINGLE_WORDS + 1)
}

/** The same where words weigh differently: a shingle is the shortest run that weighs SHINGLE_UNITS. */
function hashUneven(block: WordBlock, key: ShingleKey): number {
  const { high, low } = shingleBlock
  const [r0, r1, r2, r3] = key.rounds
  units[0] = 0
  for (let i = 0; i < block.count; i++) units[i + 1] = (units[i] as number) + (block.alone[i] === 1 ? 1 : WORD_UNITS)
  let count = 0
  let to = 0
  for (let from = 0; from < block.count; from++) {
    const need = (units[from] as number) + SHINGLE_UNITS
    while (to <= block.count && (units[to] as number) < need) to++
    if (to > block.count) break
    let a = 0
    let b = 0
    for (let i = from; i < to; i++) {
      a = (Math.imul(a, BASE_HIGH) + (block.high[i] as number)) | 0
      b = (Math.imul(b, BASE_LOW) + (block.low[i] as number)) | 0
    }
    const x1 = a ^ mix(b ^ r0)
    const y1 = b ^ mix(x1 ^ r1)
    const x2 = x1 ^ mix(y1 ^ r2)
    high[count] = x2
    low[count] = y1 ^ mix(x2 ^ r3)
    lastWords[count] = to - 1
    count++
  }
  return count
}

/** Indices that `winnow` keeps, as many as it says. Overwritten by the next call. */
export const kept = new Int32Array(BLOCK_CAPACITY)

/**
 * Puts the indices of the shingles of a block that winnowing keeps into `kept` and says how many: in each window the
 * rightmost of the smallest, each once. A block too short for a window keeps its smallest.
 */
export function winnow({ count, low }: Pick<ShingleBlock, 'count' | 'low'>, window: number = WINNOW_WINDOW): number {
  if (count === 0) return 0
  let keeping = 0
  let best = 0
  let smallest = low[0] as number
  for (let end = 1; end < Math.min(window, count); end++) {
    if ((low[end] as number) > smallest) continue
    best = end
    smallest = low[end] as number
  }
  kept[keeping++] = best
  for (let end = window; end < count; end++) {
    const newest = low[end] as number
    const start = end - window + 1
    if (newest <= smallest) {
      best = end
      smallest = newest
    } else if (best < start) {
      best = start
      smallest = low[start] as number
      for (let i = start + 1; i <= end; i++) {
        if ((low[i] as number) > smallest) continue
        best = i
        smallest = low[i] as number
      }
    } else continue
    kept[keeping++] = best
  }
  return keeping
}

/** The bits of a hash's low half that are stored. */
export const LOW_MASK = 0xffff

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
