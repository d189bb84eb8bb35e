import type { ByteSource } from './byte-source.ts'

/**
 * A source that reads like a Buffer where structures are looked at: numbers and stretches by their place, a few pages
 * kept. What `subarray` gives is a copy, so it is for what fits into memory.
 */
export interface RandomBytes {
  readonly length: number
  readUInt8(at: number): number
  readUInt16LE(at: number): number
  readUInt32LE(at: number): number
  readBigUInt64LE(at: number): bigint
  subarray(from: number, to: number): Buffer
  indexOf(wanted: Buffer, from: number): number
  lastIndexOf(wanted: Buffer, from: number): number
}

export function randomBytes(input: Uint8Array | PagedBytes): RandomBytes {
  return input instanceof PagedBytes ? input : bufferOf(input)
}

const PAGE_BYTES = 64 * 1024
const PAGES_MAX = 64
const SEARCH_BYTES = 1024 * 1024

export class PagedBytes implements RandomBytes {
  readonly source: ByteSource
  /** The page used last stands last. */
  readonly #pages = new Map<number, Buffer>()

  constructor(source: ByteSource) {
    this.source = source
  }

  get length(): number {
    return this.source.size
  }

  readUInt8(at: number): number {
    return this.#few(at, 1).readUInt8(0)
  }

  readUInt16LE(at: number): number {
    return this.#few(at, 2).readUInt16LE(0)
  }

  readUInt32LE(at: number): number {
    return this.#few(at, 4).readUInt32LE(0)
  }

  readBigUInt64LE(at: number): bigint {
    return this.#few(at, 8).readBigUInt64LE(0)
  }

  subarray(from: number, to: number): Buffer {
    const start = Math.max(0, Math.min(from, this.length))
    return bufferOf(this.source.read(start, Math.max(0, Math.min(to, this.length) - start)))
  }

  indexOf(wanted: Buffer, from: number): number {
    for (let at = Math.max(0, from); at < this.length; at += SEARCH_BYTES) {
      const found = this.subarray(at, at + SEARCH_BYTES + wanted.length - 1).indexOf(wanted)
      if (found >= 0) return at + found
    }
    return -1
  }

  lastIndexOf(wanted: Buffer, from: number): number {
    for (let end = Math.min(this.length, from + wanted.length); end > 0; end -= SEARCH_BYTES) {
      const start = Math.max(0, end - SEARCH_BYTES - wanted.length + 1)
      const found = this.subarray(start, end).lastIndexOf(wanted)
      if (found >= 0) return start + found
    }
    return -1
  }

  #few(at: number, length: number): Buffer {
    const number = Math.floor(at / PAGE_BYTES)
    const offset = at - number * PAGE_BYTES
    if (offset + length > PAGE_BYTES) return this.subarray(at, at + length)
    const page = this.#pages.get(number) ?? this.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES)
    this.#pages.delete(number)
    this.#pages.set(number, page)
    const [oldest] = this.#pages.keys()
    if (this.#pages.size > PAGES_MAX && oldest !== undefined) this.#pages.delete(oldest)
    return page.subarray(offset, offset + length)
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
