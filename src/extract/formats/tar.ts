import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format } from '../format.ts'
import { decodeName } from '../readers/entry-name.ts'
import {
  isSound,
  leadingSparseMap,
  oldSparseMap,
  SPARSE_PIECES_MAX,
  type SparsePiece,
  sparsePieces,
  withHoles,
} from '../readers/sparse-map.ts'
import { ByteStream } from '../stream/byte-stream.ts'
import { extractTrailingStream } from '../trailing-data.ts'

/**
 * tar in its dialects: v7, ustar, GNU (long names, base-256 numbers, sparse files in all formats) and pax
 * (POSIX.1-2001). Each file is a child; links, comments and odd attributes are text. A broken header is `corrupt`; the
 * walk goes on at the next one that holds.
 */
export const tar: Format = {
  id: 'tar',
  types: ['application/x-tar', 'application/x-gtar', 'application/x-ustar'],
  extract: async (input, context) => extractTar(new ByteStream([input.bytes]), context),
  extractStream: async (input, context) => extractTar(input.stream, context),
}

const BLOCK = 512

interface Header {
  readonly name: string
  readonly size: number
  readonly type: string
  readonly link: string
  /** A sparse file in the old format of GNU. */
  readonly isOldSparse: boolean
}

interface Pending {
  name?: string
  link?: string
  size?: number
  sparse?: PendingMap
}

/** What is known of the holes of the next file. */
interface PendingMap {
  /** Offset and size of each piece in turn. */
  readonly numbers: string[]
  pieces?: readonly SparsePiece[]
  realSize: number
  /** The map stands in front of the data. */
  isInData: boolean
}

async function extractTar(stream: ByteStream, context: ExtractContext): Promise<void> {
  const pending: Pending = {}
  for (let entries = 0; ; entries++) {
    const block = await stream.peek(BLOCK)
    if (block.length < BLOCK || isZero(block)) break
    if (entries >= limits.extractArchiveEntriesMax) return context.uninspected('too-many', 'tar entries')
    if (!context.budget.hasTime()) return context.uninspected('timeout', 'tar')
    await stream.skip(BLOCK)
    const header = readHeader(block)
    if (!header) {
      context.uninspected('corrupt', 'tar header')
      await skipBroken(block, stream, context)
      continue
    }
    if (header.isOldSparse) {
      const { pieces, realSize } = await oldSparseMap(block, stream, readNumber)
      pending.sparse = { numbers: [], pieces, realSize, isInData: false }
    }
    const size = pending.size ?? header.size
    const name = pending.name ?? header.name
    const came = await takeEntry(header, size, stream, pending, context)
    if (came < size) context.uninspected('corrupt', 'truncated', name)
    await stream.skip(Math.ceil(size / BLOCK) * BLOCK - size)
  }
  await extractTrailingStream(stream, context)
}

/** On to the next header that holds, as tar does; what is stepped over is a part, so nothing hides in it. */
async function skipBroken(broken: Buffer, stream: ByteStream, context: ExtractContext): Promise<void> {
  context.text(decodeName(broken).replace(/\0+/g, ' ').trim())
  const gap = async function* (): AsyncGenerator<Buffer> {
    for (;;) {
      const block = await stream.peek(BLOCK)
      if (block.length < BLOCK || isZero(block) || readHeader(block)) return
      yield await stream.take(BLOCK)
    }
  }
  const data = new ByteStream(gap())
  if ((await data.peek(1)).length > 0)
    await context.childStream({ stream: data, filename: null, label: '[gap]', traits: ['hidden-content'] })
}

/** How many of the bytes of its data came. */
async function takeEntry(
  header: Header,
  size: number,
  stream: ByteStream,
  pending: Pending,
  context: ExtractContext,
): Promise<number> {
  if ('LKxgX'.includes(header.type)) return await takeMeta(header, size, stream, pending, context)
  const name = pending.name ?? header.name
  const link = pending.link ?? header.link
  const { sparse } = pending
  for (const key of ['name', 'link', 'size', 'sparse'] as const) delete pending[key]
  if (link) context.text(link)
  if (header.type === 'M') context.uninspected('partial', 'multi-volume', name)
  const isFile = size > 0 || (header.type !== '5' && !name.endsWith('/') && link === '')
  if (!isFile) {
    context.text(name)
    return 0
  }
  const read = sparse?.isInData ? await leadingSparseMap(stream, size) : { pieces: sparse?.pieces ?? null, took: 0 }
  const stored = size - read.took
  const pieces = read.pieces ?? (sparse ? sparsePieces(sparse.numbers) : null)
  const map = sparse && pieces ? { pieces, realSize: sparse.realSize } : null
  const isMapped = map !== null && isSound(map, stored)
  if (sparse && !isMapped) context.uninspected('partial', 'sparse file', name)
  const { streamFromBytes } = context.budget.limits
  if (stored <= streamFromBytes) {
    const bytes = await stream.take(stored)
    const isWhole = isMapped && bytes.length === stored
    await context.child({
      bytes: isWhole ? withHoles(bytes, map, streamFromBytes, context.budget) : bytes,
      filename: name,
    })
    return read.took + bytes.length
  }
  const data = new ByteStream(stream.part(stored))
  await context.childStream({ stream: data, filename: name })
  return read.took + data.size
}

/** What steers the next entry: long names and pax records. */
async function takeMeta(
  { type }: Header,
  size: number,
  stream: ByteStream,
  pending: Pending,
  context: ExtractContext,
): Promise<number> {
  const data = await stream.take(Math.min(size, limits.extractHeaderMaxBytes))
  const more = await stream.skip(size - data.length)
  if (more > 0) context.uninspected('too-large', 'tar header')
  if (type === 'L') pending.name = decodeName(trimZero(data))
  else if (type === 'K') pending.link = decodeName(trimZero(data))
  else readPax(data, pending, context)
  return data.length + more
}

/** pax records: `length key=value\n`. Those that tar itself uses steer the next entry, others are text. */
function readPax(data: Buffer, pending: Pending, context: ExtractContext): void {
  let at = 0
  while (at < data.length) {
    const space = data.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number.parseInt(data.toString('latin1', at, space), 10)
    if (!(length > 0) || at + length > data.length || space - at > 20) {
      if (data.subarray(at).some((byte) => byte !== 0)) context.uninspected('corrupt', 'pax header')
      return
    }
    const record = data.toString('utf8', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    const key = record.slice(0, Math.max(0, equals))
    const value = record.slice(equals + 1)
    if (key === 'path' || key === 'GNU.sparse.name') pending.name = value
    else if (key === 'linkpath') pending.link = value
    else if (key === 'size' && /^0*\d{1,15}$/.test(value)) pending.size = Number(value)
    else if (!/^(?:[amc]time|[ug]id|[ug]name|SCHILY\.(?:dev|ino|nlink)|LIBARCHIVE\.creationtime)$/.test(key)) {
      context.text(record)
    }
    if (key.startsWith('GNU.sparse.')) readSparse(key.slice(11), value, pending)
    at += length
  }
}

/** Records of sparse files in the formats 0.0, 0.1 and 1.0. */
function readSparse(key: string, value: string, pending: Pending): void {
  pending.sparse ??= { numbers: [], realSize: 0, isInData: false }
  const { sparse } = pending
  if (key === 'size' || key === 'realsize') sparse.realSize = Number(value)
  else if (key === 'major') sparse.isInData = value === '1'
  else if (key === 'map' || key === 'offset' || key === 'numbytes') {
    // One more than may be makes the map none.
    for (const number of value === '' ? [] : value.split(','))
      if (sparse.numbers.length <= SPARSE_PIECES_MAX * 2) sparse.numbers.push(number)
  }
}

/** `bytes`: one block. */
function readHeader(bytes: Buffer): Header | null {
  const stated = readNumber(bytes, 148, 8)
  let unsigned = 8 * 0x20
  let signed = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue
    const byte = bytes[i] ?? 0
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const size = readNumber(bytes, 124, 12)
  if ((stated !== unsigned && stated !== signed) || size < 0) return null
  const magic = bytes.toString('latin1', 257, 265)
  const type = String.fromCharCode(bytes[156] ?? 0)
  const isGnu = magic.startsWith('ustar ')
  const prefix = magic.startsWith('ustar\0') ? decodeName(trimZero(bytes.subarray(345, 500))) : ''
  const base = decodeName(trimZero(bytes.subarray(0, 100)))
  // Links, devices and folders have no data whatever their size says (POSIX pax, ustar typeflag).
  const hasData = !'123456'.includes(type)
  return {
    name: prefix ? `${prefix}/${base}` : base,
    size: hasData ? size : 0,
    type,
    link: '12'.includes(type) ? decodeName(trimZero(bytes.subarray(157, 257))) : '',
    isOldSparse: isGnu && type === 'S',
  }
}

/** Octal digits, or base-256 where the first bit is set (GNU). -1 where it is neither. */
function readNumber(bytes: Buffer, at: number, length: number): number {
  const first = bytes[at] ?? 0
  if ((first & 0x80) !== 0) {
    let value = first & 0x7f
    for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0)
    return value <= Number.MAX_SAFE_INTEGER && first !== 0xff ? value : -1
  }
  const digits = /^[\0 ]*([0-7]*)[\0 ]*/.exec(bytes.toString('latin1', at, at + length))?.[1] ?? ''
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function trimZero(raw: Buffer): Buffer {
  const end = raw.indexOf(0)
  return end < 0 ? raw : raw.subarray(0, end)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
