/** A growing list of fixed-width records of 32-bit words, in blocks: no copying as it grows, 4 bytes a word. */
const BLOCK_RECORDS = 64 * 1024

export class HashList {
  readonly #width: number
  readonly #blocks: Uint32Array[] = []
  length = 0

  constructor(width: number) {
    this.#width = width
  }

  push(record: readonly number[]): void {
    const at = this.length % BLOCK_RECORDS
    if (at === 0) this.#blocks.push(new Uint32Array(BLOCK_RECORDS * this.#width))
    this.#blocks.at(-1)?.set(record, at * this.#width)
    this.length++
  }

  /** The bytes in order, a block at a time. */
  *chunks(): Generator<Uint8Array> {
    for (const [index, block] of this.#blocks.entries()) {
      const records = Math.min(BLOCK_RECORDS, this.length - index * BLOCK_RECORDS)
      yield new Uint8Array(block.buffer, 0, records * this.#width * 4)
    }
  }
}
