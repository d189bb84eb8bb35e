import { createHash, type Hash, hash } from 'node:crypto'
import { GatewayError } from '../../core/errors.ts'
import type { BlobRef } from '../../core/submission.ts'
import { BlobSealer, STREAM_OVERHEAD_BYTES } from '../../platform/at-rest.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'
import { formatBlobId } from './blob-id.ts'
import type { BlobIndex } from './blob-index.ts'
import {
  allocateRecord,
  BLOB_CHUNKS_MAX,
  type Extent,
  encodeCommit,
  finishRecord,
  recordPayload,
} from './segment-format.ts'
import type { SegmentLog } from './segment-log.ts'

/**
 * Writes one blob into the log: gathers bytes to full chunks, hashes, seals and appends them. Holds at most one chunk
 * of content. After a failure of the log the blob is lost and every further call refuses, temporarily.
 */
export interface WriterContext {
  readonly log: SegmentLog
  readonly index: BlobIndex
  readonly keys: KeyEncryptionKeys
  readonly chunkBytes: number
}

const FIRST_BUFFER_BYTES = 4 * 1024

export class DiskBlobWriter implements BlobWriter {
  readonly #context: WriterContext
  readonly #uid: string
  readonly #chunks: Extent[] = []
  /** Segments that hold records of this blob before the index counts them, one entry per record. */
  readonly #inFlight: number[] = []
  #buffer = Buffer.alloc(0)
  #filled = 0
  #size = 0
  #hash: Hash | null = null
  #sealer: BlobSealer | null = null
  #generation: number
  #state: 'open' | 'committing' | 'over' = 'open'

  constructor(context: WriterContext, uid: string) {
    this.#context = context
    this.#uid = uid
    this.#generation = context.log.generation
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen()
    let from = 0
    while (from < chunk.length) {
      if (this.#filled === this.#context.chunkBytes) await this.#passOn()
      const take = Math.min(chunk.length - from, this.#context.chunkBytes - this.#filled)
      this.#reserve(this.#filled + take)
      this.#buffer.set(chunk.subarray(from, from + take), this.#filled)
      this.#filled += take
      this.#size += take
      from += take
    }
  }

  async commit(): Promise<BlobRef> {
    this.#requireOpen()
    this.#state = 'committing'
    try {
      return await this.#commit()
    } finally {
      this.#giveUp()
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'open') this.#giveUp()
  }

  async #passOn(): Promise<void> {
    try {
      this.#appendChunk(false)
      await this.#context.log.room()
    } catch (error) {
      this.#giveUp()
      throw error
    }
    this.#requireOpen()
  }

  async #commit(): Promise<BlobRef> {
    const { log, index } = this.#context
    const content = this.#buffer.subarray(0, this.#filled)
    const sha256 = this.#hash ? this.#hash.update(content).digest('hex') : hash('sha256', content, 'hex')
    const { header, wrappedKey } = this.#appendChunk(true)
    const record = { header, wrappedKey, chunks: this.#chunks }
    const extent = log.append(encodeCommit(this.#uid, record))
    index.use(extent.segment).totalBytes += extent.length
    // The commit record too must not be compacted away before the index knows it.
    this.#inFlight.push(extent.segment)
    index.use(extent.segment).inFlight += 1
    await log.durable()
    index.put(this.#uid, extent, record)
    return { id: formatBlobId({ uid: this.#uid, ...extent }), size: this.#size, sha256 }
  }

  #requireOpen(): void {
    if (this.#state !== 'open') {
      throw new GatewayError('blob-closed', { temporary: true, publicMessage: 'local error in processing' })
    }
    const { log } = this.#context
    if (log.problem) {
      this.#giveUp()
      throw log.problem
    }
    if (log.generation === this.#generation) return
    if (this.#chunks.length === 0) {
      // Nothing of this blob was in what the log lost.
      this.#generation = log.generation
      return
    }
    this.#giveUp()
    throw new GatewayError('spool-failed', {
      temporary: true,
      publicMessage: 'local error in processing',
      message: 'the spool failed while this blob was being written',
    })
  }

  #appendChunk(final: boolean): BlobSealer {
    const { log, index, keys } = this.#context
    if (this.#chunks.length >= BLOB_CHUNKS_MAX) {
      throw new GatewayError('blob-too-large', { temporary: false, publicMessage: 'message too large' })
    }
    this.#sealer ??= new BlobSealer(keys, this.#uid)
    const content = this.#buffer.subarray(0, this.#filled)
    if (!final) {
      this.#hash ??= createHash('sha256')
      this.#hash.update(content)
    }
    const record = allocateRecord(content.length + STREAM_OVERHEAD_BYTES)
    this.#sealer.seal(recordPayload(record), content, final)
    finishRecord(record, 'chunk', this.#uid, this.#chunks.length)
    const extent = log.append(record)
    const use = index.use(extent.segment)
    use.totalBytes += extent.length
    use.inFlight += 1
    this.#inFlight.push(extent.segment)
    this.#chunks.push(extent)
    this.#filled = 0
    return this.#sealer
  }

  #reserve(bytes: number): void {
    if (this.#buffer.length >= bytes) return
    const doubled = Math.max(bytes, this.#buffer.length * 2, FIRST_BUFFER_BYTES)
    const larger = Buffer.allocUnsafe(Math.min(doubled, this.#context.chunkBytes))
    this.#buffer.copy(larger, 0, 0, this.#filled)
    this.#buffer = larger
  }

  /** Committed or lost: either way nothing of this blob is in flight any more. */
  #giveUp(): void {
    this.#state = 'over'
    this.#buffer = Buffer.alloc(0)
    for (const segment of this.#inFlight) this.#context.index.use(segment).inFlight -= 1
    this.#inFlight.length = 0
  }
}
