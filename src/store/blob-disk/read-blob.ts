import { GatewayError } from '../../core/errors.ts'
import type { BlobRef } from '../../core/submission.ts'
import { BlobOpener, blobCorrupt } from '../../platform/at-rest.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import { type BlobAddress, parseBlobId } from './blob-id.ts'
import { type CommitRecord, decodeCommit, type Extent, recordPayload } from './segment-format.ts'
import type { ReadRecord, SegmentReaders } from './segment-readers.ts'

/**
 * Reads a committed blob chunk by chunk: at no time more than one chunk in memory, every chunk authenticated before it
 * is handed out. When compaction moves the blob meanwhile, reading goes on at its new place.
 */
export interface BlobLocator {
  /** Where the blob's commit record lies now; null when it is unknown or removed. */
  locate(address: BlobAddress): Promise<Extent | null>
  /** Like `locate`, after what it said turned out to be gone. */
  relocate(address: BlobAddress): Promise<Extent | null>
}

/** How often one read follows a blob that moves under it. */
const RELOCATIONS_MAX = 16

export async function* readBlob(
  ref: BlobRef,
  keys: KeyEncryptionKeys,
  locator: BlobLocator,
  readers: SegmentReaders,
): AsyncGenerator<Uint8Array, void, undefined> {
  const address = parseBlobId(ref.id)
  if (!address) throw blobMissing(ref.id)
  const place = new BlobPlace(address, ref.id, locator, readers)
  const { opener, chunks } = await openBlob(keys, address.uid, place)
  let size = 0
  for (let i = 0; i < chunks; i += 1) {
    const { head, record } = await place.chunk(i)
    if (head.kind !== 'chunk' || head.sequence !== i) throw blobCorrupt(ref.id, 'its chunks are out of order')
    const chunk = opener.open(recordPayload(record))
    size += chunk.length
    if (chunk.length > 0) yield chunk
  }
  opener.finish()
  if (size !== ref.size) throw blobCorrupt(ref.id, `it has ${size} bytes where ${ref.size} were stored`)
}

/** A blob re-wrapped since its id was made may have a commit record under a retired key: then look for the latest. */
async function openBlob(
  keys: KeyEncryptionKeys,
  uid: string,
  place: BlobPlace,
): Promise<{ opener: BlobOpener; chunks: number }> {
  const first = await place.commit()
  try {
    return { opener: new BlobOpener(keys, uid, first.wrappedKey, first.header), chunks: first.chunks.length }
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'key-missing') throw error
    const latest = await place.latest()
    return { opener: new BlobOpener(keys, uid, latest.wrappedKey, latest.header), chunks: latest.chunks.length }
  }
}

class BlobPlace {
  readonly #address: BlobAddress
  readonly #id: string
  readonly #locator: BlobLocator
  readonly #readers: SegmentReaders
  #commit: CommitRecord | null = null
  #relocations = 0

  constructor(address: BlobAddress, id: string, locator: BlobLocator, readers: SegmentReaders) {
    this.#address = address
    this.#id = id
    this.#locator = locator
    this.#readers = readers
  }

  async commit(): Promise<CommitRecord> {
    this.#commit ??= await this.#readCommit(await this.#locator.locate(this.#address))
    return this.#commit
  }

  /** As `commit`, never by the hint in the id. */
  async latest(): Promise<CommitRecord> {
    this.#commit = await this.#readCommit(await this.#locator.relocate(this.#address))
    return this.#commit
  }

  async #readCommit(place: Extent | null): Promise<CommitRecord> {
    for (let extent = place; extent; extent = await this.#locator.relocate(this.#address)) {
      try {
        const { head, record } = await this.#readers.read(this.#address.uid, extent)
        const commit = head.kind === 'commit' ? decodeCommit(recordPayload(record)) : null
        if (!commit) throw blobCorrupt(this.#id, 'its commit record is damaged')
        return commit
      } catch (error) {
        this.#follow(error)
      }
    }
    throw blobMissing(this.#id)
  }

  async chunk(i: number): Promise<ReadRecord> {
    for (;;) {
      const extent = (await this.commit()).chunks[i]
      if (!extent) throw blobCorrupt(this.#id, 'it has fewer chunks than it had')
      try {
        return await this.#readers.read(this.#address.uid, extent)
      } catch (error) {
        this.#follow(error)
        await this.latest()
      }
    }
  }

  /** A segment that is gone means that the blob has moved; anything else is an error. */
  #follow(error: unknown): void {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    this.#relocations += 1
    if (this.#relocations > RELOCATIONS_MAX) throw blobMissing(this.#id)
  }
}

export function blobMissing(id: string): GatewayError {
  return new GatewayError('blob-missing', {
    temporary: false,
    publicMessage: 'local error',
    message: `blob ${id} is not in the spool`,
  })
}
