import { isUtf8 } from 'node:buffer'
import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'

/**
 * CBOR (RFC 8949) and MessagePack (its specification of 2017): values of programs in binary. Neither has a mark, so a file
 * is one when all of it parses. Names stand before their values, one pair a line; strings of bytes are handed out apart.
 * Depth and count are bounded: past them it throws ExtractLimitError, and RangeError for what is no such file.
 */
export type PackedKind = 'cbor' | 'msgpack'

export interface PackedSink {
  /** A name or a value. `depth` counts from zero; `isName` for the first of a pair. */
  value(text: string, isName: boolean): void
  bytes(data: Buffer): void
}

const NOTHING: PackedSink = { value: () => undefined, bytes: () => undefined }
/** Smaller files are as well anything else. */
const FILE_MIN_BYTES = 8

/** Which of the two these bytes are from first to last, maps or lists at the top; null: neither. */
export function packedKindOf(bytes: Buffer): PackedKind | null {
  const first = bytes[0] ?? 0
  if (bytes.length < FILE_MIN_BYTES || first < 0x80) return null
  for (const kind of ['cbor', 'msgpack'] as const) {
    if (!isContainer(kind, bytes)) continue
    try {
      readPacked(bytes, kind, NOTHING)
      return kind
    } catch {
      // Not this one.
    }
  }
  return null
}

/** A map or list, behind a tag in CBOR; of MessagePack those that a small file begins with too. */
function isContainer(kind: PackedKind, bytes: Buffer): boolean {
  const first = bytes[0] ?? 0
  if (kind === 'msgpack') return first <= 0x9f || (first >= 0xdc && first <= 0xdf)
  return first <= 0xbf || (first === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7)
}

/** The one value that the file is. */
export function readPacked(bytes: Buffer, kind: PackedKind, sink: PackedSink): void {
  const walk = new PackedWalk(bytes, sink)
  if (kind === 'cbor') walk.cbor(0, false)
  else walk.messagePack(0, false)
  if (walk.at < bytes.length) throw new RangeError('more than one value')
}

class PackedWalk {
  at = 0
  #count = 0
  readonly #bytes: Buffer
  readonly #sink: PackedSink

  constructor(bytes: Buffer, sink: PackedSink) {
    this.#bytes = bytes
    this.#sink = sink
  }

  cbor(depth: number, isName: boolean): void {
    this.#enter(depth)
    const head = this.#uint(1)
    const major = head >> 5
    const short = head & 31
    if (short > 27 && short !== 31) throw new RangeError('cbor')
    if (short === 31) {
      this.#indefinite(major, depth, isName)
      return
    }
    const value = short < 24 ? short : this.#uint(2 ** (short - 24))
    switch (major) {
      case 0:
        this.#sink.value(String(this.#exact(short, value)), isName)
        return
      case 1:
        this.#sink.value(String(-1n - this.#exact(short, value)), isName)
        return
      case 2:
        this.#sink.bytes(this.#take(value))
        return
      case 3:
        this.#text(value, isName)
        return
      case 4:
        this.#many(value, () => this.cbor(depth + 1, false))
        return
      case 5:
        this.#many(value * 2, (i) => this.cbor(depth + 1, i % 2 === 0))
        return
      case 6:
        this.cbor(depth + 1, isName)
        return
      default:
        this.#simple(short, isName)
        return
    }
  }

  /** Pieces until a break. */
  #indefinite(major: number, depth: number, isName: boolean): void {
    if (major < 2 || major > 5) throw new RangeError('cbor')
    const pieces: Buffer[] = []
    for (let i = 0; this.#bytes[this.at] !== 0xff; i++) {
      if (major >= 4) this.cbor(depth + 1, major === 5 && i % 2 === 0)
      else {
        const head = this.#uint(1)
        const short = head & 31
        if (head >> 5 !== major || short > 27) throw new RangeError('cbor')
        this.#enter(depth)
        pieces.push(this.#take(short < 24 ? short : this.#uint(2 ** (short - 24))))
      }
    }
    this.at += 1
    if (major === 2) this.#sink.bytes(Buffer.concat(pieces))
    if (major === 3) this.#sink.value(Buffer.concat(pieces).toString('utf8'), isName)
  }

  /** An integer that was just read, to its last digit: numbers of cards and accounts have up to nineteen. */
  #exact(short: number, value: number): bigint {
    return short === 27 ? this.#bytes.readBigUInt64BE(this.at - 8) : BigInt(value)
  }

  /** Floats were read as whole numbers of their width. */
  #simple(short: number, isName: boolean): void {
    if (short === 26) this.#sink.value(String(this.#bytes.readFloatBE(this.at - 4)), isName)
    if (short === 27) this.#sink.value(String(this.#bytes.readDoubleBE(this.at - 8)), isName)
  }

  messagePack(depth: number, isName: boolean): void {
    this.#enter(depth)
    const head = this.#uint(1)
    if (head < 0x80) {
      this.#sink.value(String(head), isName)
      return
    }
    if (head < 0x90) {
      this.#pairs(head & 15, depth)
      return
    }
    if (head < 0xa0) {
      this.#many(head & 15, () => this.messagePack(depth + 1, false))
      return
    }
    if (head < 0xc0) {
      this.#text(head & 31, isName)
      return
    }
    if (head >= 0xe0) {
      this.#sink.value(String(head - 256), isName)
      return
    }
    const width = MESSAGE_PACK_WIDTHS[head - 0xc0] ?? 0
    switch (head) {
      case 0xc1:
        throw new RangeError('msgpack')
      case 0xc4:
      case 0xc5:
      case 0xc6:
        this.#sink.bytes(this.#take(this.#uint(width)))
        return
      case 0xc7:
      case 0xc8:
      case 0xc9:
        this.#sink.bytes(this.#take(this.#uint(width) + 1))
        return
      case 0xca:
        this.#sink.value(String(this.#take(4).readFloatBE(0)), isName)
        return
      case 0xcb:
        this.#sink.value(String(this.#take(8).readDoubleBE(0)), isName)
        return
      case 0xcc:
      case 0xcd:
      case 0xce:
        this.#sink.value(String(this.#uint(width)), isName)
        return
      case 0xcf:
        this.#sink.value(String(this.#take(8).readBigUInt64BE(0)), isName)
        return
      case 0xd0:
      case 0xd1:
      case 0xd2:
        this.#sink.value(String(this.#take(width).readIntBE(0, width)), isName)
        return
      case 0xd3:
        this.#sink.value(String(this.#take(8).readBigInt64BE(0)), isName)
        return
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        this.#sink.bytes(this.#take(1 + width))
        return
      case 0xd9:
      case 0xda:
      case 0xdb:
        this.#text(this.#uint(width), isName)
        return
      case 0xdc:
      case 0xdd:
        this.#many(this.#uint(width), () => this.messagePack(depth + 1, false))
        return
      case 0xde:
      case 0xdf:
        this.#pairs(this.#uint(width), depth)
        return
      default:
        return
    }
  }

  #pairs(count: number, depth: number): void {
    this.#many(count * 2, (i) => this.messagePack(depth + 1, i % 2 === 0))
  }

  #text(length: number, isName: boolean): void {
    const bytes = this.#take(length)
    // Both allow nothing else, and few files of other kinds keep to it.
    if (!isUtf8(bytes)) throw new RangeError('text')
    this.#sink.value(bytes.toString('utf8'), isName)
  }

  /** Each takes a byte at least, so a count past the end is a lie. */
  #many(count: number, one: (i: number) => void): void {
    if (count > this.#bytes.length - this.at) throw new RangeError('count')
    for (let i = 0; i < count; i++) one(i)
  }

  #enter(depth: number): void {
    if (depth > limits.extractXmlDepthMax) throw new ExtractLimitError('too-deep', 'packed data')
    if (++this.#count > limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'packed data')
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.at) throw new RangeError('length')
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  /** Past 2^53 the last digits are lost, which no length that fits into a file comes to. */
  #uint(width: number): number {
    const bytes = this.#take(width)
    return width === 8 ? Number(bytes.readBigUInt64BE(0)) : bytes.readUIntBE(0, width)
  }
}

/** Bytes of the length or value behind each head from C0 to DF. */
const MESSAGE_PACK_WIDTHS = [
  0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 16, 1, 2, 4, 2, 4, 2, 4,
]
