import type { ExtractContext } from '../format.ts'

/** Output of a decoder passed its ceiling, or the time is up. */
export class CeilingError extends Error {}

/**
 * Output of a decoder that refers back to itself: grows by doubling up to a ceiling, and asks for the time whenever it
 * grows. Throws CeilingError at either end; throws for a distance that points in front of the output.
 */
export class GrowingBuffer {
  #buffer = Buffer.allocUnsafe(64 * 1024)
  #length = 0
  readonly #ceiling: number
  readonly #context: ExtractContext | null

  constructor(ceiling: number, context: ExtractContext | null = null) {
    this.#ceiling = ceiling
    this.#context = context
  }

  get length(): number {
    return this.#length
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  push(byte: number): void {
    if (this.#length >= this.#buffer.length) this.#grow(this.#length + 1)
    this.#buffer[this.#length++] = byte
  }

  /** Copies `count` bytes of `source` from `from` on. */
  copy(source: Buffer, from: number, count: number): void {
    if (this.#length + count > this.#buffer.length) this.#grow(this.#length + count)
    source.copy(this.#buffer, this.#length, from, from + count)
    this.#length += count
  }

  /** Repeats what stands `distance` bytes back; source and target may overlap. */
  repeat(distance: number, count: number): void {
    if (distance <= 0 || distance > this.#length) throw new Error('distance')
    if (this.#length + count > this.#buffer.length) this.#grow(this.#length + count)
    const buffer = this.#buffer
    for (let i = 0; i < count; i++, this.#length++) buffer[this.#length] = buffer[this.#length - distance] ?? 0
  }

  #grow(needed: number): void {
    if (needed > this.#ceiling || this.#context?.budget.hasTime() === false) throw new CeilingError()
    const grown = Buffer.allocUnsafe(Math.min(this.#ceiling, Math.max(needed, this.#buffer.length * 2)))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
