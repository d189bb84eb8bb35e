import { join } from 'node:path'
import { limits } from '../../core/limits.ts'
import type { BlobRef } from '../../core/submission.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import type { BlobAddress } from './blob-id.ts'
import { BlobIndex } from './blob-index.ts'
import { applyRecord, listSegments } from './disk-blob-store.ts'
import { type BlobLocator, readBlob } from './read-blob.ts'
import { type Extent, segmentFileName } from './segment-format.ts'
import { SegmentReaders } from './segment-readers.ts'
import { scanSegment } from './segment-scan.ts'

/**
 * Reads the spool of another process on the same host: takes no lock and writes nothing. A blob's id says where to
 * look; only when compaction has moved it are the segments scanned, from where the last scan ended.
 */
export interface BlobReader {
  /** As BlobStore.read: throws `blob-missing` or `blob-corrupt`. */
  read(ref: BlobRef): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface BlobReaderOptions {
  readonly dir: string
  readonly keys: KeyEncryptionKeys
}

export function openBlobReader(options: BlobReaderOptions): BlobReader {
  const readers = new SegmentReaders(options.dir, limits.blobOpenSegmentsMax)
  const locator = new FollowingLocator(options.dir, readers)
  return {
    read: (ref) => readBlob(ref, options.keys, locator, readers),
    close: () => readers.close(),
  }
}

class FollowingLocator implements BlobLocator {
  readonly #dir: string
  readonly #readers: SegmentReaders
  readonly #index = new BlobIndex()
  readonly #scannedTo = new Map<number, number>()
  #scanning: Promise<void> | null = null

  constructor(dir: string, readers: SegmentReaders) {
    this.#dir = dir
    this.#readers = readers
  }

  async locate(address: BlobAddress): Promise<Extent | null> {
    const { uid, segment, offset } = address
    const length = await this.#readers.recordLength(uid, segment, offset)
    if (length !== null) return { segment, offset, length }
    return this.#index.get(uid)?.commit ?? this.relocate(address)
  }

  async relocate({ uid }: BlobAddress): Promise<Extent | null> {
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = null
    })
    await this.#scanning
    return this.#index.get(uid)?.commit ?? null
  }

  async #scan(): Promise<void> {
    const segments = await listSegments(this.#dir)
    const present = new Set(segments)
    for (const segment of [...this.#scannedTo.keys()]) {
      if (present.has(segment)) continue
      this.#scannedTo.delete(segment)
      this.#index.dropSegment(segment)
      await this.#readers.forget(segment)
    }
    const newest = segments.at(-1)
    for (const segment of segments) {
      try {
        const { end } = await scanSegment(
          join(this.#dir, segmentFileName(segment)),
          { from: this.#scannedTo.get(segment) ?? 0, onDamage: segment === newest ? 'stop' : 'resync' },
          (record) => applyRecord(this.#index, segment, record),
        )
        this.#scannedTo.set(segment, end)
      } catch (error) {
        // Compacted away between the listing and the scan: what it held is in a later segment.
        if (systemErrorCode(error) !== 'ENOENT') throw error
      }
    }
  }
}
