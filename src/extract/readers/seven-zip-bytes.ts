/** The structure of an archive contradicts itself. */
export class SevenZipError extends Error {
  override readonly name = 'SevenZipError'
}

/** Reads the numbers of a 7z header; past its end it throws SevenZipError. */
export class ByteReader {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  byte(): number {
    const value = this.#bytes[this.at]
    if (value === undefined) throw new SevenZipError()
    this.at += 1
    return value
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new SevenZipError()
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  u32(): number {
    return this.bytes(4).readUInt32LE()
  }

  /** As many leading ones of the first byte, as many bytes follow; its other bits are the highest. */
  number(): number {
    const first = this.byte()
    let value = 0
    for (let i = 0, mask = 0x80; i < 8; i++, mask >>= 1) {
      if ((first & mask) === 0) return value + (first & (mask - 1)) * 2 ** (8 * i)
      value += this.byte() * 2 ** (8 * i)
    }
    if (!Number.isSafeInteger(value)) throw new SevenZipError()
    return value
  }

  /** A number of things, each of which takes a byte at least, so it can't be larger than what is left. */
  count(): number {
    const value = this.number()
    if (value > this.#bytes.length - this.at) throw new SevenZipError()
    return value
  }

  /** Bits, the highest first; all of them set where the first byte says so. */
  flags(count: number): boolean[] {
    if (this.byte() !== 0) return Array.from({ length: count }, () => true)
    const bytes = this.bytes(Math.ceil(count / 8))
    return Array.from({ length: count }, (_, i) => (((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1)
  }
}

/** Writes what ByteReader reads. */
export class ByteWriter {
  readonly #pieces: Buffer[] = []

  byte(value: number): void {
    this.#pieces.push(Buffer.from([value]))
  }

  bytes(value: Buffer): void {
    this.#pieces.push(value)
  }

  u32(value: number): void {
    const out = Buffer.alloc(4)
    out.writeUInt32LE(value)
    this.#pieces.push(out)
  }

  /** Always in the longest form, which every reader takes. */
  number(value: number): void {
    const out = Buffer.alloc(9, 0xff)
    out.writeBigUInt64LE(BigInt(value), 1)
    this.#pieces.push(out)
  }

  done(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}
