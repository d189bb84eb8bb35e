/**
 * Which passages a text shares with registered documents. It is read once: few of its shingles are looked up, and where
 * one leads to a document all shingles around it are. By winnowing's guarantee no passage of FOUND_WORDS is without one.
 * Bounded by `limits.detectPostingsMax`; reaching it is said (`overflow`).
 */
import { limits } from '../../core/limits.ts'
import type { HashFilter } from '../hash-table.ts'
import { BLOCK_CAPACITY } from '../words/word-blocks.ts'
import { DOCUMENTS_PER_HASH_MAX, eachPosting, type FingerprintIndex, isIgnored } from './fingerprint-index.ts'
import {
  eachShingleBlock,
  kept,
  LOOK_WINDOW,
  LOW_MASK,
  placeOf,
  SHINGLE_WORDS,
  type ShingleBlock,
  type ShingleKey,
  type ShinglePlace,
  WINNOW_WINDOW,
  winnow,
} from './shingles.ts'

/** Shared shingles further apart than this belong to two passages: one edit spoils SHINGLE_WORDS shingles in a row. */
const PASSAGE_GAP_UNITS = 2 * (2 * SHINGLE_WORDS + WINNOW_WINDOW)
/** So far around a shingle that leads to a document its other ones are looked for that winnowing doesn't keep here. */
const NEAR_SHINGLES = 48

/** What a text shares with one document; passages grow as the text is read. */
export interface SharedPassages {
  readonly segment: number
  readonly document: number
  /** Distinct shingles, as numbers of 48 bits. */
  readonly distinct: Set<number>
  now: ShinglePlace
  longest: ShinglePlace
}

class Collector {
  readonly shared = new Map<number, SharedPassages>()
  overflow = false
  readonly #index: FingerprintIndex
  readonly #ignored = new Map<number, boolean>()
  #visits = 0

  constructor(index: FingerprintIndex) {
    this.#index = index
  }

  take(high: number, low: number, at: ShinglePlace): void {
    const hash = high * 0x10000 + low
    let ignored = this.#ignored.get(hash)
    if (ignored === undefined) {
      ignored = isIgnored(this.#index, high, low)
      this.#ignored.set(hash, ignored)
    }
    if (ignored) return
    let documents = 0
    eachPosting(this.#index, high, low, false, (segment, document) => {
      if (++this.#visits > limits.detectPostingsMax) this.overflow = true
      else this.#note(segment, document, hash, at)
      return !this.overflow && ++documents < DOCUMENTS_PER_HASH_MAX
    })
  }

  #note(segment: number, document: number, hash: number, at: ShinglePlace): void {
    const key = segment * 2 ** 32 + document
    const one = this.shared.get(key)
    if (!one) {
      this.shared.set(key, { segment, document, distinct: new Set([hash]), now: { ...at }, longest: { ...at } })
      return
    }
    one.distinct.add(hash)
    const { now } = one
    if (at.unitStart - now.unitEnd + 2 * SHINGLE_WORDS > PASSAGE_GAP_UNITS) one.now = { ...at }
    else {
      now.end = at.end
      now.unitEnd = at.unitEnd
    }
    if (one.now.unitEnd - one.now.unitStart > one.longest.unitEnd - one.longest.unitStart) one.longest = { ...one.now }
  }
}

/** Walks a text's shingles and gives the collector those that documents may have. */
class Look {
  readonly #index: FingerprintIndex
  readonly #collector: Collector
  readonly #at: ShinglePlace = { unitStart: 0, unitEnd: 0, start: 0, end: 0 }
  /** Shingles of the text before this one were looked at closely or passed over. */
  #done = 0
  /** Up to this one they are to be looked at closely. */
  #until = 0

  constructor(index: FingerprintIndex, collector: Collector) {
    this.#index = index
    this.#collector = collector
  }

  block(block: ShingleBlock): void {
    const { first } = block
    this.#closely(block, this.#done, this.#until)
    for (const at of this.#leading(block)) {
      const number = first + at
      if (this.#collector.overflow) return
      // One near the end of what was looked at may go on behind it, without another of its own there.
      if (number < this.#done - LOOK_WINDOW || !this.#leads(block, at)) continue
      this.#until = number + NEAR_SHINGLES + 1
      this.#closely(block, Math.max(this.#done, number - NEAR_SHINGLES), this.#until)
    }
  }

  /** Indices of the shingles that may lead to a document, in order. */
  #leading(block: ShingleBlock): Int32Array {
    const { filter, shortFilter } = this.#index
    const passing = passFilter(filter, block, kept, winnow(block, LOOK_WINDOW))
    if (!shortFilter) return kept.subarray(0, passing)
    // Of a document too short for a window any shingle may be the one that was kept.
    for (let i = 0; i < block.count; i++) every[i] = i
    const more = passFilter(shortFilter, block, every, block.count)
    if (more === 0) return kept.subarray(0, passing)
    return Int32Array.from([...kept.subarray(0, passing), ...every.subarray(0, more)]).sort()
  }

  /** Whether a living document has the shingle, and no boilerplate. */
  #leads({ high, low }: ShingleBlock, i: number): boolean {
    const hash = [(high[i] as number) >>> 0, (low[i] as number) & LOW_MASK] as const
    let leads = false
    eachPosting(this.#index, ...hash, false, () => {
      leads = true
      return false
    })
    return leads && !isIgnored(this.#index, ...hash)
  }

  /** Looks at all shingles of the block from one number in the text to another. */
  #closely(block: ShingleBlock, from: number, to: number): void {
    const { first, count, high, low } = block
    const end = Math.min(count, to - first)
    let near = 0
    for (let i = Math.max(0, from - first); i < end; i++) every[near++] = i
    const passing = passFilter(this.#index.filter, block, every, near)
    for (let n = 0; n < passing && !this.#collector.overflow; n++) {
      const i = every[n] as number
      const at = placeOf(block, i, this.#at)
      this.#collector.take((high[i] as number) >>> 0, (low[i] as number) & LOW_MASK, at)
    }
    this.#done = Math.max(this.#done, first + end)
  }
}

const read = new Int32Array(BLOCK_CAPACITY)
/** Indices of shingles that lie side by side. */
const every = new Int32Array(BLOCK_CAPACITY)

/**
 * Moves those of the first `count` indices whose shingles the filter lets pass to the front and says how many there are.
 * Without a branch, so that the reads of memory overlap.
 */
function passFilter(
  { words, bits: wordBits }: HashFilter,
  { high, low }: ShingleBlock,
  indices: Int32Array,
  count: number,
): number {
  const shift = 32 - wordBits
  for (let i = 0; i < count; i++) read[i] = words[(high[indices[i] as number] as number) >>> shift] as number
  let passing = 0
  for (let i = 0; i < count; i++) {
    const at = indices[i] as number
    const bits = low[at] as number
    const word = read[i] as number
    indices[passing] = at
    const fourth = (high[at] as number) + bits
    passing += (word >>> bits) & (word >>> (bits >>> 5)) & (word >>> (bits >>> 10)) & (word >>> fourth) & 1
  }
  return passing
}

/** `shingles`: of the text in all. */
export function sharedPassages(
  index: FingerprintIndex,
  key: ShingleKey,
  utf8: Uint8Array,
): { readonly documents: Iterable<SharedPassages>; readonly shingles: number; readonly overflow: boolean } {
  const collector = new Collector(index)
  const look = new Look(index, collector)
  let shingles = 0
  eachShingleBlock(utf8, key, (block) => {
    if (!collector.overflow) look.block(block)
    shingles = block.first + block.count
  })
  return { documents: collector.shared.values(), shingles, overflow: collector.overflow }
}
