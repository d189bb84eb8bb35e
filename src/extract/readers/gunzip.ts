import type { ExtractContext } from '../format.ts'
import { inflateBounded } from './inflate.ts'

/** The first member of a gzip file that is plumbing of a document, not a part of its own; faults are told. */
export async function gunzip(bytes: Buffer, context: ExtractContext): Promise<Buffer> {
  const start = headerEnd(bytes)
  if (start < 0) return bytes
  const result = await inflateBounded('deflate-raw', bytes.subarray(start), context)
  if (result.problem !== null) context.uninspected(result.problem, 'gz')
  return result.bytes
}

/** RFC 1952 section 2.3; -1 where it is no gzip file. */
export function headerEnd(bytes: Buffer): number {
  if (bytes.length < 18 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return -1
  const flags = bytes[3] ?? 0
  let end = 10
  if ((flags & 4) !== 0) end += 2 + bytes.readUInt16LE(end)
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const stop = bytes.indexOf(0, end)
    if (stop < 0) return -1
    end = stop + 1
  }
  return (flags & 2) !== 0 ? end + 2 : end
}
