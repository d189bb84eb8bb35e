import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobRef } from '../../src/core/submission.ts'
import type { BlobStore } from '../../src/ports/blob-store.ts'

/** What every BlobStore does, whatever it is made of. */
export interface BlobStoreHarness {
  readonly store: BlobStore
  /** Plain size of the chunks that content is cut into. */
  readonly chunkBytes: number
  /** Ends the store and opens it again over the same data. */
  reopen(): Promise<BlobStore>
  /** Every byte that the store keeps, for looking at what an intruder would see. */
  storedBytes(): Promise<Buffer>
  dispose(): Promise<void>
}

export async function put(store: BlobStore, content: Uint8Array, piece = 10_000): Promise<BlobRef> {
  const writer = await store.create()
  for (let at = 0; at < content.length; at += piece) await writer.write(content.subarray(at, at + piece))
  return writer.commit()
}

export async function readAll(store: Pick<BlobStore, 'read'>, ref: BlobRef): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(ref)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function blobStoreContract(name: string, open: () => Promise<BlobStoreHarness>): void {
  describe(`blob store: ${name}`, () => {
    let harness: BlobStoreHarness
    let store: BlobStore

    beforeEach(async () => {
      harness = await open()
      store = harness.store
    })
    afterEach(() => harness.dispose())

    it('gives back what was written, at every size around a chunk', async () => {
      const { chunkBytes } = harness
      for (const size of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 3 * chunkBytes + 7]) {
        const content = randomBytes(size)
        const ref = await put(store, content, 777)
        expect(ref.size).toBe(size)
        expect(ref.sha256).toBe(createHash('sha256').update(content).digest('hex'))
        expect((await readAll(store, ref)).equals(content), `size ${size}`).toBe(true)
      }
    })

    it('keeps blobs apart that are written at the same time', async () => {
      const contents = Array.from({ length: 40 }, (_, i) => randomBytes(1 + i * 1_111))
      const refs = await Promise.all(contents.map((content) => put(store, content, 997)))
      expect(new Set(refs.map((ref) => ref.id)).size).toBe(contents.length)
      for (const [i, ref] of refs.entries()) {
        expect((await readAll(store, ref)).equals(contents[i] ?? Buffer.alloc(0))).toBe(true)
      }
    })

    it('copies what it is given: the caller may reuse its buffer', async () => {
      const writer = await store.create()
      const buffer = Buffer.alloc(5_000, 1)
      await writer.write(buffer)
      buffer.fill(2)
      await writer.write(buffer)
      const ref = await writer.commit()
      expect((await readAll(store, ref)).equals(Buffer.concat([Buffer.alloc(5_000, 1), Buffer.alloc(5_000, 2)]))).toBe(
        true,
      )
    })

    it('250-means-durable: what was committed is there after the store is opened again', async () => {
      const content = randomBytes(100_000)
      const ref = await put(store, content)
      store = await harness.reopen()
      expect((await readAll(store, ref)).equals(content)).toBe(true)
    })

    it('forgets an aborted blob, and refuses to go on with it', async () => {
      const writer = await store.create()
      await writer.write(randomBytes(200_000))
      await writer.abort()
      await writer.abort()
      await expect(writer.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'blob-closed' })
      await expect(writer.commit()).rejects.toMatchObject({ code: 'blob-closed' })
    })

    it('commits once', async () => {
      const writer = await store.create()
      await writer.write(Buffer.from('once'))
      const ref = await writer.commit()
      await expect(writer.commit()).rejects.toMatchObject({ code: 'blob-closed' })
      await writer.abort()
      expect((await readAll(store, ref)).toString()).toBe('once')
    })

    it('removes for good, as often as it is asked to', async () => {
      const ref = await put(store, Buffer.from('gone'))
      const kept = await put(store, Buffer.from('kept'))
      await store.remove(ref.id)
      await store.remove(ref.id)
      await store.remove('no-such-blob')
      await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-missing' })
      store = await harness.reopen()
      await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'blob-missing' })
      expect((await readAll(store, kept)).toString()).toBe('kept')
    })

    it('says blob-missing for ids it never gave', async () => {
      for (const id of ['', 'x', `${'0'.repeat(32)}-1-g`, '../../etc/passwd']) {
        await expect(readAll(store, { id, size: 1, sha256: '' })).rejects.toMatchObject({ code: 'blob-missing' })
      }
    })

    it('notices when a blob is not as long as its row says', async () => {
      const ref = await put(store, Buffer.from('four'))
      await expect(readAll(store, { ...ref, size: 5 })).rejects.toMatchObject({ code: 'blob-corrupt' })
    })

    it('no-raw-value-outside-blobs: no content can be read from what it stores', async () => {
      const secret = 'PLANTED-4111-1111-1111-1111'
      await put(store, Buffer.from(`some text with ${secret} in it`.repeat(50)))
      const stored = await harness.storedBytes()
      expect(stored.length).toBeGreaterThan(1_000)
      expect(stored.includes(secret)).toBe(false)
    })

    it('tells how much it holds', async () => {
      const before = await store.usage()
      await put(store, randomBytes(300_000))
      const after = await store.usage()
      expect(after.healthy).toBe(true)
      expect(after.freeBytes).toBeGreaterThan(0)
      expect(after.usedBytes - before.usedBytes).toBeGreaterThanOrEqual(300_000)
    })
  })
}
