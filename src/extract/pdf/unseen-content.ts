import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { openPdf, withDeadline } from '../office/pdf-document.ts'
import { textOfPage } from '../office/pdf-page-text.ts'
import { hasLyingMap } from './font-maps.ts'
import type { Inventory } from './inventory.ts'
import type { KnownText } from './known-text.ts'
import { contentsOfPage, resourcesOfPage } from './page-tree.ts'
import { decodedStream, dictOf, type PdfFile, type PdfObject, resolveDict } from './pdf-file.ts'
import { type PdfDict, PdfName, type PdfValue } from './pdf-value.ts'
import { type MadePage, makePdf, START_FONT } from './pdf-writer.ts'

/**
 * Text of content streams that no page shows: pages outside the page tree, streams that nothing refers to, patterns,
 * glyphs, appearances that are not seen, what later revisions replaced. They are put on pages of their own and read as
 * any page is. New lines set `hidden-content`; what could not be read is said.
 */
export async function readUnseenContent(
  file: PdfFile,
  inventory: Inventory,
  shown: ReadonlySet<PdfObject>,
  known: KnownText,
  context: ExtractContext,
): Promise<void> {
  await readMadePages(file, unseenPages(file, inventory, shown, context), false, known, context)
}

/** Pages as their fonts' encodings spell them, where a character map says something else or glyphs have odd names. */
export async function readWithoutMaps(
  file: PdfFile,
  inventory: Inventory,
  pages: readonly PdfObject[],
  known: KnownText,
  context: ExtractContext,
): Promise<void> {
  if (!inventory.hasShapedGlyphs && !hasLyingMap(file, inventory)) return
  const again = pages.slice(0, limits.extractPdfPagesMax).map((page) => {
    const dict = dictOf(page)
    return { contents: contentsOfPage(file, dict), resources: withoutPictures(resourcesOfPage(file, dict)) }
  })
  await readMadePages(file, again, true, known, context)
}

async function readMadePages(
  file: PdfFile,
  pages: readonly MadePage[],
  withoutMaps: boolean,
  known: KnownText,
  context: ExtractContext,
): Promise<void> {
  if (pages.length === 0) return
  const made = makePdf(file, pages, withoutMaps)
  if (made.isCut) context.uninspected('too-many', 'unseen pages')
  const opened = await openPdf(made.bytes, [])
  if (typeof opened === 'string') {
    context.uninspected('corrupt', 'unseen pages')
    return
  }
  const lines: string[] = []
  try {
    const { document } = opened.pdf
    for (let number = 1; number <= document.numPages; number++) {
      const left = Math.min(limits.extractPdfPageMs, context.budget.msLeft)
      const text = context.budget.hasTime() ? await withDeadline(document.getPage(number).then(textOfPage), left) : null
      if (text === null) {
        context.uninspected('timeout', 'unseen pages')
        break
      }
      lines.push(...known.fresh(text))
    }
  } catch {
    context.uninspected('corrupt', 'unseen pages')
  } finally {
    await opened.pdf.close().catch(() => undefined)
  }
  if (lines.length === 0) return
  context.trait('hidden-content')
  context.text(lines.join('\n'))
}

function unseenPages(
  file: PdfFile,
  inventory: Inventory,
  shown: ReadonlySet<PdfObject>,
  context: ExtractContext,
): MadePage[] {
  const pages: MadePage[] = []
  const taken = new Set<PdfObject>()
  const isUnseen = (object: PdfObject | undefined): object is PdfObject =>
    object !== undefined &&
    !shown.has(object) &&
    !taken.has(object) &&
    inventory.programs.get(object)?.showsText === true
  const resourcesOf = new Map<number, PdfDict>()
  /** One page more than may be: the writer says that it is left out. */
  const mayGoOn = () => pages.length <= limits.extractPdfPagesMax && context.budget.hasTime()
  for (const page of inventory.pages) {
    if (!mayGoOn()) break
    const dict = dictOf(page)
    const contents = contentsOfPage(file, dict)
    const streams = contents.flatMap(({ number }) => file.current.get(number) ?? [])
    const draws = streams.some(
      (stream) => (inventory.programs.get(stream)?.draws.length ?? 0) > 0 && !shown.has(stream),
    )
    const resources = resourcesOfPage(file, dict)
    for (const { number } of contents) if (!resourcesOf.has(number)) resourcesOf.set(number, resources)
    if (!draws && !streams.some(isUnseen)) continue
    for (const stream of streams) taken.add(stream)
    pages.push({ contents: streams, resources: withFonts(file, inventory, streams, resources) })
  }
  for (const object of inventory.programs.keys()) {
    if (!mayGoOn()) break
    if (!isUnseen(object)) continue
    const own = dictOf(object).get('Resources') ?? inventory.glyphResources.get(object.number)
    const resources = own === undefined ? (resourcesOf.get(object.number) ?? new Map()) : resolveDict(file, own)
    pages.push({ contents: [object], resources: withFonts(file, inventory, [object], resources) })
  }
  if (!context.budget.hasTime()) context.uninspected('timeout', 'unseen pages')
  return pages
}

/** Resources with every font that the streams name: their own, else one that is called so elsewhere, else Helvetica. */
function withFonts(file: PdfFile, inventory: Inventory, streams: readonly PdfObject[], resources: PdfDict): PdfDict {
  const own = resolveDict(file, resources.get('Font'))
  const fonts: PdfDict = new Map()
  for (const stream of streams) {
    const { bytes } = decodedStream(file, stream, dictOf(stream), limits.extractEntryMaxBytes)
    for (const match of (bytes?.toString('latin1') ?? '').matchAll(/\/([^\s/()<>[\]{}%]+)\s+[-+.\d]+\s+Tf\b/g)) {
      const name = match[1] ?? ''
      if (!fonts.has(name)) fonts.set(name, own.get(name) ?? inventory.fonts.get(name) ?? HELVETICA)
    }
  }
  fonts.set(START_FONT, HELVETICA)
  return withoutPictures(resources).set('Font', fonts)
}

/** Resources that text comes by: fonts, forms and states. */
function withoutPictures(resources: PdfDict): PdfDict {
  const kept = ['Font', 'XObject', 'ExtGState'].map((key) => [key, resources.get(key) ?? null] as const)
  return new Map<string, PdfValue>(kept.filter(([, value]) => value !== null))
}

const HELVETICA: PdfValue = new Map<string, PdfValue>([
  ['Type', new PdfName('Font')],
  ['Subtype', new PdfName('Type1')],
  ['BaseFont', new PdfName('Helvetica')],
  ['Encoding', new PdfName('WinAnsiEncoding')],
])
