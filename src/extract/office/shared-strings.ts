/**
 * The strings that cells of a workbook refer to by number, in all three of Excel's formats. What no cell refers to stays
 * in the file, unseen by whoever opens it and there for whoever looks: readers give it out at their end.
 */
export class SharedStrings {
  readonly #strings: string[] = []
  /** Words beside the strings, phonetic readings for one. */
  readonly #aside: string[] = []
  /** By number, whether a cell has asked for it; made at the first question, when mostly all strings are there. */
  #used = new Uint8Array(0)

  add(text: string): void {
    this.#strings.push(text)
  }

  addAside(text: string): void {
    if (text.trim() !== '') this.#aside.push(text)
  }

  /** The string of a cell; undefined where there is none of that number. */
  at(index: number): string | undefined {
    const text = this.#strings[index]
    if (text === undefined) return undefined
    if (this.#used.length < this.#strings.length) this.#used = grown(this.#used, this.#strings.length * 2)
    this.#used[index] = 1
    return text
  }

  /** What no cell has asked for so far. */
  unused(): string[] {
    const strings = this.#strings.filter((text, index) => this.#used[index] !== 1 && text.trim() !== '')
    return [...strings, ...this.#aside]
  }
}

function grown(used: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length)
  larger.set(used)
  return larger
}
