import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { type OpenPdf, openPdf, type PdfPage } from '../office/pdf-document.ts'
import { drawnOn, linesBeyond } from '../office/pdf-drawn-text.ts'
import { pageText, type TextPiece } from '../office/pdf-page-text.ts'
import { PdfPictures } from '../office/pdf-pictures.ts'
import {
  behindEnd,
  earlierRevisions,
  encryptionOf,
  hasPictureProgram,
  hasPictures,
  xfaTexts,
} from '../office/pdf-raw.ts'
import { readPdfStructure, withoutCounts } from '../office/pdf-structure.ts'
import { PdfWords } from '../office/pdf-words.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * PDF: text page by page (hidden, off the page and on switched-off layers too), form values, annotations, scripts,
 * outlines, XFA, properties, XMP and labels, alternative text, what earlier revisions said; attachments are children.
 * A file that opens with an empty user password is read. Text in pictures is recognised page by page; pages that are
 * pictures alone and of which nothing could be looked at are told as `not-readable`.
 */
export const pdf: Format = {
  id: 'pdf',
  types: ['application/pdf', 'application/x-pdf'],
  extract: (input, context) => extractPdf(input, context),
}

/** Outlines of letters are paths: as many as a line of text has make a page without text suspect. */
const PATHS_MIN = 50

async function extractPdf(input: FormatInput, context: ExtractContext): Promise<void> {
  const given = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const { bytes, opened } = await openWhole(given, context)
  if (opened === 'sealed') {
    context.uninspected('encrypted', encryptionOf(bytes))
    return
  }
  if (opened === 'broken') {
    context.uninspected('corrupt', 'pdf')
    return
  }
  if (hasPictureProgram(bytes)) context.uninspected('corrupt', 'page program')
  if (opened.password !== null) context.trait('opened-with-password')
  const lines = new Set<string>()
  const pictures = new PdfPictures(bytes, opened.password)
  try {
    await readPages(opened.pdf, pictures, bytes, lines, context)
    await new PdfWords(opened.pdf.document, context).read()
  } finally {
    await pictures.close()
    await opened.pdf.close().catch(() => undefined)
  }
  if (bytes.includes('/XFA')) for (const text of await xfaTexts(bytes, context)) context.text(text)
  await readRevisions(bytes, lines, context)
  await extractTrailing(bytes.subarray(behindEnd(bytes)), context)
}

/** The file, opened with every page that hangs on its page tree: readers show no more than the tree counts. */
async function openWhole(
  bytes: Buffer,
  context: ExtractContext,
): Promise<{ bytes: Buffer; opened: Awaited<ReturnType<typeof openPdf>> }> {
  const passwords = context.passwords.slice(0, limits.extractPasswordsMax)
  const opened = await openPdf(bytes, passwords)
  if (typeof opened === 'string') return { bytes, opened }
  const { hasBrokenStream, pages, counts } = readPdfStructure(bytes, context)
  if (hasBrokenStream) context.uninspected('corrupt', 'pdf stream')
  if (pages <= opened.pdf.document.numPages) return { bytes, opened }
  context.trait('hidden-content')
  if (counts === null) {
    context.uninspected('partial', 'pages that are not counted')
    return { bytes, opened }
  }
  await opened.pdf.close().catch(() => undefined)
  const whole = withoutCounts(bytes, counts)
  return { bytes: whole, opened: await openPdf(whole, passwords) }
}

async function readPages(
  pdf: OpenPdf,
  pictures: PdfPictures,
  bytes: Buffer,
  lines: Set<string>,
  context: ExtractContext,
): Promise<void> {
  const count = pdf.document.numPages
  const mayHavePictures = hasPictures(bytes)
  if (count > limits.extractPdfPagesMax) context.uninspected('too-many', `${limits.extractPdfPagesMax} pages`)
  for (let number = 1; number <= Math.min(count, limits.extractPdfPagesMax); number++) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'pdf pages')
      return
    }
    try {
      const page = await pdf.document.getPage(number)
      const text = await withDeadline(textOf(page), Math.min(limits.extractPdfPageMs, context.budget.msLeft))
      if (text === null) context.uninspected('timeout', `page ${number}`)
      else {
        if (text !== '') context.text(text)
        remember(text, lines)
        const { isBlank, paths } = await readDrawn(page, text, context)
        let isRead = mayHavePictures && (await readPictures(pictures, number, isBlank, context))
        if (isBlank && paths >= PATHS_MIN) isRead = await readOutlines(pictures, number, context)
        if (isBlank && !isRead && (mayHavePictures || paths >= PATHS_MIN))
          context.uninspected('not-readable', 'page without text')
      }
      page.cleanup()
    } catch {
      context.uninspected('corrupt', `page ${number}`)
    }
  }
}

/** Text in the pictures of a page. False when none of them was looked at, so that nothing is known of the page. */
async function readPictures(
  pictures: PdfPictures,
  number: number,
  isBlank: boolean,
  context: ExtractContext,
): Promise<boolean> {
  const reader = context.pictures
  // Beside text a picture is mostly an illustration: past the time of recognition it is passed over, and said to be.
  if (!reader || (!reader.hasTime && !isBlank)) {
    if (!isBlank && reader) context.uninspected('not-readable', 'pictures of pages')
    return false
  }
  const found = await withDeadline(
    pictures.onPage(number).catch(() => []),
    Math.min(limits.extractPdfPageMs, context.budget.msLeft),
  )
  if (found === null) context.uninspected('timeout', `pictures of page ${number}`)
  for (const raster of found ?? []) {
    const { text, problem } = await reader.readRaster(raster, context.budget)
    if (text !== '') {
      context.via('ocr')
      context.text(text)
    }
    if (problem) context.uninspected(isBlank ? problem.reason : 'not-readable', problem.detail)
  }
  return found === null || found.length > 0
}

/** Text of a page whose letters are lines and curves. False when the page was not looked at. */
async function readOutlines(pictures: PdfPictures, number: number, context: ExtractContext): Promise<boolean> {
  const reader = context.pictures
  if (!reader?.hasTime) return false
  const ms = Math.min(limits.extractPdfPageMs, context.budget.msLeft)
  const raster = await pictures.drawn(number, ms).catch(() => null)
  if (raster === null) return false
  const { text, problem } = await reader.readRaster(raster, context.budget)
  if (text !== '') {
    context.via('ocr')
    context.text(text)
  }
  if (problem) context.uninspected(problem.reason, problem.detail)
  return true
}

interface BesideText {
  /** The page has no text at all. */
  readonly isBlank: boolean
  /** Lines and curves on it. */
  readonly paths: number
}

/** What is drawn beside the text of the page, and whether the page shows anything but text. */
async function readDrawn(page: PdfPage, text: string, context: ExtractContext): Promise<BesideText> {
  const drawn = await withDeadline(drawnOn(page), Math.min(limits.extractPdfPageMs, context.budget.msLeft))
  if (drawn === null) {
    context.uninspected('timeout', 'pdf page')
    return { isBlank: false, paths: 0 }
  }
  const beyond = linesBeyond(text, drawn.lines)
  if (beyond.length > 0) context.text(beyond.join('\n'))
  return { isBlank: text.trim() === '' && drawn.lines.length === 0, paths: drawn.paths }
}

async function textOf(page: PdfPage): Promise<string> {
  const content = await page.getTextContent({ includeMarkedContent: false })
  return pageText(content.items.filter((item): item is typeof item & TextPiece => 'str' in item))
}

/** Null once `ms` are over; the work is left to finish by itself. */
async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T | null> {
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

function remember(text: string, lines: Set<string>): void {
  for (const line of text.split('\n')) if (lines.size < limits.extractRecordsMax) lines.add(line.trim())
}

/** Lines that an earlier revision had and the last one has not: saving a PDF only adds to it (ISO 32000-1, 7.5.6). */
async function readRevisions(bytes: Buffer, lines: Set<string>, context: ExtractContext): Promise<void> {
  for (const end of earlierRevisions(bytes)) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'pdf revisions')
      return
    }
    const opened = await openPdf(bytes.subarray(0, end), context.passwords.slice(0, limits.extractPasswordsMax))
    if (typeof opened === 'string') continue
    const older: string[] = []
    try {
      const { document } = opened.pdf
      for (let number = 1; number <= Math.min(document.numPages, limits.extractPdfPagesMax); number++) {
        if (!context.budget.hasTime()) break
        const text = await textOf(await document.getPage(number))
        for (const line of text.split('\n')) if (!lines.has(line.trim())) older.push(line)
        remember(text, lines)
      }
    } catch {
      // A revision that doesn't read by itself adds nothing; the file as a whole was read.
    } finally {
      await opened.pdf.close().catch(() => undefined)
    }
    if (older.length === 0) continue
    context.trait('hidden-content')
    context.text(older.join('\n'))
  }
}
