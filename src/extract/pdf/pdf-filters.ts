import { constants, inflateRawSync, inflateSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import { unpackLzw } from '../pixels/lzw.ts'
import { unpackBits } from '../pixels/pack-bits.ts'
import { isDict, nameOf, type PdfDict, type PdfValue } from './pdf-value.ts'

/**
 * Filters of PDF streams (ISO 32000-2, 7.4) but those of pictures. Past `maxBytes` nothing comes out; a deflated stream
 * that breaks off gives what there is of it. Pure; never throws.
 */
export interface Decoded {
  /** Null where a filter is of pictures or unknown, or more would come out than may. */
  readonly bytes: Buffer | null
  /** A deflated stream that breaks off or doesn't hold its checksum. */
  readonly isBroken: boolean
  readonly isTooLarge: boolean
}

const NOTHING: Decoded = { bytes: null, isBroken: false, isTooLarge: false }
const TOO_LARGE: Decoded = { bytes: null, isBroken: false, isTooLarge: true }
const BROKEN: Decoded = { bytes: null, isBroken: true, isTooLarge: false }

/** `dict` has its references resolved as far as filters and their parameters go. */
export function decodeStream(data: Buffer, dict: PdfDict, maxBytes: number): Decoded {
  const filters = listOf(dict.get('Filter') ?? dict.get('F'))
  const parameters = listOf(dict.get('DecodeParms') ?? dict.get('DP'))
  let result: Decoded = data.length > maxBytes ? TOO_LARGE : { ...NOTHING, bytes: data }
  for (const [i, filter] of filters.slice(0, limits.extractContentEncodingsMax).entries()) {
    if (result.bytes === null) return result
    const given = parameters[i]
    const next = decodeOne(nameOf(filter), result.bytes, isDict(given) ? given : new Map(), maxBytes)
    result = { ...next, isBroken: result.isBroken || next.isBroken }
  }
  return filters.length > limits.extractContentEncodingsMax ? TOO_LARGE : result
}

function listOf(value: PdfValue | undefined): readonly PdfValue[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value as PdfValue]
}

function decodeOne(filter: string, data: Buffer, parameters: PdfDict, maxBytes: number): Decoded {
  switch (filter) {
    case 'FlateDecode':
    case 'Fl': {
      const inflated = inflate(data, maxBytes)
      return inflated.bytes ? { ...inflated, bytes: unpredict(inflated.bytes, parameters) } : inflated
    }
    case 'LZWDecode':
    case 'LZW': {
      const bytes = unpackLzw(data, maxBytes + 1, parameters.get('EarlyChange') !== 0)
      if (bytes.length > maxBytes) return TOO_LARGE
      return { ...NOTHING, bytes: unpredict(Buffer.from(bytes.buffer, 0, bytes.length), parameters) }
    }
    case 'ASCIIHexDecode':
    case 'AHx': {
      const digits =
        data
          .toString('latin1')
          .split('>', 1)[0]
          ?.replace(/[^\da-f]+/gi, '') ?? ''
      return { ...NOTHING, bytes: Buffer.from(digits.length % 2 ? `${digits}0` : digits, 'hex') }
    }
    case 'ASCII85Decode':
    case 'A85':
      return data.length > maxBytes / 4 ? TOO_LARGE : { ...NOTHING, bytes: unascii85(data) }
    case 'RunLengthDecode':
    case 'RL': {
      const bytes = unrunLength(data, maxBytes)
      return bytes ? { ...NOTHING, bytes } : TOO_LARGE
    }
    case 'Crypt':
      return { ...NOTHING, bytes: data }
    default:
      return NOTHING
  }
}

/** An empty stored block, with which a writer that was flushed, not finished, ends (RFC 1951, 3.2.4): Acrobat is one. */
const FLUSHED = Buffer.from('0000ffff', 'hex')

/**
 * What lacks nothing but its checksum, or the mark of its last block, is whole, and nothing at all is an empty stream, as
 * some programs write it. With a wrong checksum it is broken, and what viewers show of it comes out.
 */
function inflate(data: Buffer, maxOutputLength: number): Decoded {
  if (data.length === 0) return { ...NOTHING, bytes: data }
  const isFlushed = data.subarray(-FLUSHED.length - 2).includes(FLUSHED)
  const sync = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }
  let isChanged = false
  const tries = [
    () => inflateSync(data, { maxOutputLength }),
    () => inflateRawSync(data.subarray(2), { maxOutputLength }),
    () => inflateSync(data, sync),
  ]
  for (const [i, attempt] of tries.entries()) {
    try {
      return { ...NOTHING, bytes: attempt(), isBroken: isChanged || (i === 2 && !isFlushed) }
    } catch (thrown) {
      const { code } = thrown as { readonly code?: unknown }
      if (code === 'ERR_BUFFER_TOO_LARGE') return TOO_LARGE
      if (code !== 'Z_BUF_ERROR') {
        if (isChanged) return BROKEN
        isChanged = true
      }
    }
  }
  return BROKEN
}

const HEAD_INPUT_BYTES = 512

/** How a stream begins: as it stands, or inflated. Empty where another filter comes first. */
export function streamHead(data: Buffer, dict: PdfDict): Buffer {
  const [filter] = listOf(dict.get('Filter') ?? dict.get('F'))
  const head = data.subarray(0, HEAD_INPUT_BYTES)
  if (filter === undefined) return head
  if (!['FlateDecode', 'Fl'].includes(nameOf(filter))) return Buffer.alloc(0)
  try {
    return inflateSync(head, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return Buffer.alloc(0)
  }
}

/** Rows filtered as in PNG or TIFF (7.4.4.4). TIFF's of other than 8 bits are of pictures alone and left as they are. */
function unpredict(bytes: Buffer, parameters: PdfDict): Buffer {
  const number = (key: string, fallback: number) => {
    const value = parameters.get(key)
    return typeof value === 'number' && value > 0 && value < 1_000_000 ? Math.floor(value) : fallback
  }
  const predictor = number('Predictor', 1)
  const [colors, bits] = [number('Colors', 1), number('BitsPerComponent', 8)]
  const step = Math.max(1, (colors * bits) >> 3)
  // A row that is said to be longer than all there is ends with it.
  const width = Math.min(bytes.length, Math.ceil((colors * bits * number('Columns', 1)) / 8))
  if (predictor < 2 || (predictor === 2 && bits !== 8) || bytes.length === 0) return bytes
  const head = predictor === 2 ? 0 : 1
  const rows = Math.ceil(bytes.length / (width + head))
  const out = Buffer.alloc(rows * width)
  for (let row = 0; row < rows; row++) {
    const from = row * (width + head)
    const kind = predictor === 2 ? 1 : (bytes[from] ?? 0)
    for (let i = 0, at = row * width; i < width; i++, at++) {
      const left = i >= step ? (out[at - step] ?? 0) : 0
      const up = row > 0 ? (out[at - width] ?? 0) : 0
      const corner = row > 0 && i >= step ? (out[at - width - step] ?? 0) : 0
      out[at] = (bytes[from + head + i] ?? 0) + predicted(kind, left, up, corner)
    }
  }
  return out
}

/** W3C PNG, 9.2. */
function predicted(kind: number, left: number, up: number, corner: number): number {
  switch (kind) {
    case 1:
      return left
    case 2:
      return up
    case 3:
      return (left + up) >> 1
    case 4: {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
      return a <= b && a <= c ? left : b <= c ? up : corner
    }
    default:
      return 0
  }
}

/** Up to four bytes for each character. */
function unascii85(data: Buffer): Buffer {
  const out = Buffer.alloc(data.length * 4)
  let to = 0
  let group: number[] = []
  const put = (digits: readonly number[], bytes: number) => {
    let value = 0
    for (let i = 0; i < 5; i++) value = value * 85 + (digits[i] ?? 84)
    for (let i = 0; i < bytes; i++) out[to++] = Math.floor(value / 256 ** (3 - i)) & 0xff
  }
  for (const byte of data) {
    if (byte === 0x7e) break
    if (byte === 0x7a && group.length === 0) to += 4
    else if (byte >= 0x21 && byte <= 0x75) group.push(byte - 0x21)
    if (group.length < 5) continue
    put(group, 4)
    group = []
  }
  if (group.length > 1) put(group, group.length - 1)
  return out.subarray(0, to)
}

/** The runs of PackBits, but that 128 ends the data. Measured first: hostile data is runs of one byte. */
function unrunLength(data: Buffer, maxBytes: number): Buffer | null {
  let length = 0
  let end = 0
  while (end < data.length && data[end] !== 128) {
    const code = data[end] ?? 128
    length += code < 128 ? Math.min(code + 1, data.length - end - 1) : 257 - code
    end += code < 128 ? code + 2 : 2
    if (length > maxBytes) return null
  }
  const out = Buffer.alloc(length)
  unpackBits(data, 0, Math.min(end, data.length), out)
  return out
}
