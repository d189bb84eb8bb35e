import type { ContentProgram } from './content-program.ts'
import { contentsOfPage, resourcesOfPage } from './page-tree.ts'
import { dictOf, type PdfFile, type PdfObject, resolve, resolveDict } from './pdf-file.ts'
import { isDict, nameOf, type PdfDict, PdfRef, type PdfValue } from './pdf-value.ts'

/**
 * Which content streams the pages show: their own, the forms these draw, and the appearances of annotations. An object
 * that the file has several of counts as not shown, since which of them a reader takes is not known. Pure; each stream
 * is looked at once.
 */
export function shownContents(
  file: PdfFile,
  programs: ReadonlyMap<PdfObject, ContentProgram>,
  pages: readonly PdfObject[],
): Set<PdfObject> {
  const shown = new Set<PdfObject>()
  const streamOf = (value: PdfValue | undefined): PdfObject | null => {
    if (!(value instanceof PdfRef) || file.replaced.has(value.number)) return null
    const object = file.current.get(value.number)
    return object && object.data !== null && !shown.has(object) ? object : null
  }
  /** Forms that wait for being looked at, with the resources that they fall back on. */
  const waiting: { stream: PdfObject; above: PdfDict }[] = []
  const draw = (draws: readonly string[], resources: PdfDict): void => {
    if (draws.length === 0) return
    const forms = resolveDict(file, resources.get('XObject'))
    for (const name of draws) {
      const stream = streamOf(forms.get(name))
      if (stream) waiting.push({ stream, above: resources })
    }
  }
  /** Lists of annotations gone through: pages may share one that is long. */
  const walked = new Set<PdfValue>()
  for (const object of pages) {
    const page = dictOf(object)
    const resources = resourcesOfPage(file, page)
    for (const reference of contentsOfPage(file, page)) {
      const stream = streamOf(reference)
      if (!stream) continue
      shown.add(stream)
      draw(programs.get(stream)?.draws ?? [], resources)
    }
    const annotations = resolve(file, page.get('Annots'))
    const isNew = !walked.has(annotations)
    walked.add(annotations)
    for (const appearance of isNew ? appearances(file, annotations) : []) {
      const stream = streamOf(appearance)
      if (stream) waiting.push({ stream, above: resources })
    }
    for (let form = waiting.pop(); form !== undefined; form = waiting.pop()) {
      if (shown.has(form.stream)) continue
      shown.add(form.stream)
      const dict = dictOf(form.stream)
      const own = dict.has('Resources') ? resolveDict(file, dict.get('Resources')) : form.above
      draw(programs.get(form.stream)?.draws ?? [], own)
    }
  }
  return shown
}

/** Hidden, and not shown on a screen. */
const UNSEEN_FLAGS = 2 | 32

/** Normal appearances of the annotations that are seen, in the state they are in. */
function appearances(file: PdfFile, list: PdfValue): PdfValue[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item) => {
    const annotation = resolveDict(file, item)
    const flags = annotation.get('F')
    if (typeof flags === 'number' && (flags & UNSEEN_FLAGS) !== 0) return []
    const normal = resolveDict(file, annotation.get('AP')).get('N')
    if (normal === undefined) return []
    const states = resolve(file, normal)
    const object = normal instanceof PdfRef ? file.current.get(normal.number) : undefined
    if (object?.data || !isDict(states)) return [normal]
    return [states.get(nameOf(annotation.get('AS'))) ?? null]
  })
}
