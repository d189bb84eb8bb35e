import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { pcxEnd } from '../pixels/pcx.ts'
import { pnmPlaces } from '../pixels/pnm.ts'
import { targaPlaces } from '../pixels/targa.ts'
import { carveLatin } from './carve-strings.ts'
import { decodeName } from './entry-name.ts'
import { photoshopWords } from './photoshop-words.ts'
import { bitmapPlaces, webpPlaces } from './picture-places.ts'

/**
 * Text that picture files carry beside EXIF: comments of JPEG and GIF, text chunks of PNG; and where the picture ends,
 * since viewers ignore whatever follows. Linear; never throws.
 */
export interface PictureTexts {
  readonly texts: readonly string[]
  /** zlib streams of compressed text chunks. */
  readonly deflated: readonly Buffer[]
  /** First byte behind the picture; null where the format doesn't tell. */
  readonly end: number | null
  /** Bytes before that end which belong to nothing that a viewer reads. */
  readonly gaps?: readonly Buffer[]
}

export function pictureTexts(bytes: Buffer, type: string): PictureTexts {
  switch (type) {
    case 'image/png':
      return readPng(bytes)
    case 'image/jpeg':
      return readJpeg(bytes)
    case 'image/gif':
      return readGif(bytes)
    case 'image/webp':
      return { texts: [], deflated: [], ...webpPlaces(bytes) }
    case 'image/bmp':
      return { texts: [], deflated: [], ...bitmapPlaces(bytes) }
    case 'image/x-portable-anymap':
      return { deflated: [], ...pnmPlaces(bytes) }
    case 'image/x-tga': {
      const { about, end } = targaPlaces(bytes)
      return { texts: about.flatMap((piece) => carveLatin(piece)), deflated: [], end }
    }
    case 'image/vnd.zbrush.pcx':
      return { texts: [], deflated: [], end: pcxEnd(bytes) }
    case 'image/x-xpixmap':
    case 'image/x-xbitmap':
      // Source code, whose comments and names say anything.
      return { texts: [decodeName(bytes, 'latin1')], deflated: [], end: null }
    case 'image/vnd.adobe.photoshop':
      return { texts: photoshopWords(bytes), deflated: [], end: null }
    case 'image/heic':
    case 'image/heif':
    case 'image/avif':
    case 'image/jp2':
    case 'image/jxl':
      return { texts: [], deflated: [], end: boxesEnd(bytes) }
    default:
      return { texts: [], deflated: [], end: null }
  }
}

/** PNG third edition, 11.3.3: tEXt, zTXt, iTXt. */
function readPng(bytes: Buffer): PictureTexts {
  const texts: string[] = []
  const deflated: Buffer[] = []
  let at = 8
  for (let count = 0; at + 12 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'chunks')
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    const data = bytes.subarray(at + 8, at + 8 + length)
    at += 12 + length
    const key = data.indexOf(0)
    if (type === 'tEXt') texts.push(decodeName(data, 'latin1').replace('\0', ': '))
    if (type === 'zTXt' && key >= 0) deflated.push(data.subarray(key + 2))
    if (type === 'iTXt' && key >= 0) {
      const translated = data.indexOf(0, data.indexOf(0, key + 3) + 1)
      const value = data.subarray(translated + 1)
      if (data[key + 1] === 1) deflated.push(value)
      else texts.push(value.toString('utf8'))
    }
    if (type === 'IEND') return { texts, deflated, end: at }
  }
  return { texts, deflated, end: null }
}

function readJpeg(bytes: Buffer): PictureTexts {
  const texts: string[] = []
  let at = 2
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === 0xd9) return { texts, deflated: [], end: at + 2 }
    const length = bytes.readUInt16BE(at + 2)
    if (marker === 0xfe) texts.push(decodeName(bytes.subarray(at + 4, at + 2 + length), 'latin1'))
    at += 2 + length
    if (marker === 0xda) at = endOfScan(bytes, at)
  }
  return { texts, deflated: [], end: null }
}

/** Entropy-coded data: FF is followed by 00 or a restart marker until the next segment. */
function endOfScan(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(0xff, from)
  while (at >= 0 && at + 1 < bytes.length) {
    const next = bytes[at + 1] ?? 0
    if (next !== 0 && (next < 0xd0 || next > 0xd7) && next !== 0xff) return at
    at = bytes.indexOf(0xff, at + 1)
  }
  return bytes.length
}

function readGif(bytes: Buffer): PictureTexts {
  const texts: string[] = []
  const flags = bytes[10] ?? 0
  let at = 13 + ((flags & 0x80) !== 0 ? 3 << ((flags & 7) + 1) : 0)
  while (at < bytes.length) {
    const kind = bytes[at]
    if (kind === 0x3b) return { texts, deflated: [], end: at + 1 }
    if (kind === 0x21) {
      const blocks = subBlocks(bytes, at + 2)
      if (bytes[at + 1] === 0xfe || bytes[at + 1] === 0x01) texts.push(decodeName(blocks.data, 'latin1'))
      at = blocks.end
    } else if (kind === 0x2c && at + 10 <= bytes.length) {
      const local = bytes[at + 9] ?? 0
      at += 10 + ((local & 0x80) !== 0 ? 3 << ((local & 7) + 1) : 0) + 1
      at = subBlocks(bytes, at).end
    } else return { texts, deflated: [], end: null }
  }
  return { texts, deflated: [], end: null }
}

function subBlocks(bytes: Buffer, start: number): { data: Buffer; end: number } {
  const pieces: Buffer[] = []
  let at = start
  while (at < bytes.length) {
    const length = bytes[at] ?? 0
    if (length === 0) return { data: Buffer.concat(pieces), end: at + 1 }
    pieces.push(bytes.subarray(at + 1, at + 1 + length))
    at += 1 + length
  }
  return { data: Buffer.concat(pieces), end: bytes.length }
}

/** Boxes of ISO/IEC 14496-12, 4.2: a size and four letters each; what has none is behind the picture. */
function boxesEnd(bytes: Buffer): number | null {
  let at = 0
  for (let count = 0; at + 8 <= bytes.length && count < limits.extractRecordsMax; count++) {
    const small = bytes.readUInt32BE(at)
    if (!/^[A-Za-z0-9 ]{4}$/.test(bytes.toString('latin1', at + 4, at + 8))) return at === 0 ? null : at
    if (small === 0) return bytes.length
    const size = small === 1 && at + 16 <= bytes.length ? Number(bytes.readBigUInt64BE(at + 8)) : small
    if (size < 8) return at
    at += size
  }
  return at === 0 ? null : at
}
