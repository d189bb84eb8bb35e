import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../../core/errors.ts'
import { blobCorrupt, rewrapDataKey } from '../../platform/at-rest.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import type { BlobEntry, BlobIndex, SegmentUse } from './blob-index.ts'
import type { SegmentFiles } from './segment-files.ts'
import {
  type CommitRecord,
  decodeCommit,
  type Extent,
  encodeCommit,
  encodeTombstone,
  recordPayload,
  segmentFileName,
} from './segment-format.ts'
import type { SegmentLog } from './segment-log.ts'
import type { SegmentReaders } from './segment-readers.ts'

/**
 * Gives space back. A complete segment of which little is still needed has its live records copied to the log's end,
 * as they are (they stay encrypted), then a sync, and only then is it unlinked: a crash at any point leaves each blob
 * readable at its old or its new place. Also re-wraps data keys after a rotation, which is an append of a new commit
 * record. One of either runs at a time.
 */
export interface CompactionContext {
  readonly dir: string
  readonly files: SegmentFiles
  readonly log: SegmentLog
  readonly index: BlobIndex
  readonly readers: SegmentReaders
  readonly keys: KeyEncryptionKeys
  /** A segment is worth compacting when at most this share of it is live, 0 to 1. */
  readonly liveShareMax: number
}

export interface CompactionResult {
  readonly segmentsRemoved: number
  readonly bytesFreed: number
}

export class Compactor {
  readonly #context: CompactionContext
  #turn: Promise<unknown> = Promise.resolve()
  #scheduled = false

  constructor(context: CompactionContext) {
    this.#context = context
  }

  /**
   * Compacts in the background when one of `segments` (default: any) deserves it. A failure shows as the log's health,
   * and the next call tries again.
   */
  scheduleIfWorthwhile(segments: Iterable<number> = this.#allSegments()): void {
    if (this.#scheduled) return
    for (const segment of segments) {
      if (!this.#worthwhile(segment, this.#context.index.use(segment))) continue
      this.#scheduled = true
      this.compact().catch(() => undefined)
      return
    }
  }

  compact(): Promise<CompactionResult> {
    return this.#exclusively(async () => {
      this.#scheduled = false
      let segmentsRemoved = 0
      let bytesFreed = 0
      for (const [segment, use] of [...this.#context.index.segments()]) {
        if (!this.#worthwhile(segment, use)) continue
        if (await this.#compactSegment(segment, use)) {
          segmentsRemoved += 1
          bytesFreed += use.totalBytes
        }
      }
      return { segmentsRemoved, bytesFreed }
    })
  }

  /** Wraps every data key under the current key-encryption key. Durable when it resolves; returns how many changed. */
  rewrap(): Promise<number> {
    return this.#exclusively(async () => {
      const { index, log, keys } = this.#context
      const moved: Move[] = []
      for (const uid of [...index.uids()]) {
        const entry = index.get(uid)
        if (!entry || entry.keyId === keys.currentId()) continue
        const commit = await this.#readCommit(entry)
        const wrappedKey = rewrapDataKey(keys, uid, commit.wrappedKey)
        if (wrappedKey) this.#recommit(entry, { ...commit, wrappedKey }, moved)
        await log.room()
      }
      await log.durable()
      this.#settle(moved)
      return moved.length
    })
  }

  /** Waits for what is running. */
  async idle(): Promise<void> {
    await this.#turn.catch(() => undefined)
  }

  #allSegments(): number[] {
    return [...this.#context.index.segments()].map(([segment]) => segment)
  }

  /** True when `segment` is complete and mostly dead. */
  #worthwhile(segment: number, use: SegmentUse): boolean {
    if (segment >= this.#context.log.currentSegment || use.inFlight > 0 || use.damaged) return false
    return use.liveBytes <= use.totalBytes * this.#context.liveShareMax
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.catch(() => undefined).then(work)
    this.#turn = next
    return next
  }

  async #compactSegment(segment: number, use: SegmentUse): Promise<boolean> {
    const { log, index } = this.#context
    const tombstones = use.tombstones.filter(({ segments }) =>
      segments.some((other) => other !== segment && index.hasSegment(other)),
    )
    // While the log is failed only what needs no copy can go: that is what makes room on a full disk.
    if (log.problem && use.blobs.size + tombstones.length > 0) return false
    const moved: Move[] = []
    for (const entry of [...use.blobs]) {
      try {
        await this.#moveOut(entry, segment, moved)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'blob-corrupt') throw error
        use.damaged = true
        break
      }
    }
    if (!use.damaged) for (const { uid, segments } of tombstones) this.appendTombstone(uid, segments)
    if (!log.problem) await log.durable()
    else if (moved.length + tombstones.length > 0) throw log.problem
    this.#settle(moved)
    if (use.blobs.size > 0 || use.inFlight > 0) return false
    await this.#unlink(segment)
    return true
  }

  appendTombstone(uid: string, segments: readonly number[]): void {
    const { log, index } = this.#context
    const extent = log.append(encodeTombstone(uid, segments))
    const use = index.use(extent.segment)
    use.totalBytes += extent.length
    use.tombstones.push({ uid, segments })
  }

  async #moveOut(entry: BlobEntry, segment: number, moved: Move[]): Promise<void> {
    const { index, log, readers } = this.#context
    const commit = await this.#readCommit(entry)
    const chunks: Extent[] = []
    for (const chunk of commit.chunks) {
      if (chunk.segment !== segment) {
        chunks.push(chunk)
        continue
      }
      const { record } = await readers.read(entry.uid, chunk)
      if (index.get(entry.uid) !== entry) return
      const copy = log.append(record)
      index.use(copy.segment).totalBytes += copy.length
      chunks.push(copy)
      await log.room()
    }
    this.#recommit(entry, { ...commit, chunks }, moved)
  }

  /** Appends a new commit record, unless the blob was removed meanwhile: no await between the look and the append. */
  #recommit(entry: BlobEntry, commit: CommitRecord, moved: Move[]): void {
    const { index, log } = this.#context
    if (index.get(entry.uid) !== entry) return
    const extent = log.append(encodeCommit(entry.uid, commit))
    index.use(extent.segment).totalBytes += extent.length
    // A tombstone written from now on must outlive this record too.
    entry.commitSegments.add(extent.segment)
    moved.push({ entry, extent, commit })
  }

  /** The copies are durable: from now on the blobs are read from there. */
  #settle(moved: readonly Move[]): void {
    const { index } = this.#context
    for (const { entry, extent, commit } of moved) {
      if (index.get(entry.uid) === entry) index.put(entry.uid, extent, commit)
    }
  }

  async #readCommit(entry: BlobEntry): Promise<CommitRecord> {
    const { record } = await this.#context.readers.read(entry.uid, entry.commit)
    const commit = decodeCommit(recordPayload(record))
    if (!commit) throw blobCorrupt(entry.uid, 'its commit record is damaged')
    return commit
  }

  async #unlink(segment: number): Promise<void> {
    const { dir, files, index, readers } = this.#context
    try {
      await unlink(join(dir, segmentFileName(segment)))
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
    // Only when the removal itself is durable may tombstones that name this segment go.
    await files.syncDirectory(dir)
    index.dropSegment(segment)
    await readers.forget(segment)
  }
}

interface Move {
  readonly entry: BlobEntry
  readonly extent: Extent
  readonly commit: CommitRecord
}
