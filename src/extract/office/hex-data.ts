/** Bytes written as hexadecimal digits, one digit at a time; what is no digit is passed over. Bounded by `bytesMax`. */
export class HexData {
  #bytes = Buffer.alloc(0)
  #length = 0
  #nibble = -1
  readonly #bytesMax: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  digit(code: number): void {
    const lower = code | 0x20
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
    if (digit < 0) return
    if (this.#nibble < 0) this.#nibble = digit
    else {
      this.push((this.#nibble << 4) | digit)
      this.#nibble = -1
    }
  }

  push(byte: number): void {
    if (this.#length >= this.#bytes.length) {
      if (this.#length >= this.#bytesMax) return
      const grown = Buffer.alloc(Math.min(this.#bytesMax, Math.max(4096, this.#bytes.length * 2)))
      this.#bytes.copy(grown)
      this.#bytes = grown
    }
    this.#bytes[this.#length++] = byte
  }

  /** The bytes so far; begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    this.#nibble = -1
    return taken
  }
}
