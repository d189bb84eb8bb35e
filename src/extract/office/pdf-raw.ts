import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { xmlToText } from '../readers/xml-walker.ts'

const STREAMS_MAX = 10_000

/** What can be told of a PDF from its bytes alone, beside pdf.js: encryption, pictures, XFA forms, earlier revisions. */

/** Streams can't stand in object streams, so the dictionary of every picture is readable in the file (ISO 32000-1, 7.5.7). */
export function hasPictures(bytes: Buffer): boolean {
  return /\/Subtype\s*\/Image\b/.test(bytes.toString('latin1', 0, bytes.length)) || bytes.includes('/ImageMask')
}

/** `AES-256`, `RC4-128` and the like, from the encryption dictionary; `PDF` where it can't be read. */
export function encryptionOf(bytes: Buffer): string {
  const at = bytes.indexOf('/Encrypt')
  if (at < 0) return 'PDF'
  const reference = /\/Encrypt\s+(\d+)\s+(\d+)\s+R/.exec(bytes.toString('latin1', at, at + 64))
  const start = reference ? bytes.indexOf(`${reference[1]} ${reference[2]} obj`, 0, 'latin1') : at
  const dictionary = bytes.toString('latin1', Math.max(0, start), Math.max(0, start) + 2048)
  if (/\/Filter\s*\/(?!Standard)\w+/.test(dictionary) && /PubSec|Adobe\.|MicrosoftIRM/i.test(dictionary))
    return 'certificate'
  if (/\/AESV3/.test(dictionary)) return 'AES-256'
  if (/\/AESV2/.test(dictionary)) return 'AES-128'
  const bits = /\/Length\s+(\d{2,3})\b/.exec(dictionary)?.[1] ?? '40'
  return `RC4-${bits}`
}

/** Page programs behind a picture's filter: no reader of text decodes them, and they are what bombs are made of. */
export function hasPictureProgram(bytes: Buffer): boolean {
  for (const filter of ['JBIG2Decode', 'DCTDecode', 'JPXDecode', 'CCITTFaxDecode']) {
    let at = bytes.indexOf(filter, 0, 'latin1')
    for (let count = 0; at >= 0 && count < STREAMS_MAX; count++) {
      const before = bytes.toString('latin1', Math.max(0, at - 1000), at)
      const behind = bytes.toString('latin1', at, at + 1000)
      const end = behind.search(/\bstream\b|\bendobj\b/)
      const dictionary = before.slice(before.lastIndexOf(' obj') + 1) + behind.slice(0, Math.max(0, end))
      if (end >= 0 && !/\/Subtype\s*\/Image|\/Width|\/W\b/.test(dictionary)) return true
      at = bytes.indexOf(filter, at + 1, 'latin1')
    }
  }
  return false
}

const END = Buffer.from('%%EOF', 'latin1')
const REVISIONS_MAX = 4

/** Ends of the revisions before the last one, newest first; a linearized file's first mark is none. */
export function earlierRevisions(bytes: Buffer): number[] {
  const ends: number[] = []
  let at = bytes.lastIndexOf(END)
  while (at > 0 && ends.length < REVISIONS_MAX) {
    at = bytes.lastIndexOf(END, at - 1)
    if (at < 0) break
    const tail = bytes.toString('latin1', Math.max(0, at - 64), at)
    const start = Number(/startxref\s+(\d+)\s*$/.exec(tail)?.[1] ?? 0)
    // The first section of a linearized file points to zero, or forward to the rest of its table.
    if (start > 0 && start < at) ends.push(at + END.length)
  }
  return ends
}

/** Bytes behind the last end mark: readers don't look there. */
export function behindEnd(bytes: Buffer): number {
  const at = bytes.lastIndexOf(END)
  if (at < 0) return bytes.length
  let next = at + END.length
  while (next < bytes.length && /\s|\0/.test(String.fromCharCode(bytes[next] ?? 0))) next += 1
  return next
}

const STREAM = Buffer.from('stream', 'latin1')

/** Text of XFA forms: every stream that inflates to an XML packet of a form. */
export async function xfaTexts(bytes: Buffer, context: ExtractContext): Promise<string[]> {
  const texts: string[] = []
  let at = bytes.indexOf(STREAM)
  for (let count = 0; at >= 0 && count < STREAMS_MAX && context.budget.hasTime(); count++) {
    const isEnd = bytes.toString('latin1', Math.max(0, at - 3), at) === 'end'
    const dictionary = bytes.toString('latin1', Math.max(0, at - 400), at)
    const own = dictionary.slice(dictionary.lastIndexOf('obj') + 3)
    if (!isEnd && !/\/Subtype|\/Length1|\/XRef|\/ObjStm|\/FunctionType/.test(own)) {
      let start = at + STREAM.length
      if (bytes[start] === 0x0d) start += 1
      if (bytes[start] === 0x0a) start += 1
      const end = bytes.indexOf('endstream', start, 'latin1')
      const raw = bytes.subarray(start, end < 0 ? bytes.length : end)
      const xml = await formXml(raw, /FlateDecode|\/Fl\b/.test(own), context)
      if (xml) texts.push(xmlToText(xml, context))
    }
    at = bytes.indexOf(STREAM, at + STREAM.length)
  }
  return texts
}

async function formXml(raw: Buffer, isDeflated: boolean, context: ExtractContext): Promise<Buffer | null> {
  if (!isDeflated) return isForm(raw) ? raw : null
  if (raw.length > limits.extractEntryMaxBytes || (raw[0] ?? 0) % 16 !== 8) return null
  const result = await inflateBounded('deflate', raw, context)
  return isForm(result.bytes) ? result.bytes : null
}

function isForm(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, 512).trimStart()
  return head.startsWith('<') && /xfa|xdp|<(?:\w+:)?(?:template|datasets|form|config)\b/i.test(head)
}
