/**
 * Where a place stands in a table, and which cells head its column. Rows are lines with the same separator (TAB, else
 * vertical bar, semicolon, comma) and roughly as many cells as the line above; the first row of such a block, or the
 * first two, are its header. Between bars, as in Markdown and what databases print, a ruled line is a row. Looks only at
 * the lines about the places it is asked for, and at each table once. Pure; lines past a limit are no table.
 */
const TAB = 0x09
const LF = 0x0a
const QUOTE = 0x22
const SEMICOLON = 0x3b
const COMMA = 0x2c
const BAR = 0x7c
/** Stands for a bar in the ruled lines of a table. */
const PLUS = 0x2b
const SEPARATORS = [TAB, BAR, SEMICOLON, COMMA] as const
const LINE_MAX_BYTES = 64 * 1024
const HEADER_ROWS = 2

export interface ByteRange {
  readonly start: number
  readonly end: number
}

interface Shape {
  readonly separator: number
  readonly cells: number
}

interface Block extends ByteRange {
  readonly separator: number
  /** The first rows. */
  readonly header: readonly ByteRange[]
}

export class TableColumns {
  readonly #text: Buffer
  /** Tables found so far, and the line that was last found to be in none. */
  readonly #blocks: Block[] = []
  #noTable: ByteRange = { start: 0, end: 0 }
  #cellSeen = { line: -1, at: 0, column: 0 }

  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
  }

  /** Byte ranges of the cells that head the column in which `at` stands; empty outside tables and in their headers. */
  headerOf(at: number): readonly ByteRange[] {
    const block = this.#blockAt(at)
    if (!block) return []
    const line = this.#line(at).start
    if (!block.header.some((row) => row.end <= line)) return []
    const column = this.#column(line, at, block.separator)
    return block.header
      .filter((row) => row.end <= line)
      .flatMap((row) => this.#cell(row, column, block.separator) ?? [])
  }

  /** The header rows of the table in which `at` stands; empty elsewhere and in the header itself. */
  headerRowsOf(at: number): readonly ByteRange[] {
    return this.#blockAt(at)?.header.filter((row) => row.end < at) ?? []
  }

  /** The rows below the header in which `at` stands, or null where it stands elsewhere. */
  headedBy(at: number): ByteRange | null {
    const block = this.#blockAt(at)
    const first = block?.header[0]
    if (!block || !first || !block.header.some((row) => at >= row.start && at < row.end)) return null
    return { start: first.end, end: block.end }
  }

  #blockAt(at: number): Block | null {
    if (at >= this.#noTable.start && at < this.#noTable.end) return null
    // Places come mostly in ascending order, so the table found last is the likeliest.
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i] as Block
      if (at >= block.start && at < block.end) return block
    }
    const line = this.#line(at)
    const block = this.#expand(line)
    if (block) this.#blocks.push(block)
    else this.#noTable = { start: line.start, end: line.end + 1 }
    if (this.#blocks.length > BLOCKS_KEPT_MAX) this.#blocks.shift()
    return block
  }

  #expand(line: ByteRange): Block | null {
    const shape = this.#shape(line, null)
    if (!shape) return null
    const header: ByteRange[] = [line]
    let { start } = line
    for (let last = shape; start > 0; ) {
      const above = this.#line(start - 1)
      const row = this.#shape(above, shape.separator)
      if (!row || Math.abs(row.cells - last.cells) > 1) break
      header.unshift(above)
      start = above.start
      last = row
    }
    let { end } = line
    for (let last = shape; end + 1 < this.#text.length; ) {
      const below = this.#line(end + 1)
      const row = this.#shape(below, shape.separator)
      if (!row || Math.abs(row.cells - last.cells) > 1) break
      header.push(below)
      end = below.end
      last = row
    }
    return header.length > 1 ? { start, end, separator: shape.separator, header: header.slice(0, HEADER_ROWS) } : null
  }

  /** The line about `at`, without its end. */
  #line(at: number): ByteRange {
    const before = at > 0 ? this.#text.lastIndexOf(LF, at - 1) : -1
    const after = this.#text.indexOf(LF, at)
    return { start: before + 1, end: after < 0 ? this.#text.length : after }
  }

  #shape({ start, end }: ByteRange, separator: number | null): Shape | null {
    if (end - start > LINE_MAX_BYTES) return null
    for (const one of separator === null ? SEPARATORS : [separator]) {
      const cells = this.#count(start, end, one)
      // One comma or bar is prose; one TAB or semicolon between two cells is a table with two columns.
      if (cells >= (one === COMMA || one === BAR ? 3 : 2)) return { separator: one, cells }
    }
    return null
  }

  #count(start: number, end: number, separator: number): number {
    const ruled = separator === BAR ? PLUS : separator
    let cells = 1
    let quoted = false
    for (let i = start; i < end; i++) {
      const byte = this.#text[i]
      if (byte === QUOTE && quotes(separator)) quoted = !quoted
      else if ((byte === separator || byte === ruled) && !quoted) cells++
    }
    return cells
  }

  #column(line: number, at: number, separator: number): number {
    const seen = this.#cellSeen
    const onward = seen.line === line && seen.at <= at
    let column = onward ? seen.column : 0
    let cellStart = onward ? seen.at : line
    let quoted = false
    for (let i = cellStart; i < at; i++) {
      const byte = this.#text[i]
      if (byte === QUOTE && quotes(separator)) quoted = !quoted
      else if (byte === separator && !quoted) {
        column++
        cellStart = i + 1
      }
    }
    // Counting goes on from the cell's start, where quotes are balanced.
    this.#cellSeen = { line, at: cellStart, column }
    return column
  }

  #cell(row: ByteRange, column: number, separator: number): ByteRange | null {
    let current = 0
    let quoted = false
    let start = row.start
    for (let i = row.start; i <= row.end; i++) {
      const byte = i === row.end ? separator : this.#text[i]
      if (byte === QUOTE && quotes(separator)) quoted = !quoted
      else if (byte === separator && (!quoted || i === row.end)) {
        if (current === column) return { start, end: i }
        current++
        start = i + 1
      }
    }
    return null
  }
}

/** More tables than that in one text are looked at again when a place leads back to them. */
const BLOCKS_KEPT_MAX = 64

/** Whether quotes about a cell hide separators, as in CSV. */
function quotes(separator: number): boolean {
  return separator === COMMA || separator === SEMICOLON
}
