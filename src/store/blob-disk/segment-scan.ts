import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import {
  decodeRecordHead,
  RECORD_HEAD_BYTES,
  RECORD_MAGIC,
  type RecordHead,
  SEGMENT_HEAD_BYTES,
} from './segment-format.ts'

/**
 * Walks the records of one segment file. Damage (a torn tail, rotten bytes) costs the records it touches and nothing
 * else: the walk goes on at the next good record head. Payloads of chunks are skipped, not read, unless asked for.
 */
export interface ScannedRecord {
  readonly head: RecordHead
  readonly offset: number
  /** The payload of commit and tombstone records; null for chunks. */
  readonly payload: Buffer | null
}

export interface ScanOptions {
  /** Where to begin; 0 for the whole segment. */
  readonly from: number
  /**
   * `resync`: skip damage and look for the next record (nobody is writing here any more). `stop`: end at the first
   * thing that isn't a whole record (another process may be in the middle of writing it).
   */
  readonly onDamage: 'resync' | 'stop'
}

export interface ScanResult {
  /** Offset after the last good record seen. */
  readonly end: number
  readonly damagedBytes: number
}

const WINDOW_BYTES = 256 * 1024

export async function scanSegment(
  path: string,
  options: ScanOptions,
  visit: (record: ScannedRecord) => void,
): Promise<ScanResult> {
  const handle = await open(path, 'r')
  try {
    return await new Scan(handle, (await handle.stat()).size).run(options, visit)
  } finally {
    await handle.close()
  }
}

class Scan {
  readonly #handle: FileHandle
  readonly #size: number
  #window = Buffer.alloc(0)
  #windowAt = 0

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.#size = size
  }

  async run(options: ScanOptions, visit: (record: ScannedRecord) => void): Promise<ScanResult> {
    let at = Math.max(options.from, SEGMENT_HEAD_BYTES)
    let end = at
    let damagedBytes = 0
    while (at < this.#size) {
      const record = await this.#recordAt(at)
      if (record) {
        visit(record)
        at += RECORD_HEAD_BYTES + record.head.payloadBytes
        end = at
        continue
      }
      if (options.onDamage === 'stop') break
      const next = await this.#nextMagic(at + 1)
      damagedBytes += next - at
      at = next
    }
    return { end, damagedBytes }
  }

  async #recordAt(offset: number): Promise<ScannedRecord | null> {
    const head = decodeRecordHead(await this.#bytes(offset, RECORD_HEAD_BYTES))
    if (!head || offset + RECORD_HEAD_BYTES + head.payloadBytes > this.#size) return null
    if (head.kind === 'chunk') return { head, offset, payload: null }
    const payload = Buffer.from(await this.#bytes(offset + RECORD_HEAD_BYTES, head.payloadBytes))
    return crc32(payload) === head.payloadCrc ? { head, offset, payload } : null
  }

  /** Offset of the next place that could be a record head, or the file's size. */
  async #nextMagic(from: number): Promise<number> {
    for (let at = from; at + RECORD_HEAD_BYTES <= this.#size; ) {
      const bytes = await this.#bytes(at, Math.min(WINDOW_BYTES, this.#size - at))
      const found = bytes.indexOf(RECORD_MAGIC)
      if (found >= 0) return at + found
      at += Math.max(1, bytes.length - RECORD_MAGIC.length + 1)
    }
    return this.#size
  }

  /** Up to `length` bytes at `offset`, read through a window. */
  async #bytes(offset: number, length: number): Promise<Buffer> {
    const start = offset - this.#windowAt
    if (start < 0 || start + length > this.#window.length) {
      const size = Math.min(Math.max(length, WINDOW_BYTES), this.#size - offset)
      const window = Buffer.allocUnsafe(Math.max(0, size))
      const filled = await readFully(this.#handle, window, offset)
      this.#window = window.subarray(0, filled)
      this.#windowAt = offset
    }
    const at = offset - this.#windowAt
    return this.#window.subarray(at, at + length)
  }
}

/** Reads until `into` is full or the file ends; returns how much there was. */
export async function readFully(handle: FileHandle, into: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
