import { limits } from '../../core/limits.ts'
import type { RandomBytes } from '../stream/paged-bytes.ts'
import { decodeName, guessNameCharset } from './entry-name.ts'
import { withExtraWords } from './zip-extra-words.ts'

/**
 * The structure of a zip file (APPNOTE 6.3.10) as data, from the central directory and the local headers both. Readers
 * disagree about which of the two to believe, so every disagreement is told, and bytes that the directory does not
 * account for are listed as gaps. Pure; never throws; linear in the size of the input.
 */
export interface ZipEntry {
  readonly name: string
  readonly rawName: Buffer
  readonly method: number
  readonly flags: number
  readonly crc: number
  readonly modifiedTime: number
  readonly compressedSize: number
  readonly size: number
  readonly localOffset: number
  /** Where the data starts; -1 when there is no local header at that place. */
  readonly dataOffset: number
  readonly extra: Buffer
  readonly comment: string
  readonly encryption: ZipEncryption | null
}

export type ZipEncryption = 'ZipCrypto' | 'AES-128' | 'AES-192' | 'AES-256' | 'PKWARE strong encryption'

export interface ZipProblem {
  readonly reason: 'ambiguous' | 'corrupt' | 'too-many' | 'partial' | 'encrypted'
  readonly detail: string
  readonly name?: string
}

export interface ZipGap {
  readonly kind: 'prefix' | 'gap' | 'trailing'
  readonly start: number
  readonly end: number
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[]
  /** Second readings: what the local header of an entry says where it disagrees with the directory. */
  readonly variants: readonly ZipEntry[]
  readonly comment: string
  readonly problems: readonly ZipProblem[]
  readonly gaps: readonly ZipGap[]
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END64 = 0x06064b50
const END64_LOCATOR = 0x07064b50
const END_BYTES = Buffer.from('PK\x05\x06', 'latin1')
const LOCAL_BYTES = Buffer.from('PK\x03\x04', 'latin1')
const PK_BYTES = Buffer.from('PK', 'latin1')
const END_CANDIDATES_MAX = 64
const NAME_SAMPLE_BYTES = 4096
const U32 = 0xffffffff

interface End {
  /** Where the directory stands in the file. */
  readonly start: number
  /** Added to every offset: bytes put in front of the archive after it was made. */
  readonly base: number
  readonly count: number
  readonly size: number
  /** First byte after the end record and its comment. */
  readonly end: number
  /** First byte of the end structures. */
  readonly structures: number
  readonly comment: string
  readonly disks: number
}

export function readZipDirectory(bytes: RandomBytes): ZipDirectory {
  const end = findEnd(bytes)
  if (!end) return recover(bytes)
  const problems: ZipProblem[] = []
  const variants: ZipEntry[] = []
  const entries: ZipEntry[] = []
  const charset = guessNameCharset(sampleNames(bytes, end.start), 'cp437')
  let at = end.start
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === CENTRAL) {
    if (entries.length >= limits.extractArchiveEntriesMax) {
      problems.push({ reason: 'too-many', detail: `${limits.extractArchiveEntriesMax} entries` })
      break
    }
    const read = readCentral(bytes, at, end.base, charset)
    at = read.next
    const local = compareLocal(bytes, read.entry, charset, problems, variants)
    entries.push(withExtraWords(read.entry, local))
  }
  if ((entries.length & 0xffff) !== (end.count & 0xffff) && entries.length < limits.extractArchiveEntriesMax) {
    problems.push({ reason: entries.length === 0 ? 'corrupt' : 'ambiguous', detail: 'count of entries' })
  }
  if (end.disks > 0) problems.push({ reason: 'partial', detail: 'multi-volume' })
  const gaps = findGaps(bytes, entries, at, end, problems)
  return { entries, variants, comment: end.comment, problems, gaps }
}

/** Names that are neither ASCII nor marked as UTF-8, put together. */
function sampleNames(bytes: RandomBytes, start: number): Buffer {
  const names: Buffer[] = []
  let total = 0
  let at = start
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === CENTRAL && total < NAME_SAMPLE_BYTES) {
    const length = bytes.readUInt16LE(at + 28)
    const name = bytes.subarray(at + 46, at + 46 + length)
    if ((bytes.readUInt16LE(at + 8) & 0x800) === 0 && name.some((byte) => byte >= 0x80)) {
      names.push(name)
      total += name.length
    }
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return Buffer.concat(names)
}

/** The last end record whose directory is where it says. Data may follow it, so the whole file is searched. */
function findEnd(bytes: RandomBytes): End | null {
  let from = bytes.length
  for (let tried = 0; tried < END_CANDIDATES_MAX && from >= 0; tried++) {
    const at = bytes.lastIndexOf(END_BYTES, from)
    if (at < 0) return null
    from = at - 1
    const end = readEnd(bytes, at)
    if (end) return end
    if (at === 0) return null
  }
  return null
}

function readEnd(bytes: RandomBytes, at: number): End | null {
  if (at + 22 > bytes.length) return null
  const commentLength = bytes.readUInt16LE(at + 20)
  const found = {
    count: bytes.readUInt16LE(at + 10),
    size: bytes.readUInt32LE(at + 12),
    offset: bytes.readUInt32LE(at + 16),
    structures: at,
    disks: bytes.readUInt16LE(at + 4),
  }
  if (found.disks === 0xffff) found.disks = 0
  read64(bytes, at, found)
  const end = Math.min(bytes.length, at + 22 + commentLength)
  const comment = decodeName(bytes.subarray(at + 22, end))
  // In front of an archive that was put behind something, offsets count from the archive's own start.
  for (const start of [found.structures - found.size, found.offset]) {
    if (start < 0 || start > found.structures) continue
    const empty = start === found.structures && found.count === 0
    if (!empty && (start + 46 > bytes.length || bytes.readUInt32LE(start) !== CENTRAL)) continue
    return { ...found, start, base: Math.max(0, start - found.offset), end, comment }
  }
  return null
}

function read64(
  bytes: RandomBytes,
  at: number,
  found: { count: number; size: number; offset: number; structures: number; disks: number },
): void {
  const locator = at - 20
  if (locator < 0 || bytes.readUInt32LE(locator) !== END64_LOCATOR) return
  const stated = Number(bytes.readBigUInt64LE(locator + 8))
  for (const start of [stated, locator - 56]) {
    if (start < 0 || start + 56 > bytes.length || bytes.readUInt32LE(start) !== END64) continue
    found.count = Number(bytes.readBigUInt64LE(start + 32))
    found.size = Number(bytes.readBigUInt64LE(start + 40))
    found.offset = Number(bytes.readBigUInt64LE(start + 48))
    found.structures = start
    return
  }
}

function readCentral(bytes: RandomBytes, at: number, base: number, charset: string): { entry: ZipEntry; next: number } {
  const nameLength = bytes.readUInt16LE(at + 28)
  const extraLength = bytes.readUInt16LE(at + 30)
  const commentLength = bytes.readUInt16LE(at + 32)
  const rawName = bytes.subarray(at + 46, at + 46 + nameLength)
  const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
  const next = at + 46 + nameLength + extraLength + commentLength
  const flags = bytes.readUInt16LE(at + 8)
  const sizes = {
    size: bytes.readUInt32LE(at + 24),
    compressedSize: bytes.readUInt32LE(at + 20),
    localOffset: bytes.readUInt32LE(at + 42),
  }
  readZip64Extra(extra, sizes)
  const localOffset = sizes.localOffset + base
  const entry: ZipEntry = {
    name: nameOf(rawName, flags, extra, charset),
    rawName,
    method: methodOf(bytes.readUInt16LE(at + 10), extra),
    flags,
    crc: bytes.readUInt32LE(at + 16),
    modifiedTime: bytes.readUInt16LE(at + 12),
    compressedSize: sizes.compressedSize,
    size: sizes.size,
    localOffset,
    dataOffset: dataOffsetOf(bytes, localOffset),
    extra,
    comment: decodeName(bytes.subarray(next - commentLength, next), charset),
    encryption: encryptionOf(flags, bytes.readUInt16LE(at + 10), extra),
  }
  return { entry, next }
}

/** APPNOTE 4.5.3: the 64-bit fields stand in this order, each only where the 32-bit one is all ones. */
function readZip64Extra(extra: Buffer, sizes: { size: number; compressedSize: number; localOffset: number }): void {
  const field = extraField(extra, 0x0001)
  if (!field) return
  let at = 0
  for (const key of ['size', 'compressedSize', 'localOffset'] as const) {
    if (sizes[key] !== U32) continue
    if (at + 8 > field.length) return
    sizes[key] = Number(field.readBigUInt64LE(at))
    at += 8
  }
}

export function extraField(extra: Buffer, id: number): Buffer | null {
  let at = 0
  while (at + 4 <= extra.length) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return null
}

function nameOf(rawName: Buffer, flags: number, extra: Buffer, charset: string): string {
  const unicode = extraField(extra, 0x7075)
  if (unicode && unicode.length > 5 && (flags & 0x800) === 0) return unicode.subarray(5).toString('utf8')
  return (flags & 0x800) !== 0 ? rawName.toString('utf8') : decodeName(rawName, charset)
}

/** WinZip AES keeps the real method in its extra field (APPNOTE appendix E is older; this is AE-1/AE-2). */
function methodOf(method: number, extra: Buffer): number {
  const aes = method === 99 ? extraField(extra, 0x9901) : null
  return aes && aes.length >= 7 ? aes.readUInt16LE(5) : method
}

function encryptionOf(flags: number, method: number, extra: Buffer): ZipEncryption | null {
  if ((flags & 1) === 0) return null
  if ((flags & 0x40) !== 0) return 'PKWARE strong encryption'
  if (method !== 99) return 'ZipCrypto'
  const strength = extraField(extra, 0x9901)?.[4]
  return strength === 1 ? 'AES-128' : strength === 2 ? 'AES-192' : 'AES-256'
}

function dataOffsetOf(bytes: RandomBytes, local: number): number {
  if (local < 0 || local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL) return -1
  return local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
}

/** A reader that streams believes the local header; where the two disagree both are read. */
function compareLocal(
  bytes: RandomBytes,
  entry: ZipEntry,
  charset: string,
  problems: ZipProblem[],
  variants: ZipEntry[],
): ZipEntry | null {
  if (entry.dataOffset < 0) {
    problems.push({ reason: 'corrupt', detail: 'no local header', name: entry.name })
    return null
  }
  const local = readLocal(bytes, entry.localOffset, charset)
  const masked = (entry.flags & 0x2000) !== 0
  if (!local || masked) return local
  const named = local.rawName.equals(entry.rawName) || local.name === entry.name
  const streamed = (local.flags & 8) !== 0
  const sized = streamed || (local.compressedSize === entry.compressedSize && local.size === entry.size)
  const coded = local.method === entry.method && local.encryption === entry.encryption
  if (named && sized && coded) return local
  problems.push({ reason: 'ambiguous', detail: 'local header differs', name: entry.name })
  if (variants.length < limits.extractArchiveEntriesMax) variants.push(local)
  return local
}

/** One entry by its local header alone; null where there is none. */
function readLocal(bytes: RandomBytes, at: number, charset = 'cp437'): ZipEntry | null {
  const dataOffset = dataOffsetOf(bytes, at)
  if (dataOffset < 0) return null
  const flags = bytes.readUInt16LE(at + 6)
  const nameLength = bytes.readUInt16LE(at + 26)
  const rawName = bytes.subarray(at + 30, at + 30 + nameLength)
  const extra = bytes.subarray(at + 30 + nameLength, dataOffset)
  const sizes = { size: bytes.readUInt32LE(at + 22), compressedSize: bytes.readUInt32LE(at + 18), localOffset: at }
  readZip64Extra(extra, sizes)
  return {
    name: nameOf(rawName, flags, extra, charset),
    rawName,
    method: methodOf(bytes.readUInt16LE(at + 8), extra),
    flags,
    crc: bytes.readUInt32LE(at + 14),
    modifiedTime: bytes.readUInt16LE(at + 10),
    compressedSize: sizes.compressedSize,
    size: sizes.size,
    localOffset: at,
    dataOffset,
    extra,
    comment: '',
    encryption: encryptionOf(flags, bytes.readUInt16LE(at + 8), extra),
  }
}

function findGaps(
  bytes: RandomBytes,
  entries: readonly ZipEntry[],
  directoryEnd: number,
  end: End,
  problems: ZipProblem[],
): ZipGap[] {
  const ranges = entries
    .filter((entry) => entry.dataOffset >= 0)
    .map((entry) => ({ start: entry.localOffset, end: entry.dataOffset + entry.compressedSize, flags: entry.flags }))
  ranges.push({ start: end.start, end: directoryEnd, flags: 0 })
  ranges.push({ start: end.structures, end: end.end, flags: 0 })
  ranges.sort((a, b) => a.start - b.start)
  const gaps: ZipGap[] = []
  let covered = 0
  let overlap = false
  let streamed = false
  for (const range of ranges) {
    if (range.start < covered) overlap = true
    else if (range.start > covered) {
      const start = streamed ? skipDescriptor(bytes, covered, range.start) : covered
      addGap(gaps, bytes, covered === 0 ? 'prefix' : 'gap', start, range.start)
    }
    if (range.end > covered) {
      covered = range.end
      streamed = (range.flags & 8) !== 0
    }
  }
  if (overlap) problems.push({ reason: 'ambiguous', detail: 'overlapping entries' })
  addGap(gaps, bytes, 'trailing', Math.max(covered, end.end), bytes.length)
  return gaps
}

/** APPNOTE 4.3.9: 12 bytes, 8 more for zip64, 4 more with the signature that most writers put first. */
function skipDescriptor(bytes: RandomBytes, at: number, until: number): number {
  const signed = at + 4 <= bytes.length && bytes.readUInt32LE(at) === 0x08074b50
  const lengths = signed ? [16, 24] : [12, 20]
  const fits = lengths.find((length) => at + length === until)
  return fits !== undefined ? until : signed ? Math.min(until, at + 16) : at
}

function addGap(gaps: ZipGap[], bytes: RandomBytes, kind: ZipGap['kind'], start: number, end: number): void {
  let from = start
  while (from < end && bytes.readUInt8(from) === 0) from += 1
  if (from < end) gaps.push({ kind, start: from, end })
}

/** Without a usable directory: whatever local headers are there (a truncated file, or one made to look so). */
function recover(bytes: RandomBytes): ZipDirectory {
  const { entries, isCut } = scanLocals(bytes, 0, bytes.length)
  const problems: ZipProblem[] = [{ reason: 'corrupt', detail: 'no central directory' }]
  if (isCut) problems.push({ reason: 'too-many', detail: `${limits.extractArchiveEntriesMax} entries` })
  return { entries, variants: [], comment: '', problems, gaps: [] }
}

/** Entries whose local headers stand in a stretch of the file. `isCut`: there may be more than are taken. */
export function scanLocals(bytes: RandomBytes, from: number, to: number): { entries: ZipEntry[]; isCut: boolean } {
  const found: ZipEntry[] = []
  let at = bytes.indexOf(LOCAL_BYTES, from)
  while (at >= 0 && at < to && found.length < limits.extractArchiveEntriesMax) {
    const entry = readLocal(bytes, at)
    let next = at + 4
    if (entry && entry.dataOffset <= to) {
      const unknown = (entry.flags & 8) !== 0 && entry.compressedSize === 0
      const following = unknown ? bytes.indexOf(PK_BYTES, entry.dataOffset) : -1
      const until = unknown ? nextRecord(bytes, following, to) : Math.min(to, entry.dataOffset + entry.compressedSize)
      found.push({ ...entry, compressedSize: until - entry.dataOffset })
      next = Math.max(next, until)
    }
    at = bytes.indexOf(LOCAL_BYTES, next)
  }
  return { entries: found, isCut: at >= 0 && at < to }
}

/** The next record of the zip structure at or behind `from`: where streamed data of unknown length ends at the latest. */
function nextRecord(bytes: RandomBytes, from: number, to: number): number {
  let at = from
  while (at >= 0 && at + 4 <= to) {
    const word = bytes.readUInt32LE(at)
    if (word === LOCAL || word === CENTRAL || word === END || word === 0x08074b50) return at
    at = bytes.indexOf(PK_BYTES, at + 2)
  }
  return to
}
