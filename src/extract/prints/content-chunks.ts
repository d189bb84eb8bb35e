/**
 * Content-defined chunks of a file: cut where the bytes themselves say so, so that an insertion or a deletion changes the
 * chunks around it and no others. FastCDC (Xia and others, 2016): a gear hash with a stricter mask before the average
 * size and a looser one after it. Linear in the bytes. The digests are of content and unkeyed: they stay in the scan job.
 */
import { hash } from 'node:crypto'
import { limits } from '../../core/limits.ts'

const CHUNK_MIN_BYTES = 512
const CHUNK_MEAN_BYTES = 2_048
const CHUNK_MAX_BYTES = 8_192
/** Two bits more and two bits less than the eleven that cut every 2,048 bytes; the topmost bits see the most bytes. */
const STRICT_MASK = 0xfff8_0000 | 0
const LOOSE_MASK = 0xff80_0000 | 0
const DIGEST_BYTES = 16
/** Chunks of fewer different bytes are padding: erased flash, empty sectors, blank rows. */
const DISTINCT_BYTES_MIN = 8

/** Text is recognised by its words; what only holds other parts, by those. */
export function hasChunks(type: string): boolean {
  return !/^(?:text|message|multipart)\//.test(type) && type !== 'application/mbox'
}

/** splitmix32 over the byte's value: what matters is that the 256 words look random and never change. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => {
  let word = Math.imul(byte + 1, 0x9e3779b9)
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return word ^ (word >>> 15)
})

/** What chunks come to: `complete` is false where there were more than were looked at. */
export interface ContentChunks {
  /**
   * 128 bits of SHA-256 for each chunk that is not padding, one after the other, in base64. Empty for files of a single
   * chunk: those are known by all of their bytes.
   */
  readonly chunks: string
  readonly complete: boolean
}

/** Of the first `most` chunks. */
export function contentChunks(bytes: Uint8Array, most: number = limits.extractChunksMax): ContentChunks {
  const cutter = new ChunkCutter(most)
  cutter.push(bytes)
  return cutter.end()
}

/** The same of a file that comes in pieces, whose bytes are not kept. */
export class ChunkCutter {
  readonly #most: number
  readonly #digests: Buffer[] = []
  #chunks = 0
  /** What no chunk was cut from yet. */
  #rest: Uint8Array = new Uint8Array(0)

  constructor(most: number = limits.extractChunksMax) {
    this.#most = most
  }

  push(bytes: Uint8Array): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    // A chunk that may still grow waits for what follows.
    const from = this.#cut(all, all.length - CHUNK_MAX_BYTES)
    this.#rest = Uint8Array.prototype.slice.call(all, from)
  }

  end(): ContentChunks {
    this.#cut(this.#rest, this.#rest.length)
    const complete = this.#chunks <= this.#most
    return { chunks: this.#chunks < 2 ? '' : Buffer.concat(this.#digests).toString('base64'), complete }
  }

  /** Cuts chunks that begin before `until`; where the next one begins. */
  #cut(bytes: Uint8Array, until: number): number {
    let start = 0
    while (start < until && this.#chunks <= this.#most) {
      if (++this.#chunks > this.#most) return bytes.length
      const end = chunkEnd(bytes, start)
      const chunk = bytes.subarray(start, end)
      // The last chunk ends with the file, not by its content.
      if ((end < bytes.length || chunk.length >= CHUNK_MIN_BYTES) && !isPadding(chunk))
        this.#digests.push(hash('sha256', chunk, 'buffer').subarray(0, DIGEST_BYTES))
      start = end
    }
    return this.#chunks > this.#most ? bytes.length : start
  }
}

function chunkEnd(bytes: Uint8Array, start: number): number {
  const end = Math.min(bytes.length, start + CHUNK_MAX_BYTES)
  const middle = Math.min(end, start + CHUNK_MEAN_BYTES)
  let gear = 0
  let at = Math.min(end, start + CHUNK_MIN_BYTES)
  for (; at < middle; at++) {
    gear = ((gear << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((gear & STRICT_MASK) === 0) return at + 1
  }
  for (; at < end; at++) {
    gear = ((gear << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((gear & LOOSE_MASK) === 0) return at + 1
  }
  return end
}

function isPadding(chunk: Uint8Array): boolean {
  const seen = new Set<number>()
  for (const byte of chunk) {
    seen.add(byte)
    if (seen.size >= DISTINCT_BYTES_MIN) return false
  }
  return true
}
