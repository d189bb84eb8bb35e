import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { inflateBounded } from '../../../src/extract/readers/inflate.ts'

const plain = Buffer.from('a line of a file\n'.repeat(500))
const packed = deflateRawSync(plain)
const context = (limits = {}) =>
  ({ budget: new MessageBudget(packed.length, { ...defaultExtractLimits, ...limits }) }) as unknown as ExtractContext

describe('inflateBounded', () => {
  it.each([undefined, 0, 1, plain.length - 1, plain.length, plain.length + 1, 2 ** 40])(
    'comes to the same whatever size is stated: %s',
    async (size) => {
      const { bytes, consumed, problem } = await inflateBounded('deflate-raw', packed, context(), size)
      expect(bytes.equals(plain)).toBe(true)
      expect([consumed, problem]).toEqual([packed.length, null])
    },
  )

  it('reserves no more than the input could come to, however large the stated size', async () => {
    const { bytes } = await inflateBounded('deflate-raw', packed, context(), 2 ** 40)
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(packed.length * 1032)
  })

  it('stops one byte past the ceiling, not at it', async () => {
    const atMost = (inflatedMaxBytes: number) =>
      inflateBounded('deflate-raw', packed, context({ inflatedMaxBytes }), plain.length)
    expect((await atMost(plain.length)).problem).toBeNull()
    expect(await atMost(plain.length - 1)).toMatchObject({ problem: 'too-large', bytes: Buffer.alloc(0) })
  })
})
