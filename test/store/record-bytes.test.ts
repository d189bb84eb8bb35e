import { zstdCompressSync } from 'node:zlib'
import { expect, it, vi } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { fromRecordBytes, toRecordBytes } from '../../src/store/record-bytes.ts'

vi.mock('../../src/core/limits.ts', async (original) => {
  const { limits: shipped } = await original<{ limits: object }>()
  return { limits: { ...shipped, storeRecordMaxBytes: 100_000 } }
})

const long = {
  findings: Array.from({ length: 500 }, (_, i) => ({ detector: 'email_address', start: i * 40, é: '漢' })),
}

it.each([
  ['short', { a: 1 }],
  ['long', long],
  ['with the first byte of a frame', { '(': '('.repeat(5_000) }],
])('a document comes back as it was: %s', (_, document) => {
  expect(fromRecordBytes(toRecordBytes(document))).toEqual(document)
})

it('a long one takes a fraction of its JSON', () => {
  expect(toRecordBytes(long).length).toBeLessThan(JSON.stringify(long).length / 4)
})

it('a document as large as is read again is written, a larger one is not', () => {
  const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
  const most = limits.storeRecordMaxBytes
  expect(fromRecordBytes(toRecordBytes(sized(most)))).toEqual(sized(most))
  expect(() => toRecordBytes(sized(most + 1))).toThrow(expect.objectContaining({ code: 'record-too-large' }))
})

it('JSON as it was written without compression is read, too', () => {
  expect(fromRecordBytes(Buffer.from(JSON.stringify(long)))).toEqual(long)
})

it.each([
  ['cut short', toRecordBytes(long).subarray(0, -3)],
  ['not JSON', Buffer.from('(')],
  ['empty', Buffer.alloc(0)],
  ['larger than may be', zstdCompressSync(Buffer.alloc(limits.storeRecordMaxBytes + 1, '['))],
])('bytes that are %s are refused', (_, bytes) => {
  expect(() => fromRecordBytes(bytes)).toThrow()
})
