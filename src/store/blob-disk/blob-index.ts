import { keyIdOf } from '../../platform/at-rest.ts'
import type { CommitRecord, Extent } from './segment-format.ts'

/**
 * Which blobs are committed, where, and how much of each segment is still needed. Rebuilt from the segments at start;
 * the log is the truth. Synchronous throughout, so that a look and the change that follows from it are one step.
 */
export interface BlobEntry {
  readonly uid: string
  readonly commit: Extent
  /** Number of the key-encryption key that wraps its data key. */
  readonly keyId: number
  /** Live bytes by segment, the commit record included. */
  readonly shares: ReadonlyMap<number, number>
  /** Every segment that ever held a commit record of this blob: what its tombstone must name. */
  readonly commitSegments: Set<number>
}

export interface Tombstone {
  readonly uid: string
  readonly segments: readonly number[]
}

export class SegmentUse {
  totalBytes = 0
  liveBytes = 0
  /** Chunk records of blobs still being written. */
  inFlight = 0
  /** A live record here can't be read: the segment stays, so that its other bytes aren't lost. */
  damaged = false
  readonly blobs = new Set<BlobEntry>()
  readonly tombstones: Tombstone[] = []
}

export class BlobIndex {
  readonly #entries = new Map<string, BlobEntry>()
  readonly #segments = new Map<number, SegmentUse>()

  get size(): number {
    return this.#entries.size
  }

  get(uid: string): BlobEntry | undefined {
    return this.#entries.get(uid)
  }

  uids(): IterableIterator<string> {
    return this.#entries.keys()
  }

  segments(): IterableIterator<[number, SegmentUse]> {
    return this.#segments.entries()
  }

  hasSegment(segment: number): boolean {
    return this.#segments.has(segment)
  }

  use(segment: number): SegmentUse {
    let use = this.#segments.get(segment)
    if (!use) {
      use = new SegmentUse()
      this.#segments.set(segment, use)
    }
    return use
  }

  totalBytes(): number {
    let bytes = 0
    for (const use of this.#segments.values()) bytes += use.totalBytes
    return bytes
  }

  /** Makes the blob readable at `commit`; replaces an earlier place of the same blob. */
  put(uid: string, commit: Extent, { chunks, wrappedKey }: CommitRecord): BlobEntry {
    const shares = new Map<number, number>()
    for (const extent of [...chunks, commit]) {
      shares.set(extent.segment, (shares.get(extent.segment) ?? 0) + extent.length)
    }
    const before = this.#entries.get(uid)
    const commitSegments = before?.commitSegments ?? new Set<number>()
    commitSegments.add(commit.segment)
    if (before) this.#detach(before)
    const entry: BlobEntry = { uid, commit, keyId: keyIdOf(wrappedKey), shares, commitSegments }
    for (const [segment, bytes] of shares) {
      const use = this.use(segment)
      use.liveBytes += bytes
      use.blobs.add(entry)
    }
    this.#entries.set(uid, entry)
    return entry
  }

  /** Forgets the blob; returns the segments that lost bytes by it. */
  delete(uid: string): readonly number[] {
    const entry = this.#entries.get(uid)
    if (!entry) return []
    this.#detach(entry)
    this.#entries.delete(uid)
    return [...entry.shares.keys()]
  }

  dropSegment(segment: number): void {
    this.#segments.delete(segment)
  }

  #detach(entry: BlobEntry): void {
    for (const [segment, bytes] of entry.shares) {
      const use = this.#segments.get(segment)
      if (!use) continue
      use.liveBytes -= bytes
      use.blobs.delete(entry)
    }
  }
}
