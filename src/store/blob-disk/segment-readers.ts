import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../../core/errors.ts'
import { blobCorrupt } from '../../platform/at-rest.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import {
  decodeRecord,
  decodeRecordHead,
  type Extent,
  RECORD_HEAD_BYTES,
  type RecordHead,
  segmentFileName,
} from './segment-format.ts'
import { readFully } from './segment-scan.ts'

/**
 * Reads single records from segments over a bounded set of kept file handles. A segment that compaction removes stays
 * readable for whoever has it open; new readers get ENOENT and ask the index where the blob went.
 */
export interface ReadRecord {
  readonly head: RecordHead
  /** Head and payload. */
  readonly record: Buffer
}

interface OpenSegment {
  readonly handle: Promise<FileHandle>
  users: number
  forgotten: boolean
}

export class SegmentReaders {
  readonly #dir: string
  readonly #openMax: number
  readonly #open = new Map<number, OpenSegment>()

  constructor(dir: string, openMax: number) {
    this.#dir = dir
    this.#openMax = openMax
  }

  /**
   * Throws ENOENT when the segment is gone, `blob-corrupt` when no intact record of `uid` lies there, a temporary
   * `spool-failed` when the disk doesn't answer.
   */
  async read(uid: string, extent: Extent): Promise<ReadRecord> {
    return this.#with(extent.segment, async (handle) => {
      const record = Buffer.allocUnsafe(extent.length)
      const filled = await readFully(handle, record, extent.offset)
      const head = filled === record.length ? decodeRecord(record) : null
      if (!head || head.uid !== uid) throw blobCorrupt(uid, 'a record of it is damaged')
      return { head, record }
    })
  }

  /** The length of a whole record of `uid` at this place, or null when there is none (or no such segment). */
  async recordLength(uid: string, segment: number, offset: number): Promise<number | null> {
    try {
      return await this.#with(segment, async (handle) => {
        const bytes = Buffer.allocUnsafe(RECORD_HEAD_BYTES)
        const filled = await readFully(handle, bytes, offset)
        const head = decodeRecordHead(bytes.subarray(0, filled))
        return head?.uid === uid ? RECORD_HEAD_BYTES + head.payloadBytes : null
      })
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null
      throw error
    }
  }

  /** The segment was removed: closes its handle as soon as nobody reads from it. */
  async forget(segment: number): Promise<void> {
    const open = this.#open.get(segment)
    if (!open) return
    this.#open.delete(segment)
    open.forgotten = true
    if (open.users === 0) await closeQuietly(open)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((segment) => this.forget(segment)))
  }

  async #with<T>(segment: number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const opened = this.#acquire(segment)
    opened.users += 1
    try {
      return await use(await opened.handle)
    } catch (error) {
      // A failed open must not be kept.
      await opened.handle.catch(() => this.#open.get(segment) === opened && this.#open.delete(segment))
      throw readFailure(error, segment)
    } finally {
      opened.users -= 1
      if (opened.forgotten && opened.users === 0) await closeQuietly(opened)
      this.#trim()
    }
  }

  #acquire(segment: number): OpenSegment {
    const known = this.#open.get(segment)
    if (known) {
      // Insertion order is the order of last use.
      this.#open.delete(segment)
      this.#open.set(segment, known)
      return known
    }
    const opened: OpenSegment = {
      handle: open(join(this.#dir, segmentFileName(segment)), 'r'),
      users: 0,
      forgotten: false,
    }
    this.#open.set(segment, opened)
    return opened
  }

  /** Closes what was not used for longest. Handles in use may exceed the bound for as long as they are. */
  #trim(): void {
    for (const [segment, candidate] of this.#open) {
      if (this.#open.size <= this.#openMax) return
      if (candidate.users === 0) void this.forget(segment)
    }
  }
}

function readFailure(error: unknown, segment: number): unknown {
  const code = systemErrorCode(error)
  if (code === undefined || code === 'ENOENT' || error instanceof GatewayError) return error
  return new GatewayError('spool-failed', {
    temporary: true,
    publicMessage: 'local error in processing',
    message: `reading ${segmentFileName(segment)} of the spool failed (${code})`,
    cause: error,
  })
}

async function closeQuietly(opened: OpenSegment): Promise<void> {
  await opened.handle.then((handle) => handle.close()).catch(() => undefined)
}
