/**
 * Where a place stands in a table, and which cells head its column. Rows are lines with the same separator (TAB, else
 * semicolon, else comma) and roughly as many cells as the line above; the first row of such a block, or the first two,
 * are its header. Pure; a place costs its line's length once, and lines past a limit are no table.
 */
const TAB = 0x09
const LF = 0x0a
const QUOTE = 0x22
const SEMICOLON = 0x3b
const COMMA = 0x2c
const SEPARATORS = [TAB, SEMICOLON, COMMA] as const
const LINE_MAX_BYTES = 64 * 1024
const HEADER_ROWS = 2

interface Shape {
  readonly separator: number
  readonly cells: number
}

interface Block extends Shape {
  readonly start: number
  /** Byte ranges of the first rows. */
  readonly header: readonly { readonly start: number; readonly end: number }[]
}

export class TableColumns {
  readonly #text: Uint8Array
  /** Sorted by start; end exclusive. */
  readonly #blocks: { block: Block; end: number }[] = []
  #line = { start: -1, at: 0, column: 0 }

  constructor(text: Uint8Array) {
    this.#text = text
    this.#findBlocks()
  }

  /** Byte ranges of the cells that head the column in which `at` stands; empty outside tables and in their headers. */
  headerOf(at: number): readonly { readonly start: number; readonly end: number }[] {
    const block = this.#foundAt(at)?.block
    if (!block) return []
    const line = this.#lineStart(at)
    const column = this.#column(line, at, block.separator)
    return block.header
      .filter((row) => row.end <= line)
      .flatMap((row) => {
        const cell = this.#cell(row, column, block.separator)
        return cell ? [cell] : []
      })
  }

  /** The rows below the header in which `at` stands, or null where it stands elsewhere. */
  headedBy(at: number): { readonly start: number; readonly end: number } | null {
    const found = this.#foundAt(at)
    const first = found?.block.header[0]
    if (!found || !first || !found.block.header.some((row) => at >= row.start && at < row.end)) return null
    return { start: first.end, end: found.end }
  }

  #foundAt(at: number): { block: Block; end: number } | null {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#blocks[middle] as { end: number }).end <= at) low = middle + 1
      else high = middle
    }
    const found = this.#blocks[low]
    return found && found.block.start <= at ? found : null
  }

  #findBlocks(): void {
    const text = this.#text
    let block = null as Block | null
    let start = 0
    let blockEnd = 0
    const close = () => {
      if (block && block.header.length > 1) this.#blocks.push({ block, end: blockEnd })
      block = null
    }
    while (start < text.length) {
      const found = text.indexOf(LF, start)
      const end = found < 0 ? text.length : found
      const row: Shape | null = end - start > LINE_MAX_BYTES ? null : this.#shape(start, end, block)
      if (!row) close()
      else if (!block || row.separator !== block.separator || Math.abs(row.cells - block.cells) > 1) {
        close()
        block = { start, separator: row.separator, cells: row.cells, header: [{ start, end }] }
      } else if (block.header.length < HEADER_ROWS) block = { ...block, header: [...block.header, { start, end }] }
      blockEnd = end
      start = end + 1
    }
    close()
  }

  #shape(start: number, end: number, block: Block | null): Shape | null {
    const text = this.#text
    let tabs = 1
    let semicolons = 1
    let commas = 1
    let quoted = false
    for (let i = start; i < end; i++) {
      const byte = text[i] as number
      if (byte === TAB) tabs++
      else if (byte === QUOTE) quoted = !quoted
      else if (byte === COMMA && !quoted) commas++
      else if (byte === SEMICOLON && !quoted) semicolons++
    }
    const cells: Readonly<Record<number, number>> = { [TAB]: tabs, [SEMICOLON]: semicolons, [COMMA]: commas }
    for (const separator of block ? [block.separator, ...SEPARATORS] : SEPARATORS) {
      // One comma is prose; one TAB or semicolon between two cells is a table with two columns.
      const count = cells[separator] ?? 1
      if (count >= (separator === COMMA ? 3 : 2)) return { separator, cells: count }
    }
    return null
  }

  #lineStart(at: number): number {
    const { start, at: seen } = this.#line
    // Places come in ascending order, so most are in the line of the one before.
    const from = start >= 0 && at >= seen && at - seen < LINE_MAX_BYTES ? seen : Math.max(0, at - LINE_MAX_BYTES)
    for (let i = at - 1; i >= from; i--) if (this.#text[i] === LF) return i + 1
    return from === seen && start >= 0 ? start : from
  }

  #column(line: number, at: number, separator: number): number {
    let { column, at: from } = this.#line
    if (this.#line.start !== line || from > at) {
      column = 0
      from = line
    }
    // A quoted separator is text, as in #count; quotes are balanced at the cell's start, where counting goes on.
    let quoted = false
    let cellStart = from
    for (let i = from; i < at; i++) {
      const byte = this.#text[i]
      if (byte === QUOTE && separator !== TAB) quoted = !quoted
      else if (byte === separator && !quoted) {
        column++
        cellStart = i + 1
      }
    }
    this.#line = { start: line, at: cellStart, column }
    return column
  }

  #cell(row: { start: number; end: number }, column: number, separator: number) {
    let current = 0
    let quoted = false
    let start = row.start
    for (let i = row.start; i <= row.end; i++) {
      const byte = i === row.end ? separator : this.#text[i]
      if (byte === QUOTE && separator !== TAB) quoted = !quoted
      else if (byte === separator && (!quoted || i === row.end)) {
        if (current === column) return { start, end: i }
        current++
        start = i + 1
      }
    }
    return null
  }
}
