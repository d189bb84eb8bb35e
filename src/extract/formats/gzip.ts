import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { decodeName, innerName } from '../readers/entry-name.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * gzip (RFC 1952): all members joined into one child, as gunzip does; names and comments of the header as text. What
 * stands behind the last member is a child of its own and sets `trailing-data`.
 */
export const gzip: Format = {
  id: 'gz',
  types: ['application/gzip', 'application/x-gzip'],
  extract: async (input, context) => extractGzip(input, context),
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
  const filename = innerName(name ?? input.filename, { '.tgz': '.tar', '.gz': '', '.svgz': '.svg' }, '[gz]')
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
