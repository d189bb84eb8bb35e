import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../../core/errors.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import type { SegmentFile, SegmentFiles } from './segment-files.ts'
import { type Extent, encodeSegmentHead, SEGMENT_HEAD_BYTES, segmentFileName } from './segment-format.ts'

/**
 * The append-only log with group commit. `append` assigns a place at once and never waits; one loop writes what has
 * gathered and, if anyone asked for durability, syncs once for all of them. While that sync runs the next group
 * gathers, so nobody waits artificially. After a failed write or sync everything not yet acknowledged is refused,
 * the file is never touched again, and only `reopen` with a fresh segment makes the log usable.
 */
export interface SegmentLogOptions {
  readonly dir: string
  readonly files: SegmentFiles
  /** Number of the first segment this log will create. */
  readonly firstSegment: number
  readonly segmentMaxBytes: number
  /** Appended bytes that may wait in memory before `room` makes writers wait. */
  readonly pendingMaxBytes: number
}

interface Run {
  readonly segment: number
  readonly offset: number
  readonly buffers: Buffer[]
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: GatewayError) => void
}

export class SegmentLog {
  readonly #options: SegmentLogOptions
  #segment: number
  #offset = SEGMENT_HEAD_BYTES
  #runs: Run[] = []
  #pendingBytes = 0
  #writtenWaiters: Waiter[] = []
  #durableWaiters: Waiter[] = []
  #running: Promise<void> | null = null
  #file: { readonly segment: number; readonly file: SegmentFile } | null = null
  #unsynced = false
  #problem: GatewayError | null = null
  #generation = 0
  #closed = false

  constructor(options: SegmentLogOptions) {
    this.#options = options
    this.#segment = options.firstSegment
  }

  /** Segment that appends go to: all lower ones are complete and will not grow. */
  get currentSegment(): number {
    return this.#segment
  }

  /** Rises with each failure: extents handed out in an earlier generation and not acknowledged are lost. */
  get generation(): number {
    return this.#generation
  }

  get problem(): GatewayError | null {
    return this.#problem
  }

  /** Takes the record over and says where it will lie. Throws while the log is failed. */
  append(record: Buffer): Extent {
    if (this.#problem) throw this.#problem
    if (this.#closed) throw logClosed()
    const empty = this.#offset === SEGMENT_HEAD_BYTES
    if (!empty && this.#offset + record.length > this.#options.segmentMaxBytes) {
      this.#segment += 1
      this.#offset = SEGMENT_HEAD_BYTES
    }
    const extent = { segment: this.#segment, offset: this.#offset, length: record.length }
    const last = this.#runs.at(-1)
    if (last?.segment === extent.segment) last.buffers.push(record)
    else this.#runs.push({ segment: extent.segment, offset: extent.offset, buffers: [record] })
    this.#offset += record.length
    this.#pendingBytes += record.length
    this.#start()
    return extent
  }

  /** The back-pressure for writers: resolves at once, or when the operating system has what waits in memory. */
  room(): Promise<void> {
    return this.#pendingBytes < this.#options.pendingMaxBytes ? Promise.resolve() : this.written()
  }

  /** Resolves once the operating system has all that was appended so far. */
  written(): Promise<void> {
    if (this.#problem) return Promise.reject(this.#problem)
    if (this.#runs.length === 0 && this.#running === null) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#writtenWaiters.push({ resolve, reject })
      this.#start()
    })
  }

  /** Resolves once all that was appended so far would survive power loss. */
  durable(): Promise<void> {
    if (this.#problem) return Promise.reject(this.#problem)
    if (this.#runs.length === 0 && this.#running === null && !this.#unsynced) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#durableWaiters.push({ resolve, reject })
      this.#start()
    })
  }

  /** After a failure: creates the next segment durably, or throws and leaves the log failed. */
  async reopen(): Promise<void> {
    if (!this.#problem || this.#closed) return
    await this.#running
    this.#segment += 1
    this.#offset = SEGMENT_HEAD_BYTES
    this.#file = await this.#createSegment(this.#segment)
    this.#unsynced = false
    this.#problem = null
  }

  /** Writes and syncs what is pending, then closes. */
  async close(): Promise<void> {
    if (!this.#problem && !this.#closed) await this.durable().catch(() => undefined)
    this.#closed = true
    await this.#running
    await this.#file?.file.close().catch(() => undefined)
    this.#file = null
  }

  #start(): void {
    if (this.#running !== null) return
    this.#running = this.#run().finally(() => {
      this.#running = null
      // Something may have been appended between the loop's last look and here.
      if (this.#hasWork()) this.#start()
    })
  }

  #hasWork(): boolean {
    return this.#runs.length + this.#writtenWaiters.length + this.#durableWaiters.length > 0
  }

  async #run(): Promise<void> {
    // Lets everything that is ready in this turn of the event loop join the first group.
    await Promise.resolve()
    while (this.#hasWork()) {
      const runs = this.#runs
      const written = this.#writtenWaiters
      const durable = this.#durableWaiters
      this.#runs = []
      this.#pendingBytes = 0
      this.#writtenWaiters = []
      this.#durableWaiters = []
      try {
        for (const run of runs) await this.#write(run, durable.length > 0 && run === runs.at(-1))
        for (const waiter of written) waiter.resolve()
        written.length = 0
        if (durable.length > 0) await this.#sync()
        for (const waiter of durable) waiter.resolve()
      } catch (cause) {
        await this.#fail(cause, [...written, ...durable])
      }
    }
  }

  async #write(run: Run, durably: boolean): Promise<void> {
    if (this.#file?.segment !== run.segment) {
      // The old segment is complete: it must be safe before anything that follows can be acknowledged.
      await this.#sync()
      const old = this.#file
      this.#file = null
      await old?.file.close()
      this.#file = await this.#createSegment(run.segment)
    }
    if (durably && !this.#unsynced) {
      await this.#file.file.writeDurably(run.buffers, run.offset)
      return
    }
    this.#unsynced = true
    await this.#file.file.write(run.buffers, run.offset)
  }

  async #sync(): Promise<void> {
    if (!this.#unsynced || !this.#file) return
    await this.#file.file.sync()
    this.#unsynced = false
  }

  async #createSegment(segment: number): Promise<{ segment: number; file: SegmentFile }> {
    const { dir, files } = this.#options
    const path = join(dir, segmentFileName(segment))
    const file = await files.create(path)
    try {
      await file.write([encodeSegmentHead(segment)], 0)
      await file.sync()
      await files.syncDirectory(dir)
    } catch (error) {
      await file.close().catch(() => undefined)
      await unlink(path).catch(() => undefined)
      throw error
    }
    return { segment, file }
  }

  async #fail(cause: unknown, waiters: readonly Waiter[]): Promise<void> {
    const problem = logFailure(cause)
    this.#problem = problem
    this.#generation += 1
    this.#unsynced = false
    const refused = [...waiters, ...this.#writtenWaiters, ...this.#durableWaiters]
    this.#runs = []
    this.#pendingBytes = 0
    this.#writtenWaiters = []
    this.#durableWaiters = []
    for (const waiter of refused) waiter.reject(problem)
    const file = this.#file
    this.#file = null
    await file?.file.close().catch(() => undefined)
  }
}

function logFailure(cause: unknown): GatewayError {
  const code = systemErrorCode(cause)
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new GatewayError(full ? 'spool-full' : 'spool-failed', {
    temporary: true,
    publicMessage: full ? 'insufficient system storage' : 'local error in processing',
    message: full
      ? 'the disk of the spool is full; intake resumes by itself once there is room'
      : `writing to the spool failed (${code ?? 'unknown error'}); intake resumes by itself once a fresh segment can be written`,
    cause,
  })
}

function logClosed(): GatewayError {
  return new GatewayError('spool-closed', { temporary: true, publicMessage: 'service shutting down' })
}
