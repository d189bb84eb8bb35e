import { describe, expect, it } from 'vitest'
import type { BlobRef } from '../../src/core/submission.ts'
import { withRecentContent } from '../../src/pipeline/recent-content.ts'
import type { BlobStore } from '../../src/ports/blob-store.ts'

/** A store that counts what is read from it. */
function backing() {
  const blobs = new Map<string, Buffer>()
  const reads: string[] = []
  const store: BlobStore = {
    create: async () => {
      const chunks: Uint8Array[] = []
      return {
        write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
        commit: async () => {
          const id = `b${blobs.size}`
          blobs.set(id, Buffer.concat(chunks))
          return { id, size: blobs.get(id)?.length ?? 0, sha256: '' }
        },
        abort: async () => undefined,
      }
    },
    read: async function* ({ id }) {
      reads.push(id)
      yield blobs.get(id) ?? Buffer.alloc(0)
    },
    remove: async (id) => void blobs.delete(id),
    usage: async () => ({ usedBytes: 0, freeBytes: 0, healthy: true }),
  }
  return { store, reads }
}

async function put(store: BlobStore, ...chunks: string[]): Promise<BlobRef> {
  const writer = await store.create()
  for (const chunk of chunks) await writer.write(Buffer.from(chunk))
  return await writer.commit()
}

async function get(store: BlobStore, ref: BlobRef): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(ref)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('recent content', () => {
  it('is given from memory, as often as asked', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store)
    const ref = await put(recent, 'one ', 'two')
    expect([await get(recent, ref), await get(recent, ref)]).toEqual(['one two', 'one two'])
    expect(reads).toEqual([])
  })

  it('lets go of what is settled, and has it read from disk then', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store)
    const ref = await put(recent, 'one')
    recent.settled?.(ref.id)
    expect(await get(recent, ref)).toBe('one')
    expect(reads).toEqual([ref.id])
  })

  it('keeps a copy: a reused buffer changes nothing', async () => {
    const recent = withRecentContent(backing().store)
    const writer = await recent.create()
    const buffer = Buffer.from('kept')
    await writer.write(buffer)
    const ref = await writer.commit()
    buffer.fill('x')
    expect(await get(recent, ref)).toBe('kept')
  })

  it('bounded: keeps a blob at the limit, not one past it', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store, { blobMaxBytes: 4, totalMaxBytes: 100 })
    const at = await put(recent, '1234')
    const past = await put(recent, '123', '45')
    expect([await get(recent, at), await get(recent, past)]).toEqual(['1234', '12345'])
    expect(reads).toEqual([past.id])
  })

  it('bounded: when full, what was read goes first, the least recently read of it', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store, { blobMaxBytes: 4, totalMaxBytes: 12 })
    const first = await put(recent, 'aaaa')
    const second = await put(recent, 'bbbb')
    const third = await put(recent, 'cccc')
    await get(recent, second)
    await get(recent, third)
    const fourth = await put(recent, 'dddd')
    for (const ref of [first, third, fourth]) await get(recent, ref)
    expect(reads).toEqual([])
    expect(await get(recent, second)).toBe('bbbb')
    expect(reads).toEqual([second.id])
  })

  it('bounded: when full of what is still to be read, turns newcomers away, but not for ever', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store, { blobMaxBytes: 4, totalMaxBytes: 8 })
    const kept = [await put(recent, 'aaaa'), await put(recent, 'bbbb')]
    const turnedAway = await put(recent, 'cccc')
    for (const ref of [...kept, turnedAway]) await get(recent, ref)
    expect(reads).toEqual([turnedAway.id])

    const stuck = withRecentContent(store, { blobMaxBytes: 4, totalMaxBytes: 8 })
    const oldest = await put(stuck, 'dddd')
    for (const text of ['eeee', 'ffff', 'gggg']) await put(stuck, text)
    const newest = await put(stuck, 'hhhh')
    expect(await get(stuck, newest)).toBe('hhhh')
    expect(await get(stuck, oldest)).toBe('dddd')
    expect(reads).toEqual([turnedAway.id, oldest.id])
  })

  it('forgets what is removed', async () => {
    const { store, reads } = backing()
    const recent = withRecentContent(store)
    const ref = await put(recent, 'gone')
    await recent.remove(ref.id)
    expect(await get(recent, ref)).toBe('')
    expect(reads).toEqual([ref.id])
  })
})
