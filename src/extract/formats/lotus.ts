import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError, type Format, type FormatInput } from '../format.ts'
import { type LotusCell, type LotusLayout, lotusCell, lotusLayout } from '../office/lotus-cells.ts'
import { RowWriter } from '../office/row-writer.ts'
import { carveLatin } from '../readers/carve-strings.ts'
import { signatureOf } from '../signatures.ts'
import { extractTrailing } from '../trailing-data.ts'

const LOTUS = 'application/vnd.lotus-1-2-3'

/**
 * Workbooks of 1-2-3, Quattro Pro to 6 and the spreadsheet of Works: cells row by row, numbers as they are kept, cached
 * values of formulas. What other records hold (names, headers, comments) is carved for text. Encrypted ones are told. A
 * file behind the end is read as one.
 */
export const lotus: Format = {
  id: 'lotus',
  types: [LOTUS],
  extract: extractLotus,
}

const END_OF_FILE = 0x01
const PASSWORD = 0x4b
const CARVED_MIN_CHARS = 4

async function extractLotus(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const layout = lotusLayout(bytes)
  if (layout === null) {
    context.uninspected('unsupported', LOTUS)
    context.text(carveLatin(bytes).join('\n'))
    return
  }
  const rows = new RowWriter(context)
  const aside: string[] = []
  const cells: LotusCell[] = []
  let at = 0
  let isWhole = false
  for (let count = 0; at + 4 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', '1-2-3 records')
    const type = bytes.readUInt16LE(at)
    const end = at + 4 + bytes.readUInt16LE(at + 2)
    const data = bytes.subarray(at + 4, end)
    if (end > bytes.length) break
    if (type === PASSWORD) {
      context.uninspected('encrypted', '1-2-3 password')
      return
    }
    takeRecord(type, data, layout, cells, aside)
    at = end
    if (type === END_OF_FILE) {
      isWhole = true
      break
    }
  }
  if (!isWhole) context.uninspected('corrupt', '1-2-3 records')
  writeRows(cells, rows)
  const rest = bytes.subarray(at)
  // Later versions put a second set of records behind the first, which says how cells look.
  const isOther = isWhole && ![null, LOTUS].includes(signatureOf(rest))
  for (const word of isOther ? aside : [...aside, ...carveLatin(rest)]) rows.line(word)
  rows.flush()
  if (isOther) await extractTrailing(rest, context)
}

function takeRecord(type: number, data: Buffer, layout: LotusLayout, cells: LotusCell[], aside: string[]): void {
  const cell = lotusCell(type, data, layout)
  if (cell === null) {
    aside.push(...carveLatin(data, CARVED_MIN_CHARS))
    return
  }
  const before = cells[cells.length - 1]
  // The cached text of a formula follows its number, which is none then.
  if (cell.isCached && before && before.row === cell.row && before.column === cell.column) cells.pop()
  cells.push(cell)
  if (cell.tokens) aside.push(...carveLatin(cell.tokens, CARVED_MIN_CHARS))
}

/** Quattro Pro and 1-2-3 write column by column, or as cells were made: rows are put together first. */
function writeRows(cells: LotusCell[], rows: RowWriter): void {
  cells.sort((a, b) => a.sheet - b.sheet || a.row - b.row || a.column - b.column)
  let before: LotusCell | undefined
  for (const cell of cells) {
    if (before && (before.row !== cell.row || before.sheet !== cell.sheet)) rows.endRow()
    rows.cell(cell.column, cell.text)
    before = cell
  }
  rows.endRow()
}
