import { inflateRawSync, inflateSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'

/**
 * The structure of a PDF from its bytes, beside pdf.js, which is lenient without saying so: whether its streams come out
 * whole, and how many pages hang on its page tree, whatever that tree counts. Encrypted files tell neither. Never
 * throws; linear in the size of the file.
 */
export interface PdfStructure {
  /** A deflated stream that is no picture breaks off or doesn't hold its checksum: text may be lost or changed. */
  readonly hasBrokenStream: boolean
  /** Leaves of the page tree; 0 where it can't be followed. */
  readonly pages: number
  /** Where `/Count` stands in the nodes of that tree; null where a node stands in a compressed stream. */
  readonly counts: readonly number[] | null
}

/** An object of the last revision that may belong to the page tree. */
interface TreeObject {
  readonly text: string
  /** Where its text begins in the file; null in compressed object streams. */
  readonly at: number | null
}

const UNKNOWN: PdfStructure = { hasBrokenStream: false, pages: 0, counts: null }
/** ISO 32000-1, 7.3.10: number, generation, the word. */
const OBJECT = /(\d{1,10})\s+\d{1,5}\s+obj\b/g
const TREE = /\/Kids\b|\/Pages\b/
const FLATE = /\/(?:Filter|F)\s*(?:\[\s*)?\/(?:FlateDecode|Fl)\b/
const PICTURE = /\/Subtype\s*\/Image\b|\/Width\b/
const DICTIONARY_MAX_CHARS = 1024 * 1024

export function readPdfStructure(bytes: Buffer, context: ExtractContext): PdfStructure {
  if (bytes.includes('/Encrypt')) return UNKNOWN
  const text = bytes.toString('latin1')
  const objects = new Map<number, TreeObject | null>()
  let hasBrokenStream = false
  let inflatedLeft = limits.extractPdfCheckMaxBytes
  OBJECT.lastIndex = 0
  for (let match = OBJECT.exec(text); match !== null; match = OBJECT.exec(text)) {
    if (objects.size >= limits.extractPdfObjectsMax || !context.budget.hasTime()) return { ...UNKNOWN, hasBrokenStream }
    const start = OBJECT.lastIndex
    const { dictionary, data, end } = objectAt(text, bytes, start)
    OBJECT.lastIndex = end
    objects.set(Number(match[1]), TREE.test(dictionary) ? { text: dictionary, at: start } : null)
    if (data === null || !FLATE.test(dictionary) || PICTURE.test(dictionary)) continue
    const inflated = inflatedStream(data, inflatedLeft)
    if (inflated === 'broken') hasBrokenStream = true
    else if (inflated !== null) {
      inflatedLeft -= inflated.length
      if (/\/ObjStm\b/.test(dictionary)) takePacked(dictionary, inflated, objects)
    }
  }
  return { hasBrokenStream, ...pageTree(text, objects) }
}

/** Dictionary and, where it is a stream, data of the object whose content starts at `start`. */
function objectAt(
  text: string,
  bytes: Buffer,
  start: number,
): { dictionary: string; data: Buffer | null; end: number } {
  const endObject = indexOrEnd(text, 'endobj', start)
  const stream = text.indexOf('stream', start)
  if (stream < 0 || stream > endObject)
    return {
      dictionary: text.slice(start, Math.min(endObject, start + DICTIONARY_MAX_CHARS)),
      data: null,
      end: endObject,
    }
  const dictionary = text.slice(start, Math.min(stream, start + DICTIONARY_MAX_CHARS))
  let from = stream + 'stream'.length
  if (text[from] === '\r') from += 1
  if (text[from] === '\n') from += 1
  const stated = from + Number(/\/Length\s+(\d{1,10})\b(?!\s+\d+\s+R)/.exec(dictionary)?.[1] ?? -1)
  const isRight = stated >= from && /^\s{0,2}endstream/.test(text.slice(stated, stated + 11))
  const end = isRight ? stated : indexOrEnd(text, 'endstream', from)
  return { dictionary, data: bytes.subarray(from, end), end }
}

function indexOrEnd(text: string, word: string, from: number): number {
  const at = text.indexOf(word, from)
  return at < 0 ? text.length : at
}

/** Null where it was not looked into, for its size. What lacks nothing but its checksum is whole. */
function inflatedStream(data: Buffer, left: number): Buffer | 'broken' | null {
  if (left <= 0) return null
  const options = { maxOutputLength: left }
  try {
    return inflateSync(data, options)
  } catch (thrown) {
    const { code } = thrown as { readonly code?: unknown }
    if (code === 'ERR_BUFFER_TOO_LARGE') return null
    if (code !== 'Z_BUF_ERROR') return 'broken'
  }
  try {
    return inflateRawSync(data.subarray(2), options)
  } catch {
    return 'broken'
  }
}

/** Objects in a compressed stream (7.5.7): pairs of number and place, then the objects from `/First` on. */
function takePacked(dictionary: string, inflated: Buffer, objects: Map<number, TreeObject | null>): void {
  const first = Number(/\/First\s+(\d+)/.exec(dictionary)?.[1] ?? 0)
  const text = inflated.toString('latin1')
  const pairs = text.slice(0, first).trim().split(/\s+/).map(Number)
  for (let i = 0; i + 1 < pairs.length && objects.size < limits.extractPdfObjectsMax; i += 2) {
    const [number = 0, place = 0, , next] = pairs.slice(i, i + 4)
    const own = text.slice(first + place, next === undefined ? undefined : first + next)
    objects.set(number, TREE.test(own) ? { text: own, at: null } : null)
  }
}

function pageTree(
  text: string,
  objects: ReadonlyMap<number, TreeObject | null>,
): Pick<PdfStructure, 'pages' | 'counts'> {
  const root = [...text.matchAll(/\/Root\s+(\d+)\s+\d+\s+R/g)].at(-1)?.[1]
  const catalog = objects.get(Number(root ?? -1))
  const top = /\/Pages\s+(\d+)\s+\d+\s+R/.exec(catalog?.text ?? '')?.[1]
  const queue = top === undefined ? [] : [Number(top)]
  const seen = new Set(queue)
  const counts: number[] = []
  let pages = 0
  let isPacked = false
  // The queue grows while it is gone through.
  for (const number of queue) {
    const node = objects.get(number)
    const kids = kidsOf(node?.text ?? '')
    if (!node || kids === null) {
      pages += objects.has(number) && number !== Number(top) ? 1 : 0
      continue
    }
    const count = /\/Count\b/.exec(node.text)
    if (node.at === null) isPacked = true
    else if (count) counts.push(node.at + count.index)
    for (const [, kid] of kids.matchAll(/(\d+)\s+\d+\s+R/g)) {
      if (seen.has(Number(kid))) continue
      seen.add(Number(kid))
      queue.push(Number(kid))
    }
  }
  return { pages, counts: isPacked ? null : counts }
}

/** What stands between the brackets behind the first `/Kids`. */
function kidsOf(text: string): string | null {
  const start = /\/Kids\s*\[/.exec(text)
  if (!start) return null
  const from = start.index + start[0].length
  const end = text.indexOf(']', from)
  return end < 0 ? null : text.slice(from, end)
}

/** The file without what its page tree counts, so that every page is walked to. */
export function withoutCounts(bytes: Buffer, counts: readonly number[]): Buffer {
  const out = Buffer.from(bytes)
  for (const at of counts) out.write('/Xount', at, 'latin1')
  return out
}
