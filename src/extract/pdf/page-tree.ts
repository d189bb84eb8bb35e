import { limits } from '../../core/limits.ts'
import { dictOf, type PdfFile, type PdfObject, resolve, resolveDict } from './pdf-file.ts'
import { isDict, nameOf, type PdfDict, PdfRef, type PdfValue } from './pdf-value.ts'

/** The pages of a PDF as its page tree leads to them, whatever that tree counts. Pure; never throws. */
export interface PageTree {
  /** In order; empty where the tree can't be followed. */
  readonly pages: readonly PdfObject[]
  /** Where `/Count` stands in the nodes of the tree; null where a node stands in a compressed stream. */
  readonly counts: readonly number[] | null
}

export function readPageTree(file: PdfFile): PageTree {
  const top = catalogOf(file).get('Pages')
  const stack = top instanceof PdfRef ? [top.number] : []
  const seen = new Set(stack)
  const pages: PdfObject[] = []
  const counts: number[] = []
  /** Lists gone through: nodes may share one that is long. */
  const walked = new Set<PdfValue>()
  let isPacked = false
  for (let number = stack.pop(); number !== undefined; number = stack.pop()) {
    const node = file.current.get(number)
    const dict = dictOf(node)
    const kids = resolve(file, dict.get('Kids'))
    if (!node || !Array.isArray(kids)) {
      if (node && dict.size > 0 && !(top instanceof PdfRef && number === top.number)) pages.push(node)
      continue
    }
    const count = /\/Count\b/.exec(node.text.slice(node.at, node.end))
    if (node.isPacked) isPacked = true
    else if (count) counts.push(node.at + count.index)
    if (walked.has(kids)) continue
    walked.add(kids)
    for (const kid of kids.toReversed()) {
      if (!(kid instanceof PdfRef) || seen.has(kid.number) || seen.size > limits.extractPdfObjectsMax) continue
      seen.add(kid.number)
      stack.push(kid.number)
    }
  }
  return { pages, counts: isPacked ? null : counts }
}

/** The catalog that the trailers name, else the last one in the file; empty where there is none. */
export function catalogOf(file: PdfFile): PdfDict {
  for (const trailer of file.trailers.toReversed()) {
    const root = resolveDict(file, trailer.get('Root'))
    if (root.has('Pages')) return root
  }
  return dictOf(lastCatalog(file))
}

export function lastCatalog(file: PdfFile): PdfObject | undefined {
  return file.objects.findLast((object) => {
    if (object.data !== null || !object.text.slice(object.at, object.end).includes('Catalog')) return false
    const dict = dictOf(object)
    return nameOf(dict.get('Type')) === 'Catalog' && dict.has('Pages')
  })
}

const ANCESTORS_MAX = 64

/** Resources of a page, its own or those of the node above it. */
export function resourcesOfPage(file: PdfFile, page: PdfDict): PdfDict {
  let node = page
  for (let i = 0; i < ANCESTORS_MAX; i++) {
    if (node.has('Resources')) return resolveDict(file, node.get('Resources'))
    const parent = resolve(file, node.get('Parent'))
    if (!isDict(parent)) break
    node = parent
  }
  return new Map()
}

/** What a page's program is made of. */
export function contentsOfPage(file: PdfFile, page: PdfDict): PdfRef[] {
  const given: PdfValue = page.get('Contents') ?? null
  const list = given instanceof PdfRef ? resolve(file, given) : given
  if (Array.isArray(list)) return list.filter((item) => item instanceof PdfRef)
  return given instanceof PdfRef ? [given] : []
}

/** The file without what its page tree counts, so that every page is walked to. */
export function withoutCounts(bytes: Buffer, counts: readonly number[]): Buffer {
  const out = Buffer.from(bytes)
  for (const at of counts) out.write('/Xount', at, 'latin1')
  return out
}
