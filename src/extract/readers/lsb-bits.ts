/** Numbers of so many bits, the least significant bit of a byte first, as the methods of zip files have them. */
export class LsbBits {
  /** The next byte to be read. */
  at = 0
  #hold = 0
  #bits = 0
  readonly #input: Uint8Array

  constructor(input: Uint8Array) {
    this.#input = input
  }

  /** The next number of up to 16 bits. Throws behind the end of the input. */
  take(count: number): number {
    while (this.#bits < count) {
      if (this.at >= this.#input.length) throw new Error('end of input')
      this.#hold |= (this.#input[this.at++] ?? 0) << this.#bits
      this.#bits += 8
    }
    const value = this.#hold & ((1 << count) - 1)
    this.#hold >>>= count
    this.#bits -= count
    return value
  }

  /** Leaves out what is left of the byte begun. */
  align(): void {
    this.#hold = 0
    this.#bits = 0
  }
}
