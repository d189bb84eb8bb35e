import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { checkSize, newPicture, type RgbaPicture, setPixel } from './rgba-picture.ts'

type JpxImage = typeof import('pdfjs-dist/image_decoders/pdf.image_decoders.mjs').JpxImage

let loading: Promise<JpxImage> | null = null

/**
 * JPEG 2000 files and codestreams, by the OpenJPEG that comes with pdf.js (WebAssembly). Throws for what is no picture,
 * and for one that is too large before anything is decoded.
 */
export async function decodeJpeg2000(bytes: Buffer): Promise<RgbaPicture> {
  loading ??= load()
  const decoder = await loading
  const { width, height, componentsCount } = decoder.parseImageProperties(bytes)
  checkSize(width, height)
  if (componentsCount > 4) throw new RangeError('components of a jpeg 2000')
  const data = await decoder.instance.decode(bytes)
  const components = data.length / (width * height)
  if (components === 4) return { width, height, rgba: data }
  // One or two components are grey, with opacity; as many come out as are in the file.
  if (![1, 2, 3].includes(components)) throw new RangeError('components of a jpeg 2000')
  const picture = newPicture(width, height)
  for (let i = 0, at = 0; i < width * height; i++, at += components) {
    const [a = 0, b = 0, c = 0] = [data[at], data[at + 1], data[at + 2]]
    if (components === 3) setPixel(picture, i, a, b, c)
    else setPixel(picture, i, a, a, a, components === 2 ? b : 255)
  }
  return picture
}

async function load(): Promise<JpxImage> {
  const { JpxImage } = await import('pdfjs-dist/image_decoders/pdf.image_decoders.mjs')
  const folder = join(dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json')), 'wasm')
  const handler = {
    sendWithPromise: (_action: string, wanted: { readonly filename: string }) =>
      readFile(join(folder, wanted.filename)),
  }
  JpxImage.setOptions({ useWasm: true, useWorkerFetch: false, wasmUrl: `${folder}/`, getHandler: () => handler })
  return JpxImage
}
