import { limits } from '../../core/limits.ts'
import { type Field, fields, type IwaObject } from './iwa-archive.ts'

/**
 * Tables of Numbers, Pages and Keynote since 2013: rows of cells as they are stored, cells apart by TAB. Message types
 * and fields as documented by the numbers-parser project (TSTArchives.proto). `isPartial` where a table keeps its cells
 * in a form of later versions, whose numbers are not read. Never throws; bounded by `limits.extractCellsMax`.
 */
export interface IwaTables {
  readonly rows: readonly string[]
  readonly isPartial: boolean
}

const TABLE_MODEL = 6001
const TILE = 6002
const DATA_LIST = 6005
const DATA_LIST_SEGMENT = 6011
const CELL_VERSION = 5
const CELL_HEAD_BYTES = 12
const OLD_HEAD_BYTES = 8
/** Flags of what stands in front of the value, four bytes each: styles, formats, formulas, rich text, conditions. */
const OLD_SKIPPED = 0x2 | 0x18c | 0x200 | 0x1000
const OLD_SKIPPED_LATER = 0x2 | 0xd8c | 0x200 | 0x3000
/** Dates count seconds from 2001-01-01 UTC. */
const EPOCH_MS = Date.UTC(2001, 0, 1)

export function iwaTables(objects: readonly IwaObject[]): IwaTables {
  const byId = new Map(objects.map((object) => [object.id, object]))
  const rows: string[] = []
  let isPartial = false
  let left = limits.extractCellsMax
  // Tables that name one tile a thousand times would multiply it.
  const seen = new Set<number>()
  const lists = new Map<number, ReadonlyMap<number, string>>()
  for (const model of objects) {
    if (model.type !== TABLE_MODEL) continue
    const name = stringIn(model.data, 8)
    if (name !== null) rows.push(name)
    const store = messageIn(model.data, 4)
    const list = referenceIn(store, 4)
    const strings = lists.get(list) ?? stringsOf(list, byId)
    lists.set(list, strings)
    const tiles = messageIn(store, 3)
    for (const { number, data } of fields(tiles)) {
      const tile = number === 1 && data ? byId.get(referenceIn(data, 2)) : undefined
      if (tile?.type !== TILE || seen.has(tile.id)) continue
      seen.add(tile.id)
      for (const row of fields(tile.data)) {
        if (row.number !== 5 || !row.data || left <= 0) continue
        const cells = rowOf(row.data, strings, left)
        left -= cells.count
        isPartial ||= cells.isPartial
        if (cells.text !== '') rows.push(cells.text)
      }
    }
  }
  return { rows, isPartial: isPartial || left <= 0 }
}

function fieldIn(data: Buffer, wanted: number): Field | undefined {
  for (const field of fields(data)) if (field.number === wanted) return field
  return undefined
}

function messageIn(data: Buffer, wanted: number): Buffer {
  return fieldIn(data, wanted)?.data ?? Buffer.alloc(0)
}

function stringIn(data: Buffer, wanted: number): string | null {
  return fieldIn(data, wanted)?.data?.toString('utf8') ?? null
}

/** The number of the object that a reference names, or -1. */
function referenceIn(data: Buffer, wanted: number): number {
  return fieldIn(messageIn(data, wanted), 1)?.value ?? -1
}

/** Strings of a table by their keys; long lists are cut into segments. */
function stringsOf(list: number, byId: ReadonlyMap<number, IwaObject>): Map<number, string> {
  const strings = new Map<number, string>()
  const take = (object: IwaObject | undefined) => {
    for (const { number, data } of fields(object?.data ?? Buffer.alloc(0))) {
      if (number !== 3 || !data) continue
      const key = fieldIn(data, 1)?.value
      const text = stringIn(data, 3)
      if (key !== undefined && key !== null && text !== null) strings.set(key, text)
    }
  }
  const first = byId.get(list)
  if (first?.type !== DATA_LIST) return strings
  take(first)
  const seen = new Set<number>()
  for (const { number, data } of fields(first.data)) {
    const segment = number === 4 && data ? byId.get(fieldIn(data, 1)?.value ?? -1) : undefined
    if (segment?.type !== DATA_LIST_SEGMENT || seen.has(segment.id)) continue
    seen.add(segment.id)
    take(segment)
  }
  return strings
}

interface Row {
  readonly text: string
  readonly count: number
  readonly isPartial: boolean
}

function rowOf(info: Buffer, strings: ReadonlyMap<number, string>, left: number): Row {
  const isNew = messageIn(info, 6).length > 0
  // Versions from 2013 to 2017 fill the first two buffers; later ones fill both or the second two.
  const [cells, places] = isNew ? [messageIn(info, 6), messageIn(info, 7)] : [messageIn(info, 3), messageIn(info, 4)]
  const unit = isNew && fieldIn(info, 8)?.value === 1 ? 4 : 1
  const row: string[] = []
  let isPartial = false
  for (let at = 0; at + 2 <= places.length && row.length < left; at += 2) {
    const place = places.readUInt16LE(at)
    if (place === 0xffff) {
      row.push('')
      continue
    }
    const cell = cells.subarray(place * unit)
    const version = cell[0] ?? CELL_VERSION
    if (version > CELL_VERSION) isPartial = true
    if (version === CELL_VERSION) row.push(cellText(cell, strings))
    else row.push(version < CELL_VERSION ? oldCellText(cell, version, strings) : '')
  }
  return { text: row.join('\t').replace(/\t+$/, ''), count: row.length, isPartial }
}

/** What stands behind the head of a cell is told by flags, each with its own width. */
function cellText(cell: Buffer, strings: ReadonlyMap<number, string>): string {
  if (cell.length < CELL_HEAD_BYTES) return ''
  const flags = cell.readUInt32LE(8)
  let at = CELL_HEAD_BYTES
  const words: string[] = []
  const take = (flag: number, width: number, read: (from: number) => string) => {
    if ((flags & flag) === 0) return
    if (at + width <= cell.length) words.push(read(at))
    at += width
  }
  take(0x1, 16, (from) => decimalText(cell.subarray(from, from + 16)))
  take(0x2, 8, (from) => String(cell.readDoubleLE(from)))
  take(0x4, 8, (from) => dateText(cell.readDoubleLE(from)))
  take(0x8, 4, (from) => strings.get(cell.readUInt32LE(from)) ?? '')
  return words.filter((word) => word !== '').join(' ')
}

/** The same of versions before 2018: widths of four bytes, but for numbers and dates (as SheetJS documents in its source). */
function oldCellText(cell: Buffer, version: number, strings: ReadonlyMap<number, string>): string {
  if (cell.length < CELL_HEAD_BYTES) return ''
  const flags = cell.readUInt32LE(4)
  const isLater = version > 1
  const skipped = flags & (isLater ? OLD_SKIPPED_LATER : OLD_SKIPPED)
  let at = (isLater ? CELL_HEAD_BYTES : OLD_HEAD_BYTES) + 4 * bitsOf(skipped)
  const words: string[] = []
  const take = (flag: number, width: number, read: (from: number) => string) => {
    if ((flags & flag) === 0) return
    if (at + width <= cell.length) words.push(read(at))
    at += width
  }
  take(0x10, 4, (from) => strings.get(cell.readUInt32LE(from)) ?? '')
  take(0x20, 8, (from) => String(cell.readDoubleLE(from)))
  take(0x40, 8, (from) => dateText(cell.readDoubleLE(from)))
  return words.filter((word) => word !== '').join(' ')
}

function bitsOf(flags: number): number {
  let count = 0
  for (let left = flags; left !== 0; left &= left - 1) count += 1
  return count
}

function dateText(seconds: number): string {
  const date = new Date(EPOCH_MS + seconds * 1000)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/T00:00:00\.000Z$/, '')
}

const SHOWN_DIGITS = 15

/** IEEE 754 decimal128 in its binary form: 113 bits of digits, 14 of the power of ten, a sign. */
function decimalText(raw: Buffer): string {
  let digits = BigInt((raw[14] ?? 0) & 1)
  for (let i = 13; i >= 0; i--) digits = digits * 256n + BigInt(raw[i] ?? 0)
  let power = ((((raw[15] ?? 0) & 0x7f) << 7) | ((raw[14] ?? 0) >> 1)) - 0x1820
  // What is shown has fifteen digits; behind them stand traces of binary fractions.
  const surplus = Math.min(digits.toString().length - SHOWN_DIGITS, -power)
  if (surplus > 0) {
    digits = (digits + 10n ** BigInt(surplus) / 2n) / 10n ** BigInt(surplus)
    power += surplus
  }
  const sign = ((raw[15] ?? 0) & 0x80) === 0 ? '' : '-'
  const text = digits.toString()
  if (power >= 0) return sign + (power < 40 ? text + '0'.repeat(digits === 0n ? 0 : power) : `${text}e${power}`)
  if (power < -60) return `${sign}${text}e${power}`
  const padded = text.padStart(1 - power, '0')
  const fraction = padded.slice(power).replace(/0+$/, '')
  return sign + padded.slice(0, power) + (fraction === '' ? '' : `.${fraction}`)
}
