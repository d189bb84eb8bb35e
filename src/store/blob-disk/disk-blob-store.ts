import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { BlobRef } from '../../core/submission.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import { fillRandom } from '../../platform/random-bytes.ts'
import { makePrivateDirectory } from '../../platform/safe-files.ts'
import type { BlobStore, BlobUsage, BlobWriter } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import { acquireFileLock, type FileLock } from '../sqlite/exclusive-file-lock.ts'
import { parseBlobId } from './blob-id.ts'
import { BlobIndex } from './blob-index.ts'
import { type CompactionResult, Compactor } from './compaction.ts'
import { DiskBlobWriter } from './disk-blob-writer.ts'
import { type BlobLocator, readBlob } from './read-blob.ts'
import { nodeSegmentFiles, type SegmentFiles } from './segment-files.ts'
import { decodeCommit, decodeTombstone, RECORD_HEAD_BYTES, segmentFileName, segmentNumberOf } from './segment-format.ts'
import { SegmentLog } from './segment-log.ts'
import { SegmentReaders } from './segment-readers.ts'
import { type ScannedRecord, scanSegment } from './segment-scan.ts'

/**
 * The embedded spool: an append-only log of encrypted segments with group commit. One process writes (a lock says
 * so), any number may read through `openBlobReader`. Intake stops with a temporary error when the disk is nearly full
 * or a write failed, and resumes by itself; what was acknowledged stays readable throughout.
 */
export interface DiskBlobStoreOptions {
  /** Folder of the segments; created with mode 0700 when missing. */
  readonly dir: string
  readonly keys: KeyEncryptionKeys
  readonly clock: Clock
  readonly limits?: Partial<DiskBlobLimits>
  /** Tests let writes fail here. */
  readonly files?: SegmentFiles
}

export interface DiskBlobLimits {
  readonly spoolFreeBytesMin: number
  readonly spoolBlobsMax: number
  readonly blobSegmentMaxBytes: number
  readonly blobChunkBytes: number
  readonly blobPendingMaxBytes: number
  readonly blobOpenSegmentsMax: number
  readonly blobCompactLiveShareMax: number
  readonly blobProbeIntervalMs: number
}

/** What opening found. */
export interface BlobRecovery {
  readonly segments: number
  readonly blobs: number
  /** Bytes that were no readable record: a torn tail after a crash, or worse when there are many. */
  readonly damagedBytes: number
}

export interface DiskBlobStore extends BlobStore {
  readonly recovery: BlobRecovery
  /** Removes every blob whose id is not in `live`; for the start, before intake. Returns how many went. */
  retainOnly(live: ReadonlySet<string>): Promise<number>
  compact(): Promise<CompactionResult>
  /** Wraps all data keys under the current key-encryption key. Returns how many changed. */
  rewrap(): Promise<number>
  close(): Promise<void>
}

/** Takes the lock and rebuilds the index. Throws GatewayError `locked` while another process writes there. */
export async function openDiskBlobStore(options: DiskBlobStoreOptions): Promise<DiskBlobStore> {
  await makePrivateDirectory(options.dir)
  const lock = acquireFileLock(join(options.dir, 'lock'), `writing to the spool in ${options.dir}`)
  try {
    const index = new BlobIndex()
    const { last, damagedBytes } = await rebuildIndex(options.dir, index)
    return new SegmentedBlobStore(options, lock, index, last + 1, damagedBytes)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Applies one scanned record to the index: later records win. */
export function applyRecord(index: BlobIndex, segment: number, record: ScannedRecord): void {
  const { head, offset, payload } = record
  const length = RECORD_HEAD_BYTES + head.payloadBytes
  const use = index.use(segment)
  use.totalBytes += length
  if (!payload) return
  if (head.kind === 'commit') {
    const commit = decodeCommit(payload)
    if (commit) index.put(head.uid, { segment, offset, length }, commit)
  } else if (head.kind === 'tombstone') {
    index.delete(head.uid)
    use.tombstones.push({ uid: head.uid, segments: decodeTombstone(payload) })
  }
}

export async function listSegments(dir: string): Promise<number[]> {
  const numbers = (await readdir(dir)).map(segmentNumberOf).filter((n) => n !== null)
  return numbers.sort((a, b) => a - b)
}

async function rebuildIndex(dir: string, index: BlobIndex): Promise<{ last: number; damagedBytes: number }> {
  const segments = await listSegments(dir)
  let damagedBytes = 0
  for (const segment of segments) {
    index.use(segment)
    const path = join(dir, segmentFileName(segment))
    const result = await scanSegment(path, { from: 0, onDamage: 'resync' }, (record) =>
      applyRecord(index, segment, record),
    )
    damagedBytes += result.damagedBytes
    index.use(segment).totalBytes += result.damagedBytes
  }
  return { last: segments.at(-1) ?? 0, damagedBytes }
}

class SegmentedBlobStore implements DiskBlobStore {
  readonly recovery: BlobRecovery
  readonly #options: DiskBlobStoreOptions
  readonly #limits: DiskBlobLimits
  readonly #files: SegmentFiles
  readonly #lock: FileLock
  readonly #index: BlobIndex
  readonly #log: SegmentLog
  readonly #readers: SegmentReaders
  readonly #compactor: Compactor
  readonly #locator: BlobLocator
  /** Removed while the log was failed: their tombstones follow once it works again. */
  readonly #unwrittenTombstones = new Map<string, readonly number[]>()
  #free: { readonly at: number; readonly bytes: number } | null = null
  #probing: Promise<void> | null = null
  #probedAt = Number.NEGATIVE_INFINITY
  #probeTimer: NodeJS.Timeout | null = null
  #closed = false

  constructor(
    options: DiskBlobStoreOptions,
    lock: FileLock,
    index: BlobIndex,
    firstSegment: number,
    damagedBytes: number,
  ) {
    this.#options = options
    this.#limits = { ...limits, ...options.limits }
    this.#files = options.files ?? nodeSegmentFiles
    this.#lock = lock
    this.#index = index
    this.recovery = { segments: [...index.segments()].length, blobs: index.size, damagedBytes }
    this.#log = new SegmentLog({
      dir: options.dir,
      files: this.#files,
      firstSegment,
      segmentMaxBytes: this.#limits.blobSegmentMaxBytes,
      pendingMaxBytes: this.#limits.blobPendingMaxBytes,
    })
    this.#readers = new SegmentReaders(options.dir, this.#limits.blobOpenSegmentsMax)
    this.#compactor = new Compactor({
      dir: options.dir,
      files: this.#files,
      log: this.#log,
      index,
      readers: this.#readers,
      keys: options.keys,
      liveShareMax: this.#limits.blobCompactLiveShareMax,
    })
    const locate: BlobLocator['locate'] = async ({ uid }) => this.#index.get(uid)?.commit ?? null
    this.#locator = { locate, relocate: locate }
  }

  async create(): Promise<BlobWriter> {
    await this.#requireHealthy()
    const uid = Buffer.allocUnsafe(16)
    fillRandom(uid)
    const context = {
      log: this.#log,
      index: this.#index,
      keys: this.#options.keys,
      chunkBytes: this.#limits.blobChunkBytes,
    }
    return new DiskBlobWriter(context, uid.toString('hex'))
  }

  read(ref: BlobRef): AsyncIterable<Uint8Array> {
    return readBlob(ref, this.#options.keys, this.#locator, this.#readers)
  }

  async remove(id: string): Promise<void> {
    const address = parseBlobId(id)
    if (!address) return
    this.#removeUid(address.uid)
    if (!this.#log.problem) await this.#log.room()
  }

  async retainOnly(live: ReadonlySet<string>): Promise<number> {
    const uids = new Set<string>()
    for (const id of live) {
      const address = parseBlobId(id)
      if (address) uids.add(address.uid)
    }
    let removed = 0
    for (const uid of [...this.#index.uids()]) {
      if (uids.has(uid)) continue
      this.#removeUid(uid)
      removed += 1
    }
    if (removed > 0 && !this.#log.problem) await this.#log.durable()
    this.#compactor.scheduleIfWorthwhile()
    return removed
  }

  async usage(): Promise<BlobUsage> {
    if (this.#log.problem) await this.#probe()
    this.#compactor.scheduleIfWorthwhile()
    const usedBytes = this.#index.totalBytes()
    try {
      const freeBytes = await this.#freeBytes()
      const problem = this.#log.problem?.message ?? (this.#nearlyFull(freeBytes) ? this.#floorMessage(freeBytes) : null)
      return problem === null
        ? { usedBytes, freeBytes, healthy: true }
        : { usedBytes, freeBytes, healthy: false, problem }
    } catch (error) {
      return { usedBytes, freeBytes: 0, healthy: false, problem: asError(error).message }
    }
  }

  compact(): Promise<CompactionResult> {
    return this.#compactor.compact()
  }

  rewrap(): Promise<number> {
    return this.#compactor.rewrap()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#probeTimer) clearTimeout(this.#probeTimer)
    await this.#probing
    await this.#compactor.idle()
    await this.#log.close()
    await this.#readers.close()
    this.#lock.release()
  }

  #removeUid(uid: string): void {
    const entry = this.#index.get(uid)
    if (!entry) return
    const segments = [...entry.commitSegments].filter((segment) => this.#index.hasSegment(segment))
    const touched = this.#index.delete(uid)
    if (this.#log.problem) this.#unwrittenTombstones.set(uid, segments)
    else this.#compactor.appendTombstone(uid, segments)
    this.#compactor.scheduleIfWorthwhile(touched)
  }

  async #requireHealthy(): Promise<void> {
    if (this.#log.problem) {
      await this.#probe()
      if (this.#log.problem) {
        this.#probeLater()
        throw this.#log.problem
      }
    }
    const freeBytes = await this.#freeBytes()
    if (this.#nearlyFull(freeBytes)) throw this.#full(this.#floorMessage(freeBytes))
    if (this.#index.size >= this.#limits.spoolBlobsMax) throw this.#full(`the spool holds ${this.#index.size} messages`)
  }

  /** At most one look at the file system per interval: what is written meanwhile is far less than the floor. */
  async #freeBytes(): Promise<number> {
    const now = this.#options.clock.now()
    if (this.#free && Math.abs(now - this.#free.at) < this.#limits.blobProbeIntervalMs) return this.#free.bytes
    try {
      const bytes = await this.#files.freeBytes(this.#options.dir)
      this.#free = { at: now, bytes }
      return bytes
    } catch (cause) {
      throw new GatewayError('spool-failed', {
        temporary: true,
        publicMessage: 'local error in processing',
        message: `the file system of the spool (${this.#options.dir}) doesn't answer`,
        cause,
      })
    }
  }

  #nearlyFull(freeBytes: number): boolean {
    return freeBytes < this.#limits.spoolFreeBytesMin
  }

  #floorMessage(freeBytes: number): string {
    return `only ${freeBytes} bytes are free where the spool lies (${this.#options.dir}); intake stops below ${this.#limits.spoolFreeBytesMin}`
  }

  #full(message: string): GatewayError {
    return new GatewayError('spool-full', { temporary: true, publicMessage: 'insufficient system storage', message })
  }

  /** Tries to open a fresh segment, at most once per interval. Leaves the log failed when that doesn't work. */
  #probe(): Promise<void> {
    if (this.#probing !== null) return this.#probing
    const now = this.#options.clock.now()
    if (Math.abs(now - this.#probedAt) < this.#limits.blobProbeIntervalMs) return Promise.resolve()
    this.#probedAt = now
    this.#probing = this.#reopen()
      .catch(() => this.#probeLater())
      .finally(() => {
        this.#probing = null
      })
    return this.#probing
  }

  async #reopen(): Promise<void> {
    // Dead segments can go without writing anything, which may be all that a full disk needs.
    await this.#compactor.compact().catch(() => undefined)
    if (this.#nearlyFull(await this.#files.freeBytes(this.#options.dir))) {
      this.#probeLater()
      return
    }
    await this.#log.reopen()
    for (const [uid, segments] of this.#unwrittenTombstones) this.#compactor.appendTombstone(uid, segments)
    this.#unwrittenTombstones.clear()
  }

  /** Recovery needs no traffic: when nobody asks, the store looks by itself. */
  #probeLater(): void {
    if (this.#closed || this.#probeTimer) return
    this.#probeTimer = setTimeout(() => {
      this.#probeTimer = null
      void this.#probe().then(() => {
        if (this.#log.problem) this.#probeLater()
      })
    }, this.#limits.blobProbeIntervalMs)
    this.#probeTimer.unref()
  }
}
