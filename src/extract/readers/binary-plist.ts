import { limits } from '../../core/limits.ts'

/**
 * Binary property lists of Apple (CFBinaryPList.c, format bplist00): all strings, numbers and dates of the table of
 * objects, whether anything refers to them or not, and blocks of data apart. Null where the trailer makes no sense.
 * Linear in the table; never throws.
 */
export interface BinaryPlist {
  readonly texts: readonly string[]
  readonly data: readonly Buffer[]
  /** Objects that stand outside of the file. */
  readonly isPartial: boolean
}

const TRAILER_BYTES = 32
/** Dates count seconds from 2001-01-01 UTC. */
const EPOCH_MS = Date.UTC(2001, 0, 1)

export function readBinaryPlist(bytes: Buffer): BinaryPlist | null {
  if (bytes.length < 8 + TRAILER_BYTES) return null
  const trailer = bytes.length - TRAILER_BYTES
  const width = bytes[trailer + 6] ?? 0
  const count = Number(bytes.readBigUInt64BE(trailer + 8))
  const table = Number(bytes.readBigUInt64BE(trailer + 24))
  if (width < 1 || width > 6 || count > limits.extractRecordsMax || table + count * width > trailer) return null
  const texts: string[] = []
  const data: Buffer[] = []
  let isPartial = false
  // Objects that share bytes would multiply them; a sound list is no longer than its file.
  let left = bytes.length
  for (let i = 0; i < count; i++) {
    const at = bytes.readUIntBE(table + i * width, width)
    const found = at < table ? objectAt(bytes, at, table) : null
    if (found === null || found.length > left) {
      isPartial = true
      continue
    }
    left -= found.length
    if (typeof found.value === 'string') texts.push(found.value)
    else if (found.value !== null) data.push(found.value)
  }
  return { texts, data, isPartial }
}

interface PlistObject {
  /** Null: holds nothing of its own (containers, true, false). */
  readonly value: string | Buffer | null
  /** Bytes of content. */
  readonly length: number
}

function objectAt(bytes: Buffer, at: number, end: number): PlistObject | null {
  const kind = (bytes[at] ?? 0) >> 4
  const low = (bytes[at] ?? 0) & 0x0f
  if (kind === 0x1 || kind === 0x2 || kind === 0x3) return numberAt(bytes, at + 1, kind, 1 << low, end)
  if (kind < 0x4 || kind > 0x7) return { value: null, length: 1 }
  let start = at + 1
  let length = low
  if (low === 0x0f) {
    const size = 1 << ((bytes[start] ?? 0) & 0x0f)
    if (size > 4 || start + 1 + size > end) return null
    length = bytes.readUIntBE(start + 1, size)
    start += 1 + size
  }
  const total = kind === 0x6 ? length * 2 : length
  if (start + total > end) return null
  const raw = bytes.subarray(start, start + total)
  if (kind === 0x4) return { value: raw, length: total }
  if (kind === 0x5) return { value: raw.toString('latin1'), length: total }
  if (kind === 0x7) return { value: raw.toString('utf8'), length: total }
  return { value: Buffer.from(raw).swap16().toString('utf16le'), length: total }
}

function numberAt(bytes: Buffer, at: number, kind: 1 | 2 | 3, size: number, end: number): PlistObject | null {
  if (at + size > end || size > 8) return at + size > end ? null : { value: null, length: size }
  if (kind === 1)
    return { value: String(size === 8 ? bytes.readBigInt64BE(at) : bytes.readUIntBE(at, size)), length: size }
  const value = size === 8 ? bytes.readDoubleBE(at) : size === 4 ? bytes.readFloatBE(at) : Number.NaN
  if (kind === 2) return { value: String(value), length: size }
  const date = new Date(EPOCH_MS + value * 1000)
  return { value: Number.isNaN(date.getTime()) ? null : date.toISOString(), length: size }
}
