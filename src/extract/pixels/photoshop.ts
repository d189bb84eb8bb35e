import { packed } from './bmp.ts'
import { unpackBits } from './pack-bits.ts'
import { newPicture, type RgbaPicture, rgbOfInk, setPixel } from './rgba-picture.ts'

/**
 * The merged picture that Photoshop files (PSD, PSB) keep for other programs: all layers that are shown, in one (Adobe
 * Photoshop file formats specification, "Image Data"). Layers that are not shown are not in it.
 */
const BITMAP = 0
const INDEXED = 2
const RGB = 3
const CMYK = 4
const LAB = 9

interface Header {
  readonly isLarge: boolean
  readonly channels: number
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly mode: number
}

export function decodePhotoshop(bytes: Buffer): RgbaPicture {
  const header: Header = {
    isLarge: bytes.readUInt16BE(4) === 2,
    channels: Math.min(bytes.readUInt16BE(12), 56),
    height: bytes.readUInt32BE(14),
    width: bytes.readUInt32BE(18),
    depth: bytes.readUInt16BE(22),
    mode: bytes.readUInt16BE(24),
  }
  const palette = bytes.subarray(30, 30 + 768)
  let at = 26
  at += 4 + bytes.readUInt32BE(at)
  at += 4 + bytes.readUInt32BE(at)
  at += header.isLarge ? 8 + Number(bytes.readBigUInt64BE(at)) : 4 + bytes.readUInt32BE(at)
  const compression = bytes.readUInt16BE(at)
  if (compression > 1 || ![1, 8, 16].includes(header.depth)) throw new RangeError('data of a psd')
  const picture = newPicture(header.width, header.height)
  const planes = planesOf(bytes, at + 2, header, compression === 1)
  for (let i = 0; i < header.width * header.height; i++)
    setPixel(picture, i, ...colourOf(i, planes, header.mode, palette))
  return picture
}

/** Colours of the picture in planes of one byte a pixel; further channels are masks. */
function planesOf(bytes: Buffer, start: number, header: Header, isPacked: boolean): Uint8Array[] {
  const { width, height, channels, depth } = header
  const wanted = Math.min(channels, header.mode === CMYK ? 4 : header.mode === RGB || header.mode === LAB ? 3 : 1)
  const rowBytes = Math.ceil((width * depth) / 8)
  const countBytes = header.isLarge ? 4 : 2
  let at = isPacked ? start + channels * height * countBytes : start
  const row = new Uint8Array(rowBytes)
  return Array.from({ length: wanted }, (_, plane) => {
    const out = new Uint8Array(width * height)
    for (let y = 0; y < height && at < bytes.length; y++) {
      const length = isPacked ? bytes.readUIntBE(start + (plane * height + y) * countBytes, countBytes) : rowBytes
      if (isPacked) unpackBits(bytes, at, Math.min(bytes.length, at + length), row)
      const from = isPacked ? 0 : at
      const source = isPacked ? row : bytes
      for (let x = 0; x < width; x++)
        out[y * width + x] = depth === 16 ? (source[from + x * 2] ?? 0) : packed(source, from, x, depth)
      at += length
    }
    return out
  })
}

function colourOf(i: number, planes: readonly Uint8Array[], mode: number, palette: Buffer): [number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = planes.map((plane) => plane[i] ?? 0)
  switch (mode) {
    case BITMAP:
      return [255 * (1 - a), 255 * (1 - a), 255 * (1 - a)]
    case INDEXED:
      return [palette[a] ?? 0, palette[a + 256] ?? 0, palette[a + 512] ?? 0]
    case RGB:
      return [a, b, c]
    case CMYK:
      return rgbOfInk(255 - a, 255 - b, 255 - c, 255 - d)
    default:
      // Grey, two-tone, and of Lab the lightness.
      return [a, a, a]
  }
}
