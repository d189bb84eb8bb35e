import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'

/**
 * pdf.js set up for reading hostile files in a process without a screen: nothing is drawn, evaluated or fetched; fonts
 * and character maps come from the package. Loaded on first use (150 ms).
 */
export interface OpenPdf {
  readonly document: PDFDocumentProxy
  close(): Promise<void>
}

export type PdfPage = PDFPageProxy

/** `sealed`: a password is needed and none of those given fits. `broken`: no document could be made of it. */
export type PdfFailure = 'sealed' | 'broken'

/**
 * Tries without a password first (an empty user password opens), then with each of `passwords`. Pictures of more than
 * `pictureMaxPixels` are not decoded; without it none is, since pixels are not looked at.
 */
export async function openPdf(
  bytes: Uint8Array,
  passwords: readonly string[],
  pictureMaxPixels = 1,
): Promise<{ pdf: OpenPdf; password: string | null } | PdfFailure> {
  let failure: PdfFailure = 'broken'
  for (const password of [null, ...passwords]) {
    try {
      return { pdf: await load(bytes, password, pictureMaxPixels), password }
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.name !== 'PasswordException') return 'broken'
      failure = 'sealed'
    }
  }
  return failure
}

async function load(bytes: Uint8Array, password: string | null, pictureMaxPixels: number): Promise<OpenPdf> {
  const pdfjs = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const root = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))
  const task = pdfjs.getDocument({
    // pdf.js takes the buffer away, so it gets a copy.
    data: new Uint8Array(bytes),
    ...(password === null ? {} : { password }),
    verbosity: 0,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    useWasm: true,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    stopAtErrors: false,
    maxImageSize: pictureMaxPixels,
    cMapUrl: `${join(root, 'cmaps')}/`,
    cMapPacked: true,
    // Decoders of JPEG 2000 and JBIG2; without WebAssembly a scanned page takes longer than it may.
    wasmUrl: `${join(root, 'wasm')}/`,
    standardFontDataUrl: `${join(root, 'standard_fonts')}/`,
  })
  try {
    const document = await task.promise
    return { document, close: () => task.destroy() }
  } catch (thrown) {
    await task.destroy().catch(() => undefined)
    throw thrown
  }
}

/** Null once `ms` are over; the work is left to finish by itself. */
export async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(1, ms))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}
