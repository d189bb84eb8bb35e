import { gunzipSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import type { RandomBytes } from '../stream/paged-bytes.ts'
import { DEFLATE_RATIO_MAX, inflateCeiling } from './inflate.ts'
import type { ZipEntry } from './zip-directory.ts'

/**
 * Small entries of a zip file inflated many in one call, since a call costs more than what it inflates: their deflated
 * data goes into members of one gzip file (RFC 1952), with the checksums and sizes that the directory states. Where any
 * of them is not as stated the call fails as a whole, and its entries are left to be read one by one. Nothing here is
 * told, and nothing is charged but what is taken.
 */
export class ZipBatch {
  readonly #bytes: RandomBytes
  readonly #entries: readonly ZipEntry[]
  #places: Map<ZipEntry, number> | null = null
  readonly #ready = new Map<ZipEntry, Buffer>()
  /** Entries before this one were tried: none is twice. */
  #next = 0

  constructor(bytes: RandomBytes, entries: readonly ZipEntry[]) {
    this.#bytes = bytes
    this.#entries = entries
  }

  /** Content of an entry, once; null where it has to be read by itself. */
  take(entry: ZipEntry, context: ExtractContext): Buffer | null {
    if (!this.#isSmall(entry)) return null
    if (!this.#ready.has(entry)) {
      this.#places ??= new Map(this.#entries.map((known, at) => [known, at]))
      const at = this.#places.get(entry) ?? -1
      if (at < this.#next) return null
      this.#fill(at, inflateCeiling(context))
    }
    const content = this.#ready.get(entry) ?? null
    this.#ready.delete(entry)
    if (content !== null) context.budget.inflate(content.length)
    return content
  }

  #isSmall({ method, encryption, dataOffset, compressedSize, size, crc }: ZipEntry): boolean {
    return (
      method === 8 &&
      encryption === null &&
      crc !== 0 &&
      size > 0 &&
      size <= limits.extractZipBatchEntryMaxBytes &&
      size <= compressedSize * DEFLATE_RATIO_MAX &&
      dataOffset >= 0 &&
      dataOffset + compressedSize <= this.#bytes.length
    )
  }

  /** The entry at `at` and those behind it, as far as they fit into one batch. */
  #fill(at: number, ceiling: number): void {
    this.#ready.clear()
    const batch: ZipEntry[] = []
    const max = Math.min(ceiling, limits.extractZipBatchMaxBytes)
    let size = 0
    let packed = 0
    for (this.#next = at; this.#next < this.#entries.length; this.#next++) {
      const entry = this.#entries[this.#next]
      if (!entry || !this.#isSmall(entry)) continue
      if (size + entry.size > max || packed + entry.compressedSize > limits.extractZipBatchMaxBytes) break
      size += entry.size
      packed += entry.compressedSize + FRAME_BYTES
      batch.push(entry)
    }
    if (batch.length < 2) return
    const content = inflated(this.#framed(batch, packed), size)
    if (content === null) return
    let start = 0
    for (const entry of batch) {
      this.#ready.set(entry, content.subarray(start, start + entry.size))
      start += entry.size
    }
  }

  #framed(batch: readonly ZipEntry[], length: number): Buffer {
    const out = Buffer.allocUnsafe(length)
    let at = 0
    for (const { dataOffset, compressedSize, crc, size } of batch) {
      at += MEMBER_HEADER.copy(out, at)
      at += this.#bytes.subarray(dataOffset, dataOffset + compressedSize).copy(out, at)
      at = out.writeUInt32LE(crc, at)
      at = out.writeUInt32LE(size, at)
    }
    return out
  }
}

/** Deflated, without name, time and other fields. */
const MEMBER_HEADER = Buffer.from('1f8b08000000000000ff', 'hex')
/** Header, checksum and size of a member. */
const FRAME_BYTES = MEMBER_HEADER.length + 8

function inflated(members: Buffer, size: number): Buffer | null {
  try {
    const content = gunzipSync(members, { chunkSize: size + 1, maxOutputLength: size })
    return content.length === size ? content : null
  } catch {
    return null
  }
}
