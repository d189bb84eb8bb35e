import { describe, expect, it } from 'vitest'
import { fillRandom } from '../../src/platform/random-bytes.ts'

describe('random bytes', () => {
  it.each([16, 24, 32, 8 * 1024, 8 * 1024 + 1])('never repeats itself: %i bytes', (size) => {
    const seen = new Set<string>()
    const draws = 1000
    for (let i = 0; i < draws; i++) {
      const into = Buffer.alloc(size)
      fillRandom(into)
      seen.add(into.toString('hex'))
    }
    expect(seen.size).toBe(draws)
  })

  it('fills all of it, and only it', () => {
    const ones = Buffer.alloc(64)
    for (let i = 0; i < 64; i++) {
      const around = Buffer.alloc(48)
      fillRandom(around.subarray(8, 40))
      expect(around.subarray(0, 8)).toEqual(Buffer.alloc(8))
      expect(around.subarray(40)).toEqual(Buffer.alloc(8))
      for (let k = 0; k < 32; k++) ones[k] = (ones[k] ?? 0) | (around[8 + k] ?? 0)
    }
    expect(ones.subarray(0, 32).every((byte) => byte === 0xff)).toBe(true)
  })
})
