/**
 * Lines of text as they grow: what is shown, and what stands hidden between it. A hidden word glued to shown characters
 * makes a second reading of its line, because whether it is shown depends on the reader.
 */
export class HtmlLines {
  readonly #visible: string[] = []
  readonly #hidden: string[] = []
  #line = ''
  /** Shown and hidden together; null as long as the line has nothing hidden. */
  #both: string | null = null
  #onlyHidden = ''
  #glued = false
  #lastHidden = false

  add(piece: string, isHidden: boolean, preformatted: boolean): void {
    const text = preformatted ? piece : collapse(piece)
    if (isHidden) this.#both ??= this.#line
    if (isHidden !== this.#lastHidden && this.#both !== null && /\S$/.test(this.#both) && /^\S/.test(text))
      this.#glued = true
    this.#lastHidden = isHidden
    if (this.#both !== null) this.#both += text
    if (isHidden) this.#onlyHidden += text
    else this.#line += text
  }

  /** Before a cell: a TAB between the cells of a row. */
  cell(): void {
    if (this.#both !== null && this.#both.trim() !== '') this.#both += '\t'
    if (this.#onlyHidden.trim() !== '') this.#onlyHidden += '\t'
    if (this.#line.trim() !== '') this.#line += '\t'
  }

  breakLine(): void {
    const shown = this.#line.replace(/^[ \n]+|[ \n]+$/g, '')
    if (shown !== '') this.#visible.push(shown)
    if (this.#onlyHidden.trim() !== '')
      this.#hidden.push(this.#glued ? (this.#both ?? '').trim() : this.#onlyHidden.trim())
    this.#line = ''
    this.#both = null
    this.#onlyHidden = ''
    this.#glued = false
    this.#lastHidden = false
  }

  finish(): { visible: string; hidden: readonly string[] } {
    this.breakLine()
    return { visible: this.#visible.join('\n'), hidden: this.#hidden }
  }
}

/** White space of the source is one blank; a no-break space is not white space. */
function collapse(piece: string): string {
  return /[\t\n\r\f]| {2}/.test(piece) ? piece.replace(/[ \t\n\r\f]+/g, ' ') : piece
}
