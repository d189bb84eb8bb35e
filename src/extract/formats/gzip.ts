import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput, StreamInput } from '../format.ts'
import { decodeName, innerName } from '../readers/entry-name.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { type Inflating, inflateStream } from '../readers/inflate-stream.ts'
import { ByteStream } from '../stream/byte-stream.ts'
import { extractTrailing, extractTrailingStream } from '../trailing-data.ts'

/**
 * gzip (RFC 1952): all members joined into one child, as gunzip does; names and comments of the header as text. What
 * stands behind the last member is a child of its own and sets `trailing-data`.
 */
export const gzip: Format = {
  id: 'gz',
  types: ['application/gzip', 'application/x-gzip'],
  extract: async (input, context) =>
    statedSize(input.bytes) > context.budget.limits.streamFromBytes
      ? streamGzip({ ...input, stream: new ByteStream([input.bytes]), source: null }, context)
      : extractGzip(input, context),
  extractStream: async (input, context) => streamGzip(input, context),
}

const HEADER_MAX_BYTES = 64 * 1024
const SUFFIXES = { '.tgz': '.tar', '.gz': '', '.svgz': '.svg' }

/** What the last member says it comes to, modulo 4 GiB: it decides how a file is read, and no more than that. */
function statedSize(bytes: Uint8Array): number {
  return bytes.length < 18 ? 0 : Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).readUInt32LE(0)
}

async function streamGzip(input: StreamInput, context: ExtractContext): Promise<void> {
  const { stream, filename } = input
  const header = readHeader(await stream.peek(HEADER_MAX_BYTES), 0)
  if (!header) return context.uninspected('corrupt', 'gz header')
  const name = innerName(header.name ?? filename, SUFFIXES, '[gz]')
  await context.childStream({ stream: new ByteStream(membersOf(stream, context)), filename: name })
  await extractTrailingStream(stream, context)
}

async function* membersOf(stream: ByteStream, context: ExtractContext): Inflating {
  for (let members = 0; ; members++) {
    const header = readHeader(await stream.peek(HEADER_MAX_BYTES), 0)
    if (!header) return true
    if (header.comment) context.text(header.comment)
    await stream.skip(header.end)
    const isTooMany = members >= limits.extractArchiveEntriesMax
    if (isTooMany) context.uninspected('too-large', 'gz members')
    if (isTooMany || !(yield* inflateStream('deflate-raw', stream, context, 'gz'))) {
      // Where the next member would begin nobody knows.
      await stream.drain()
      return false
    }
    await stream.skip(8)
  }
}

interface Header {
  readonly end: number
  readonly name: string | null
  readonly comment: string | null
}

async function extractGzip(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const chunks: Buffer[] = []
  let total = 0
  let at = 0
  let name: string | null = null
  for (let members = 0; at < bytes.length; members++) {
    const header = readHeader(bytes, at)
    if (!header) break
    if (members >= limits.extractArchiveEntriesMax || total > limits.extractEntryMaxBytes) {
      context.uninspected('too-large', 'gz members')
      at = bytes.length
      break
    }
    name ??= header.name
    if (header.comment) context.text(header.comment)
    const result = await inflateBounded('deflate-raw', bytes.subarray(header.end), context)
    chunks.push(result.bytes)
    total += result.bytes.length
    if (result.problem !== null) {
      context.uninspected(result.problem, 'gz')
      at = bytes.length
      break
    }
    at = header.end + result.consumed + 8
    if (!context.budget.hasTime()) {
      context.uninspected('timeout', 'gz')
      at = bytes.length
    }
  }
  if (chunks.length === 0) {
    context.uninspected('corrupt', 'gz header')
    return
  }
  const filename = innerName(name ?? input.filename, SUFFIXES, '[gz]')
  await context.child({ bytes: Buffer.concat(chunks), filename })
  await extractTrailing(bytes.subarray(at), context)
}

function readHeader(bytes: Buffer, at: number): Header | null {
  if (at + 18 > bytes.length || bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8) return null
  const flags = bytes[at + 3] ?? 0
  let end = at + 10
  if ((flags & 4) !== 0) end += 2 + bytes.readUInt16LE(end)
  const field = (): string => {
    const stop = bytes.indexOf(0, end)
    if (stop < 0) return ''
    const raw = bytes.subarray(end, stop)
    end = stop + 1
    return decodeName(raw, 'latin1')
  }
  const name = (flags & 8) !== 0 ? field() : null
  const comment = (flags & 16) !== 0 ? field() : null
  if ((flags & 2) !== 0) end += 2
  return end > bytes.length ? null : { end, name, comment }
}
