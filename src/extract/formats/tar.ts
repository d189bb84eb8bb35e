import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { decodeName } from '../readers/entry-name.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * tar in its dialects: v7, ustar, GNU (long names, base-256 numbers, old sparse files) and pax (POSIX.1-2001). Each
 * file is a child; links, comments and odd attributes are text. A broken header is `corrupt`; the walk goes on at the
 * next one that holds.
 */
export const tar: Format = {
  id: 'tar',
  types: ['application/x-tar', 'application/x-gtar', 'application/x-ustar'],
  extract: async (input, context) => extractTar(input, context),
}

const BLOCK = 512

interface Header {
  readonly name: string
  readonly size: number
  readonly type: string
  readonly link: string
  /** Length of headers that continue in further blocks (old GNU sparse files). */
  readonly extended: boolean
}

async function extractTar(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const pending: { name?: string; link?: string; size?: number; sparse?: boolean } = {}
  let at = 0
  for (let entries = 0; at + BLOCK <= bytes.length; entries++) {
    if (isZero(bytes, at)) break
    if (entries >= limits.extractArchiveEntriesMax) return context.uninspected('too-many', 'tar entries')
    if (!context.budget.hasTime()) return context.uninspected('timeout', 'tar')
    const header = readHeader(bytes, at)
    if (!header) {
      context.uninspected('corrupt', 'tar header')
      at = await skipBroken(bytes, at, context)
      continue
    }
    let start = at + BLOCK
    if (header.extended) start = skipSparseHeaders(bytes, start)
    const size = pending.size ?? header.size
    const data = bytes.subarray(start, start + size)
    if (start + size > bytes.length) context.uninspected('corrupt', 'truncated', pending.name ?? header.name)
    at = start + Math.ceil(size / BLOCK) * BLOCK
    await takeEntry(header, data, pending, context)
  }
  await extractTrailing(bytes.subarray(at), context)
}

/** On to the next header that holds, as tar does; what is stepped over is a part, so nothing hides in it. */
async function skipBroken(bytes: Buffer, from: number, context: ExtractContext): Promise<number> {
  let at = from + BLOCK
  while (at + BLOCK <= bytes.length && !isZero(bytes, at) && !readHeader(bytes, at)) at += BLOCK
  context.text(
    decodeName(bytes.subarray(from, from + BLOCK))
      .replace(/\0+/g, ' ')
      .trim(),
  )
  const data = bytes.subarray(from + BLOCK, at)
  if (data.length > 0) await context.child({ bytes: data, filename: null, label: '[gap]', traits: ['hidden-content'] })
  return at
}

async function takeEntry(
  header: Header,
  data: Buffer,
  pending: { name?: string; link?: string; size?: number; sparse?: boolean },
  context: ExtractContext,
): Promise<void> {
  switch (header.type) {
    case 'L':
      pending.name = decodeName(trimZero(data))
      return
    case 'K':
      pending.link = decodeName(trimZero(data))
      return
    case 'x':
    case 'g':
    case 'X':
      return readPax(data, pending, context)
    default:
  }
  const name = pending.name ?? header.name
  const link = pending.link ?? header.link
  const sparse = pending.sparse === true || header.type === 'S'
  for (const key of ['name', 'link', 'size', 'sparse'] as const) delete pending[key]
  if (link) context.text(link)
  if (sparse) context.uninspected('partial', 'sparse file', name)
  if (header.type === 'M') context.uninspected('partial', 'multi-volume', name)
  const isFile = data.length > 0 || (header.type !== '5' && !name.endsWith('/') && link === '')
  if (isFile) await context.child({ bytes: data, filename: name })
  else context.text(name)
}

/** pax records: `length key=value\n`. Those that tar itself uses steer the next entry, others are text. */
function readPax(
  data: Buffer,
  pending: { name?: string; link?: string; size?: number; sparse?: boolean },
  context: ExtractContext,
): void {
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
    else if (key === 'size' && /^\d{1,15}$/.test(value)) pending.size = Number(value)
    else if (!/^(?:[amc]time|[ug]id|[ug]name|SCHILY\.(?:dev|ino|nlink)|LIBARCHIVE\.creationtime)$/.test(key)) {
      context.text(record)
    }
    if (key === 'GNU.sparse.major' || key === 'GNU.sparse.map') pending.sparse = true
    at += length
  }
}

function readHeader(bytes: Buffer, at: number): Header | null {
  const stated = readNumber(bytes, at + 148, 8)
  let unsigned = 8 * 0x20
  let signed = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue
    const byte = bytes[at + i] ?? 0
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const size = readNumber(bytes, at + 124, 12)
  if ((stated !== unsigned && stated !== signed) || size < 0) return null
  const magic = bytes.toString('latin1', at + 257, at + 265)
  const type = String.fromCharCode(bytes[at + 156] ?? 0)
  const isGnu = magic.startsWith('ustar ')
  const prefix = magic.startsWith('ustar\0') ? decodeName(trimZero(bytes.subarray(at + 345, at + 500))) : ''
  const base = decodeName(trimZero(bytes.subarray(at, at + 100)))
  // Links, devices and folders have no data whatever their size says (POSIX pax, ustar typeflag).
  const hasData = !'123456'.includes(type)
  return {
    name: prefix ? `${prefix}/${base}` : base,
    size: hasData ? size : 0,
    type,
    link: '12'.includes(type) ? decodeName(trimZero(bytes.subarray(at + 157, at + 257))) : '',
    extended: isGnu && type === 'S' && bytes[at + 482] === 1,
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

function skipSparseHeaders(bytes: Buffer, start: number): number {
  let at = start
  while (at + BLOCK <= bytes.length) {
    const more = bytes[at + 504] === 1
    at += BLOCK
    if (!more) break
  }
  return at
}

function trimZero(raw: Buffer): Buffer {
  const end = raw.indexOf(0)
  return end < 0 ? raw : raw.subarray(0, end)
}

function isZero(bytes: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (bytes[i] !== 0) return false
  return true
}
