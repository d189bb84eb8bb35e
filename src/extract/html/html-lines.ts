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
  /** Kept beside the line, since looking at the end of a string under construction copies it each time. */
  #endsBlank = true

  add(piece: string, isHidden: boolean, preformatted: boolean): void {
    const text = preformatted ? piece : collapse(piece)
    if (text === '') return
    if (isHidden) this.#both ??= this.#line
    if (isHidden !== this.#lastHidden && !this.#endsBlank && !isBlank(text.charCodeAt(0))) this.#glued = true
    this.#lastHidden = isHidden
    this.#endsBlank = isBlank(text.charCodeAt(text.length - 1))
    if (this.#both !== null) this.#both += text
    if (isHidden) this.#onlyHidden += text
    else this.#line += text
  }

  /** Before a cell: a TAB between the cells of a row. */
  cell(): void {
    if (this.#line !== '') this.#line += '\t'
    if (this.#both !== null) this.#both += '\t'
    if (this.#onlyHidden !== '') this.#onlyHidden += '\t'
    this.#endsBlank = true
  }

  breakLine(): void {
    const shown = this.#line.trim()
    if (shown !== '') this.#visible.push(shown)
    const onlyHidden = this.#onlyHidden.trim()
    if (onlyHidden !== '') this.#hidden.push(this.#glued ? (this.#both ?? '').trim() : onlyHidden)
    this.#line = ''
    this.#both = null
    this.#onlyHidden = ''
    this.#glued = false
    this.#lastHidden = false
    this.#endsBlank = true
  }

  finish(): { visible: string; hidden: readonly string[] } {
    this.breakLine()
    return { visible: this.#visible.join('\n'), hidden: this.#hidden }
  }
}

function isBlank(code: number): boolean {
  return code <= 0x20 || code === 0xa0
}

/** White space of the source is one blank; a no-break space is not white space. */
function collapse(piece: string): string {
  return /[\t\n\r\f]| {2}/.test(piece) ? piece.replace(/[ \t\n\r\f]+/g, ' ') : piece
}
