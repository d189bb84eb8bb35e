import { packed } from './bmp.ts'
import { newPicture, type RgbaPicture, setPixel } from './rgba-picture.ts'

/** ZSoft PCX (technical reference manual, revision 5): 1 to 8 bits in up to four planes, runs, palettes. */
const HEADER_BYTES = 128
const LARGE_PALETTE_BYTES = 768
const LARGE_PALETTE_MARK = 0x0c

export function decodePcx(bytes: Buffer): RgbaPicture {
  const bits = bytes[3] ?? 0
  const planes = bytes[65] ?? 0
  const width = bytes.readUInt16LE(8) - bytes.readUInt16LE(4) + 1
  const height = bytes.readUInt16LE(10) - bytes.readUInt16LE(6) + 1
  const lineBytes = bytes.readUInt16LE(66)
  if (![1, 2, 4, 8].includes(bits) || planes < 1 || planes > 4) throw new RangeError('planes of a pcx')
  const picture = newPicture(width, height)
  const row = new Uint8Array(lineBytes * planes)
  const palette = paletteOf(bytes, bits, planes)
  let at = HEADER_BYTES
  for (let y = 0; y < height && at < bytes.length; y++) {
    at = readRow(bytes, at, row, bytes[2] === 1)
    for (let x = 0; x < width; x++) {
      const samples = (plane: number) => packed(row, plane * lineBytes, x, bits)
      const to = y * width + x
      if (bits === 8 && planes >= 3)
        setPixel(picture, to, samples(0), samples(1), samples(2), planes === 4 ? samples(3) : 255)
      else {
        let index = 0
        for (let plane = 0; plane < planes; plane++) index |= samples(plane) << (plane * bits)
        const from = palette ? index * 3 : -1
        const grey = bits === 1 && planes === 1 ? index * 255 : (index * 255) / (2 ** (bits * planes) - 1)
        if (palette) setPixel(picture, to, palette[from] ?? 0, palette[from + 1] ?? 0, palette[from + 2] ?? 0)
        else setPixel(picture, to, grey, grey, grey)
      }
    }
  }
  return picture
}

/** First byte behind the pixels and the palette. */
export function pcxEnd(bytes: Buffer): number | null {
  if (bytes.length < HEADER_BYTES) return null
  const row = new Uint8Array(bytes.readUInt16LE(66) * (bytes[65] ?? 0))
  const height = bytes.readUInt16LE(10) - bytes.readUInt16LE(6) + 1
  let at = HEADER_BYTES
  for (let y = 0; y < height && at < bytes.length; y++) at = readRow(bytes, at, row, bytes[2] === 1)
  return at + (bytes[at] === LARGE_PALETTE_MARK ? 1 + LARGE_PALETTE_BYTES : 0)
}

/** Two high bits mark a count; a run may go on in the next row, which no program writes. Returns where the next begins. */
function readRow(bytes: Buffer, from: number, row: Uint8Array, isPacked: boolean): number {
  let at = from
  for (let i = 0; i < row.length && at < bytes.length; ) {
    const byte = bytes[at++] ?? 0
    if (!isPacked || byte < 0xc0) row[i++] = byte
    else {
      const value = bytes[at++] ?? 0
      for (let count = byte & 0x3f; count > 0 && i < row.length; count--) row[i++] = value
    }
  }
  return at
}

/** Null: two colours or shades of grey. */
function paletteOf(bytes: Buffer, bits: number, planes: number): Uint8Array | null {
  if (bits * planes === 1 || (bits === 8 && planes > 1)) return null
  if (bits < 8) return bytes.subarray(16, 64)
  const from = bytes.length - LARGE_PALETTE_BYTES
  return bytes[from - 1] === LARGE_PALETTE_MARK ? bytes.subarray(from) : null
}
