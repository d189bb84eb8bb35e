import { createDecipheriv, createHash } from 'node:crypto'
import zlib from 'node:zlib'
import type { Budget, ExtractContext } from '../format.ts'
import type { OpenedArchive } from './opened-archive.ts'
import { ByteReader, ByteWriter, SevenZipError } from './seven-zip-bytes.ts'
import { type Folder, readStreams, type Streams, withoutCoder, writeStreams } from './seven-zip-streams.ts'
import { unlzma } from './unlzma.ts'

/**
 * Takes the encryption off a 7z archive (7zFormat.txt and 7zAES of the LZMA SDK): packed streams are deciphered, the
 * cipher is struck from the description of the streams, and what comes out is a plain archive for the usual reader.
 * That the password was right shows only when a checksum holds: of an encrypted directory here, of the content there.
 */
/** The mark, and the version that is written. */
const SIGNATURE = Buffer.from('377abcaf271c0004', 'hex')
export const SEVEN_ZIP_MARK = SIGNATURE.subarray(0, 6)
const START_BYTES = 32
const AES_SHA256 = '06f10701'
const COPY = '00'
const LZMA = '030101'
/** Doublings of the hash rounds; 7-Zip writes 19. */
const CYCLES_MAX = 22
const HEADER = 0x01
const MAIN_STREAMS = 0x04
const ENCODED_HEADER = 0x17

/** Whether the archive, or its directory, is encrypted at all; false for what can't be read. */
export async function isSealedSevenZip(bytes: Buffer, context: ExtractContext): Promise<boolean> {
  try {
    const header = headerOf(bytes)
    if (header[0] === ENCODED_HEADER) {
      const streams = readStreams(new ByteReader(header, 1))
      if (hasCipher(streams)) return true
      const plain = await decodeHeader(bytes, streams, new Keys('', context), context)
      return plain !== null && hasCipher(mainStreams(plain).streams)
    }
    return hasCipher(mainStreams(header).streams)
  } catch (thrown) {
    if (thrown instanceof SevenZipError || thrown instanceof RangeError) return false
    throw thrown
  }
}

/** The archive without its encryption; null where the password is wrong for the directory or the structure is broken. */
export async function openSevenZip(
  bytes: Buffer,
  password: string,
  context: ExtractContext,
): Promise<OpenedArchive | null> {
  try {
    const keys = new Keys(password, context)
    let header = headerOf(bytes)
    if (header[0] === ENCODED_HEADER) {
      const plain = await decodeHeader(bytes, readStreams(new ByteReader(header, 1)), keys, context)
      if (plain === null) return null
      header = plain
    }
    const { streams, start, end } = mainStreams(header)
    const opened = openStreams(bytes, streams, keys)
    const out = new ByteWriter()
    out.bytes(header.subarray(0, start))
    writeStreams(out, opened.streams)
    out.bytes(header.subarray(end))
    return {
      bytes: archiveOf(opened.packed, out.done()),
      isWhole: true,
      isProven: false,
      firstSealed: 0,
      holds: () => true,
    }
  } catch (thrown) {
    // Lengths that lie and ciphers that don't fit open nothing.
    if (thrown instanceof SevenZipError || thrown instanceof RangeError || isCipherError(thrown)) return null
    throw thrown
  }
}

function isCipherError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('ERR_')
}

function headerOf(bytes: Buffer): Buffer {
  if (bytes.length < START_BYTES) throw new SevenZipError()
  const start = START_BYTES + Number(bytes.readBigUInt64LE(12))
  const size = Number(bytes.readBigUInt64LE(20))
  if (start + size > bytes.length || size < 1) throw new SevenZipError()
  return bytes.subarray(start, start + size)
}

/** Where the description of the streams stands in a plain header; in front of it may be properties of the archive. */
function mainStreams(header: Buffer): { streams: Streams; start: number; end: number } {
  const reader = new ByteReader(header, 0)
  if (reader.byte() !== HEADER || reader.byte() !== MAIN_STREAMS) throw new SevenZipError()
  const start = reader.at
  const streams = readStreams(reader)
  return { streams, start, end: reader.at }
}

function hasCipher(streams: Streams): boolean {
  return streams.folders.some((folder) => folder.coders.some(({ id }) => id === AES_SHA256))
}

/** Keys of one password, made once for each salt and number of rounds. */
class Keys {
  readonly #password: Buffer
  readonly #budget: Budget
  readonly #made = new Map<string, Buffer>()

  constructor(password: string, { budget }: ExtractContext) {
    this.#password = Buffer.from(password, 'utf16le')
    this.#budget = budget
  }

  keyOf(cycles: number, salt: Buffer): Buffer {
    const name = `${cycles}:${salt.toString('hex')}`
    const key = this.#made.get(name) ?? this.#derive(cycles, salt)
    this.#made.set(name, key)
    return key
  }

  /** One hash over salt, password and a counter of eight bytes, again and again. */
  #derive(cycles: number, salt: Buffer): Buffer {
    if (cycles === 0x3f) return Buffer.concat([salt, this.#password, Buffer.alloc(32)]).subarray(0, 32)
    if (cycles > CYCLES_MAX || !this.#budget.hasTime()) throw new SevenZipError()
    const digest = createHash('sha256')
    const round = Buffer.concat([salt, this.#password, Buffer.alloc(8)])
    const rounds = 2 ** cycles
    const batch = Math.min(rounds, 4096)
    const block = Buffer.concat(Array.from({ length: batch }, () => round))
    for (let first = 0; first < rounds; first += batch) {
      for (let i = 0; i < batch; i++) block.writeUInt32LE(first + i, (i + 1) * round.length - 8)
      digest.update(block)
    }
    return digest.digest()
  }
}

/** The two bytes in front of salt and vector give the rounds and both lengths. */
function decipher(data: Buffer, properties: Buffer, keys: Keys): Buffer {
  const first = properties[0] ?? 0
  const second = properties[1] ?? 0
  const saltBytes = (first >> 7) + ((first & 0xc0) === 0 ? 0 : second >> 4)
  const vectorBytes = ((first >> 6) & 1) + ((first & 0xc0) === 0 ? 0 : second & 0x0f)
  const salt = properties.subarray(2, 2 + saltBytes)
  const vector = Buffer.alloc(16)
  properties.copy(vector, 0, 2 + saltBytes, 2 + saltBytes + vectorBytes)
  const cipher = createDecipheriv('aes-256-cbc', keys.keyOf(first & 0x3f, salt), vector)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(data.subarray(0, data.length - (data.length % 16))), cipher.final()])
}

interface Opened {
  readonly streams: Streams
  readonly packed: readonly Buffer[]
}

function openStreams(bytes: Buffer, streams: Streams, keys: Keys): Opened {
  const packed: Buffer[] = []
  let at = START_BYTES + streams.packPosition
  for (const size of streams.packSizes) {
    if (at + size > bytes.length) throw new SevenZipError()
    packed.push(bytes.subarray(at, at + size))
    at += size
  }
  let firstPacked = 0
  const folders = streams.folders.map((folder) => {
    const own = packed.slice(firstPacked, firstPacked + folder.packed.length)
    const opened = openFolder(folder, own, keys)
    packed.splice(firstPacked, own.length, ...opened.packed)
    firstPacked += own.length
    return opened.folder
  })
  const packSizes = packed.map(({ length }) => length)
  return { streams: { ...streams, packPosition: 0, packSizes, folders }, packed }
}

function openFolder(sealed: Folder, streams: readonly Buffer[], keys: Keys): { folder: Folder; packed: Buffer[] } {
  const packed = [...streams]
  let folder = sealed
  for (;;) {
    const index = folder.coders.findIndex(({ id }) => id === AES_SHA256)
    if (index < 0) return { folder, packed }
    const struck = withoutCoder(folder, index)
    const data = packed[struck.packed]
    const properties = folder.coders[index]?.properties
    if (data === undefined || properties === undefined) throw new SevenZipError()
    packed[struck.packed] = decipher(data, properties, keys).subarray(0, struck.size)
    folder = struck.folder
  }
}

/** An encoded directory: one stream, deciphered where it must be, by LZMA or as it is. */
async function decodeHeader(
  bytes: Buffer,
  streams: Streams,
  keys: Keys,
  context: ExtractContext,
): Promise<Buffer | null> {
  const opened = openStreams(bytes, streams, keys)
  const [folder] = opened.streams.folders
  const [packed] = opened.packed
  const [coder] = folder?.coders ?? []
  if (!folder || !packed || !coder || folder.coders.length !== 1) return null
  const size = folder.unpackSizes[0] ?? 0
  const plain =
    coder.id === COPY ? packed : coder.id === LZMA ? await decodeLzma(coder.properties, size, packed, context) : null
  if (plain === null || plain.length < size) return null
  const header = plain.subarray(0, size)
  return folder.checksum === null || zlib.crc32(header) === folder.checksum ? header : null
}

async function decodeLzma(
  properties: Buffer,
  size: number,
  packed: Buffer,
  context: ExtractContext,
): Promise<Buffer | null> {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(size))
  const { bytes, problem } = await unlzma(Buffer.concat([properties, length, packed]), context)
  return problem === null || bytes.length >= size ? bytes : null
}

function archiveOf(packed: readonly Buffer[], header: Buffer): Buffer {
  const start = Buffer.alloc(START_BYTES)
  SIGNATURE.copy(start)
  start.writeBigUInt64LE(BigInt(packed.reduce((sum, { length }) => sum + length, 0)), 12)
  start.writeBigUInt64LE(BigInt(header.length), 20)
  start.writeUInt32LE(zlib.crc32(header), 28)
  start.writeUInt32LE(zlib.crc32(start.subarray(12, 32)), 8)
  return Buffer.concat([start, ...packed, header])
}
