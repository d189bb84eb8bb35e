import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { type PdfCipher, pdfCipher } from './pdf-decryption.ts'
import { type Decoded, decodeStream, streamHead } from './pdf-filters.ts'
import { isDict, nameOf, type PdfDict, PdfReader, PdfRef, PdfString, type PdfValue } from './pdf-value.ts'
import { isPlainText } from './stream-kind.ts'

/**
 * Every object that stands in a PDF, whether anything refers to it or not: those of all revisions, those in compressed
 * object streams, and the bytes between objects. Found by looking for them, without the tables that a file may lie in.
 * Values are read each time they are asked for. Never throws; linear in the size of the file.
 */
export interface PdfObject {
  readonly number: number
  readonly generation: number
  /** Text that its value stands in: the file, or an object stream. */
  readonly text: string
  readonly at: number
  readonly end: number
  /** In an object stream, which is enciphered as a whole. */
  readonly isPacked: boolean
  /** Of a stream, as it stands in the file. */
  readonly data: Buffer | null
}

export interface PdfFile {
  readonly objects: readonly PdfObject[]
  /** By number, the last of each in the file. */
  readonly current: ReadonlyMap<number, PdfObject>
  /** Numbers that several objects have. */
  readonly replaced: ReadonlySet<number>
  /** What stands before, between and behind the objects. */
  readonly gaps: readonly string[]
  /** Dictionaries of trailers and of cross-reference streams, in order. */
  readonly trailers: readonly PdfDict[]
  readonly cipher: PdfCipher | null
  /** Enciphered, and not to be opened here. */
  readonly isSealed: boolean
  /** Objects past a limit were left out. */
  readonly isCut: boolean
}

/** ISO 32000-2, 7.3.10: number, generation, the word. */
const OBJECT = /(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj(?![A-Za-z\d])/g

export function readPdfFile(bytes: Buffer, password: string, context: Pick<ExtractContext, 'budget'>): PdfFile {
  const text = bytes.toString('latin1')
  const direct: PdfObject[] = []
  const gaps: string[] = []
  const words = { endobj: new WordPlaces(text, 'endobj'), stream: new WordPlaces(text, 'stream') }
  let isCut = false
  let last = 0
  OBJECT.lastIndex = 0
  for (let match = OBJECT.exec(text); match !== null; match = OBJECT.exec(text)) {
    if (direct.length >= limits.extractPdfObjectsMax || !context.budget.hasTime()) {
      isCut = true
      break
    }
    if (match.index > last) gaps.push(text.slice(last, match.index))
    const object = { number: Number(match[1]), generation: Number(match[2]), text, isPacked: false }
    const { end, data, next } = extentAt(text, bytes, OBJECT.lastIndex, words)
    direct.push({ ...object, at: OBJECT.lastIndex, end, data })
    last = next
    OBJECT.lastIndex = next
  }
  if (!isCut) gaps.push(text.slice(last))
  const found = trailersOf(gaps, direct)
  const trailers = found.slice(0, PDF_TRAILERS_MAX)
  if (found.length > trailers.length) isCut = true
  const encrypt = encryptOf(trailers, direct)
  const cipher = encrypt.dict ? pdfCipher(encrypt.dict, encrypt.id, password) : null
  const unpacked = unpack(direct, cipher, context)
  const current = new Map<number, PdfObject>()
  const replaced = new Set<number>()
  for (const object of unpacked.objects) {
    if (current.has(object.number)) replaced.add(object.number)
    current.set(object.number, object)
  }
  const isSealed = encrypt.dict !== null && cipher === null
  return { ...unpacked, current, replaced, gaps, trailers, cipher, isSealed, isCut: isCut || unpacked.isCut }
}

/** Where a word stands next; asked with rising places, so that a file without it is searched once. */
class WordPlaces {
  readonly #text: string
  readonly #word: string
  #next = -1

  constructor(text: string, word: string) {
    this.#text = text
    this.#word = word
  }

  from(at: number): number {
    if (this.#next < at) this.#next = indexOrEnd(this.#text, this.#word, at)
    return this.#next
  }
}

interface Words {
  readonly endobj: WordPlaces
  readonly stream: WordPlaces
}

/** Where the value of an object ends, the data of its stream, and where to look on. */
function extentAt(
  text: string,
  bytes: Buffer,
  at: number,
  words: Words,
): { end: number; data: Buffer | null; next: number } {
  const close = closeOf(text, at, words)
  const stream = streamAt(text, at, close, words)
  if (stream < 0) return { end: close, data: null, next: text.startsWith('endobj', close) ? close + 6 : close }
  let from = stream + 'stream'.length
  if (text[from] === '\r') from += 1
  if (text[from] === '\n') from += 1
  const stated = from + Number(/\/Length\s+(\d{1,10})\b(?!\s+\d+\s+R)/.exec(text.slice(at, stream))?.[1] ?? -1)
  const isRight = stated >= from && /^\s{0,2}endstream/.test(text.slice(stated, stated + 11))
  const end = isRight ? stated : indexOrEnd(text, 'endstream', from)
  const behind = Math.min(text.length, end + 'endstream'.length)
  const tail = /^\s{0,2}endstream\s{0,4}endobj/.exec(text.slice(end, end + 25))
  return { end: stream, data: bytes.subarray(from, end), next: tail ? end + tail[0].length : behind }
}

/** An object that is not closed ends where the next one begins. */
function closeOf(text: string, at: number, words: Words): number {
  const close = words.endobj.from(at)
  const stream = words.stream.from(at)
  const next = /\d{1,10}[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+obj(?![A-Za-z\d])/.exec(
    text.slice(at, Math.min(close, stream)),
  )
  return next ? at + next.index : close
}

/** The word that begins the data, and not one in a string or name. */
function streamAt(text: string, at: number, end: number, words: Words): number {
  const first = words.stream.from(at)
  if (first >= end) return -1
  if (/[\s>]/.test(text[first - 1] ?? '') && /[\r\n]/.test(text[first + 6] ?? '')) return first
  const reader = new PdfReader(text, at, end)
  reader.value()
  reader.skipBlanks()
  return text.startsWith('stream', reader.at) ? reader.at : -1
}

function indexOrEnd(text: string, word: string, from: number): number {
  const at = text.indexOf(word, from)
  return at < 0 ? text.length : at
}

/** Up to one more than may be. */
function trailersOf(gaps: readonly string[], objects: readonly PdfObject[]): PdfDict[] {
  const found: PdfDict[] = []
  for (const object of objects) {
    if (object.data === null || !/\/XRef\b/.test(object.text.slice(object.at, object.end))) continue
    const value = new PdfReader(object.text, object.at, object.end).value()
    if (isDict(value)) found.push(value)
    if (found.length > PDF_TRAILERS_MAX) return found
  }
  for (const gap of gaps) {
    let next = 0
    for (let at = gap.indexOf('trailer'); at >= 0; at = gap.indexOf('trailer', next)) {
      const reader = new PdfReader(gap, at + 'trailer'.length)
      const value = reader.value()
      next = reader.at
      if (isDict(value)) found.push(value)
      if (found.length > PDF_TRAILERS_MAX) return found
    }
  }
  return found
}

/** One for each time a file was saved. */
export const PDF_TRAILERS_MAX = 1_000

function encryptOf(trailers: readonly PdfDict[], objects: readonly PdfObject[]): { dict: PdfDict | null; id: string } {
  const ids = trailers.map((trailer) => trailer.get('ID')).filter((id) => Array.isArray(id))
  const first: PdfValue | undefined = ids[0]?.[0]
  const id = first instanceof PdfString ? first.bytes : ''
  for (const trailer of trailers) {
    const given = trailer.get('Encrypt')
    if (isDict(given)) return { dict: given, id }
    if (!(given instanceof PdfRef)) continue
    const object = objects.findLast(({ number }) => number === given.number)
    const value = object ? new PdfReader(object.text, object.at, object.end).value() : null
    return { dict: isDict(value) ? value : new Map(), id }
  }
  return { dict: null, id }
}

/** Objects with those in compressed streams (7.5.7) behind the stream that holds them. */
function unpack(
  direct: readonly PdfObject[],
  cipher: PdfCipher | null,
  context: Pick<ExtractContext, 'budget'>,
): { objects: PdfObject[]; isCut: boolean } {
  const objects: PdfObject[] = []
  let left = limits.extractPdfCheckMaxBytes
  for (const object of direct) {
    objects.push(object)
    if (object.data === null || !/\/ObjStm\b/.test(object.text.slice(object.at, object.end))) continue
    const dict = new PdfReader(object.text, object.at, object.end).value()
    if (!isDict(dict)) continue
    const isOpen = cipher === null || isPlain(object.data, dict)
    const data = isOpen ? object.data : cipher.stream(object.data, object.number, object.generation)
    const { bytes, isTooLarge } = decodeStream(data, dict, left)
    if (isTooLarge || !context.budget.hasTime()) return { objects, isCut: true }
    if (bytes === null) continue
    left -= bytes.length
    const text = bytes.toString('latin1')
    const first = dict.get('First')
    const start = typeof first === 'number' && first >= 0 ? Math.floor(first) : 0
    const pairs = text.slice(0, start).trim().split(/\s+/).map(Number)
    let spanned = 0
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      if (objects.length >= limits.extractPdfObjectsMax) return { objects, isCut: true }
      const [number = 0, place = 0, , next] = pairs.slice(i, i + 4)
      const at = start + place
      const end = next === undefined || next <= place ? text.length : Math.min(text.length, start + next)
      if (!(at < end)) continue
      spanned += end - at
      if (spanned > text.length * PACKED_SPANS_MAX) return { objects, isCut: true }
      objects.push({ number, generation: 0, text, at, end, isPacked: true, data: null })
    }
  }
  return { objects, isCut: false }
}

/**
 * How often all objects of a compressed stream may come to its length. They follow each other; in a stream that has them
 * out of order one may reach to its end, and a hostile one has thousands at the same place.
 */
export const PACKED_SPANS_MAX = 64

/** The value of an object; strings in it are still enciphered. */
export function objectValue(object: PdfObject): PdfValue {
  return new PdfReader(object.text, object.at, object.end).value()
}

/** The value of an object with what other readers skip: comments in it, and words behind it. */
export function wholeObject(object: PdfObject): { value: PdfValue; aside: readonly string[] } {
  const reader = new PdfReader(object.text, object.at, object.end)
  const value = reader.value()
  reader.skipBlanks()
  if (reader.isAtEnd) return { value, aside: reader.comments }
  const rest = object.text.slice(reader.at, object.end)
  return { value, aside: [...reader.comments, rest] }
}

/** The dictionary of an object, of its stream too; empty where it has none. */
export function dictOf(object: PdfObject | undefined): PdfDict {
  const value = object ? objectValue(object) : null
  return isDict(value) ? value : new Map()
}

const REFERENCES_MAX = 32
/** Values with longer text are read once, up to so many of them: everything in a file may refer to the same one. */
const KEPT_MIN_CHARS = 1024
const KEPT_MAX = 4096
const kept = new WeakMap<PdfFile, Map<PdfObject, PdfValue>>()

function keptValue(file: PdfFile, object: PdfObject): PdfValue {
  if (object.end - object.at < KEPT_MIN_CHARS) return objectValue(object)
  const values = kept.get(file) ?? new Map<PdfObject, PdfValue>()
  kept.set(file, values)
  const known = values.get(object)
  if (known !== undefined) return known
  const value = objectValue(object)
  if (values.size < KEPT_MAX) values.set(object, value)
  return value
}

/** What a value is once its references are followed. */
export function resolve(file: PdfFile, value: PdfValue | undefined): PdfValue {
  let found = value ?? null
  for (let i = 0; found instanceof PdfRef && i < REFERENCES_MAX; i++) {
    const object = file.current.get(found.number)
    found = object ? keptValue(file, object) : null
  }
  return found instanceof PdfRef ? null : found
}

export function resolveDict(file: PdfFile, value: PdfValue | undefined): PdfDict {
  const found = resolve(file, value)
  return isDict(found) ? found : new Map()
}

/** Text of a string of `object`, one character for each byte, deciphered. */
export function stringOf(file: PdfFile, object: PdfObject | null, string: PdfString): string {
  if (file.cipher === null || object === null || object.isPacked) return string.bytes
  return file.cipher.string(string.bytes, object.number, object.generation)
}

/** Data of a stream as it is without encryption. */
export function plainData(file: PdfFile, object: PdfObject, dict: PdfDict): Buffer {
  const data = object.data ?? Buffer.alloc(0)
  const type = nameOf(dict.get('Type'))
  if (file.cipher === null || type === 'XRef') return data
  if (nameOf(firstOf(dict.get('Filter'))) === 'Crypt') return data
  // A trailer may say that the file is enciphered where it is not.
  if (isPlain(data, dict)) return data
  return file.cipher.stream(data, object.number, object.generation)
}

/** Enough of the data of a stream to see how it begins. */
export function plainHead(file: PdfFile, object: PdfObject, dict: PdfDict): Buffer {
  const data = object.data?.subarray(0, HEAD_BYTES) ?? Buffer.alloc(0)
  return plainData(file, { ...object, data }, dict)
}

const HEAD_BYTES = 1024

/** Data that makes sense as it stands, which enciphered data does not. */
function isPlain(data: Buffer, dict: PdfDict): boolean {
  const head = streamHead(data, dict)
  return head.length > 0 && (dict.has('Filter') || isPlainText(head.toString('latin1')))
}

function firstOf(value: PdfValue | undefined): PdfValue {
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** Content of a stream; `maxBytes` as for `decodeStream`. */
export function decodedStream(file: PdfFile, object: PdfObject, dict: PdfDict, maxBytes: number): Decoded {
  const whole: PdfDict = new Map(dict)
  for (const key of ['Filter', 'DecodeParms'] as const) {
    const value = resolve(file, dict.get(key))
    if (value !== null) whole.set(key, Array.isArray(value) ? value.map((item) => resolve(file, item)) : value)
  }
  return decodeStream(plainData(file, object, dict), whole, Math.max(0, maxBytes))
}
