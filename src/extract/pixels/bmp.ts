import { isInvisible, newPicture, type RgbaPicture, setPixel, withoutOpacity } from './rgba-picture.ts'

/**
 * Device-independent bitmaps ([MS-WMF] 2.2.2.9 and the BITMAPV4/V5 headers of wingdi.h): 1 to 32 bits, runs, bit fields,
 * either way up. Pictures in PNG or JPEG inside a bitmap are handed back as files.
 */
const FILE_HEADER_BYTES = 14
const CORE_HEADER_BYTES = 12
const INFO_HEADER_BYTES = 40

interface DibHeader {
  readonly size: number
  readonly width: number
  readonly height: number
  readonly isTopDown: boolean
  readonly bits: number
  readonly compression: number
  readonly colours: number
  readonly masks: readonly number[] | null
}

/** A whole file. */
export function decodeBmp(bytes: Buffer): RgbaPicture | Buffer {
  const header = headerOf(bytes.subarray(FILE_HEADER_BYTES))
  const pixels = bytes.readUInt32LE(10)
  if (header.compression === 4 || header.compression === 5) return bytes.subarray(pixels)
  return decodePixels(bytes, FILE_HEADER_BYTES, pixels, header)
}

/** The same without the header of a file, as icons have it: twice as high, with one bit for each transparent pixel. */
export function decodeIconDib(dib: Buffer): RgbaPicture {
  const whole = headerOf(dib)
  const header = { ...whole, height: whole.height >> 1 }
  const pixels = header.size + paletteEntries(header) * 4 + (header.size === INFO_HEADER_BYTES && header.masks ? 12 : 0)
  const picture = decodePixels(dib, 0, pixels, header)
  if (header.bits === 32) return picture
  const mask = pixels + strideOf(header) * header.height
  const stride = Math.ceil(header.width / 32) * 4
  for (let y = 0; y < header.height; y++)
    for (let x = 0; x < header.width; x++) {
      const isClear = ((dib[mask + (header.height - 1 - y) * stride + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1
      if (isClear) picture.rgba[(y * header.width + x) * 4 + 3] = 0
    }
  return picture
}

function headerOf(dib: Buffer): DibHeader {
  const size = dib.readUInt32LE(0)
  if (size === CORE_HEADER_BYTES) {
    const known = { size, width: dib.readUInt16LE(4), height: dib.readUInt16LE(6), bits: dib.readUInt16LE(10) }
    return { ...known, isTopDown: false, compression: 0, colours: 0, masks: null }
  }
  const height = dib.readInt32LE(8)
  const compression = dib.readUInt32LE(16)
  const hasMasks = compression === 3 || compression === 6
  return {
    size,
    width: Math.abs(dib.readInt32LE(4)),
    height: Math.abs(height),
    isTopDown: height < 0,
    bits: dib.readUInt16LE(14),
    compression,
    colours: dib.readUInt32LE(32),
    masks: hasMasks ? masksOf(dib, size, compression) : null,
  }
}

/** Red, green, blue, opacity. They stand in newer headers, and behind older ones. */
function masksOf(dib: Buffer, size: number, compression: number): number[] {
  const masks = [40, 44, 48].map((at) => dib.readUInt32LE(at))
  const hasOpacity = size >= 56 || compression === 6
  return [...masks, hasOpacity ? dib.readUInt32LE(52) : 0]
}

function paletteEntries({ bits, colours }: DibHeader): number {
  if (bits > 8) return Math.min(colours, 256)
  return colours > 0 && colours < 2 ** bits ? colours : 2 ** bits
}

function strideOf({ width, bits }: DibHeader): number {
  return Math.ceil((width * bits) / 32) * 4
}

function decodePixels(bytes: Buffer, start: number, pixels: number, header: DibHeader): RgbaPicture {
  const picture = newPicture(header.width, header.height)
  if (header.bits <= 8) {
    if (![1, 2, 4, 8].includes(header.bits)) throw new RangeError('bits per pixel')
    const indexes = header.compression === 1 || header.compression === 2 ? runs(bytes, pixels, header) : null
    paint(picture, header, paletteOf(bytes, start, header), (x, row) =>
      indexes ? (indexes[row * header.width + x] ?? 0) : packed(bytes, pixels + row * strideOf(header), x, header.bits),
    )
    return picture
  }
  if (![16, 24, 32].includes(header.bits) || ![0, 3, 6].includes(header.compression))
    throw new RangeError('bits per pixel')
  const masks = (
    header.masks ?? (header.bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0xff000000])
  ).map(channelOf)
  const [red, green, blue, opacity] = masks
  const width = header.bits / 8
  for (let row = 0; row < header.height; row++) {
    const from = pixels + row * strideOf(header)
    const to = (header.isTopDown ? row : header.height - 1 - row) * header.width
    for (let x = 0; x < header.width; x++) {
      const at = from + x * width
      if (at + width > bytes.length) break
      const value = bytes.readUIntLE(at, width)
      const cover = header.bits === 24 || !opacity?.max ? 255 : channel(value, opacity)
      setPixel(picture, to + x, channel(value, red), channel(value, green), channel(value, blue), cover)
    }
  }
  return isInvisible(picture) ? withoutOpacity(picture) : picture
}

interface Channel {
  readonly shift: number
  readonly max: number
}

function channelOf(mask: number): Channel {
  if (mask === 0) return { shift: 0, max: 0 }
  const shift = 31 - Math.clz32(mask & -mask)
  return { shift, max: mask >>> shift }
}

function channel(value: number, channel: Channel | undefined): number {
  if (!channel || channel.max === 0) return 0
  return (((value >>> channel.shift) & channel.max) >>> 0) * (255 / channel.max)
}

type Colour = readonly [number, number, number]

function paletteOf(bytes: Buffer, start: number, header: DibHeader): Colour[] {
  const step = header.size === CORE_HEADER_BYTES ? 3 : 4
  const from = start + header.size
  return Array.from({ length: paletteEntries(header) }, (_, i) => {
    const at = from + i * step
    return [bytes[at + 2] ?? 0, bytes[at + 1] ?? 0, bytes[at] ?? 0] as const
  })
}

/** `indexAt` gives the place in the palette by column and by row as the file counts rows. */
function paint(
  picture: RgbaPicture,
  header: DibHeader,
  palette: readonly Colour[],
  indexAt: (x: number, row: number) => number,
): void {
  for (let row = 0; row < header.height; row++) {
    const to = (header.isTopDown ? row : header.height - 1 - row) * header.width
    for (let x = 0; x < header.width; x++) {
      const [red, green, blue] = palette[indexAt(x, row)] ?? [0, 0, 0]
      setPixel(picture, to + x, red, green, blue)
    }
  }
}

/** The value at `x` of a row of 1, 2, 4 or 8 bits a pixel, the first in the highest bits. */
export function packed(bytes: Uint8Array, row: number, x: number, bits: number): number {
  if (bits === 8) return bytes[row + x] ?? 0
  const position = x * bits
  return ((bytes[row + (position >> 3)] ?? 0) >> (8 - bits - (position & 7))) & ((1 << bits) - 1)
}

/** RLE8 and RLE4: pairs of count and value; a count of 0 escapes. One byte for each pixel, rows as in the file. */
function runs(bytes: Buffer, from: number, header: DibHeader): Uint8Array {
  const { width, height } = header
  const isWide = header.compression === 1
  const out = new Uint8Array(width * height)
  let [at, x, y] = [from, 0, 0]
  const put = (value: number) => {
    if (x < width && y < height) out[y * width + x] = value
    x += 1
  }
  while (at + 1 < bytes.length && y < height) {
    const count = bytes[at] ?? 0
    const value = bytes[at + 1] ?? 0
    at += 2
    if (count > 0) for (let i = 0; i < count; i++) put(isWide ? value : i % 2 === 0 ? value >> 4 : value & 15)
    else if (value === 0) [x, y] = [0, y + 1]
    else if (value === 1) break
    else if (value === 2) {
      x += bytes[at] ?? 0
      y += bytes[at + 1] ?? 0
      at += 2
    } else {
      for (let i = 0; i < value; i++) put(isWide ? (bytes[at + i] ?? 0) : packed(bytes, at, i, 4))
      at += Math.ceil((isWide ? value : value / 2) / 2) * 2
    }
  }
  return out
}
