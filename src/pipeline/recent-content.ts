/**
 * A BlobStore that remembers what it has just spooled: most messages are inspected and delivered within moments, and
 * reading them back from disk costs more than all else done to a small one. Bounded in bytes, the least recently used
 * goes first; large blobs are never kept. What is forgotten, or was spooled before the start, comes from the disk.
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
  const kept = new Map<string, Uint8Array>()
  let total = 0
  const forget = (id: string) => {
    total -= kept.get(id)?.length ?? 0
    kept.delete(id)
  }
  const keep = (id: string, bytes: Uint8Array) => {
    kept.set(id, bytes)
    total += bytes.length
    for (const oldest of kept.keys()) {
      if (total <= bounds.totalMaxBytes) break
      forget(oldest)
    }
  }
  return {
    create: async () => new RememberingWriter(await blobs.create(), bounds.blobMaxBytes, keep),
    read: (ref) => {
      const bytes = kept.get(ref.id)
      if (bytes === undefined || bytes.length !== ref.size) return blobs.read(ref)
      kept.delete(ref.id)
      kept.set(ref.id, bytes)
      return once(bytes)
    },
    remove: async (id) => {
      forget(id)
      await blobs.remove(id)
    },
    usage: () => blobs.usage(),
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

class RememberingWriter implements BlobWriter {
  readonly #writer: BlobWriter
  readonly #keep: (id: string, bytes: Uint8Array) => void
  readonly #maxBytes: number
  #chunks: Uint8Array[] | null = []
  #size = 0

  constructor(writer: BlobWriter, maxBytes: number, keep: (id: string, bytes: Uint8Array) => void) {
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
    if (this.#chunks)
      this.#keep(
        ref.id,
        this.#chunks.length === 1 ? (this.#chunks[0] ?? new Uint8Array()) : Buffer.concat(this.#chunks),
      )
    this.#chunks = null
    return ref
  }

  async abort(): Promise<void> {
    this.#chunks = null
    await this.#writer.abort()
  }
}
