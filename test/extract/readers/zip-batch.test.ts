import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { ZipBatch } from '../../../src/extract/readers/zip-batch.ts'
import { readZipDirectory } from '../../../src/extract/readers/zip-directory.ts'
import { read, zipOf } from '../formats/making.ts'

/** A context with a budget alone, and what was taken from it. */
function contextOf(inflatedLeft = 1e9): { context: ExtractContext; taken: () => number } {
  let taken = 0
  const budget = {
    inflatedLeft,
    inflate: (bytes: number) => {
      taken += bytes
      return true
    },
  }
  return { context: { budget } as unknown as ExtractContext, taken: () => taken }
}

const textOf = (i: number) => `text ${i} of many `.repeat(i + 1)

function archive(count: number): Buffer {
  return zipOf(Array.from({ length: count }, (_, i) => ({ name: `${i}.txt`, data: textOf(i) })))
}

describe('small entries of a zip file', () => {
  it('come out as they went in, and are charged one by one', () => {
    const bytes = archive(40)
    const { entries } = readZipDirectory(bytes)
    const batch = new ZipBatch(bytes, entries)
    const { context, taken } = contextOf()
    let expected = 0
    for (const [i, entry] of entries.entries()) {
      expected += entry.size
      expect(batch.take(entry, context)?.toString()).toBe(textOf(i))
      expect(taken()).toBe(expected)
    }
    expect(batch.take(entries[3] as never, context)).toBeNull()
  })

  it('are left to be read one by one where one of them is not as stated', async () => {
    const bytes = archive(30)
    const { entries } = readZipDirectory(bytes)
    const broken = entries[7]
    if (!broken) throw new Error('no entry')
    const at = broken.dataOffset + broken.compressedSize - 3
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    expect(new ZipBatch(bytes, entries).take(entries[0] as never, contextOf().context)).toBeNull()
    const result = await read(bytes, 'x.zip')
    for (const i of [0, 6, 8, 29]) expect(result.textOf(`${i}.txt`)).toBe(textOf(i))
    expect([...result.reasons]).toEqual(['corrupt'])
  })

  it('are told by an entry that holds more than it states', async () => {
    const bytes = archive(5)
    const central = bytes.indexOf('PK\x01\x02')
    const size = bytes.readUInt32LE(central + 24)
    bytes.writeUInt32LE(size - 1, central + 24)
    const result = await read(bytes, 'x.zip')
    for (let i = 1; i < 5; i++) expect(result.textOf(`${i}.txt`)).toBe(textOf(i))
    expect(result.reasons.size).toBeGreaterThan(0)
  })

  it('are small up to a limit, and no batch is larger than what may still come out', () => {
    const of = (sizes: readonly number[]) =>
      zipOf(
        sizes.map((size, i) => ({
          name: `${i}`,
          data: Buffer.from(Array.from({ length: size }, (_, k) => (k * 31) % 251)),
        })),
      )
    const max = limits.extractZipBatchEntryMaxBytes
    for (const [size, isTaken] of [
      [max, true],
      [max + 1, false],
    ] as const) {
      const bytes = of([size, size])
      const { entries } = readZipDirectory(bytes)
      expect(new ZipBatch(bytes, entries).take(entries[0] as never, contextOf().context) !== null).toBe(isTaken)
    }
    const bytes = of([1000, 1000])
    const { entries } = readZipDirectory(bytes)
    expect(new ZipBatch(bytes, entries).take(entries[0] as never, contextOf(1999).context)).toBeNull()
    expect(new ZipBatch(bytes, entries).take(entries[0] as never, contextOf(2000).context)).not.toBeNull()
  })
})
