import { signatureOf } from '../signatures.ts'

/**
 * Values in OneNote's stores that can be told without the tree of objects: texts behind their length in bytes, files
 * behind their header, or behind a compact length where the service wrote them. Pure; never throws; the work is bounded.
 */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/** FileDataStoreObject's header, {BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC} ([MS-ONESTORE] 2.6.13): length, 12 bytes, data. */
const FILE_DATA = Buffer.from('e716e3bd65261145a4c48d4d0b7a9eac', 'hex')
const FILE_HEAD_BYTES = 36
/** Beginnings of files that the service packs without a header of their own. */
const BEGINNINGS = ['89504e470d0a1a0a', 'ffd8ff', '47494638', '25504446', '504b0304', 'd0cf11e0a1b11ae1'].map((hex) =>
  Buffer.from(hex, 'hex'),
)
const FILE_MIN_BYTES = 64

export function filesInOneNote(bytes: Buffer, most: number): { files: FileRange[]; isCut: boolean } {
  const files: FileRange[] = []
  let isCut = false
  for (let at = bytes.indexOf(FILE_DATA); at >= 0 && at + FILE_HEAD_BYTES <= bytes.length && files.length < most; ) {
    const start = at + FILE_HEAD_BYTES
    const length = Number(bytes.readBigUInt64LE(at + 16))
    const end = Math.min(bytes.length, start + length)
    if (end < start + length) isCut = true
    if (end > start) files.push({ start, end })
    at = bytes.indexOf(FILE_DATA, end)
  }
  for (const beginning of BEGINNINGS) {
    for (let at = bytes.indexOf(beginning); at >= 0 && files.length < most; ) {
      const within = files.find(({ start, end }) => at >= start && at < end)
      const length = within ? 0 : compactLengthBefore(bytes, at)
      if (length >= FILE_MIN_BYTES && signatureOf(bytes.subarray(at, at + length)) !== null)
        files.push({ start: at, end: at + length })
      at = bytes.indexOf(beginning, within ? within.end : at + Math.max(1, length))
    }
  }
  files.sort((a, b) => a.start - b.start)
  return { files, isCut }
}

/** Longer ones stand for more than a file may have. */
const COMPACT_MAX_BYTES = 6

/** A compact unsigned integer ([MS-FSSHTTPB] 2.2.1.1) that ends right before `at` and fits the file; else 0. */
function compactLengthBefore(bytes: Buffer, at: number): number {
  for (let width = COMPACT_MAX_BYTES; width >= 1; width--) {
    const from = at - width
    if (from < 0) continue
    const first = bytes[from] ?? 0
    // The lowest set bit of the first byte tells how many bytes there are.
    if ((first & (2 ** width - 1)) !== 2 ** (width - 1)) continue
    const value = Math.floor(bytes.readUIntLE(from, width) / 2 ** width)
    if (value >= FILE_MIN_BYTES && at + value <= bytes.length) return value
  }
  return 0
}

const TEXT_MAX_BYTES = 1024 * 1024
/** Looks at texts that turn out to be none may cost this many times the bytes of the file. */
const WORK_FACTOR = 16

/** Texts outside of `files`, each once. `isWhole`: the search did not run into its bound. */
export function prefixedTexts(
  bytes: Buffer,
  files: readonly FileRange[],
): { texts: readonly string[]; isWhole: boolean } {
  const found = new Set<string>()
  let work = bytes.length * WORK_FACTOR
  let next = 0
  for (let at = 0; at + 6 <= bytes.length && work > 0; at++) {
    const file = files[next]
    if (file && at >= file.start) {
      at = file.end - 1
      next += 1
      continue
    }
    const length = bytes.readUInt32LE(at)
    if (length < 2 || length > TEXT_MAX_BYTES || at + 4 + length > bytes.length) continue
    const start = at + 4
    const wide = length % 2 === 0 ? wideEnd(bytes, start, start + length) : start
    const narrow = narrowEnd(bytes, start, start + length)
    work -= wide - start + (narrow - start)
    const end = start + length
    const isNarrow = narrow === end && length >= 3
    // An even number of narrow letters may be read as wide ones as well.
    if (isNarrow) add(found, cp1252.decode(bytes.subarray(start, end)))
    if (wide === end) add(found, bytes.toString('utf16le', start, end))
    if (isNarrow || wide === end) at = end - 1
  }
  return { texts: [...found], isWhole: work > 0 }
}

const cp1252 = new TextDecoder('windows-1252')

function add(found: Set<string>, text: string): void {
  const clean = text.replace(/[\0\ufffc]/g, '').replace(/[\r\v]/g, '\n')
  if (/[\p{L}\p{N}]/u.test(clean)) found.add(clean)
}

/** How far UTF-16 text goes: letters, digits, signs; a zero only at the end. */
function wideEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at += 2) {
    const code = bytes.readUInt16LE(at)
    if (code === 0 && at === end - 2 && at > start) return end
    if (!isText(code)) return at
    if (code >= 0xd800 && code <= 0xdbff) {
      const low = at + 4 <= end ? bytes.readUInt16LE(at + 2) : 0
      if (low < 0xdc00 || low > 0xdfff) return at
      at += 2
    }
  }
  return isOneScript(bytes, start, end) ? end : start
}

function isText(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 11 || code === 13
  return (code < 0x7f || code >= 0xa0) && !(code >= 0xdc00 && code <= 0xf8ff) && code < 0xfffd
}

/** Numbers of the store look like rare characters of many scripts: texts have one, or few for their length. */
function isOneScript(bytes: Buffer, start: number, end: number): boolean {
  const scripts = new Set<number>()
  for (let at = start; at < end; at += 2) {
    const page = bytes[at + 1] ?? 0
    if (!isCommon(page)) scripts.add(scriptOf(page))
  }
  return scripts.size <= Math.max(1, (end - start) / 8)
}

/** Latin, signs, full-width forms, and what is beyond the basic plane. */
function isCommon(page: number): boolean {
  return page === 0 || (page >= 0x20 && page <= 0x27) || page === 0x30 || page === 0xff || (page & 0xf8) === 0xd8
}

/** Han and Hangul have a stretch of pages each. */
function scriptOf(page: number): number {
  if (page >= 0x34 && page <= 0x9f) return 0x4e
  return page >= 0xac && page <= 0xd7 ? 0xac : page
}

function narrowEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0 && at === end - 1 && at > start) return end
    if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 0x7f) return at
  }
  return end
}
