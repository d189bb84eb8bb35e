import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { carveUtf16 } from '../readers/carve-strings.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { BiffReader, type BiffRecord, biffRecords } from './biff-records.ts'
import { externalValues, oldCellValue } from './biff-values.ts'
import { type CellFormats, cellFormats } from './cell-format.ts'
import { OPENED_BY_DEFAULT } from './default-passwords.ts'
import { openWorkbook } from './legacy-decryption.ts'
import { drawingWords } from './office-art.ts'
import { RowWriter } from './row-writer.ts'
import { SharedStrings } from './shared-strings.ts'
import { rkNumber } from './spreadsheet-binary.ts'

/**
 * Excel 2 to 2003 ([MS-XLS]): sheets as rows of TAB-separated cells, cached values of formulas and the strings in them,
 * names, comments, text boxes, headers and footers, links, pivot caches, chart texts. Encrypted workbooks are told.
 */
const BIFF8 = 0x0600
/** Beginning of a substream, in BIFF 8 down to 2. */
const EXCEL_2 = 0x009
const BEGINNINGS = new Set([0x809, 0x409, 0x209, EXCEL_2])

export async function readExcelBinary(root: OleNode, context: ExtractContext): Promise<void> {
  for (const name of ['Workbook', 'Book']) {
    const stream = childNamed(root, name)
    if (stream && !stream.isStorage) await readBiff(stream.read(), context)
  }
  const caches = childNamed(root, '_SX_DB_CUR')
  for (const cache of caches?.children ?? []) {
    const words: string[] = []
    for (const record of biffRecords(cache.read())) if (record.type === 0xcd) words.push(prefixed(record))
    if (words.length > 0) context.text(words.join('\n'))
  }
}

/** A workbook stream on its own (also the bare streams of Excel 2 to 4). */
export async function readBiff(bytes: Buffer, context: ExtractContext): Promise<void> {
  const version = bytes.length >= 8 ? bytes.readUInt16LE(4) : 0
  const isUnicode = bytes[1] === 0x08 && (version === BIFF8 || version === 0)
  if (!endsWithin(bytes)) context.uninspected('corrupt', 'xls records')
  const opened = openWorkbook(bytes, isUnicode, context)
  if (opened) context.trait('opened-with-password')
  if (opened?.byDefault) context.uninspected('encrypted', OPENED_BY_DEFAULT)
  const reader = new WorkbookReader(context, isUnicode, bytes.length >= 2 && bytes.readUInt16LE(0) === EXCEL_2)
  try {
    for (const record of biffRecords(opened?.bytes ?? bytes)) {
      if (reader.sealed) break
      if (BEGINNINGS.has(record.type)) await reader.beginSheet(record)
      else if (!reader.global(record)) reader.cell(record)
    }
  } finally {
    reader.finish()
  }
}

/** Whether the records end where the stream does, give or take zeros. */
function endsWithin(bytes: Buffer): boolean {
  let at = 0
  while (at + 4 <= bytes.length && bytes.readUInt32LE(at) !== 0) at += 4 + bytes.readUInt16LE(at + 2)
  return at <= bytes.length
}

function prefixed(record: BiffRecord): string {
  const reader = new BiffReader(record)
  return reader.richString(reader.u16())
}

class WorkbookReader {
  sealed = false
  readonly #context: ExtractContext
  readonly #rows: RowWriter
  readonly #unicode: boolean
  readonly #isExcel2: boolean
  readonly #sheets = new Map<number, { name: string; hidden: boolean }>()
  /** Positions of sheets that have not begun so far. */
  readonly #unmet = new Set<number>()
  readonly #styles: number[] = []
  readonly #codes = new Map<number, string>()
  readonly #strings = new SharedStrings()
  #formats: CellFormats | null = null
  #page = 1252
  #date1904 = false
  #row = -1
  #after: string[] = []
  #pendingFormula: { row: number; column: number } | null = null

  constructor(context: ExtractContext, unicode: boolean, isExcel2: boolean) {
    this.#context = context
    this.#rows = new RowWriter(context)
    this.#unicode = unicode
    this.#isExcel2 = isExcel2
  }

  /** Takes a record that sets up the workbook; false where it is another. */
  global(record: BiffRecord): boolean {
    const reader = new BiffReader(record)
    switch (record.type) {
      case 0x2f:
        this.#seal(record)
        return true
      case 0x42:
        this.#page = reader.u16()
        return true
      case 0x22:
        this.#date1904 = reader.u16() === 1
        return true
      case 0x85:
        this.#boundSheet(reader)
        return true
      case 0xfc:
        this.#sharedStrings(reader)
        return true
      case 0x41e:
        this.#codes.set(
          reader.u16(),
          this.#unicode ? reader.richString(reader.u16()) : reader.bytes(reader.u8(), this.#page),
        )
        return true
      case 0xe0:
        reader.skip(2)
        this.#styles.push(reader.u16())
        return true
      default:
        return false
    }
  }

  cell(record: BiffRecord): void {
    const data = record.segments[0] ?? Buffer.alloc(0)
    switch (record.type) {
      case 0xfd:
        if (data.length >= 10) this.#shared(data)
        return
      case 0x204:
      case 0xd6:
      case 0x04:
        this.#label(record, data)
        return
      case 0x203:
        if (data.length >= 14) this.#cell(data, this.#number(data.readDoubleLE(6), data.readUInt16LE(4)))
        return
      case 0x27e:
      case 0x7e:
        if (data.length >= 10) this.#cell(data, this.#number(rkNumber(data.readInt32LE(6)), data.readUInt16LE(4)))
        return
      case 0xbd:
        this.#multipleNumbers(data)
        return
      case 0x06:
      case 0x206:
      case 0x406:
        if (this.#isExcel2) this.#oldCell(record.type, data)
        else this.#formula(data)
        return
      case 0x02:
      case 0x03:
      case 0x05:
        if (this.#isExcel2) this.#oldCell(record.type, data)
        return
      case 0x07:
      case 0x207:
        this.#formulaString(record)
        return
      case 0x205:
        if (data.length >= 8 && data[7] === 0) this.#cell(data, data[6] === 1 ? 'TRUE' : 'FALSE')
        return
      default:
        this.#words(record, data)
    }
  }

  finish(): void {
    this.#endSheet()
    for (const text of this.#strings.unused()) this.#rows.line(text)
    for (const at of this.#unmet) this.#rows.line(this.#sheets.get(at)?.name ?? '')
    if (this.#unmet.size > 0 && !this.sealed) this.#context.uninspected('corrupt', 'xls sheets')
    this.#rows.flush()
  }

  #words(record: BiffRecord, data: Buffer): void {
    switch (record.type) {
      case 0x1b6:
        this.#textObject(record)
        return
      case 0x14:
      case 0x15:
        if (data.length > 2)
          this.#after.push(this.#unicode ? prefixed(record) : new BiffReader(record, 1).bytes(data[0] ?? 0, this.#page))
        return
      case 0xec:
      case 0xeb:
        this.#after.push(...drawingWords(Buffer.concat(record.segments)))
        return
      case 0x100d:
        if (data.length > 4) this.#after.push(new BiffReader(record, 3).richString(data[2] ?? 0))
        return
      case 0x1c:
        // A note of a cell: its author; its text is an object with text.
        if (this.#unicode && data.length > 11)
          this.#after.push(new BiffReader(record, 10).richString(data.readUInt16LE(8)))
        else if (!this.#unicode && data.length > 6)
          this.#after.push(new BiffReader(record, 6).bytes(data.length, this.#page))
        return
      case 0x5a:
        this.#after.push(...externalValues(record, this.#unicode, this.#page))
        return
      case 0x18:
      case 0x1b8:
      case 0x1be:
      case 0x1ae:
      case 0x23:
      case 0xaf:
      case 0xcd:
      case 0x51:
      case 0x89c:
      case 0x872:
      case 0x878:
      case 0x5c:
        this.#after.push(...stringsIn(record))
        return
      default:
    }
  }

  /** A substream begins: number formats are known by the time the first sheet does. */
  async beginSheet(record: BiffRecord): Promise<void> {
    if (this.#styles.length > 0 || record.at > 0) {
      this.#formats = await cellFormats(this.#styles, this.#codes, this.#date1904)
    }
    this.#endSheet()
    const sheet = this.#sheets.get(record.at)
    if (!sheet) return
    this.#unmet.delete(record.at)
    if (sheet.hidden) this.#context.trait('hidden-content')
    this.#rows.line(sheet.name)
  }

  #endSheet(): void {
    this.#rows.endRow()
    this.#row = -1
    for (const word of this.#after) if (word.trim() !== '') this.#rows.line(word.trim())
    this.#after = []
  }

  #seal(record: BiffRecord): void {
    const reader = new BiffReader(record)
    const type = this.#unicode ? reader.u16() : 0
    const detail = type === 0 ? 'XOR obfuscation' : reader.u16() === 1 ? 'RC4' : 'RC4 CryptoAPI'
    this.sealed = true
    this.#context.uninspected('encrypted', detail)
  }

  #boundSheet(reader: BiffReader): void {
    const position = reader.u32()
    const state = reader.u8()
    reader.u8()
    const length = reader.u8()
    const name = this.#unicode ? reader.richString(length) : reader.bytes(length, this.#page)
    this.#unmet.add(position)
    this.#sheets.set(position, { name, hidden: (state & 3) !== 0 })
  }

  #sharedStrings(reader: BiffReader): void {
    reader.skip(4)
    const count = reader.u32()
    let total = 0
    // Writers state any count; what tells of a loss is a string that is cut, or a cell that asks for one in vain.
    for (let i = 0; i < count && !reader.done; i++) {
      const text = reader.richString(reader.u16())
      total += text.length
      if (total > limits.extractTextMaxBytes) throw new ExtractLimitError('too-large', 'shared strings')
      this.#strings.add(text)
    }
    if (reader.isCut) this.#missing()
  }

  #shared(data: Buffer): void {
    const text = this.#strings.at(data.readUInt32LE(6))
    if (text === undefined) this.#missing()
    else this.#cell(data, text)
  }

  /** Strings that are told of and not there: somebody's repair may find them where this reader doesn't. */
  #missing(): void {
    this.#context.uninspected('corrupt', 'xls strings')
  }

  #cell(data: Buffer, text: string): void {
    this.#at(data.readUInt16LE(0), data.readUInt16LE(2), text)
  }

  #at(row: number, column: number, text: string): void {
    if (row !== this.#row) {
      this.#rows.endRow()
      this.#row = row
    }
    this.#rows.cell(column, text)
  }

  #number(value: number, style: number): string {
    return Number.isFinite(value) ? (this.#formats?.show(value, style) ?? String(value)) : ''
  }

  #label(record: BiffRecord, data: Buffer): void {
    if (data.length < 8) return
    const reader = new BiffReader(record, 6)
    const old = record.type === 0x04
    const length = old ? (data[7] ?? 0) : reader.u16()
    if (old) reader.skip(2)
    this.#cell(data, this.#unicode ? reader.richString(length) : reader.bytes(length, this.#page))
    if (reader.isCut) this.#missing()
  }

  #multipleNumbers(data: Buffer): void {
    if (data.length < 6) return
    const row = data.readUInt16LE(0)
    const first = data.readUInt16LE(2)
    for (let at = 4, column = first; at + 6 <= data.length - 2; at += 6, column++) {
      this.#at(row, column, this.#number(rkNumber(data.readInt32LE(at + 2)), data.readUInt16LE(at)))
    }
  }

  #formula(data: Buffer): void {
    if (data.length < 14) return
    this.#pendingFormula = null
    if (data.readUInt16LE(12) === 0xffff) {
      if (data[6] === 0) this.#pendingFormula = { row: data.readUInt16LE(0), column: data.readUInt16LE(2) }
      else if (data[6] === 1) this.#cell(data, data[8] === 1 ? 'TRUE' : 'FALSE')
    } else this.#cell(data, this.#number(data.readDoubleLE(6), data.readUInt16LE(4)))
    this.#after.push(...formulaStrings(data.subarray(20), this.#unicode))
  }

  #oldCell(type: number, data: Buffer): void {
    this.#pendingFormula = null
    if (data.length < 4) return
    const value = oldCellValue(type, data)
    if (value !== null) this.#cell(data, typeof value === 'number' ? this.#number(value, 0) : value)
    if (type !== 0x06) return
    if (value === null) this.#pendingFormula = { row: data.readUInt16LE(0), column: data.readUInt16LE(2) }
    this.#after.push(...formulaStrings(data.subarray(16), this.#unicode))
  }

  #formulaString(record: BiffRecord): void {
    const cell = this.#pendingFormula
    this.#pendingFormula = null
    if (!cell) return
    const reader = new BiffReader(record)
    const length = record.type === 0x07 ? reader.u8() : reader.u16()
    this.#at(cell.row, cell.column, this.#unicode ? reader.richString(length) : reader.bytes(length, this.#page))
    if (reader.isCut) this.#missing()
  }

  /** Text boxes and notes: the text stands in the first continuation ([MS-XLS] 2.4.329). */
  #textObject(record: BiffRecord): void {
    const [head, ...rest] = record.segments
    if (!head || head.length < 12 || rest.length === 0) return
    const length = head.readUInt16LE(10)
    const reader = new BiffReader({ ...record, segments: rest })
    const text = this.#unicode ? reader.characters(length, (reader.u8() & 1) !== 0) : reader.bytes(length, this.#page)
    this.#after.push(text)
    if (reader.isCut) this.#missing()
  }
}

/** String constants of a formula: token 17 hex, a length, a flag, the characters ([MS-XLS] 2.5.198.89). */
function formulaStrings(tokens: Buffer, unicode: boolean): string[] {
  const found: string[] = []
  let at = tokens.indexOf(0x17)
  while (at >= 0 && at + 3 <= tokens.length) {
    const length = tokens[at + 1] ?? 0
    const wide = unicode && tokens[at + 2] === 1
    const start = at + (unicode ? 3 : 2)
    const raw = tokens.subarray(start, start + length * (wide ? 2 : 1))
    const text = wide ? raw.toString('utf16le') : raw.toString('latin1')
    const isText = length >= 3 && raw.length === length * (wide ? 2 : 1) && !/[\x00-\x08\x0e-\x1f]/.test(text)
    if (isText) found.push(text)
    at = tokens.indexOf(0x17, isText ? start + raw.length : at + 1)
  }
  return found
}

/** Strings of records that hold little else: names, links, validation, external references. */
function stringsIn(record: BiffRecord): string[] {
  const bytes = Buffer.concat(record.segments)
  const wide = carveUtf16(bytes, 4)
  const narrow = bytes.toString('latin1').match(/[\x20-\x7e]{5,}/g) ?? []
  return [...wide, ...narrow]
}
