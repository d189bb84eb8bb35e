import { describe, expect, it } from 'vitest'
import { addHash, halfSipHash, mayBeWord, wordFilterKey, wordHash } from '../../../src/detect/exact-data/word-filter.ts'
import { hashFilter } from '../../../src/detect/hash-table.ts'
import { eachWordBlock } from '../../../src/detect/words/word-blocks.ts'

describe('the filter of words', () => {
  const key = wordFilterKey(new Uint8Array(32).fill(1))
  const filter = hashFilter(2_000)
  for (let i = 0; i < 2_000; i++) addHash(filter, wordHash(key, `ärger${i}`.normalize('NFKD').replace(/\p{M}/gu, '')))

  function passing(text: string, by = key): number {
    let count = 0
    eachWordBlock(Buffer.from(text), by.words, 0, (block) => {
      for (let i = 0; i < block.count; i++) if (mayBeWord(filter, by, block.high[i] ?? 0, block.low[i] ?? 0)) count++
    })
    return count
  }
  const words = (stem: string) => Array.from({ length: 2_000 }, (_, i) => `${stem}${i}`).join(' ')

  it('lets every word pass that is in it, however it is written', () => {
    expect(passing(words('arger'))).toBe(2_000)
    expect(passing(words('ÄRGER'))).toBe(2_000)
  })

  it('lets few others pass, and none to speak of with another key', () => {
    expect(passing(words('other'))).toBeLessThan(100)
    expect(passing(words('arger'), wordFilterKey(new Uint8Array(32).fill(2)))).toBeLessThan(100)
  })

  it('is set by HalfSipHash-2-4', () => {
    // The reference's vector for a message of eight bytes, 00 01 … 07, under the key 00 01 … 07.
    const key0 = 0x03020100
    const key1 = 0x07060504
    expect(halfSipHash(0x03020100, 0x07060504, { key0, key1 }) >>> 0).toBe(0x8f84b8d0)
  })
})
