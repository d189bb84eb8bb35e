import zlib from 'node:zlib'
import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { packed } from './bmp.ts'
import { unpackLzw } from './lzw.ts'
import { unpackBits } from './pack-bits.ts'
import { checkSize, newPicture, type RgbaPicture, rgbOfInk, setPixel } from './rgba-picture.ts'

/**
 * The first page of a TIFF (TIFF 6.0) as far as the recogniser's own reader leaves it: any number of bits, channels
 * apart or together, strips and tiles, plain, PackBits, LZW and Deflate. Fax and JPEG pages are that reader's.
 */
interface Page {
  readonly width: number
  readonly height: number
  readonly bits: number
  readonly samples: number
  readonly photometric: number
  readonly compression: number
  readonly predictor: number
  readonly isPlanar: boolean
  readonly isFloat: boolean
  readonly little: boolean
  readonly palette: readonly number[]
  /** Opacity is the sample behind the colours. */
  readonly hasOpacity: boolean
  /** Pieces the page is cut into: tiles, or strips as wide as it. */
  readonly pieceWidth: number
  readonly pieceHeight: number
  readonly offsets: readonly number[]
  readonly counts: readonly number[]
}

const NO_COMPRESSION = 1
const LZW = 5
const ADOBE_DEFLATE = 8
const DEFLATE = 32946
const PACK_BITS = 32773
const TAG_VALUES_MAX = 1_000_000
/** Strips or tiles; a page of the largest size in the smallest tiles has as many. */
export const TIFF_PIECES_MAX = 200_000
/** Bytes of the pieces that lie side by side, which are unpacked together: no more than the picture they become. */
const ROW_BYTES_MAX = limits.extractPixelsMax * 4
/** Smaller tiles than the format allows (multiples of 16) would only take time. */
const TILE_SIDE_MIN = 16
const WANTED = new Set([256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339])
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4 }

export function decodeTiff(bytes: Buffer): RgbaPicture {
  const page = readPage(bytes)
  const picture = newPicture(page.width, page.height)
  const across = Math.ceil(page.width / page.pieceWidth)
  const down = Math.ceil(page.height / page.pieceHeight)
  const planes = page.isPlanar ? page.samples : 1
  const values = new Float32Array(page.width * page.samples)
  const perPlane = across * down
  if (perPlane * planes > Math.min(page.offsets.length, TIFF_PIECES_MAX)) throw new RangeError('pieces of a tiff')
  if (strideOf(page) * page.pieceHeight * across * planes > ROW_BYTES_MAX)
    throw new ExtractLimitError('too-large', 'ocr')
  for (let row = 0; row < down; row++) {
    const pieces = Array.from({ length: planes * across }, (_, i) =>
      pieceOf(bytes, page, Math.floor(i / across) * perPlane + row * across + (i % across)),
    )
    const top = row * page.pieceHeight
    for (let y = 0; y < Math.min(page.pieceHeight, page.height - top); y++) {
      for (const [i, piece] of pieces.entries())
        readRow(piece, y, page, values, (i % across) * page.pieceWidth, page.isPlanar ? Math.floor(i / across) : null)
      for (let x = 0; x < page.width; x++) {
        const at = x * page.samples
        const opacity = page.hasOpacity ? (values[at + coloursOf(page.photometric)] ?? 255) : 255
        setPixel(picture, (top + y) * page.width + x, ...colourOf(values, at, page), opacity)
      }
    }
  }
  return picture
}

function readPage(bytes: Buffer): Page {
  const little = bytes[0] === 0x49
  const tags = readTags(bytes, little)
  const tag = (id: number, otherwise: number) => tags.get(id)?.[0] ?? otherwise
  const width = tag(256, 0)
  const height = tag(257, 0)
  checkSize(width, height)
  const samples = tag(277, 1)
  const photometric = tag(262, 1)
  const colours = coloursOf(photometric)
  const isTiled = tags.has(322)
  const page: Page = {
    width,
    height,
    bits: tag(258, 1),
    samples,
    photometric,
    compression: tag(259, NO_COMPRESSION),
    predictor: tag(317, 1),
    isPlanar: tag(284, 1) === 2 && samples > 1,
    isFloat: tag(339, 1) === 3,
    little,
    palette: tags.get(320) ?? [],
    hasOpacity: samples > colours && photometric !== 8 && [1, 2].includes(tag(338, 0)),
    pieceWidth: isTiled ? tag(322, 0) : width,
    pieceHeight: isTiled ? tag(323, 0) : Math.min(height, tag(278, height)),
    offsets: tags.get(isTiled ? 324 : 273) ?? [],
    counts: tags.get(isTiled ? 325 : 279) ?? [],
  }
  checkSize(page.pieceWidth, page.pieceHeight)
  if (isTiled && Math.min(page.pieceWidth, page.pieceHeight) < TILE_SIDE_MIN) throw new RangeError('tiles of a tiff')
  const isKnown = [1, 2, 4, 8, 16, 32].includes(page.bits) && samples >= colours && samples <= 16
  if (!isKnown || photometric > 8 || photometric === 6) throw new RangeError('pixels of a tiff')
  return page
}

/** Numbers by tag; other types hold no measures. */
function readTags(bytes: Buffer, little: boolean): Map<number, number[]> {
  const read = (at: number, width: number) => (little ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width))
  const tags = new Map<number, number[]>()
  const directory = read(4, 4)
  const count = read(directory, 2)
  for (let i = 0; i < count; i++) {
    const at = directory + 2 + i * 12
    const width = TYPE_BYTES[read(at + 2, 2)]
    const length = read(at + 4, 4)
    const tag = read(at, 2)
    if (width === undefined || length > TAG_VALUES_MAX || !WANTED.has(tag) || tags.has(tag)) continue
    const from = width * length <= 4 ? at + 8 : read(at + 8, 4)
    if (from + width * length > bytes.length) continue
    tags.set(
      read(at, 2),
      Array.from({ length }, (_, k) => read(from + k * width, width)),
    )
  }
  return tags
}

/** Bytes of one row of a piece. */
function strideOf(page: Page): number {
  return Math.ceil((page.pieceWidth * page.bits * (page.isPlanar ? 1 : page.samples)) / 8)
}

function pieceOf(bytes: Buffer, page: Page, index: number): Uint8Array {
  const from = page.offsets[index] ?? bytes.length
  const packedBytes = bytes.subarray(from, from + (page.counts[index] ?? bytes.length))
  const size = strideOf(page) * page.pieceHeight
  const out = unpack(packedBytes, page.compression, size)
  if (page.predictor === 2) undoDifferences(out, page)
  return out
}

function unpack(bytes: Uint8Array, compression: number, size: number): Uint8Array {
  switch (compression) {
    case NO_COMPRESSION:
      return bytes
    case PACK_BITS: {
      const out = new Uint8Array(size)
      unpackBits(bytes, 0, bytes.length, out)
      return out
    }
    case LZW:
      return unpackLzw(bytes, size)
    case ADOBE_DEFLATE:
    case DEFLATE:
      return zlib.inflateSync(bytes, { maxOutputLength: size + 1, finishFlush: zlib.constants.Z_SYNC_FLUSH })
    default:
      throw new RangeError('compression of a tiff')
  }
}

/** Each sample was stored as its difference from the one of its kind to the left (section 14). */
function undoDifferences(out: Uint8Array, page: Page): void {
  const samples = page.isPlanar ? 1 : page.samples
  const stride = strideOf(page)
  const view = Buffer.from(out.buffer, out.byteOffset, out.byteLength)
  for (let row = 0; row + stride <= out.length; row += stride) {
    if (page.bits === 8)
      for (let at = row + samples; at < row + stride; at++) out[at] = (out[at] ?? 0) + (out[at - samples] ?? 0)
    if (page.bits !== 16) continue
    for (let at = row + samples * 2; at + 1 < row + stride; at += 2) {
      const left = at - samples * 2
      if (page.little) view.writeUInt16LE((view.readUInt16LE(at) + view.readUInt16LE(left)) & 0xffff, at)
      else view.writeUInt16BE((view.readUInt16BE(at) + view.readUInt16BE(left)) & 0xffff, at)
    }
  }
}

/** Samples of a row, 0 to 255, those of palettes as they are; `plane` where the piece holds one kind alone. */
function readRow(
  piece: Uint8Array,
  y: number,
  page: Page,
  into: Float32Array,
  left: number,
  plane: number | null,
): void {
  const { bits, samples, width } = page
  const stride = strideOf(page)
  const count = (Math.min(page.pieceWidth, width - left) * (plane === null ? samples : 1)) | 0
  const scale = page.photometric === 3 ? 1 : 255 / (2 ** Math.min(bits, 8) - 1)
  const view = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  for (let i = 0; i < count; i++) {
    const to = plane === null ? left * samples + i : (left + i) * samples + plane
    const at = y * stride + (i * bits) / 8
    if (bits <= 8) into[to] = packed(piece, y * stride, i, bits) * scale
    else if (page.isFloat && bits === 32 && at + 4 <= view.length)
      into[to] = (page.little ? view.readFloatLE(at) : view.readFloatBE(at)) * 255
    // The highest byte is enough.
    else into[to] = piece[at + (page.little ? bits / 8 - 1 : 0)] ?? 0
  }
}

/** `at`: the first sample of the pixel. */
function colourOf(values: Float32Array, at: number, page: Page): [number, number, number] {
  const value = (i: number) => values[at + i] ?? 0
  switch (page.photometric) {
    case 0:
      return [255 - value(0), 255 - value(0), 255 - value(0)]
    case 2:
      return [value(0), value(1), value(2)]
    case 3: {
      const entries = page.palette.length / 3
      const part = (i: number) => (page.palette[value(0) + i * entries] ?? 0) >> 8
      return [part(0), part(1), part(2)]
    }
    case 5:
      return rgbOfInk(value(0), value(1), value(2), value(3))
    default:
      // Grey, masks, and of CIE Lab the lightness.
      return [value(0), value(0), value(0)]
  }
}

function coloursOf(photometric: number): number {
  switch (photometric) {
    case 2:
      return 3
    case 5:
      return 4
    default:
      return 1
  }
}
