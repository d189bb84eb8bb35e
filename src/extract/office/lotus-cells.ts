import { decodeCodePage } from '../readers/code-page.ts'

/**
 * Cells in the records of 1-2-3 and its kin, whose places of row, column and value differ by program and version: the
 * 1-2-3 file format (WKS, WK1), which Quattro Pro for DOS and Works took over, Quattro Pro for Windows, and WK3 and
 * later. Values as they are kept; null for any other record and for one that is cut.
 */
export type LotusLayout = 'lotus' | 'quattro-windows' | 'works' | 'lotus-3'

export interface LotusCell {
  readonly sheet: number
  readonly row: number
  readonly column: number
  readonly text: string
  /** Whether it is the cached text of the formula before. */
  readonly isCached: boolean
  /** Of a formula, its code, in which strings stand. */
  readonly tokens?: Buffer
}

const WORKS_BEGINNING = 0xff
const DOS_PAGE = 850
const WINDOWS_PAGE = 1252
const EXTENDED_BYTES = 10

/** By the record that the file begins with; null where it is none of theirs. */
export function lotusLayout(bytes: Buffer): LotusLayout | null {
  if (bytes.length < 6) return null
  const type = bytes.readUInt16LE(0)
  const length = bytes.readUInt16LE(2)
  if (type === WORKS_BEGINNING) return 'works'
  if (type !== 0) return null
  if (length === 0x1a) return 'lotus-3'
  if (length !== 2) return null
  const version = bytes.readUInt16LE(4)
  return version === 0x1001 || version === 0x1002 ? 'quattro-windows' : 'lotus'
}

export function lotusCell(type: number, data: Buffer, layout: LotusLayout): LotusCell | null {
  return layout === 'lotus-3' ? newCell(type, data) : oldCell(type, data, layout)
}

function oldCell(type: number, data: Buffer, layout: LotusLayout): LotusCell | null {
  const start = layout === 'lotus' ? 5 : 6
  if (data.length <= start || (type !== 0x33 && (type < 0x0d || type > 0x10))) return null
  const place = placeOf(data, layout)
  const value = data.subarray(start)
  const page = layout === 'quattro-windows' ? WINDOWS_PAGE : DOS_PAGE
  switch (type) {
    case 0x0d:
      return value.length >= 2 ? { ...place, text: String(value.readInt16LE(0)), isCached: false } : null
    case 0x0e:
      return value.length >= 8 ? { ...place, text: shown(value.readDoubleLE(0)), isCached: false } : null
    case 0x10:
      if (value.length < 8) return null
      return { ...place, text: shown(value.readDoubleLE(0)), isCached: false, tokens: value.subarray(8) }
    default:
      return { ...place, text: label(value, page), isCached: type === 0x33 }
  }
}

function placeOf(data: Buffer, layout: LotusLayout): { sheet: number; row: number; column: number } {
  switch (layout) {
    case 'quattro-windows':
      return { sheet: data[1] ?? 0, row: data.readUInt16LE(2), column: data[0] ?? 0 }
    case 'works':
      return { sheet: 0, row: data.readUInt16LE(2), column: data.readUInt16LE(0) }
    default:
      return { sheet: 0, row: data.readUInt16LE(3), column: data.readUInt16LE(1) }
  }
}

function newCell(type: number, data: Buffer): LotusCell | null {
  if (data.length < 6) return null
  const place = { sheet: data[2] ?? 0, row: data.readUInt16LE(0), column: data[3] ?? 0 }
  const value = data.subarray(4)
  const number = newNumber(type, value)
  if (number !== null) {
    const length = type === 0x19 ? EXTENDED_BYTES : type === 0x28 ? 8 : value.length
    return { ...place, text: shown(number), isCached: false, tokens: value.subarray(length) }
  }
  if (type !== 0x16 && type !== 0x1a) return null
  return { ...place, text: label(value, DOS_PAGE), isCached: type === 0x1a }
}

function newNumber(type: number, value: Buffer): number | null {
  switch (type) {
    case 0x17:
    case 0x19:
      return value.length >= EXTENDED_BYTES ? extended(value) : null
    case 0x18:
      return smallNumber(value.readInt16LE(0))
    case 0x25:
      return value.length >= 4 ? packedNumber(value.readUInt32LE(0)) : null
    case 0x27:
    case 0x28:
      return value.length >= 8 ? value.readDoubleLE(0) : null
    default:
      return null
  }
}

/** 80 bits: 64 of a mantissa with its leading bit, 15 of an exponent, the sign. */
function extended(raw: Buffer): number {
  const head = raw.readUInt16LE(8)
  const value = Number(raw.readBigUInt64LE(0)) * 2 ** ((head & 0x7fff) - 16383 - 63)
  return (head & 0x8000) !== 0 ? -value : value
}

/** An integer of 15 bits, or one of 12 times or by one of eight factors. */
function smallNumber(raw: number): number {
  const value = raw >> 1
  if ((raw & 1) === 0) return value
  const kept = value >> 3
  const divisor = [0, 0, 20, 200, 2000, 20_000, 16, 64][value & 7] ?? 0
  if (divisor > 0) return kept / divisor
  return kept * ((value & 7) === 0 ? 5000 : 500)
}

/** 26 bits, a sign, and a power of ten to multiply with or divide by. */
function packedNumber(raw: number): number {
  const power = 10 ** (raw & 0xf)
  const value = (raw & 0x10) !== 0 ? (raw >>> 6) / power : (raw >>> 6) * power
  return (raw & 0x20) !== 0 ? -value : value
}

function shown(value: number): string {
  return Number.isFinite(value) ? String(value) : ''
}

/** A mark of how it is aligned or a length, then characters up to a zero. */
function label(raw: Buffer, page: number): string {
  const text = decodeCodePage(raw, page).replace(/^[\0-\x1f'"^\\|]/, '')
  const end = text.indexOf('\0')
  return (end < 0 ? text : text.slice(0, end)).replace(/[\x01-\x08\x0e-\x1f]/g, '').trim()
}
