/**
 * What a picture looks like, as the signs of its lowest frequencies: scaled, recompressed, recoloured and lightly edited
 * copies have nearly the same ones (perceptual hash by discrete cosine transform, Zauner 2010). Blank and nearly blank
 * pictures have none, since all of them look alike. Decoding is bounded by `limits.extractPixelsMax`; what can't be
 * decoded has no print. Never throws.
 */
import type { Canvas, Image } from '@napi-rs/canvas'
import { limits } from '../../core/limits.ts'
import { PICTURE_BAND, pictureFrequencies } from '../../core/picture-frequencies.ts'
import { decodeModern, modernTypes, type PictureSize } from '../ocr/modern-pictures.ts'
import type { Raster } from '../ocr/raster.ts'
import { plainPictures, tiffRaster } from '../pixels/plain-pictures.ts'
import { imageSize } from '../readers/image-size.ts'

const GRID = 64
/** Drawn at eight times the grid and averaged, so that thin lines count by their area. */
const DRAWN = 512
/** Smaller pictures are icons and bullets. */
const SIDE_MIN_PIXELS = 64
/** Cells of 8 by 8 grid points that must show something, of 64: a line on white paper is no picture. */
const CELLS_MIN = 12
const CELL_DEVIATION_MIN = 3

const COSINES = Array.from({ length: PICTURE_BAND }, (_, u) =>
  Float64Array.from({ length: GRID }, (_, x) => Math.cos(((2 * x + 1) * u * Math.PI) / (2 * GRID))),
)

/** Types that the canvas reads. */
const DRAWN_TYPES = /^image\/(?:png|jpeg|gif|webp|bmp|avif|vnd\.microsoft\.icon|x-icon)$/

/** Base64 of PICTURE_FREQUENCIES_MAX integers of 16 bits: the frequencies of the picture, lowest first. Null where it has no print. */
export async function picturePrint(bytes: Buffer, type: string): Promise<string | null> {
  const size = imageSize(bytes, type)
  if (size && size.width * size.height > limits.extractPixelsMax) return null
  try {
    if (!DRAWN_TYPES.test(type)) {
      const pixels = await pixelsOf(bytes, type, size)
      return pixels && (await rasterPrint(pixels))
    }
    return size ? await filePrint(bytes) : null
  } catch {
    return null
  }
}

/** The print of decoded pixels. */
export async function rasterPrint({ width, height, channels, data }: Raster): Promise<string | null> {
  try {
    if (Math.min(width, height) < SIDE_MIN_PIXELS) return null
    const { createCanvas } = await import('@napi-rs/canvas')
    const canvas = createCanvas(width, height)
    const context = canvas.getContext('2d')
    const image = context.createImageData(width, height)
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[i * 4 + c] = data[i * channels + (channels === 1 ? 0 : c)] as number
      image.data[i * 4 + 3] = 0xff
    }
    context.putImageData(image, 0, 0)
    return await drawnPrint(canvas)
  } catch {
    return null
  }
}

/** The first picture of a file that the canvas doesn't read. */
async function pixelsOf(bytes: Buffer, type: string, size: PictureSize | null): Promise<Raster | null> {
  if (type === 'image/tiff') return tiffRaster(bytes)
  if (modernTypes.has(type)) return (await decodeModern(bytes, type, size)).rasters[0] ?? null
  for await (const picture of plainPictures(bytes, type)) return Buffer.isBuffer(picture) ? null : picture
  return null
}

async function filePrint(bytes: Buffer): Promise<string | null> {
  const { loadImage } = await import('@napi-rs/canvas')
  const picture = await loadImage(bytes)
  return Math.min(picture.width, picture.height) < SIDE_MIN_PIXELS ? null : await drawnPrint(picture)
}

async function drawnPrint(picture: Image | Canvas): Promise<string | null> {
  const { createCanvas } = await import('@napi-rs/canvas')
  const canvas = createCanvas(DRAWN, DRAWN)
  const context = canvas.getContext('2d')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, DRAWN, DRAWN)
  context.imageSmoothingEnabled = true
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, 0, 0, DRAWN, DRAWN)
  return printOfGrid(gridOf(context.getImageData(0, 0, DRAWN, DRAWN).data))
}

/** Grey values of GRID by GRID cells: the mean of what was drawn in each (ITU-R BT.601 luma). */
function gridOf(rgba: Uint8ClampedArray): Float64Array {
  const grid = new Float64Array(GRID * GRID)
  const step = DRAWN / GRID
  for (let y = 0, at = 0; y < DRAWN; y++) {
    const row = Math.floor(y / step) * GRID
    for (let x = 0; x < DRAWN; x++, at += 4) {
      const grey = 0.299 * (rgba[at] ?? 0) + 0.587 * (rgba[at + 1] ?? 0) + 0.114 * (rgba[at + 2] ?? 0)
      const cell = row + Math.floor(x / step)
      grid[cell] = (grid[cell] ?? 0) + grey / (step * step)
    }
  }
  return grid
}

/** The print of GRID * GRID grey values, row by row; null for one that is blank or nearly so. */
export function printOfGrid(grid: Float64Array): string | null {
  if (cellsWithContent(grid) < CELLS_MIN) return null
  const rows = new Float64Array(PICTURE_BAND * GRID)
  for (let y = 0; y < GRID; y++)
    for (let u = 0; u < PICTURE_BAND; u++) {
      let sum = 0
      for (let x = 0; x < GRID; x++) sum += (grid[y * GRID + x] as number) * (COSINES[u]?.[x] as number)
      rows[u * GRID + y] = sum
    }
  const values = pictureFrequencies.map(({ across, down }) => {
    let sum = 0
    for (let y = 0; y < GRID; y++) sum += (rows[across * GRID + y] as number) * (COSINES[down]?.[y] as number)
    return sum
  })
  const largest = Math.max(...values.map(Math.abs))
  const print = Buffer.alloc(values.length * 2)
  for (const [i, value] of values.entries()) print.writeInt16LE(Math.round((value / largest) * 0x7fff), i * 2)
  return print.toString('base64')
}

function cellsWithContent(grid: Float64Array): number {
  const side = 8
  let cells = 0
  for (let top = 0; top < GRID; top += side)
    for (let left = 0; left < GRID; left += side) {
      let sum = 0
      let squares = 0
      for (let y = top; y < top + side; y++)
        for (let x = left; x < left + side; x++) {
          const value = grid[y * GRID + x] as number
          sum += value
          squares += value * value
        }
      const mean = sum / (side * side)
      if (Math.sqrt(Math.max(0, squares / (side * side) - mean * mean)) >= CELL_DEVIATION_MIN) cells++
    }
  return cells
}
