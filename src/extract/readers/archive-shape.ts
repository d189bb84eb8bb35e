import type { ArchiveOutline } from './opened-archive.ts'
import { outlineOfRar4, RAR4_MARK } from './rar4-opener.ts'
import { outlineOfRar5, RAR5_MARK } from './rar5-opener.ts'

/**
 * What the bytes of an archive tell without reading it: that it is one volume of several, that it holds nothing, that it
 * was cut off where libarchive would not notice. Pure; never throws.
 */
const CPIO_END = Buffer.from('TRAILER!!!', 'latin1')
const AR_MARK = '!<arch>\n'
const AR_HEADER_BYTES = 60

/** An archive that holds nothing: a mark alone, or marks of beginning and end. */
export function isEmptyArchive(bytes: Buffer): boolean {
  const mark = bytes.toString('latin1', 0, 8)
  if (mark === AR_MARK) return bytes.length === AR_MARK.length
  if (mark.startsWith('7z\xbc\xaf')) return bytes.length === 32 && endOfSevenZip(bytes) === 32
  const rar = outlineOfRar(bytes)
  return rar ? rar.isWhole && rar.files.length === 0 && rar.end !== null : bytes.includes(CPIO_END)
}

/** Formats without a directory: members up to the last byte, an end mark. */
export function isWholeArchive(bytes: Buffer): boolean {
  const mark = bytes.toString('latin1', 0, 8)
  if (/^07070[127]/.test(mark) || mark.startsWith('\xc7\x71')) return bytes.includes(CPIO_END)
  if (mark !== AR_MARK) return outlineOfRar(bytes)?.isWhole ?? true
  let at = AR_MARK.length
  while (at + AR_HEADER_BYTES <= bytes.length) {
    const size = Number(bytes.toString('latin1', at + 48, at + 58).trim())
    if (!Number.isSafeInteger(size) || size < 0) return false
    at += AR_HEADER_BYTES + size + (size % 2)
  }
  // The last member may lack the byte that makes its size even.
  return at === bytes.length || at === bytes.length + 1
}

/** Null for what is no RAR archive. */
export function outlineOfRar(bytes: Buffer): ArchiveOutline | null {
  if (bytes.subarray(0, RAR4_MARK.length).equals(RAR4_MARK)) return outlineOfRar4(bytes)
  return bytes.subarray(0, RAR5_MARK.length).equals(RAR5_MARK) ? outlineOfRar5(bytes) : null
}

/** First byte behind the archive; null where its format doesn't tell, or it breaks off before. */
export function endOfArchive(bytes: Buffer): number | null {
  const mark = bytes.toString('latin1', 0, 8)
  if (mark.startsWith('Rar!')) return outlineOfRar(bytes)?.end ?? null
  let end: number | null = null
  if (mark.startsWith('7z\xbc\xaf') && bytes.length >= 32) end = endOfSevenZip(bytes)
  // Cabinets: the size of the file in their header.
  if (mark.startsWith('MSCF') && bytes.length >= 36) end = bytes.readUInt32LE(8)
  return end !== null && end >= 32 && end <= bytes.length ? end : null
}

/** One of several files that make an archive together, as its header tells. */
export function isVolume(bytes: Buffer): boolean {
  const mark = bytes.toString('latin1', 0, 8)
  if (mark.startsWith('7z\xbc\xaf')) return bytes.length >= 32 && endOfSevenZip(bytes) > bytes.length
  // RAR 4: flags of the main header; RAR 5: type 1, then flags behind checksum, size and the flags of the header.
  if (mark.startsWith('Rar!\x1a\x07\x00')) return bytes.length > 12 && (bytes.readUInt16LE(10) & 1) === 1
  if (mark === 'Rar!\x1a\x07\x01\x00') return isRar5Volume(bytes)
  // Cabinets: flags for one before and one behind.
  return mark.startsWith('MSCF') && bytes.length > 32 && (bytes.readUInt16LE(30) & 3) !== 0
}

function endOfSevenZip(bytes: Buffer): number {
  return 32 + Number(bytes.readBigUInt64LE(12)) + Number(bytes.readBigUInt64LE(20))
}

function isRar5Volume(bytes: Buffer): boolean {
  const [, afterSize] = variableNumber(bytes, 12)
  const [type, afterType] = variableNumber(bytes, afterSize)
  const [flags, afterFlags] = variableNumber(bytes, afterType)
  const [archiveFlags] = variableNumber(bytes, (flags & 1) === 0 ? afterFlags : variableNumber(bytes, afterFlags)[1])
  return type === 1 && (archiveFlags & 1) === 1
}

/** Seven bits a byte, the lowest first; of numbers here only the lowest bits matter. */
function variableNumber(bytes: Buffer, from: number): readonly [number, number] {
  let value = 0
  for (let at = from; at < from + 10 && at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (at - from < 4) value |= (byte & 0x7f) << (7 * (at - from))
    if (byte < 0x80) return [value, at + 1]
  }
  return [value, bytes.length]
}
