/** A growing list of 32-bit words, in blocks: no copying as it grows, 4 bytes a word. */
const BLOCK_WORDS = 256 * 1024

export class WordList {
  readonly #blocks: Uint32Array<ArrayBuffer>[] = []
  #block = new Uint32Array(0)
  length = 0

  push(word: number): void {
    const at = this.length % BLOCK_WORDS
    if (at === 0) {
      this.#block = new Uint32Array(BLOCK_WORDS)
      this.#blocks.push(this.#block)
    }
    this.#block[at] = word
    this.length++
  }

  /** The words in order, a block at a time. */
  *blocks(): Generator<Uint32Array<ArrayBuffer>> {
    for (const [index, block] of this.#blocks.entries())
      yield block.subarray(0, Math.min(BLOCK_WORDS, this.length - index * BLOCK_WORDS))
  }
}
