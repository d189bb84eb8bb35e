import { isUtf8 } from 'node:buffer'
import { decodeShortText } from '../charset.ts'
import { detectLegacy } from '../charset-detect.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { RowWriter } from '../office/row-writer.ts'
import { carveLatin } from '../readers/carve-strings.ts'
import { decodeCodePage } from '../readers/code-page.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Tables of dBASE, FoxPro and whoever else writes .dbf files: field names, then the records as rows, deleted ones too.
 * Memos are in a file of their own, which is another part. Layout: the dBASE file structure documentation (levels 3 to 7).
 */
export const dbase: Format = {
  id: 'dbf',
  types: ['application/x-dbf', 'application/dbf', 'application/vnd.dbf'],
  extract: extractDbase,
}

interface Field {
  readonly name: string
  readonly type: string
  readonly at: number
  readonly length: number
}

/** Where the descriptions of fields stand, how long each is, and where in it type and length are. */
interface HeadLayout {
  readonly fieldsAt: number
  readonly fieldBytes: number
  readonly nameBytes: number
  readonly lengthAt: number
}

const CLASSIC: HeadLayout = { fieldsAt: 32, fieldBytes: 32, nameBytes: 11, lengthAt: 16 }
const LEVEL_7: HeadLayout = { fieldsAt: 68, fieldBytes: 48, nameBytes: 32, lengthAt: 33 }
const HEAD_BYTES = 32
const END_OF_FIELDS = 0x0d
const END_OF_FILE = 0x1a
const CHARSET_SAMPLE_BYTES = 64 * 1024
/** Julian day of 1 January 1970. */
const UNIX_EPOCH_DAY = 2_440_588
const DAY_MS = 86_400_000

async function extractDbase(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const [count, start, size] =
    bytes.length > HEAD_BYTES ? [bytes.readUInt32LE(4), bytes.readUInt16LE(8), bytes.readUInt16LE(10)] : [0, 0, 0]
  const { fields, end } = fieldsOf(bytes.subarray(0, start))
  if (fields.length === 0 || size < 2) {
    context.uninspected('corrupt', 'dbf header')
    return
  }
  const decode = decoderOf(bytes, start)
  const rows = new RowWriter(context)
  const claimed = fields.reduce((sum, { length }) => sum + length, 1)
  for (const [column, field] of fields.entries()) rows.cell(column, field.name)
  rows.endRow()
  let at = start
  // Records behind the stated count are read as well: the count is what a writer forgets to bring up to date.
  for (; at + size <= bytes.length && bytes[at] !== END_OF_FILE; at += size) {
    const record = bytes.subarray(at, at + size)
    for (const [column, field] of fields.entries()) rows.cell(column, fieldText(record, field, decode))
    if (claimed < size) rows.cell(fields.length, plain(record.subarray(claimed), decode))
    rows.endRow()
  }
  // FoxPro names the database of the table behind the fields.
  for (const word of carveLatin(bytes.subarray(end, start))) rows.line(word)
  rows.flush()
  if ((at - start) / size < count) context.uninspected('corrupt', 'dbf records')
  if (bytes[at] === END_OF_FILE) await extractTrailing(bytes.subarray(at + 1), context, { whole: bytes.length })
  else if (at < bytes.length) context.text(decode(bytes.subarray(at)).replace(/[\0-\x1f]+/g, '\n'))
}

/** `head`: the file up to its first record. `end` is behind the last description and its mark. */
function fieldsOf(head: Buffer): { fields: Field[]; end: number } {
  const layout = ((head[0] ?? 0) & 7) === 4 ? LEVEL_7 : CLASSIC
  const fields: Field[] = []
  let at = 1
  let end = layout.fieldsAt
  for (; end + layout.fieldBytes <= head.length && head[end] !== END_OF_FIELDS; end += layout.fieldBytes) {
    const name = head.toString('latin1', end, end + layout.nameBytes).replace(/\0.*$/s, '')
    const type = String.fromCharCode(head[end + layout.nameBytes] ?? 0)
    const decimals = head[end + layout.lengthAt + 1] ?? 0
    // Long texts use the byte of decimals for the upper half of their length.
    const length = (head[end + layout.lengthAt] ?? 0) + (type === 'C' ? decimals * 256 : 0)
    fields.push({ name, type, at, length })
    at += length
  }
  return { fields, end: end + 1 }
}

type Decode = (raw: Buffer) => string

/** By the language driver that the header names; without one, whatever the texts look like. */
function decoderOf(bytes: Buffer, start: number): Decode {
  const page = LANGUAGE_DRIVERS[bytes[29] ?? 0]
  if (page !== undefined) return (raw) => decodeCodePage(raw, page)
  const sample = bytes.subarray(start, start + CHARSET_SAMPLE_BYTES)
  if (isUtf8(bytes.subarray(start))) return (raw) => raw.toString('utf8')
  const charset = detectLegacy(Buffer.from(sample.map((byte) => (byte === 0 ? 0x20 : byte))))
  return (raw) => decodeShortText(raw, charset)
}

function fieldText(record: Buffer, field: Field, decode: Decode): string {
  const raw = record.subarray(field.at, field.at + field.length)
  switch (field.type) {
    case 'I':
    case '+':
      return raw.length === 4 ? String(raw.readInt32LE(0)) : plain(raw, decode)
    case 'Y':
      return raw.length === 8 ? String(Number(raw.readBigInt64LE(0)) / 10_000) : plain(raw, decode)
    case 'T':
    case '@':
      return raw.length === 8 ? timeOf(raw.readInt32LE(0), raw.readInt32LE(4)) : plain(raw, decode)
    case 'O':
    case 'B':
      if (raw.length === 8 && !/^[ \d]*$/.test(raw.toString('latin1'))) return String(raw.readDoubleLE(0))
      return plain(raw, decode)
    default:
      return plain(raw, decode)
  }
}

function plain(raw: Buffer, decode: Decode): string {
  const latin = raw.toString('latin1')
  const text = /[\x80-\xff]/.test(latin) ? decode(raw) : latin
  return text.replace(/\0+/g, ' ').trim()
}

function timeOf(day: number, ms: number): string {
  const time = new Date((day - UNIX_EPOCH_DAY) * DAY_MS + ms)
  return Number.isNaN(time.getTime()) || day === 0 ? '' : time.toISOString()
}

/** Code pages by the language driver of the header. */
const LANGUAGE_DRIVERS: Readonly<Record<number, number>> = {
  1: 437,
  2: 850,
  3: 1252,
  4: 10000,
  19: 932,
  38: 866,
  77: 936,
  78: 949,
  79: 950,
  100: 852,
  101: 866,
  106: 737,
  107: 857,
  120: 950,
  121: 949,
  122: 936,
  123: 932,
  124: 874,
  125: 1255,
  126: 1256,
  200: 1250,
  201: 1251,
  202: 1254,
  203: 1253,
}
