import type { ExtractContext } from '../format.ts'
import { openPdf } from '../office/pdf-document.ts'
import { hasPictures } from '../office/pdf-raw.ts'
import { contentsOfPage, type PageTree, readPageTree, resourcesOfPage } from './page-tree.ts'
import { dictOf, type PdfFile, readPdfFile } from './pdf-file.ts'
import { makePdf } from './pdf-writer.ts'

/**
 * A PDF that has a password for its user and an empty one for its owner: pdf.js doesn't try that, other programs do and
 * show it unasked. Its pages are put together anew, without encryption and pictures; the latter is told.
 */
export interface OpenedByOwner {
  readonly bytes: Buffer
  readonly file: PdfFile
  readonly tree: PageTree
  readonly opened: Exclude<Awaited<ReturnType<typeof openPdf>>, string> | null
}

/** Null where the owner has a password, too. */
export async function openByOwner(bytes: Buffer, context: ExtractContext): Promise<OpenedByOwner | null> {
  const file = readPdfFile(bytes, '', context)
  if (file.cipher === null) return null
  const tree = readPageTree(file)
  const pages = tree.pages.map((page) => {
    const dict = dictOf(page)
    return { contents: contentsOfPage(file, dict), resources: resourcesOfPage(file, dict) }
  })
  const made = makePdf(file, pages)
  if (made.isCut) context.uninspected('partial', 'pdf pages')
  if (hasPictures(bytes)) context.uninspected('not-readable', 'pictures of pages')
  const opened = await openPdf(made.bytes, [])
  return { bytes: made.bytes, file, tree, opened: typeof opened === 'string' ? null : opened }
}
