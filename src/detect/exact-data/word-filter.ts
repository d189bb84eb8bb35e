/**
 * Which words can't be a value nor begin one, told by a filter before the slow HMAC is asked: nearly all words of a
 * text. The filter is stored with the index, so what sets its bits is a keyed PRF too (HalfSipHash-2-4, Aumasson and
 * Bernstein, with a 64-bit key); only words are in it, no numbers or dates, which could be enumerated.
 */
import { createHmac } from 'node:crypto'
import { filterAdd, filterHas, type HashFilter } from '../hash-table.ts'
import { eachWordBlock, type WordKey } from '../words/word-blocks.ts'

export interface WordFilterKey {
  /** For the hashes of words in a text. */
  readonly words: WordKey
  readonly key0: number
  readonly key1: number
}

/** Derived from the catalogue key. */
export function wordFilterKey(key: Uint8Array): WordFilterKey {
  const derived = createHmac('sha256', key).update('exact-data words').digest()
  const at = (index: number) => derived.readInt32LE(index * 4)
  return { words: { high: at(0), low: at(1) }, key0: at(2), key1: at(3) }
}

/** Of a folded word, for `addHash`. */
export function wordHash(key: WordFilterKey, word: string): number {
  let hash = 0
  eachWordBlock(Buffer.from(word), key.words, 0, ({ high, low }) => {
    hash = halfSipHash(high[0] as number, low[0] as number, key)
  })
  return hash
}

export function addHash(filter: HashFilter, hash: number): void {
  filterAdd(filter, hash, lowOf(hash))
}

/** `high` and `low`: a word's hashes, as `eachWordBlock` gives them under the same key. */
export function mayBeWord(filter: HashFilter, key: WordFilterKey, high: number, low: number): boolean {
  const hash = halfSipHash(high, low, key)
  return filterHas(filter, hash, lowOf(hash))
}

/** Another fifteen bits than those that choose the filter's word. */
function lowOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 17) & 0x7fff
}

/** Of eight bytes: 32 bits. */
export function halfSipHash(
  first: number,
  second: number,
  { key0, key1 }: Pick<WordFilterKey, 'key0' | 'key1'>,
): number {
  let v0 = key0
  let v1 = key1
  let v2 = 0x6c796765 ^ key0
  let v3 = 0x74656462 ^ key1
  for (let block = 0; block < 4; block++) {
    // The last block of the message is its length alone; then come the four rounds that finish the hash.
    const finish = block === 3
    const message = block === 0 ? first : block === 1 ? second : finish ? 0 : 8 << 24
    if (finish) v2 ^= 0xff
    v3 ^= message
    for (let round = finish ? 4 : 2; round > 0; round--) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= message
  }
  return v1 ^ v3
}
