import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { type OpenPdf, openPdf, type PdfPage, withDeadline } from '../office/pdf-document.ts'
import { drawnOn, linesBeyond } from '../office/pdf-drawn-text.ts'
import { textOfPage } from '../office/pdf-page-text.ts'
import { PdfPictures } from '../office/pdf-pictures.ts'
import { beforeHeader, behindEnd, encryptionOf, hasPictureProgram, hasPictures } from '../office/pdf-raw.ts'
import { PdfWords } from '../office/pdf-words.ts'
import { pagesToLookAt } from '../pdf/font-maps.ts'
import { type Inventory, takeInventory } from '../pdf/inventory.ts'
import { KnownText } from '../pdf/known-text.ts'
import { openByOwner } from '../pdf/open-by-owner.ts'
import { lastCatalog, type PageTree, readPageTree, withoutCounts } from '../pdf/page-tree.ts'
import { type PdfFile, readPdfFile } from '../pdf/pdf-file.ts'
import { readUnseenFiles, readUnseenWords } from '../pdf/read-unseen.ts'
import { shownContents } from '../pdf/shown-content.ts'
import { readUnseenContent, readWithoutMaps } from '../pdf/unseen-content.ts'
import { rasterPrint } from '../prints/picture-print.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * PDF: text page by page (hidden, off the page and on switched-off layers too), form values, annotations, scripts,
 * outlines, properties, XMP and labels; then whatever else any object of the file holds, of earlier revisions and those
 * that nothing refers to as well: content no page shows, strings, XFA, comments. Attachments are children. A file that
 * opens with an empty user password is read. Text in pictures is recognised last, since it takes most of the time and
 * no text may be missing for it; pages that are pictures alone and were not looked at are told as `not-readable`.
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
  const whole = await openWhole(given, context)
  if (whole === 'sealed') {
    context.uninspected('encrypted', encryptionOf(given))
    return
  }
  const { bytes, opened, file, tree } = whole
  const inventory = takeInventory(file, context)
  if (opened === null) context.uninspected('corrupt', 'pdf')
  else if (hasPictureProgram(bytes)) context.uninspected('corrupt', 'page program')
  if (file.isSealed) context.uninspected('partial', 'encrypted pdf objects')
  if (inventory.hasBrokenStream) context.uninspected('corrupt', 'pdf stream')
  const known = new KnownText()
  const attached = new Set<string>()
  const looks = opened === null ? [] : await readOpened(opened, whole, inventory, known, attached, context)
  const seen = new Set(looks.filter(({ isBlank }) => !isBlank).map(({ number }) => number))
  const shown = shownContents(
    file,
    inventory.programs,
    tree.pages.filter((_, i) => seen.has(i + 1)),
  )
  await readUnseenContent(file, inventory, shown, known, context)
  await readWithoutMaps(file, inventory, tree.pages, known, context)
  await extractTrailing(bytes.subarray(0, beforeHeader(bytes)), context, { label: '[leading]' })
  await extractTrailing(bytes.subarray(behindEnd(bytes)), context)
  await readUnseenFiles(file, inventory, attached, context)
  await readUnseenWords(file, inventory, known, context)
  await readPictures(looks, new PdfPictures(bytes, opened?.password ?? null), hasPictures(bytes), context)
  if (inventory.isCut) context.uninspected(context.budget.hasTime() ? 'too-many' : 'timeout', 'pdf objects')
}

/** Reads what pdf.js reads but pictures. What of each page is left to be looked at. */
async function readOpened(
  { pdf, password }: Opened,
  { file, tree }: Whole,
  inventory: Inventory,
  known: KnownText,
  attached: Set<string>,
  context: ExtractContext,
): Promise<PageLook[]> {
  if (password !== null) context.trait('opened-with-password')
  try {
    const toLookAt = pagesToLookAt(file, inventory, tree.pages.slice(0, limits.extractPdfPagesMax))
    const looks = await readPages(pdf, known, toLookAt, context)
    const found = { metadata: inventory.metadata, known, attached, isSealed: file.isSealed }
    await new PdfWords(pdf.document, context, found).read()
    return looks
  } finally {
    await pdf.close().catch(() => undefined)
  }
}

/** Share of the time of a message. */
const PICTURES_RESERVE = 0.25

const UNREADABLE_MIN = 8
const UNREADABLE_SHARE = 0.1

/** Text with many characters that are none, as fonts give that number their glyphs and tell nothing of them. */
function isUnreadable(text: string): boolean {
  const none = text.match(/[\0-\x08\x0e-\x1f\x7f\ufffd\ue000-\uf8ff]/g)?.length ?? 0
  return none >= UNREADABLE_MIN && none >= (text.match(/\S/g)?.length ?? 0) * UNREADABLE_SHARE
}

/** A page whose text was read. */
interface PageLook extends BesideText {
  readonly number: number
  /** Its text can't be told from its font. */
  readonly hasUnreadFont: boolean
}

type Opened = Exclude<Awaited<ReturnType<typeof openPdf>>, string>

interface Whole {
  readonly bytes: Buffer
  readonly file: PdfFile
  readonly tree: PageTree
  /** Null where no document could be made of it. */
  readonly opened: Opened | null
}

/** The file, opened with every page that hangs on its page tree: readers show no more than the tree counts. */
async function openWhole(given: Buffer, context: ExtractContext): Promise<Whole | 'sealed'> {
  const passwords = context.passwords.slice(0, limits.extractPasswordsMax)
  const first = await openPdf(given, passwords)
  if (first === 'sealed') return (await openByOwner(given, context)) ?? 'sealed'
  const file = readPdfFile(given, first === 'broken' ? '' : (first.password ?? ''), context)
  const tree = readPageTree(file)
  if (first === 'broken') {
    const mended = withTrailer(given, file)
    const opened = mended === null ? 'broken' : await openPdf(mended, passwords)
    return { bytes: given, file, tree, opened: typeof opened === 'string' ? null : opened }
  }
  if (tree.pages.length <= first.pdf.document.numPages) return { bytes: given, file, tree, opened: first }
  context.trait('hidden-content')
  if (tree.counts === null) {
    context.uninspected('partial', 'pages that are not counted')
    return { bytes: given, file, tree, opened: first }
  }
  await first.pdf.close().catch(() => undefined)
  const bytes = withoutCounts(given, tree.counts)
  const opened = await openPdf(bytes, passwords)
  return { bytes, file, tree, opened: typeof opened === 'string' ? null : opened }
}

/** Objects alone, as they are left of a file that breaks off, with a trailer to start from; null without a catalog. */
function withTrailer(bytes: Buffer, file: PdfFile): Buffer | null {
  const catalog = lastCatalog(file)
  if (catalog === undefined || catalog.isPacked) return null
  const trailer = `\ntrailer\n<</Root ${catalog.number} ${catalog.generation} R>>\nstartxref\n0\n%%EOF\n`
  return Buffer.concat([bytes, Buffer.from(trailer, 'latin1')])
}

async function readPages(
  pdf: OpenPdf,
  known: KnownText,
  toLookAt: ReadonlySet<number>,
  context: ExtractContext,
): Promise<PageLook[]> {
  const count = pdf.document.numPages
  const looks: PageLook[] = []
  if (count > limits.extractPdfPagesMax) context.uninspected('too-many', `${limits.extractPdfPagesMax} pages`)
  for (let number = 1; number <= Math.min(count, limits.extractPdfPagesMax); number++) {
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'pdf pages')
      return looks
    }
    try {
      const page = await pdf.document.getPage(number)
      const text = await withDeadline(textOfPage(page), Math.min(limits.extractPdfPageMs, context.budget.msLeft))
      if (text === null) context.uninspected('timeout', `page ${number}`)
      else {
        if (text !== '') context.text(text)
        known.add(text)
        const beside = await readDrawn(page, text, known, context)
        looks.push({ number, ...beside, hasUnreadFont: toLookAt.has(number - 1) || isUnreadable(text) })
      }
      page.cleanup()
    } catch {
      context.uninspected('corrupt', `page ${number}`)
    }
  }
  return looks
}

/** Text in pictures and drawn letters: of pages without any other text first. */
async function readPictures(
  looks: readonly PageLook[],
  pictures: PdfPictures,
  mayHavePictures: boolean,
  context: ExtractContext,
): Promise<void> {
  const needed = ({ isBlank, hasUnreadFont }: PageLook) => isBlank || hasUnreadFont
  try {
    for (const look of [...looks.filter(needed), ...looks.filter((look) => !needed(look))]) {
      try {
        await lookAt(look, pictures, mayHavePictures, context)
      } catch {
        context.uninspected('corrupt', `page ${look.number}`)
      }
    }
  } finally {
    await pictures.close()
  }
}

async function lookAt(
  { number, isBlank, paths, hasUnreadFont }: PageLook,
  pictures: PdfPictures,
  mayHavePictures: boolean,
  context: ExtractContext,
): Promise<void> {
  const isDrawn = isBlank && paths >= PATHS_MIN
  let isRead = mayHavePictures && (await readPagePictures(pictures, number, isBlank, context))
  if (isDrawn) isRead = (await readOutlines(pictures, number, context)) !== null
  if (isBlank && !isRead && (mayHavePictures || isDrawn)) context.uninspected('not-readable', 'page without text')
  if (!isBlank && hasUnreadFont && !(await readOutlines(pictures, number, context)))
    context.uninspected('not-readable', 'font without characters')
}

/**
 * Whether a picture may still be begun. Steps of it can't be broken off, and with the time of the message over all that
 * was read would be lost.
 */
function hasRoom({ budget }: ExtractContext): boolean {
  return budget.msLeft > budget.limits.timeMs * PICTURES_RESERVE
}

/** Text in the pictures of a page. False when none of them was looked at, so that nothing is known of the page. */
async function readPagePictures(
  pictures: PdfPictures,
  number: number,
  isBlank: boolean,
  context: ExtractContext,
): Promise<boolean> {
  const reader = context.pictures
  // Beside text a picture is mostly an illustration: past the time of recognition it is passed over, and said to be.
  if (!reader || !hasRoom(context) || (!reader.hasTime && !isBlank)) {
    if (!isBlank && reader) context.uninspected('not-readable', 'pictures of pages')
    return false
  }
  const found = await withDeadline(
    pictures.onPage(number).catch(() => ({ rasters: [], isCut: false })),
    Math.min(limits.extractPdfPageMs, context.budget.msLeft),
  )
  if (found === null) context.uninspected('timeout', `pictures of page ${number}`)
  if (found?.isCut) context.uninspected(isBlank ? 'too-many' : 'not-readable', `pictures of page ${number}`)
  for (const raster of found?.rasters ?? []) {
    const print = context.picturePrint && (await rasterPrint(raster))
    if (print) context.picturePrint?.(print)
    const { text, problem } = await reader.readRaster(raster, context.budget)
    if (text !== '') {
      context.via('ocr')
      context.text(text)
    }
    if (problem) context.uninspected(isBlank ? problem.reason : 'not-readable', problem.detail)
  }
  return found === null || found.rasters.length > 0
}

/** Text of a page as it is seen. Null when it was not looked at. */
async function readOutlines(pictures: PdfPictures, number: number, context: ExtractContext): Promise<string | null> {
  const reader = context.pictures
  if (!reader?.hasTime || !hasRoom(context)) return null
  const ms = Math.min(limits.extractPdfPageMs, context.budget.msLeft)
  const raster = await pictures.drawn(number, ms).catch(() => null)
  if (raster === null) return null
  const { text, problem } = await reader.readRaster(raster, context.budget)
  if (text !== '') {
    context.via('ocr')
    context.text(text)
  }
  if (problem) context.uninspected(problem.reason, problem.detail)
  return text
}

interface BesideText {
  /** The page has no text at all. */
  readonly isBlank: boolean
  /** Lines and curves on it. */
  readonly paths: number
}

/** What is drawn beside the text of the page, and whether the page shows anything but text. */
async function readDrawn(page: PdfPage, text: string, known: KnownText, context: ExtractContext): Promise<BesideText> {
  const drawn = await withDeadline(drawnOn(page), Math.min(limits.extractPdfPageMs, context.budget.msLeft))
  if (drawn === null) {
    context.uninspected('timeout', 'pdf page')
    return { isBlank: false, paths: 0 }
  }
  const beyond = linesBeyond(text, drawn.lines)
  if (beyond.length > 0) context.text(beyond.join('\n'))
  known.add(beyond.join('\n'))
  return { isBlank: text.trim() === '' && drawn.lines.length === 0, paths: drawn.paths }
}
