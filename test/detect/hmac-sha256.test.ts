import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HmacSha256 } from '../../src/detect/hmac-sha256.ts'

function hex(words: Int32Array): string {
  return [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

describe('HMAC-SHA-256', () => {
  it.each([0, 1, 16, 32, 63, 64])('is the library’s, with a key of %i bytes and texts of any length', (size) => {
    const key = randomBytes(size)
    const mac = new HmacSha256(key)
    for (let length = 0; length < 300; length++) {
      const text = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(10).slice(0, length)
      for (const one of [text, `é${text}`, `${text}東😀`])
        expect(hex(mac.digest(one)), `length ${length}`).toBe(createHmac('sha256', key).update(one).digest('hex'))
    }
    const long = 'x'.repeat(100_000)
    expect(hex(mac.digest(long))).toBe(createHmac('sha256', key).update(long).digest('hex'))
    expect(hex(mac.digest('short'))).toBe(createHmac('sha256', key).update('short').digest('hex'))
  })

  it('takes no key longer than a block', () => {
    expect(() => new HmacSha256(new Uint8Array(65))).toThrow(RangeError)
  })
})
