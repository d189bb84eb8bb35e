import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { ReadInputBarcodeFormat, readBarcodes, ZXingReaderModule } from 'zxing-wasm/reader'
import { limits } from '../../core/limits.ts'
import { contrastPlane, type Raster, shrink } from './raster.ts'

/**
 * QR codes and bar codes in pixels, by ZXing as WebAssembly from the package itself: left alone it would fetch its
 * module from a server. Pixels are shrunk to `limits.ocrBarCodePixelsMax` first, which bounds the time: a second for
 * pure noise, a tenth of that for a page.
 */
const FORMATS: ReadInputBarcodeFormat[] = [
  'QRCode',
  'MicroQRCode',
  'rMQRCode',
  'DataMatrix',
  'Aztec',
  'PDF417',
  'MaxiCode',
  'Code128',
  'Code39',
  'Code93',
  'EAN13',
  'EAN8',
  'UPCA',
  'UPCE',
  'ITF',
]
/** Interleaved two of five has no check digit: short ones are found in any fence. */
const ITF_LENGTH_MIN = 12
export const SYMBOLS_MAX = 64

type ImageDataLike = Parameters<typeof readBarcodes>[0]

let loaded: Promise<ZXingReaderModule> | null = null

function load(): Promise<ZXingReaderModule> {
  loaded ??= (async () => {
    const { prepareZXingModule } = await import('zxing-wasm/reader')
    const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
    const wasmBinary = new Uint8Array(await readFile(file)).buffer
    return await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  })()
  return loaded
}

export interface BarCodes {
  /** Each once. */
  readonly texts: readonly string[]
  /** There are more codes than are read. */
  readonly isCut: boolean
}

/** What the codes of a picture say. Throws when the module crashed; the next call makes a new one. */
export async function readBarCodes(raster: Raster): Promise<BarCodes> {
  const zxing = await import('zxing-wasm/reader')
  const pixels = raster.width * raster.height
  const small = shrink(raster, Math.max(1, Math.ceil(Math.sqrt(pixels / limits.ocrBarCodePixelsMax))))
  try {
    await load()
    const found = await zxing.readBarcodes(pixelsOf(small), { formats: FORMATS, maxNumberOfSymbols: SYMBOLS_MAX + 1 })
    const texts = found
      .slice(0, SYMBOLS_MAX)
      .filter(({ isValid, format, text }) => isValid && (!format.startsWith('ITF') || text.length >= ITF_LENGTH_MIN))
      .map(({ text }) => text)
    return { texts: [...new Set(texts)], isCut: found.length > SYMBOLS_MAX }
  } catch (thrown) {
    loaded = null
    zxing.purgeZXingModule()
    throw thrown
  }
}

/** What ZXing takes where there is no browser: anything with the fields of ImageData. */
function pixelsOf(raster: Raster): ImageDataLike {
  const { data } = contrastPlane(raster)
  const out = new Uint8ClampedArray(data.length * 4)
  for (let i = 0, at = 0; i < data.length; i++) {
    const value = data[i] ?? 0
    out[at++] = value
    out[at++] = value
    out[at++] = value
    out[at++] = 255
  }
  return { data: out, width: raster.width, height: raster.height } as ImageDataLike
}
