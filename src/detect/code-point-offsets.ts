/** Byte offsets of UTF-8 text -> code point offsets, with a checkpoint every few KB; in ASCII text they are the same. */
const STEP_BYTES = 4096

export class CodePointOffsets {
  readonly #text: Uint8Array
  readonly #checkpoints: number[] = [0]

  constructor(text: Uint8Array) {
    this.#text = text
  }

  at(byteOffset: number): number {
    const block = Math.floor(byteOffset / STEP_BYTES)
    while (this.#checkpoints.length <= block) {
      const known = this.#checkpoints.length - 1
      const from = known * STEP_BYTES
      this.#checkpoints.push((this.#checkpoints[known] as number) + this.#count(from, from + STEP_BYTES))
    }
    return (this.#checkpoints[block] as number) + this.#count(block * STEP_BYTES, byteOffset)
  }

  #count(from: number, to: number): number {
    let count = 0
    const end = Math.min(to, this.#text.length)
    for (let i = from; i < end; i++) if (((this.#text[i] as number) & 0xc0) !== 0x80) count++
    return count
  }
}
