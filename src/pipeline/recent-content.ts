/**
 * A BlobStore that remembers what it has just spooled: most messages are inspected and delivered within moments, and
 * reading them back from disk costs more than all else done to a small one. Bounded in bytes: when it is full, what was
 * read already goes first (it waits for a retry), and then the newcomer, for those before it are next in line. Large
 * blobs are never kept. What is forgotten, or was spooled before the start, comes from the disk.
 */
import { limits } from '../core/limits.ts'
import type { BlobRef } from '../core/submission.ts'
import type { BlobStore, BlobWriter } from '../ports/blob-store.ts'

export interface RecentContentBounds {
  /** Blobs up to this size are kept. */
  readonly blobMaxBytes: number
  readonly totalMaxBytes: number
}

const DEFAULTS: RecentContentBounds = {
  blobMaxBytes: limits.recentBlobMaxBytes,
  totalMaxBytes: limits.recentContentMaxBytes,
}

export function withRecentContent<T extends BlobStore>(blobs: T, bounds: RecentContentBounds = DEFAULTS): BlobStore {
  /** Both in the order of their last use. */
  const unread = new Map<string, Kept>()
  const read = new Map<string, Kept>()
  let total = 0
  let turnedAwayBytes = 0
  const forget = (id: string) => {
    total -= unread.get(id)?.size ?? read.get(id)?.size ?? 0
    unread.delete(id)
    read.delete(id)
  }
  const forgetOldest = (from: ReadonlyMap<string, Kept>) => {
    const oldest = from.keys().next().value
    if (oldest !== undefined) forget(oldest)
  }
  const keep = (id: string, content: Kept) => {
    while (total + content.size > bounds.totalMaxBytes && read.size > 0) forgetOldest(read)
    if (total + content.size <= bounds.totalMaxBytes) {
      unread.set(id, content)
      total += content.size
      return
    }
    // Something may stay unread for ever (a message that was held at once): by and by that goes too.
    turnedAwayBytes += content.size
    if (turnedAwayBytes < bounds.totalMaxBytes) return
    turnedAwayBytes = 0
    forgetOldest(unread)
  }
  return {
    create: async () => new RememberingWriter(await blobs.create(), bounds.blobMaxBytes, keep),
    read: (ref) => {
      const content = unread.get(ref.id) ?? read.get(ref.id)
      if (content === undefined || content.size !== ref.size) return blobs.read(ref)
      unread.delete(ref.id)
      read.delete(ref.id)
      read.set(ref.id, content)
      return inTurn(content.chunks)
    },
    settled: forget,
    remove: async (id) => {
      forget(id)
      await blobs.remove(id)
    },
    usage: () => blobs.usage(),
  }
}

interface Kept {
  readonly chunks: readonly Uint8Array[]
  readonly size: number
}

async function* inTurn(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk
}

class RememberingWriter implements BlobWriter {
  readonly #writer: BlobWriter
  readonly #keep: (id: string, content: Kept) => void
  readonly #maxBytes: number
  #chunks: Uint8Array[] | null = []
  #size = 0

  constructor(writer: BlobWriter, maxBytes: number, keep: (id: string, content: Kept) => void) {
    this.#writer = writer
    this.#maxBytes = maxBytes
    this.#keep = keep
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.length
    if (this.#size > this.#maxBytes) this.#chunks = null
    // A copy: the caller's buffer may be part of a larger one, or be used again.
    this.#chunks?.push(Uint8Array.from(chunk))
    await this.#writer.write(chunk)
  }

  async commit(): Promise<BlobRef> {
    const ref = await this.#writer.commit()
    if (this.#chunks) this.#keep(ref.id, { chunks: this.#chunks, size: this.#size })
    this.#chunks = null
    return ref
  }

  async abort(): Promise<void> {
    this.#chunks = null
    await this.#writer.abort()
  }
}
