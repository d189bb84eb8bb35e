import { rasterOf } from '../ocr/modern-pictures.ts'
import type { Raster } from '../ocr/raster.ts'
import { decodeBmp } from './bmp.ts'
import { decodeIcon } from './icon.ts'
import { decodeJpeg2000 } from './jpeg2000.ts'
import { decodePcx } from './pcx.ts'
import { decodePhotoshop } from './photoshop.ts'
import { decodePnm } from './pnm.ts'
import type { RgbaPicture } from './rgba-picture.ts'
import { decodeTarga } from './targa.ts'
import { decodeTiff } from './tiff.ts'
import { decodeXbm, decodeXpm } from './x-pixmap.ts'

/**
 * Pixels of the picture formats that Leptonica does not know, or not whole. A decoder throws for what it can't read; a
 * file that it finds inside is a picture of a kind that the recogniser knows.
 */
export type Decoded = RgbaPicture | Buffer
type Decoder = (bytes: Buffer) => Iterable<Decoded> | Promise<Iterable<Decoded>>

const decoders: Readonly<Record<string, Decoder>> = {
  'image/bmp': (bytes) => [decodeBmp(bytes)],
  'image/vnd.microsoft.icon': decodeIcon,
  'image/x-icon': decodeIcon,
  'image/x-portable-anymap': decodePnm,
  'image/x-tga': decodeTarga,
  'image/vnd.zbrush.pcx': (bytes) => [decodePcx(bytes)],
  'image/x-xpixmap': (bytes) => [decodeXpm(bytes)],
  'image/x-xbitmap': (bytes) => [decodeXbm(bytes)],
  'image/vnd.adobe.photoshop': (bytes) => [decodePhotoshop(bytes)],
  'image/jp2': async (bytes) => [await decodeJpeg2000(bytes)],
}

export const plainTypes: readonly string[] = Object.keys(decoders)

/** The pictures of a file, one after the other, each decoded when it is asked for. Throws where that fails. */
export async function* plainPictures(bytes: Buffer, type: string): AsyncGenerator<Raster | Buffer> {
  const decode = decoders[type]
  if (!decode) return
  for (const picture of await decode(bytes))
    yield Buffer.isBuffer(picture) ? picture : rasterOf(picture.rgba, picture.width, picture.height)
}

/** The first page of a TIFF; null where its pixels can't be read. */
export function tiffRaster(bytes: Buffer): Raster | null {
  try {
    const { rgba, width, height } = decodeTiff(bytes)
    return rasterOf(rgba, width, height)
  } catch {
    return null
  }
}
