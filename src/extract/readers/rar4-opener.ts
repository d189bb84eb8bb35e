import { crc32 } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import type { ArchiveComment, ArchiveOutline, OpenedArchive } from './opened-archive.ts'
import { CIPHER_BLOCK_BYTES, decipherRar, type KeyAndVector, Rar4Keys } from './rar-keys.ts'
import { rar4Name } from './rar4-name.ts'

/**
 * Takes the encryption off a RAR 3 or 4 archive (RAR 3 technical note, "technote.txt"): encrypted headers and file data
 * are deciphered, flags and salts are struck, and what comes out is a plain archive for the usual reader. That the
 * password was right shows only when a checksum holds: of a header here, of the content there. Ciphers of RAR 1 and 2
 * stay sealed. Never throws for content; a structure that contradicts itself opens nothing.
 */
export const RAR4_MARK = Buffer.from('526172211a0700', 'hex')

const MAIN = 0x73
const FILE = 0x74
const SERVICE = 0x7a
const END = 0x7b

const HAS_DATA = 0x8000
const MAIN_SEALED = 0x80
const FILE_SEALED = 0x04
const FILE_LARGE = 0x100
const FILE_UNICODE = 0x200
const FILE_SALT = 0x400
const SALT_BYTES = 8
const HEADER_MIN_BYTES = 7
const FILE_HEADER_MIN_BYTES = 32
/** The version that a reader must have at least: from this one on the cipher is AES. */
const AES_VERSION = 29
const STORED = 0x30
/** Of the field that holds attributes in headers of files. */
const COMMENT_UTF16 = 1
const COMMENT_NAME = Buffer.from('CMT', 'latin1')

class BrokenRar extends Error {}

interface Block {
  readonly type: number
  readonly flags: number
  readonly header: Buffer
  readonly data: Buffer
  /** Where the block ends in the file. */
  readonly end: number
}

/** Whether headers or files of the archive are encrypted by AES; false for what can't be read. */
export function isSealedRar4(bytes: Buffer): boolean {
  try {
    for (const block of blocksOf(bytes, null)) {
      if (block.type === MAIN && (block.flags & MAIN_SEALED) !== 0) return true
      if (block.type === FILE && isSealed(block)) return true
    }
  } catch (thrown) {
    if (!(thrown instanceof BrokenRar)) throw thrown
  }
  return false
}

/** The archive without its encryption; null where the password is wrong for the headers or the structure is broken. */
export function openRar4(bytes: Buffer, password: string, { budget }: ExtractContext): OpenedArchive | null {
  const keys = new Rar4Keys(password, () => budget.hasTime())
  const out: Buffer[] = [RAR4_MARK]
  const checksums = new Map<number, number>()
  let entries = 0
  let firstSealed = -1
  let isWhole = true
  let isProven = false
  try {
    for (const block of blocksOf(bytes, keys)) {
      // Sealed headers that came out with their checksums.
      if (block.type === MAIN && (block.flags & MAIN_SEALED) !== 0) isProven = true
      const isOpen = (block.type !== FILE && block.type !== SERVICE) || !isSealed(block)
      if (!isOpen && block.type === FILE && firstSealed < 0) firstSealed = entries
      if (!isOpen && block.type === FILE) checksums.set(entries, block.header.readUInt32LE(16))
      out.push(...(isOpen ? written(block) : written(openBlock(block, keys))))
      if (block.type === FILE) entries += 1
    }
  } catch (thrown) {
    if (!(thrown instanceof BrokenRar)) throw thrown
    if (entries === 0) return null
    isWhole = false
  }
  return {
    bytes: Buffer.concat(out),
    isWhole,
    isProven,
    firstSealed: Math.max(0, firstSealed),
    holds: (entry, data) => !checksums.has(entry) || checksums.get(entry) === crc32(data),
  }
}

export function outlineOfRar4(bytes: Buffer): ArchiveOutline {
  const files: (string | null)[] = []
  let end: number | null = RAR4_MARK.length
  try {
    for (const block of blocksOf(bytes, null)) {
      if (block.type === FILE) files.push(rar4Name(rawNameOf(block), (block.flags & FILE_UNICODE) !== 0))
      end = block.end
      if (block.type === MAIN && (block.flags & MAIN_SEALED) !== 0) return { files, isWhole: true, end: null }
    }
  } catch (thrown) {
    if (!(thrown instanceof BrokenRar)) throw thrown
    return { files, isWhole: false, end: null }
  }
  return { files, isWhole: true, end }
}

/** The comment of a plain archive, where it has one. */
export function commentOfRar4(bytes: Buffer): ArchiveComment | null {
  try {
    let main: Block | null = null
    for (const block of blocksOf(bytes, null)) {
      if (block.type === MAIN) main = block
      if (block.type !== SERVICE || isSealed(block) || !rawNameOf(block).equals(COMMENT_NAME) || main === null) continue
      const archive = Buffer.concat([
        RAR4_MARK,
        ...written({ ...main, flags: 0 }),
        ...written({ ...block, type: FILE }),
      ])
      return { archive, charset: ((block.header[28] ?? 0) & COMMENT_UTF16) !== 0 ? 'utf-16le' : null }
    }
  } catch (thrown) {
    if (!(thrown instanceof BrokenRar)) throw thrown
  }
  return null
}

function rawNameOf({ flags, header }: Block): Buffer {
  const start = FILE_HEADER_MIN_BYTES + ((flags & FILE_LARGE) !== 0 ? 8 : 0)
  return header.subarray(start, start + header.readUInt16LE(26))
}

function isSealed({ flags, header }: Block): boolean {
  return (flags & FILE_SEALED) !== 0 && (flags & FILE_SALT) !== 0 && (header[24] ?? 0) >= AES_VERSION
}

/** Every block up to the end mark. Encrypted headers end it where there are no keys; a wrong password throws BrokenRar. */
function* blocksOf(bytes: Buffer, keys: Rar4Keys | null): Generator<Block, undefined> {
  let at = RAR4_MARK.length
  let isHeaderSealed = false
  for (let count = 0; at < bytes.length; count++) {
    if (count > limits.extractArchiveEntriesMax || at + HEADER_MIN_BYTES > bytes.length) throw new BrokenRar()
    if (isHeaderSealed && keys === null) return
    const { header, dataAt } =
      isHeaderSealed && keys ? sealedHeader(bytes, at, keys) : { header: plainHeader(bytes, at), dataAt: null }
    const type = header[2] ?? 0
    const flags = header.readUInt16LE(3)
    if ((crc32(header.subarray(2)) & 0xffff) !== header.readUInt16LE(0)) throw new BrokenRar()
    const start = dataAt ?? at + header.length
    const size = dataSize(type, flags, header)
    at = start + size
    yield { type, flags, header, data: bytes.subarray(start, at), end: at }
    if (at > bytes.length) throw new BrokenRar()
    if (type === END) return
    if (type === MAIN && (flags & MAIN_SEALED) !== 0) isHeaderSealed = true
  }
}

function plainHeader(bytes: Buffer, at: number): Buffer {
  const size = bytes.readUInt16LE(at + 5)
  if (size < HEADER_MIN_BYTES || at + size > bytes.length) throw new BrokenRar()
  return bytes.subarray(at, at + size)
}

/** Salt, then the header in whole cipher blocks. */
function sealedHeader(bytes: Buffer, at: number, keys: Rar4Keys): { header: Buffer; dataAt: number } {
  const start = at + SALT_BYTES
  if (start + CIPHER_BLOCK_BYTES > bytes.length) throw new BrokenRar()
  const { key, vector } = keyOf(keys, bytes.subarray(at, start))
  const first = decipherRar(bytes.subarray(start, start + CIPHER_BLOCK_BYTES), key, vector)
  const size = first.readUInt16LE(5)
  const padded = Math.ceil(size / CIPHER_BLOCK_BYTES) * CIPHER_BLOCK_BYTES
  if (size < HEADER_MIN_BYTES || start + padded > bytes.length) throw new BrokenRar()
  const header = decipherRar(bytes.subarray(start, start + padded), key, vector).subarray(0, size)
  return { header, dataAt: start + padded }
}

/** Out of time is the end of what can be read. */
function keyOf(keys: Rar4Keys, salt: Buffer): KeyAndVector {
  const made = keys.derive(salt)
  if (made === null) throw new BrokenRar()
  return made
}

/** Files and services give their size in a fixed place, with four bytes more further on where they are large. */
function dataSize(type: number, flags: number, header: Buffer): number {
  const isFile = type === FILE || type === SERVICE
  if (!isFile && (flags & HAS_DATA) === 0) return 0
  if (header.length < (isFile ? FILE_HEADER_MIN_BYTES : HEADER_MIN_BYTES + 4)) throw new BrokenRar()
  const low = header.readUInt32LE(7)
  if (!isFile || (flags & FILE_LARGE) === 0) return low
  if (header.length < FILE_HEADER_MIN_BYTES + 8) throw new BrokenRar()
  return low + header.readUInt32LE(FILE_HEADER_MIN_BYTES) * 2 ** 32
}

function openBlock({ type, flags, header, data, end }: Block, keys: Rar4Keys): Block {
  const isLarge = (flags & FILE_LARGE) !== 0
  const saltAt = FILE_HEADER_MIN_BYTES + (isLarge ? 8 : 0) + header.readUInt16LE(26)
  if (saltAt + SALT_BYTES > header.length) throw new BrokenRar()
  const { key, vector } = keyOf(keys, header.subarray(saltAt, saltAt + SALT_BYTES))
  const deciphered = decipherRar(data, key, vector)
  const size = header.readUInt32LE(11) + (isLarge ? header.readUInt32LE(FILE_HEADER_MIN_BYTES + 4) * 2 ** 32 : 0)
  // A stored file is as long as its data, without what fills the last cipher block.
  const plain = header[25] === STORED && size < deciphered.length ? deciphered.subarray(0, size) : deciphered
  const struck = Buffer.concat([header.subarray(0, saltAt), header.subarray(saltAt + SALT_BYTES)])
  struck.writeUInt32LE(plain.length % 2 ** 32, 7)
  if (isLarge) struck.writeUInt32LE(Math.floor(plain.length / 2 ** 32), FILE_HEADER_MIN_BYTES)
  return { type, flags: flags & ~(FILE_SEALED | FILE_SALT), header: struck, data: plain, end }
}

/** The block as a plain archive has it: flags, size and checksum of the header made anew, and data. */
function written({ type, flags, header, data }: Block): Buffer[] {
  const own = Buffer.from(header)
  own[2] = type
  own.writeUInt16LE(type === MAIN ? flags & ~MAIN_SEALED : flags, 3)
  own.writeUInt16LE(own.length, 5)
  own.writeUInt16LE(crc32(own.subarray(2)) & 0xffff, 0)
  return [own, data]
}
