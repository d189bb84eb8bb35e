import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'

/**
 * Rows of a sheet as text, whatever the format of the sheet: cells apart by TAB, so that a value stands under its header,
 * rows by LF. Text goes out in pieces; cells and characters are bounded by named limits (throws ExtractLimitError).
 */
const PIECE_CHARS = 32 * 1024

export class RowWriter {
  readonly #context: ExtractContext
  #piece: string[] = []
  #pieceLength = 0
  #total = 0
  #cells = 0
  #row = ''
  #written = 0

  constructor(context: ExtractContext) {
    this.#context = context
  }

  /** One cell of the current row; columns count from zero and come in rising order. */
  cell(column: number, text: string): void {
    if (++this.#cells > limits.extractCellsMax) throw new ExtractLimitError('too-many', 'cells')
    if (text === '') return
    const gap = Math.min(Math.max(column - this.#written, this.#row === '' ? 0 : 1), limits.extractCellGapMax)
    this.#row += '\t'.repeat(gap) + oneLine(text)
    this.#written = column
    if (this.#row.length > PIECE_CHARS) this.endRow()
  }

  endRow(): void {
    if (this.#row !== '') this.line(this.#row)
    this.#row = ''
    this.#written = 0
  }

  line(text: string): void {
    this.#piece.push(text)
    this.#pieceLength += text.length + 1
    if (this.#pieceLength >= PIECE_CHARS) this.flush()
  }

  flush(): void {
    if (this.#piece.length === 0) return
    this.#total += this.#pieceLength
    this.#context.text(this.#piece.join('\n'))
    this.#piece = []
    this.#pieceLength = 0
    if (this.#total > limits.extractTextMaxBytes) throw new ExtractLimitError('too-large', 'text')
    if (!this.#context.budget.hasTime()) throw new ExtractLimitError('timeout', 'sheet')
  }
}

/** A cell must not look like several. Nearly none has a line break or TAB, which is quicker to see than to replace. */
function oneLine(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x0a || code === 0x0d || code === 0x09) return text.replace(/[\r\n\t]+/g, ' ')
  }
  return text
}
