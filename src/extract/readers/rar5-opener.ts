import { crc32 } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import type { ArchiveComment, ArchiveOutline, OpenedArchive } from './opened-archive.ts'
import { CIPHER_BLOCK_BYTES, decipherRar, RAR5_CHECK_BYTES, Rar5Keys } from './rar-keys.ts'

/**
 * Takes the encryption off a RAR 5 archive (RAR 5.0 technical note): encrypted headers and file data are deciphered, the
 * records that tell of the encryption are struck, and what comes out is a plain archive for the usual reader. Never
 * throws for content; a structure that contradicts itself opens nothing.
 */
export const RAR5_MARK = Buffer.from('526172211a070100', 'hex')

const MAIN = 1
const FILE = 2
const SERVICE = 3
const ENCRYPTION = 4
const END = 5

const HAS_EXTRA = 1
const HAS_DATA = 2
const FILE_HAS_TIME = 2
const FILE_HAS_CRC = 4
const RECORD_ENCRYPTION = 1
const RECORD_HASH = 2
const HAS_CHECK = 1
const TWEAKED_CHECKSUMS = 2
const METHOD = 0x380
const SALT_BYTES = 16
/** Headers take 2 MiB at most. */
const HEADER_MAX_BYTES = 2 * 1024 * 1024

class BrokenRar extends Error {}

interface Block {
  readonly type: number
  readonly flags: number
  /** The fields of the type, between the common ones and the extra area. */
  readonly fields: Buffer
  readonly extra: Buffer
  readonly data: Buffer
  /** Where the block ends in the file. */
  readonly end: number
}

/** What a header of encryption or a record of a file says of its key. */
interface Lock {
  readonly flags: number
  readonly roundsLog: number
  readonly salt: Buffer
  /** Empty in headers of encryption: there each header has its own in front. */
  readonly vector: Buffer
  readonly check: Buffer | null
}

/** Whether headers or files of the archive are encrypted; false for what can't be read. */
export function isSealedRar5(bytes: Buffer): boolean {
  try {
    for (const block of blocksOf(bytes, null)) {
      if (block.type === ENCRYPTION) return true
      if (block.type === FILE && lockOf(block) !== null) return true
    }
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown
  }
  return false
}

/** The archive without its encryption; null where the password doesn't fit or the structure is broken. */
export function openRar5(bytes: Buffer, password: string, { budget }: ExtractContext): OpenedArchive | null {
  const keys = new Rar5Keys(password, () => budget.hasTime())
  const out: Buffer[] = [RAR5_MARK]
  const checks = new Map<number, (data: Buffer) => boolean>()
  let entries = 0
  let firstSealed = -1
  let isWhole = true
  let isProven = hasSealedHeaders(bytes)
  try {
    for (const block of blocksOf(bytes, keys)) {
      if (block.type === ENCRYPTION) continue
      const lock = block.type === FILE || block.type === SERVICE ? lockOf(block) : null
      if (lock === null) out.push(...written(block))
      else {
        const opened = openBlock(block, lock, keys)
        // Another password than that of the other files, or a service that nobody reads here.
        if (opened !== null) {
          out.push(...written(opened.block))
          if (block.type === FILE) checks.set(entries, opened.holds)
          if (block.type === FILE && firstSealed < 0) firstSealed = entries
          if (lock.check !== null) isProven = true
        } else if (block.type === FILE) out.push(...written(block))
      }
      if (block.type === FILE) entries += 1
    }
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown
    if (entries === 0) return null
    isWhole = false
  }
  if (firstSealed < 0 && !isProven) return null
  return {
    bytes: Buffer.concat(out),
    isWhole,
    isProven,
    firstSealed: Math.max(0, firstSealed),
    holds: (entry, data) => checks.get(entry)?.(data) ?? true,
  }
}

export function outlineOfRar5(bytes: Buffer): ArchiveOutline {
  const files: (string | null)[] = []
  let end: number | null = RAR5_MARK.length
  try {
    for (const block of blocksOf(bytes, null)) {
      if (block.type === FILE) files.push(null)
      end = block.end
      if (block.type === ENCRYPTION) return { files, isWhole: true, end: null }
    }
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown
    return { files, isWhole: false, end: null }
  }
  return { files, isWhole: true, end }
}

/** The comment of a plain archive, where it has one. */
export function commentOfRar5(bytes: Buffer): ArchiveComment | null {
  try {
    let main: Block | null = null
    for (const block of blocksOf(bytes, null)) {
      if (block.type === MAIN) main = block
      if (block.type !== SERVICE || lockOf(block) !== null || main === null) continue
      if (fileFields(block.fields).name !== 'CMT') continue
      const archive = Buffer.concat([RAR5_MARK, ...written(main), ...written({ ...block, type: FILE })])
      return { archive, charset: 'utf-8' }
    }
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown
  }
  return null
}

function isBroken(thrown: unknown): boolean {
  return thrown instanceof BrokenRar || thrown instanceof RangeError
}

function hasSealedHeaders(bytes: Buffer): boolean {
  const { value } = blocksOf(bytes, null).next()
  return value !== undefined && value.type === ENCRYPTION
}

/** Every block up to the end mark. Encrypted headers end it where there are no keys; a wrong password throws BrokenRar. */
function* blocksOf(bytes: Buffer, keys: Rar5Keys | null): Generator<Block, undefined> {
  let at = RAR5_MARK.length
  let sealed: Buffer | null = null
  for (let count = 0; at < bytes.length; count++) {
    if (count > limits.extractArchiveEntriesMax) throw new BrokenRar()
    const read = sealed ? sealedHeader(bytes, at, sealed) : { header: bytes.subarray(at), end: null }
    const block = blockIn(read.header, bytes, read.end, at)
    at = block.end
    yield block
    if (at > bytes.length) throw new BrokenRar()
    if (block.type === END) return
    if (block.type !== ENCRYPTION) continue
    const lock = readLock(new Numbers(block.fields), false)
    if (keys === null) return
    if (lock.check !== null && !keys.fits(lock.salt, lock.roundsLog, lock.check)) throw new BrokenRar()
    sealed = keys.key(lock.salt, lock.roundsLog)
    if (sealed === null) throw new BrokenRar()
  }
}

/** Vector, then the header in whole cipher blocks. */
function sealedHeader(bytes: Buffer, at: number, key: Buffer): { header: Buffer; end: number } {
  const start = at + CIPHER_BLOCK_BYTES
  const vector = bytes.subarray(at, start)
  if (start + CIPHER_BLOCK_BYTES > bytes.length) throw new BrokenRar()
  const first = decipherRar(bytes.subarray(start, start + CIPHER_BLOCK_BYTES), key, vector)
  const numbers = new Numbers(first, 4)
  const size = numbers.next() + numbers.at
  const padded = Math.ceil(size / CIPHER_BLOCK_BYTES) * CIPHER_BLOCK_BYTES
  if (size > HEADER_MAX_BYTES || start + padded > bytes.length) throw new BrokenRar()
  return { header: decipherRar(bytes.subarray(start, start + padded), key, vector), end: start + padded }
}

/** The block whose header begins `header`; its data stands in the file behind the header. */
function blockIn(header: Buffer, bytes: Buffer, end: number | null, at: number): Block {
  const numbers = new Numbers(header, 4)
  const size = numbers.next()
  const total = numbers.at + size
  if (size > HEADER_MAX_BYTES || total > header.length) throw new BrokenRar()
  if (crc32(header.subarray(4, total)) !== header.readUInt32LE(0)) throw new BrokenRar()
  const type = numbers.next()
  const flags = numbers.next()
  const extraSize = (flags & HAS_EXTRA) !== 0 ? numbers.next() : 0
  const dataSize = (flags & HAS_DATA) !== 0 ? numbers.next() : 0
  if (numbers.at + extraSize > total) throw new BrokenRar()
  const dataAt = end ?? at + total
  return {
    type,
    flags,
    fields: header.subarray(numbers.at, total - extraSize),
    extra: header.subarray(total - extraSize, total),
    data: bytes.subarray(dataAt, dataAt + dataSize),
    end: dataAt + dataSize,
  }
}

interface ExtraRecord {
  readonly type: number
  readonly content: Buffer
  readonly whole: Buffer
}

function recordsOf(extra: Buffer): ExtraRecord[] {
  const records: ExtraRecord[] = []
  for (let at = 0; at < extra.length; ) {
    const numbers = new Numbers(extra, at)
    const size = numbers.next()
    const end = numbers.at + size
    if (size === 0 || end > extra.length) throw new BrokenRar()
    const type = numbers.next()
    records.push({ type, content: extra.subarray(numbers.at, end), whole: extra.subarray(at, end) })
    at = end
  }
  return records
}

function lockOf(block: Block): Lock | null {
  const record = recordsOf(block.extra).find(({ type }) => type === RECORD_ENCRYPTION)
  return record ? readLock(new Numbers(record.content), true) : null
}

/** Version, flags, rounds, salt, vector where it has one, and what the password is checked by. */
function readLock(numbers: Numbers, hasVector: boolean): Lock {
  numbers.next()
  const flags = numbers.next()
  const roundsLog = numbers.bytes(1)[0] ?? 0
  const salt = numbers.bytes(SALT_BYTES)
  const vector = numbers.bytes(hasVector ? CIPHER_BLOCK_BYTES : 0)
  const check = (flags & HAS_CHECK) !== 0 ? numbers.bytes(RAR5_CHECK_BYTES) : null
  return { flags, roundsLog, salt, vector, check }
}

/** A file without its encryption; null where the password is another one. */
function openBlock(
  block: Block,
  lock: Lock,
  keys: Rar5Keys,
): { block: Block; holds: (data: Buffer) => boolean } | null {
  const { salt, roundsLog, vector, check } = lock
  if (check !== null && !keys.fits(salt, roundsLog, check)) return null
  const key = keys.key(salt, roundsLog)
  if (key === null) return null
  const file = fileFields(block.fields)
  const plain = decipherRar(block.data, key, vector)
  // Without what fills the last cipher block, since the usual reader reads on to the end.
  const data = plain.subarray(0, file.isStored ? Math.min(file.size, plain.length) : endOfPacked(plain))
  const isTweaked = (lock.flags & TWEAKED_CHECKSUMS) !== 0
  const struck = recordsOf(block.extra).filter(
    ({ type }) => type !== RECORD_ENCRYPTION && !(isTweaked && type === RECORD_HASH),
  )
  const extra = Buffer.concat(struck.map(({ whole }) => whole))
  const holds = (content: Buffer) =>
    !isTweaked || file.crc === null || keys.checksum(salt, roundsLog, content) === file.crc
  return { block: { ...block, fields: isTweaked ? file.withoutCrc : block.fields, extra, data }, holds }
}

const BLOCK_IS_LAST = 0x40

/** Blocks of packed data: flags, a checksum, one to three bytes of size as the flags say, then so many bytes. */
function endOfPacked(data: Buffer): number {
  for (let at = 0; at + 3 <= data.length; ) {
    const flags = data[at] ?? 0
    const sizeBytes = ((flags >> 3) & 3) + 1
    if (sizeBytes > 3 || at + 2 + sizeBytes > data.length) break
    at += 2 + sizeBytes + data.readUIntLE(at + 2, sizeBytes)
    if ((flags & BLOCK_IS_LAST) !== 0) return Math.min(at, data.length)
  }
  return data.length
}

interface FileFields {
  readonly size: number
  readonly isStored: boolean
  readonly crc: number | null
  readonly name: string
  readonly withoutCrc: Buffer
}

function fileFields(fields: Buffer): FileFields {
  const numbers = new Numbers(fields)
  const flags = numbers.next()
  const afterFlags = numbers.at
  const size = numbers.next()
  numbers.next()
  if ((flags & FILE_HAS_TIME) !== 0) numbers.bytes(4)
  const crcAt = numbers.at
  const crc = (flags & FILE_HAS_CRC) !== 0 ? numbers.bytes(4).readUInt32LE(0) : null
  const withoutCrc = Buffer.concat([
    numberOf(flags & ~FILE_HAS_CRC),
    fields.subarray(afterFlags, crcAt),
    fields.subarray(numbers.at),
  ])
  const isStored = (numbers.next() & METHOD) === 0
  numbers.next()
  const name = numbers.bytes(numbers.next()).toString('utf8')
  return { size, isStored, crc, name, withoutCrc }
}

/** The block as a plain archive has it: header with sizes and checksum made anew, and data. */
function written({ type, flags, fields, extra, data }: Block): Buffer[] {
  const kept = (flags & ~HAS_EXTRA) | (extra.length > 0 ? HAS_EXTRA : 0)
  const body = Buffer.concat([
    numberOf(type),
    numberOf(kept),
    ...(extra.length > 0 ? [numberOf(extra.length)] : []),
    ...((flags & HAS_DATA) !== 0 ? [numberOf(data.length)] : []),
    fields,
    extra,
  ])
  const sized = Buffer.concat([numberOf(body.length), body])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(sized))
  return [checksum, sized, data]
}

/** Seven bits a byte, the lowest first; all but the last byte have their highest bit set. */
class Numbers {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  next(): number {
    let value = 0
    for (let shift = 0; shift < 10; shift++) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) break
      this.at += 1
      value += (byte & 0x7f) * 128 ** shift
      if (byte >= 0x80) continue
      if (!Number.isSafeInteger(value)) break
      return value
    }
    throw new BrokenRar()
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new BrokenRar()
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }
}

function numberOf(value: number): Buffer {
  const out: number[] = []
  let left = value
  do {
    const low = left % 128
    left = Math.floor(left / 128)
    out.push(left > 0 ? low | 0x80 : low)
  } while (left > 0)
  return Buffer.from(out)
}
