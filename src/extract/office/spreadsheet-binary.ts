import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { carveUtf16 } from '../readers/carve-strings.ts'
import { type CellFormats, cellFormats } from './cell-format.ts'
import type { OoxmlPackage, OoxmlPart } from './ooxml-package.ts'
import { RowWriter } from './row-writer.ts'
import { SharedStrings } from './shared-strings.ts'

/**
 * Binary workbooks (.xlsb, [MS-XLSB]): the records that hold strings, cells, names and comments. Unknown records are
 * stepped over; of binary parts without cells the strings are carved. Truncated records end their part.
 */
const brt = {
  rowHeader: 0,
  cellRk: 2,
  cellError: 3,
  cellBool: 4,
  cellReal: 5,
  cellString: 6,
  cellShared: 7,
  formulaString: 8,
  formulaNumber: 9,
  formulaBool: 10,
  sharedItem: 19,
  name: 39,
  format: 44,
  style: 47,
  workbookProperties: 153,
  sheet: 156,
  beginCellStyles: 617,
  endCellStyles: 618,
} as const

/** Reads a workbook; resolves the names of the entries it has taken. */
export async function readXlsb(opened: OoxmlPackage, context: ExtractContext): Promise<string[]> {
  const taken: string[] = []
  const byName = new Map(opened.parts.map((part) => [part.name, part]))
  const read = async (part: OoxmlPart | undefined): Promise<Buffer | null> => {
    if (!part) return null
    taken.push(part.entry.name)
    return opened.archive.read(part.entry)
  }
  const workbook = readOutline(await read(byName.get('xl/workbook.bin')), context)
  const strings = readSharedItems(await read(byName.get('xl/sharedstrings.bin')))
  const formats = await readFormats(await read(byName.get('xl/styles.bin')), workbook.date1904)
  const titles = new Map<string, string>()
  for (const sheet of workbook.sheets) {
    const target = opened.relationships.find((r) => r.source === 'xl/workbook.bin' && r.id === sheet.id)?.target
    if (sheet.hidden) context.trait('hidden-content')
    if (target !== undefined) titles.set(target, sheet.name)
  }
  for (const part of opened.parts) {
    if (!part.name.endsWith('.bin') || taken.includes(part.entry.name) || !part.name.startsWith('xl/')) continue
    if (/vbaproject|printersettings|embeddings\/|activex|ctrlprops/.test(part.name)) continue
    const bytes = await read(part)
    if (!bytes) continue
    const title = titles.get(part.name)
    if (title) context.text(title)
    if (/sheets\//.test(part.name)) readSheet(bytes, strings, formats, context)
    else context.text(carveUtf16(bytes, 2).join('\n'))
  }
  const unused = strings.unused()
  if (unused.length > 0) context.text(unused.join('\n'))
  if (workbook.names.length > 0) context.text(workbook.names.join('\n'))
  return taken
}

interface Record {
  readonly type: number
  readonly data: Buffer
}

/** [MS-XLSB] 2.1.4: type in one or two bytes, length in up to four, seven bits each. */
function* records(bytes: Buffer): Generator<Record> {
  let at = 0
  for (let count = 0; at < bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'records')
    let type = bytes[at++] ?? 0
    if ((type & 0x80) !== 0) type = (type & 0x7f) | (((bytes[at++] ?? 0) & 0x7f) << 7)
    let length = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++] ?? 0
      length |= (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) break
    }
    if (at + length > bytes.length) return
    yield { type, data: bytes.subarray(at, at + length) }
    at += length
  }
}

/** A wide string: length in characters, then UTF-16LE. Empty where it doesn't fit. */
function wideString(data: Buffer, at: number): { text: string; next: number } {
  if (at + 4 > data.length) return { text: '', next: data.length }
  const length = data.readUInt32LE(at)
  if (length === 0xffffffff) return { text: '', next: at + 4 }
  const end = at + 4 + length * 2
  if (end > data.length) return { text: '', next: data.length }
  return { text: data.toString('utf16le', at + 4, end), next: end }
}

interface Outline {
  readonly sheets: { name: string; id: string; hidden: boolean }[]
  readonly names: string[]
  date1904: boolean
}

function readOutline(bytes: Buffer | null, context: ExtractContext): Outline {
  const outline: Outline = { sheets: [], names: [], date1904: false }
  if (!bytes) {
    context.uninspected('corrupt', 'workbook')
    return outline
  }
  for (const { type, data } of records(bytes)) {
    if (type === brt.workbookProperties && data.length >= 4) outline.date1904 = (data.readUInt32LE(0) & 1) !== 0
    if (type === brt.name) outline.names.push(...carveUtf16(data, 2))
    if (type !== brt.sheet || data.length < 8) continue
    const id = wideString(data, 8)
    outline.sheets.push({ id: id.text, name: wideString(data, id.next).text, hidden: data.readUInt32LE(0) !== 0 })
  }
  return outline
}

function readSharedItems(bytes: Buffer | null): SharedStrings {
  const strings = new SharedStrings()
  if (!bytes) return strings
  for (const { type, data } of records(bytes)) if (type === brt.sharedItem) strings.add(wideString(data, 1).text)
  return strings
}

async function readFormats(bytes: Buffer | null, date1904: boolean): Promise<CellFormats> {
  const styles: number[] = []
  const codes = new Map<number, string>()
  let inCells = false
  for (const { type, data } of bytes ? records(bytes) : []) {
    if (type === brt.beginCellStyles) inCells = true
    if (type === brt.endCellStyles) inCells = false
    if (type === brt.format && data.length > 2) codes.set(data.readUInt16LE(0), wideString(data, 2).text)
    if (type === brt.style && inCells && data.length >= 4) styles.push(data.readUInt16LE(2))
  }
  return cellFormats(styles, codes, date1904)
}

function readSheet(bytes: Buffer, strings: SharedStrings, formats: CellFormats, context: ExtractContext): void {
  const rows = new RowWriter(context)
  const words: string[] = []
  for (const { type, data } of records(bytes)) {
    if (type === brt.rowHeader) {
      rows.endRow()
      continue
    }
    if (type < brt.cellRk || type > brt.formulaBool) {
      // Links, headers and footers, validation: records of another kind that hold a string.
      if (type > brt.formulaBool && data.length >= 12) words.push(...carveUtf16(data, 4))
      continue
    }
    if (data.length < 9) continue
    rows.cell(data.readUInt32LE(0), cellText(type, data, strings, formats))
    if (type === brt.formulaString) words.push(...carveUtf16(data.subarray(wideString(data, 8).next), 4))
  }
  rows.endRow()
  for (const word of words) rows.line(word)
  rows.flush()
}

function cellText(type: number, data: Buffer, strings: SharedStrings, formats: CellFormats): string {
  const style = data.readUIntLE(4, 3)
  switch (type) {
    case brt.cellRk:
      return data.length >= 12 ? formats.show(rkNumber(data.readInt32LE(8)), style) : ''
    case brt.cellReal:
    case brt.formulaNumber:
      return data.length >= 16 ? formats.show(data.readDoubleLE(8), style) : ''
    case brt.cellString:
    case brt.formulaString:
      return wideString(data, 8).text
    case brt.cellShared:
      return data.length >= 12 ? (strings.at(data.readUInt32LE(8)) ?? '') : ''
    case brt.cellBool:
    case brt.formulaBool:
      return data[8] === 1 ? 'TRUE' : 'FALSE'
    default:
      return ''
  }
}

/** A number in 32 bits: an integer or the upper half of a double, perhaps times 100 ([MS-XLS] 2.5.217). */
export function rkNumber(rk: number): number {
  let value: number
  if ((rk & 2) !== 0) value = rk >> 2
  else {
    const double = Buffer.alloc(8)
    double.writeInt32LE(rk & ~3, 4)
    value = double.readDoubleLE(0)
  }
  return (rk & 1) !== 0 ? value / 100 : value
}
