/**
 * An immutable table from 48-bit hashes to numbers (documents, rows) over shared memory: entries sorted by hash in
 * buckets of about eight, so a look-up is one read of a bucket's place and one of its entries. A hash may have many
 * numbers; they stand side by side. Eight to nine bytes an entry.
 */
export interface HashTable {
  /** Bits of `high` that choose the bucket. */
  readonly bits: number
  /** Where each bucket begins; one more than there are buckets. */
  readonly offsets: Uint32Array<SharedArrayBuffer>
  /** 32 bits of each hash that the bucket doesn't tell. */
  readonly tags: Uint32Array<SharedArrayBuffer>
  readonly values: Uint32Array<SharedArrayBuffer>
}

const BUCKET_ENTRIES = 8
/** At least these, so that bucket and tag together tell the whole hash. */
const BITS_MIN = 16
const BITS_MAX = 28

function bucketBits(entries: number): number {
  return Math.min(BITS_MAX, Math.max(BITS_MIN, Math.ceil(Math.log2(Math.max(1, entries / BUCKET_ENTRIES)))))
}

/** `low`: 16 bits. */
export function tagOf(high: number, low: number): number {
  return ((high << 16) | low) >>> 0
}

/** Index of the first entry of a hash, or -1. */
export function findEntry({ bits, offsets, tags }: HashTable, high: number, low: number): number {
  const bucket = (high >>> 0) >>> (32 - bits)
  const tag = tagOf(high, low)
  const end = offsets[bucket + 1] as number
  for (let i = offsets[bucket] as number; i < end; i++) if (tags[i] === tag) return i
  return -1
}

/** Visits every entry in order of hash. */
export function eachEntry(
  { bits, offsets, tags }: HashTable,
  visit: (high: number, low: number, entry: number) => void,
): void {
  for (let bucket = 0; bucket < offsets.length - 1; bucket++) {
    const end = offsets[bucket + 1] as number
    const top = bucket << (32 - bits)
    for (let i = offsets[bucket] as number; i < end; i++) {
      const tag = tags[i] as number
      visit((top | (tag >>> 16)) >>> 0, tag & 0xffff, i)
    }
  }
}

/** Whether entry `next` has the same hash as the one before it. */
export function sameHash({ bits, offsets, tags }: HashTable, high: number, first: number, next: number): boolean {
  const bucket = (high >>> 0) >>> (32 - bits)
  return next < (offsets[bucket + 1] as number) && tags[next] === tags[first]
}

/** Fills a table from entries in ascending order of hash, piece by piece as they are read from disk. */
export class HashTableBuilder {
  readonly #table: HashTable
  #count = 0
  #bucket = 0

  constructor(entries: number) {
    const bits = bucketBits(entries)
    this.#table = {
      bits,
      offsets: sharedWords(2 ** bits + 1),
      tags: sharedWords(entries),
      values: sharedWords(entries),
    }
  }

  /** False when the entries are not in order: whoever wrote them was interrupted, or they were changed. */
  push(high: Uint32Array, low: Uint16Array, values: Uint32Array): boolean {
    const { bits, offsets, tags } = this.#table
    const shift = 32 - bits
    let bucket = this.#bucket
    let at = this.#count
    for (let i = 0; i < high.length; i++) {
      const own = (high[i] as number) >>> shift
      if (own < bucket) return false
      while (bucket < own) offsets[++bucket] = at
      tags[at++] = tagOf(high[i] as number, low[i] as number)
    }
    this.#table.values.set(values, this.#count)
    this.#bucket = bucket
    this.#count = at
    return true
  }

  finish(): HashTable {
    const { offsets } = this.#table
    for (let bucket = this.#bucket + 1; bucket < offsets.length; bucket++) offsets[bucket] = this.#count
    return this.#table
  }
}

/**
 * Hashes that may be in any of several tables, as four bits in the one word that the hash chooses: what is absent from
 * all of them is nearly always known after a single read. At least twelve bits a hash let about one in a hundred absent
 * ones pass, twice as many one in two hundred.
 */
export interface HashFilter {
  readonly bits: number
  readonly words: Uint32Array<SharedArrayBuffer>
}

const FILTER_BITS_PER_HASH = 12
export const FILTER_BITS_MAX = 30

export function hashFilter(hashes: number): HashFilter {
  const words = Math.max(2, (hashes * FILTER_BITS_PER_HASH) / 32)
  const bits = Math.min(FILTER_BITS_MAX, Math.ceil(Math.log2(words)))
  return { bits, words: sharedWords(2 ** bits) }
}

export function filterAdd({ bits, words }: HashFilter, high: number, low: number): void {
  const at = (high >>> 0) >>> (32 - bits)
  words[at] =
    (words[at] as number) |
    (1 << (low & 31)) |
    (1 << ((low >>> 5) & 31)) |
    (1 << ((low >>> 10) & 31)) |
    (1 << ((high + low) & 31))
}

export function filterHas({ bits, words }: HashFilter, high: number, low: number): boolean {
  const word = words[(high >>> 0) >>> (32 - bits)] as number
  return ((word >>> low) & (word >>> (low >>> 5)) & (word >>> (low >>> 10)) & (word >>> (high + low)) & 1) === 1
}

export function sharedWords(count: number): Uint32Array<SharedArrayBuffer> {
  return new Uint32Array(new SharedArrayBuffer(count * 4))
}
