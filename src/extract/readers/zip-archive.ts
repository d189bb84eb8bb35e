import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'
import { PagedBytes, type RandomBytes, randomBytes } from '../stream/paged-bytes.ts'
import { bunzip } from './bunzip.ts'
import { type Inflated, inflateBounded, inflateCeiling } from './inflate.ts'
import { inflate64 } from './inflate64.ts'
import { unlzma, unxz } from './unlzma.ts'
import { unpackOldZip } from './unpack-old-zip.ts'
import { unppmd } from './unppmd.ts'
import { ZipBatch } from './zip-batch.ts'
import { crcHolds, decryptZip } from './zip-crypto.ts'
import { readZipDirectory, type ZipDirectory, type ZipEntry } from './zip-directory.ts'
import { streamZipEntry } from './zip-stream.ts'

/**
 * An opened zip file: its directory, and the data of each entry on demand under the budget. Whatever can't be read is
 * said to the context by the entry's name, once; reading never throws. Documents that are zip files use it as well.
 */
export interface ZipArchive {
  readonly directory: ZipDirectory
  /** Bytes of entries read so far that stand behind the end of what was packed, where no program looks. */
  readonly slacks: readonly ZipSlack[]
  /** The data of an entry; null when none of it could be read. Partial data comes back when the entry is broken. */
  read(entry: ZipEntry): Promise<Buffer | null>
  /** The same as a stream, for what is too large to be held; null where its method or its seal forbid that. */
  stream(entry: ZipEntry): ByteStream | null
  /** The first file with this name, whatever its case. */
  find(name: string): ZipEntry | undefined
}

export interface ZipSlack {
  readonly name: string
  readonly bytes: Buffer
}

export function openZip(input: Uint8Array | PagedBytes, context: ExtractContext): ZipArchive {
  const bytes = randomBytes(input)
  const directory = readZipDirectory(bytes)
  const batch = new ZipBatch(bytes, directory.entries)
  const byName = new Map<string, ZipEntry>()
  for (const entry of directory.entries) {
    const key = entry.name.toLowerCase()
    if (!byName.has(key)) byName.set(key, entry)
  }
  for (const problem of directory.problems) context.uninspected(problem.reason, problem.detail, problem.name)
  const slacks: ZipSlack[] = []
  return {
    directory,
    slacks,
    find: (name) => byName.get(name.toLowerCase()),
    read: async (entry) =>
      (context.budget.hasTime() && batch.take(entry, context)) || readEntry(bytes, entry, context, slacks),
    stream: (entry) =>
      streamZipEntry(bytes, entry, context, (slack) => slacks.push({ name: entry.name, bytes: slack })),
  }
}

async function readEntry(
  bytes: RandomBytes,
  entry: ZipEntry,
  context: ExtractContext,
  slacks: ZipSlack[],
): Promise<Buffer | null> {
  if (entry.dataOffset < 0) return null
  if (!context.budget.hasTime()) {
    context.uninspected('timeout', 'zip', entry.name)
    return null
  }
  if (bytes instanceof PagedBytes && entry.compressedSize > limits.extractEntryMaxBytes) {
    const [reason, detail] =
      entry.encryption === null ? (['too-large', 'zip'] as const) : (['encrypted', entry.encryption] as const)
    context.uninspected(reason, detail, entry.name)
    return null
  }
  const end = entry.dataOffset + entry.compressedSize
  const stored = bytes.subarray(entry.dataOffset, Math.min(end, bytes.length))
  if (end > bytes.length) context.uninspected('corrupt', 'truncated', entry.name)
  if (entry.encryption === null) {
    const result = await decode(entry, stored, context)
    if (endsByItself(entry.method) && result?.problem === null && result.consumed < stored.length)
      slacks.push({ name: entry.name, bytes: stored.subarray(result.consumed) })
    return finish(result, entry, context)
  }
  for (const password of context.passwords.slice(0, limits.extractPasswordsMax)) {
    const plain = decryptZip(entry, stored, password)
    if (!plain) continue
    const result = await decode(entry, plain, context)
    if (!result || result.problem !== null || !crcHolds(entry, result.bytes)) continue
    context.trait('opened-with-password')
    return result.bytes
  }
  context.uninspected('encrypted', entry.encryption, entry.name)
  return null
}

function finish(result: Inflated | null, entry: ZipEntry, context: ExtractContext): Buffer | null {
  if (result === null) {
    context.uninspected('unsupported', `zip method ${entry.method}`, entry.name)
    return null
  }
  if (result.problem !== null) context.uninspected(result.problem, 'zip', entry.name)
  else if (entry.crc !== 0 && !crcHolds(entry, result.bytes)) context.uninspected('corrupt', 'checksum', entry.name)
  return result.bytes.length === 0 && result.problem !== null ? null : result.bytes
}

const DEFLATE = 8

/** Whether what is read of the data is known to the byte: deflate, and the methods before it. */
function endsByItself(method: number): boolean {
  return method > 0 && method <= DEFLATE
}

/** APPNOTE 4.4.5 names the methods. Null: a method nobody reads here. */
async function decode(entry: ZipEntry, data: Buffer, context: ExtractContext): Promise<Inflated | null> {
  switch (entry.method) {
    case 0:
      return store(data, context)
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return unpackOldZip(entry, data, context)
    case DEFLATE:
      return inflateBounded('deflate-raw', data, context, entry.size)
    case 9:
      return inflate64(data, context)
    case 12:
      return bunzip(data, context)
    case 14:
      return unlzma(lzmaHeader(entry, data), context)
    case 93:
    case 20:
      return inflateBounded('zstd', data, context)
    case 95:
      return unxz(data, context)
    case 98:
      return unppmd(data, entry, context)
    default:
      return null
  }
}

function store(data: Buffer, context: ExtractContext): Inflated {
  if (data.length > inflateCeiling(context)) return { bytes: Buffer.alloc(0), consumed: 0, problem: 'too-large' }
  context.budget.inflate(data.length)
  return { bytes: data, consumed: data.length, problem: null }
}

/** APPNOTE 5.8.8: version and length stand in front of the properties; `.lzma` wants the length of the data instead. */
function lzmaHeader(entry: ZipEntry, data: Buffer): Buffer {
  if (data.length < 9) return data
  const properties = data.readUInt16LE(2)
  const size = Buffer.alloc(8, 0xff)
  if ((entry.flags & 2) === 0) size.writeBigUInt64LE(BigInt(entry.size))
  return Buffer.concat([data.subarray(4, 4 + properties), size, data.subarray(4 + properties)])
}
