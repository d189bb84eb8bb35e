import { limits } from '../../core/limits.ts'
import { type Raster, shrink } from './raster.ts'

/**
 * Pixels of pictures that Leptonica does not know: HEIC and HEIF by libheif (WebAssembly), AVIF by the canvas. The size
 * is asked before anything is decoded. No pixels where a picture can't be decoded; never throws for content.
 */
export const modernTypes: ReadonlySet<string> = new Set(['image/heic', 'image/heif', 'image/avif'])

export interface PictureSize {
  readonly width: number
  readonly height: number
}

export interface ModernPicture {
  readonly rasters: readonly Raster[]
  /** Pictures of the file that were left out. */
  readonly skipped: number
}

const none: ModernPicture = { rasters: [], skipped: 0 }

/** `size`: what the header says; a picture without one is not decoded. */
export async function decodeModern(file: Uint8Array, type: string, size: PictureSize | null): Promise<ModernPicture> {
  if (size === null || size.width * size.height > limits.extractPixelsMax) return none
  const [first, second] = type === 'image/avif' ? [byCanvas, byLibheif] : [byLibheif, byCanvas]
  const picture = await first(file).catch(() => none)
  return picture.rasters.length > 0 ? picture : await second(file).catch(() => none)
}

async function byLibheif(file: Uint8Array): Promise<ModernPicture> {
  const { HeifDecoder } = await (await import('libheif-js/wasm-bundle.js')).default
  const images = new HeifDecoder().decode(file)
  const rasters: Raster[] = []
  try {
    for (const image of images.slice(0, limits.ocrFramesMax)) {
      const width = image.get_width()
      const height = image.get_height()
      if (width < 1 || height < 1 || width * height > limits.extractPixelsMax) continue
      const data = new Uint8ClampedArray(width * height * 4)
      const filled = await new Promise<{ data: Uint8ClampedArray } | null>((resolve) =>
        image.display({ data, width, height }, resolve),
      )
      if (filled) rasters.push(rasterOf(filled.data, width, height))
    }
  } finally {
    for (const image of images) image.free()
  }
  return { rasters, skipped: images.length - rasters.length }
}

async function byCanvas(file: Uint8Array): Promise<ModernPicture> {
  const { createCanvas, loadImage } = await import('@napi-rs/canvas')
  const image = await loadImage(Buffer.from(file))
  const { width, height } = image
  if (width < 1 || height < 1 || width * height > limits.extractPixelsMax) return none
  const context = createCanvas(width, height).getContext('2d')
  context.fillStyle = 'white'
  context.fillRect(0, 0, width, height)
  context.drawImage(image, 0, 0)
  return { rasters: [rasterOf(context.getImageData(0, 0, width, height).data, width, height)], skipped: 0 }
}

/** Colours without transparency, on a ground they are seen on, shrunk to what recognition takes. */
export function rasterOf(rgba: Uint8ClampedArray, width: number, height: number): Raster {
  const data = new Uint8Array(width * height * 3)
  const ground = groundFor(rgba)
  for (let i = 0, at = 0; at < data.length; i += 4) {
    const cover = (rgba[i + 3] ?? 255) / 255
    for (let c = 0; c < 3; c++) data[at++] = (rgba[i + c] ?? 0) * cover + ground * (1 - cover)
  }
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / limits.ocrPixelsMax)))
  return shrink({ width, height, channels: 3, data }, step)
}

/** Pixels looked at, in even steps. */
const GROUND_SAMPLES = 50_000
const LIGHT_MIN = 160

/** White under dark colours, black under light ones. */
function groundFor(rgba: Uint8ClampedArray): number {
  const pixels = rgba.length / 4
  const step = Math.max(1, Math.floor(pixels / GROUND_SAMPLES))
  let sum = 0
  let cover = 0
  let clear = 0
  for (let i = 0; i < pixels; i += step) {
    const at = i * 4
    const opacity = rgba[at + 3] ?? 0
    clear += 255 - opacity
    cover += opacity
    sum += opacity * ((rgba[at] ?? 0) + (rgba[at + 1] ?? 0) + (rgba[at + 2] ?? 0))
  }
  return clear > 0 && cover > 0 && sum / cover > 3 * LIGHT_MIN ? 0 : 255
}
