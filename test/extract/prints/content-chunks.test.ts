import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ChunkCutter, contentChunks } from '../../../src/extract/prints/content-chunks.ts'

/** Bytes that look random and are the same in every run. */
function noise(bytes: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}${i}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, bytes)
}

function digests(bytes: Uint8Array, most?: number): string[] {
  const all = Buffer.from(contentChunks(bytes, most).chunks, 'base64').toString('hex')
  return all.match(/.{32}/g) ?? []
}

const file = noise(400_000, 'a')
const shared = (a: readonly string[], b: readonly string[]) => a.filter((one) => b.includes(one)).length

describe('content-defined chunks', () => {
  const own = digests(file)

  it('are some two kilobytes each', () => {
    expect(file.length / own.length).toBeGreaterThan(1_000)
    expect(file.length / own.length).toBeLessThan(4_000)
  })

  it.each<[string, Buffer]>([
    ['a header in front', Buffer.concat([noise(37, 'h'), file])],
    ['bytes put in', Buffer.concat([file.subarray(0, 200_001), noise(5, 'i'), file.subarray(200_001)])],
    ['bytes taken out', Buffer.concat([file.subarray(0, 100_003), file.subarray(100_903)])],
    ['one byte changed', Buffer.from(file).fill(file[150_000] ? 0 : 1, 150_000, 150_001)],
    ['something behind it', Buffer.concat([file, noise(3_000, 't')])],
  ])('%s changes the chunks around it alone', (_name, changed) => {
    expect(shared(own, digests(changed))).toBeGreaterThanOrEqual(own.length - 4)
  })

  it.each([1_000, 8_191, 8_192, 65_537])('are the same of a file in pieces of %i bytes', (pieceBytes) => {
    const padded = Buffer.concat([file, Buffer.alloc(20_000), noise(3_000, 't')])
    for (const most of [10_000, 50]) {
      const cutter = new ChunkCutter(most)
      for (let at = 0; at < padded.length; at += pieceBytes) cutter.push(padded.subarray(at, at + pieceBytes))
      expect(cutter.end()).toEqual(contentChunks(padded, most))
    }
  })

  it('have nothing in common with other content', () => {
    expect(shared(own, digests(noise(400_000, 'b')))).toBe(0)
  })

  it('leave out padding', () => {
    const zeros = Buffer.alloc(50_000)
    expect(digests(zeros)).toEqual([])
    expect(digests(Buffer.concat([file, zeros])).length).toBeLessThanOrEqual(own.length + 1)
  })

  it('are none for a file of one chunk, and for none', () => {
    expect(contentChunks(new Uint8Array())).toEqual({ chunks: '', complete: true })
    expect(contentChunks(noise(500, 'c'))).toEqual({ chunks: '', complete: true })
  })

  it('extractChunksMax: all at the limit, and said to be incomplete one past it', () => {
    // What is left at the end is a chunk too short to count.
    const all = own.length + 1
    expect(contentChunks(file, all).complete).toBe(true)
    expect(digests(file, all)).toEqual(own)
    expect(contentChunks(file, all - 1).complete).toBe(false)
    expect(digests(file, all - 2)).toEqual(own.slice(0, -1))
  })
})
