import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { limits } from '../../core/limits.ts'

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

/** Tries without a password first (an empty user password opens), then with each of `passwords`. */
export async function openPdf(
  bytes: Uint8Array,
  passwords: readonly string[],
): Promise<{ pdf: OpenPdf; password: string | null } | PdfFailure> {
  let failure: PdfFailure = 'broken'
  for (const password of [null, ...passwords]) {
    try {
      return { pdf: await load(bytes, password), password }
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.name !== 'PasswordException') return 'broken'
      failure = 'sealed'
    }
  }
  return failure
}

async function load(bytes: Uint8Array, password: string | null): Promise<OpenPdf> {
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
    useWasm: false,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    stopAtErrors: false,
    // Pixels are not looked at, so no picture is worth decoding.
    maxImageSize: 1,
    cMapUrl: `${join(root, 'cmaps')}/`,
    cMapPacked: true,
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

/** Text that the appearances of annotations draw: what a form shows, whatever its fields say. */
export async function appearanceText(page: PdfPage): Promise<string> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const list = await page.getOperatorList({ intent: 'any' })
  let text = ''
  let depth = 0
  for (let i = 0; i < list.fnArray.length && text.length < limits.extractTextMaxBytes; i++) {
    const operator = list.fnArray[i]
    if (operator === OPS.beginAnnotation) depth += 1
    else if (operator === OPS.endAnnotation) {
      depth -= 1
      text += '\n'
    } else if (operator === OPS.showText && depth > 0) {
      const glyphs: unknown = list.argsArray[i]?.[0]
      if (Array.isArray(glyphs)) text += glyphs.map(glyphText).join('')
    } else if (operator === OPS.nextLine || operator === OPS.moveText || operator === OPS.setTextMatrix) {
      if (depth > 0 && text !== '' && !text.endsWith('\n')) text += '\n'
    }
  }
  return text
}

/** A glyph with its characters, or a shift in thousandths of the font's size. */
function glyphText(glyph: unknown): string {
  if (typeof glyph === 'number') return glyph < -200 ? ' ' : ''
  const unicode = (glyph as { unicode?: unknown } | null)?.unicode
  return typeof unicode === 'string' ? unicode : ''
}

/** Outlines of letters are paths: as many as a line of text has make a page without text suspect. */
const PATHS_MIN = 50

/** Whether a page draws enough lines and curves to be writing. */
export async function isDrawing(page: PdfPage): Promise<boolean> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const list = await page.getOperatorList({ intent: 'any' })
  return list.fnArray.filter((operator) => operator === OPS.constructPath).length >= PATHS_MIN
}
