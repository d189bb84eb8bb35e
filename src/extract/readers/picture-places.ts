import { limits } from '../../core/limits.ts'

/**
 * Where the pixels of BMP and WebP files end, and what stands between their parts: counted as decoders read them, not
 * by the sizes that the files state of themselves, which anybody can write. Linear; never throws.
 */
export interface PicturePlaces {
  /** First byte behind the picture; null where the format doesn't tell. */
  readonly end: number | null
  /** Bytes before that end which belong to nothing that a viewer reads. */
  readonly gaps: readonly Buffer[]
}

const UNKNOWN: PicturePlaces = { end: null, gaps: [] }
const FILE_HEADER_BYTES = 14
const CORE_HEADER_BYTES = 12
const INFO_HEADER_BYTES = 40
const V5_HEADER_BYTES = 124
const RLE8 = 1
const RLE4 = 2
const BIT_FIELDS = 3
const EMBEDDED_JPEG = 4
const EMBEDDED_PNG = 5
const BIT_FIELDS_ALPHA = 6

/** BITMAPFILEHEADER and what follows it ([MS-WMF] 2.2.2): header, masks, palette, pixels, and a profile in version 5. */
export function bitmapPlaces(bytes: Buffer): PicturePlaces {
  if (bytes.length < FILE_HEADER_BYTES + CORE_HEADER_BYTES) return UNKNOWN
  const headerSize = bytes.readUInt32LE(14)
  const isCore = headerSize === CORE_HEADER_BYTES
  if (!isCore && (headerSize < INFO_HEADER_BYTES || bytes.length < FILE_HEADER_BYTES + INFO_HEADER_BYTES))
    return UNKNOWN
  const width = isCore ? bytes.readUInt16LE(18) : Math.abs(bytes.readInt32LE(18))
  const height = isCore ? bytes.readUInt16LE(20) : Math.abs(bytes.readInt32LE(22))
  const bits = bytes.readUInt16LE(isCore ? 24 : 28)
  const compression = isCore ? 0 : bytes.readUInt32LE(30)
  const pixels = bytes.readUInt32LE(10)
  const end = pixelsEnd(bytes, pixels, compression, width, height, bits)
  if (end === null) return UNKNOWN
  const head = FILE_HEADER_BYTES + headerSize + masksSize(headerSize, compression) + paletteSize(bytes, isCore, bits)
  const gaps = head < pixels && pixels <= bytes.length ? [bytes.subarray(head, pixels)] : []
  const profile = profileOf(bytes, headerSize)
  if (profile === null || profile.start < end) return { end, gaps }
  if (profile.start > end) gaps.push(bytes.subarray(end, profile.start))
  return { end: profile.end, gaps }
}

function pixelsEnd(
  bytes: Buffer,
  start: number,
  compression: number,
  width: number,
  height: number,
  bits: number,
): number | null {
  switch (compression) {
    case 0:
    case BIT_FIELDS:
    case BIT_FIELDS_ALPHA:
      return start + Math.ceil((width * bits) / 32) * 4 * height
    case RLE8:
    case RLE4:
      return runsEnd(bytes, start, compression)
    case EMBEDDED_JPEG:
    case EMBEDDED_PNG:
      return start + bytes.readUInt32LE(34)
    default:
      return null
  }
}

/** Pairs of count and value; a count of 0 escapes: end of line, end of picture, a move, or pixels as they are. */
function runsEnd(bytes: Buffer, start: number, compression: number): number {
  let at = start
  while (at + 2 <= bytes.length) {
    const count = bytes[at] ?? 0
    const value = bytes[at + 1] ?? 0
    at += 2
    if (count > 0) continue
    if (value === 1) return at
    if (value === 2) at += 2
    else if (value > 2) at += Math.ceil((compression === RLE8 ? value : value / 2) / 2) * 2
  }
  return bytes.length
}

/** Masks stand behind the header where it has no room for them. */
function masksSize(headerSize: number, compression: number): number {
  if (headerSize !== INFO_HEADER_BYTES) return 0
  if (compression === BIT_FIELDS) return 12
  return compression === BIT_FIELDS_ALPHA ? 16 : 0
}

function paletteSize(bytes: Buffer, isCore: boolean, bits: number): number {
  const all = bits <= 8 ? 2 ** bits : 0
  if (isCore) return all * 3
  const used = bytes.readUInt32LE(46)
  // Programs reserve the whole palette though they say they use less of it; more than 256 colours help nobody.
  return Math.max(all, Math.min(used, 256)) * 4
}

/** An embedded colour profile, with the mark that every one has (ICC.1:2022, 7.2). */
function profileOf(bytes: Buffer, headerSize: number): { start: number; end: number } | null {
  if (headerSize !== V5_HEADER_BYTES || bytes.length < FILE_HEADER_BYTES + V5_HEADER_BYTES) return null
  const start = FILE_HEADER_BYTES + bytes.readUInt32LE(FILE_HEADER_BYTES + 112)
  const end = start + bytes.readUInt32LE(FILE_HEADER_BYTES + 116)
  const isProfile =
    end <= bytes.length && end - start >= 128 && bytes.toString('latin1', start + 36, start + 40) === 'acsp'
  // The size stands in the profile itself as well.
  return isProfile && bytes.readUInt32BE(start) === end - start ? { start, end } : null
}

const WEBP_CHUNKS = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP', 'EXIF', 'XMP '])

/** Chunks of a WebP file (RFC 9649, 2.3); those of any other kind are gaps, whatever size the file states of itself. */
export function webpPlaces(bytes: Buffer): PicturePlaces {
  if (bytes.length < 12) return UNKNOWN
  const size = bytes.readUInt32LE(4)
  const end = Math.min(bytes.length, 8 + size + (size % 2))
  const gaps: Buffer[] = []
  let at = 12
  for (let count = 0; at + 8 <= end && count < limits.extractRecordsMax; count++) {
    const length = bytes.readUInt32LE(at + 4)
    if (!/^[\x20-\x7e]{4}$/.test(bytes.toString('latin1', at, at + 4))) break
    if (!WEBP_CHUNKS.has(bytes.toString('latin1', at, at + 4))) gaps.push(bytes.subarray(at + 8, at + 8 + length))
    at += 8 + length + (length % 2)
  }
  return { end: Math.min(at, bytes.length), gaps }
}
