import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { type OpenPdf, openPdf, type PdfPage } from '../office/pdf-document.ts'
import { drawnOn, linesBeyond } from '../office/pdf-drawn-text.ts'
import { pageText, type TextPiece } from '../office/pdf-page-text.ts'
import {
  behindEnd,
  earlierRevisions,
  encryptionOf,
  hasPictureProgram,
  hasPictures,
  xfaTexts,
} from '../office/pdf-raw.ts'
import { PdfWords } from '../office/pdf-words.ts'

/**
 * PDF: text page by page (hidden, off the page and on switched-off layers too), form values, annotations, scripts,
 * outlines, XFA, properties, XMP and labels, alternative text, what earlier revisions said; attachments are children.
 * A file that opens with an empty user password is read. Pages that are pictures alone are told as `not-readable`.
 */
export const pdf: Format = {
  id: 'pdf',
  types: ['application/pdf', 'application/x-pdf'],
  extract: (input, context) => extractPdf(input, context),
}

/** Outlines of letters are paths: as many as a line of text has make a page without text suspect. */
const PATHS_MIN = 50

async function extractPdf(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const opened = await openPdf(bytes, context.passwords.slice(0, limits.extractPasswordsMax))
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
  try {
    await readPages(opened.pdf, bytes, lines, context)
    await new PdfWords(opened.pdf.document, context).read()
  } finally {
    await opened.pdf.close().catch(() => undefined)
  }
  if (bytes.includes('/XFA')) for (const text of await xfaTexts(bytes, context)) context.text(text)
  await readRevisions(bytes, lines, context)
  await readBehind(bytes, context)
}

async function readPages(pdf: OpenPdf, bytes: Buffer, lines: Set<string>, context: ExtractContext): Promise<void> {
  const count = pdf.document.numPages
  const pictures = hasPictures(bytes)
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
        await readDrawn(page, text, pictures, context)
      }
      page.cleanup()
    } catch {
      context.uninspected('corrupt', `page ${number}`)
    }
  }
}

/** What is drawn beside the text of the page, and whether the page shows anything but text. */
async function readDrawn(page: PdfPage, text: string, pictures: boolean, context: ExtractContext): Promise<void> {
  const drawn = await withDeadline(drawnOn(page), Math.min(limits.extractPdfPageMs, context.budget.msLeft))
  if (drawn === null) {
    context.uninspected('timeout', 'pdf page')
    return
  }
  const beyond = linesBeyond(text, drawn.lines)
  if (beyond.length > 0) context.text(beyond.join('\n'))
  const isBlank = text.trim() === '' && drawn.lines.length === 0
  if (isBlank && (pictures || drawn.paths >= PATHS_MIN)) context.uninspected('not-readable', 'page without text')
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

async function readBehind(bytes: Buffer, context: ExtractContext): Promise<void> {
  const start = behindEnd(bytes)
  if (start >= bytes.length) return
  context.trait('trailing-data')
  await context.child({
    bytes: bytes.subarray(start),
    filename: null,
    label: '[trailing]',
    traits: ['hidden-content'],
  })
}
