import { hash } from 'node:crypto'
import { limits } from '../core/limits.ts'

/**
 * Which of the many formats that are zip archives this one is, told by the names in its directory. Reads names only,
 * inflates nothing, trusts no length without a bound.
 */
const END_MARK = Buffer.from('PK\x05\x06', 'latin1')
const LOCAL_MARK = Buffer.from('PK\x03\x04', 'latin1')
const CENTRAL_MARK = 0x02014b50
/** The end record may be followed by a comment of up to 64 KiB (APPNOTE 4.3.16). */
const END_WITHIN_BYTES = 22 + 65_535

const ooxml = 'application/vnd.openxmlformats-officedocument.'
export const zipTypes = {
  docx: `${ooxml}wordprocessingml.document`,
  xlsx: `${ooxml}spreadsheetml.sheet`,
  pptx: `${ooxml}presentationml.presentation`,
  xlsb: 'application/vnd.ms-excel.sheet.binary.macroenabled.12',
  vsdx: 'application/vnd.ms-visio.drawing',
  xps: 'application/vnd.ms-xpsdocument',
  ooxml: 'application/vnd.openxmlformats-package',
  iwork: 'application/vnd.apple.iwork',
  epub: 'application/epub+zip',
  jar: 'application/java-archive',
  apk: 'application/vnd.android.package-archive',
} as const

/** Whether an end-of-directory record stands where a zip reader would find it, whatever the bytes begin with. */
export function endsAsZip(bytes: Uint8Array): boolean {
  const at = endRecordAt(bytes)
  if (at < 0) return false
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries = buffer.readUInt16LE(at + 10)
  const size = buffer.readUInt32LE(at + 12)
  const from = at - size
  return entries > 0 && (size === 0xffffffff || (from >= 0 && buffer.readUInt32LE(from) === CENTRAL_MARK))
}

/**
 * Whether the zip file at the end of an archive is one of the parts that were read of that: the very same bytes. What
 * an archive says of its own length proves nothing, since readers step over whatever belongs to no member.
 */
export function endsInPart(bytes: Uint8Array, parts: readonly { readonly sha256: string }[]): boolean {
  const zip = parts.length > 0 ? zipAtEnd(bytes) : null
  const digest = zip && hash('sha256', zip, 'hex')
  return parts.some(({ sha256 }) => sha256 === digest)
}

/** The zip file at the end, its comment included; null where its directory doesn't tell where it begins. */
function zipAtEnd(bytes: Uint8Array): Uint8Array | null {
  const at = endRecordAt(bytes)
  if (at < 0) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  // Places are counted from its own first byte, whatever stands in front of that.
  const from = at - buffer.readUInt32LE(at + 12) - buffer.readUInt32LE(at + 16)
  return from < 0 ? null : bytes.subarray(from, at + 22 + buffer.readUInt16LE(at + 20))
}

function endRecordAt(bytes: Uint8Array): number {
  if (bytes.length < 22) return -1
  const start = Math.max(0, bytes.length - END_WITHIN_BYTES)
  const tail = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  const at = tail.lastIndexOf(END_MARK)
  return at < 0 || at + 22 > tail.length ? -1 : start + at
}

/** Media type of a zip archive by the names and, for ODF and EPUB, the `mimetype` entry inside it. */
export function refineZip(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const stated = statedType(buffer)
  if (stated) return stated
  const names = new Set(centralNames(buffer) ?? localNames(buffer))
  const has = (prefix: string) => [...names].some((name) => name.startsWith(prefix))
  if (names.has('[content_types].xml') || names.has('_rels/.rels')) {
    if (names.has('xl/workbook.bin')) return zipTypes.xlsb
    if (has('word/')) return zipTypes.docx
    if (has('xl/')) return zipTypes.xlsx
    if (has('ppt/')) return zipTypes.pptx
    if (has('visio/')) return zipTypes.vsdx
    if (names.has('fixeddocseq.fdseq') || has('documents/1/')) return zipTypes.xps
    if (names.has('[content_types].xml')) return zipTypes.ooxml
  }
  if (names.has('index/document.iwa') || names.has('index.zip') || names.has('index.xml') || names.has('index.apxl'))
    return zipTypes.iwork
  // OpenDocument without its first entry; which kind is in the manifest, and all are read alike.
  if (names.has('content.xml') && names.has('meta-inf/manifest.xml')) return 'application/vnd.oasis.opendocument.text'
  if (names.has('androidmanifest.xml')) return zipTypes.apk
  if (names.has('meta-inf/container.xml')) return zipTypes.epub
  if (names.has('meta-inf/manifest.mf')) return zipTypes.jar
  return 'application/zip'
}

/** ODF and EPUB store their type uncompressed in a first entry `mimetype` (ODF 1.3 part 2, 3.3). */
function statedType(buffer: Buffer): string | null {
  const at = buffer.subarray(0, 256).indexOf(LOCAL_MARK)
  if (at < 0 || at + 30 > buffer.length || buffer.readUInt16LE(at + 26) !== 8) return null
  if (buffer.toString('latin1', at + 30, at + 38) !== 'mimetype' || buffer.readUInt16LE(at + 8) !== 0) return null
  const from = at + 38 + buffer.readUInt16LE(at + 28)
  const text = buffer.toString('latin1', from, from + Math.min(buffer.readUInt32LE(at + 18) || 100, 100))
  return /^application\/(?:vnd\.(?:oasis\.opendocument|sun\.xml)\.[a-z.-]+|epub\+zip)/.exec(text)?.[0] ?? null
}

function centralNames(buffer: Buffer): string[] | null {
  const end = endRecordAt(buffer)
  if (end < 0) return null
  const names: string[] = []
  let at = Math.max(0, end - buffer.readUInt32LE(end + 12))
  while (names.length < limits.extractSniffNamesMax && at + 46 <= end && buffer.readUInt32LE(at) === CENTRAL_MARK) {
    const length = buffer.readUInt16LE(at + 28)
    names.push(normalName(buffer.toString('latin1', at + 46, at + 46 + length)))
    at += 46 + length + buffer.readUInt16LE(at + 30) + buffer.readUInt16LE(at + 32)
  }
  return names.length > 0 ? names : null
}

/** For archives without a readable directory (cut off, zip64): names in the local headers, as far as they are found. */
function localNames(buffer: Buffer): string[] {
  const names: string[] = []
  for (
    let at = buffer.indexOf(LOCAL_MARK);
    at >= 0 && at + 30 <= buffer.length;
    at = buffer.indexOf(LOCAL_MARK, at + 4)
  ) {
    if (names.length >= limits.extractSniffNamesMax) break
    names.push(normalName(buffer.toString('latin1', at + 30, at + 30 + buffer.readUInt16LE(at + 26))))
  }
  return names
}

function normalName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\\/g, '/')
    .replace(/^\.?\/+/, '')
}
