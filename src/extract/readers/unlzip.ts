import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { unlzma } from './unlzma.ts'

/**
 * lzip (manual of lzip, "File format"): members of LZMA with a short header each and a trailer that states their lengths,
 * so they are found from the end. Joined as lzip does. Never throws.
 */
const HEADER_BYTES = 6
const TRAILER_BYTES = 20
/** The one setting of literal and position bits that lzip has. */
const PROPERTIES = 0x5d
const UNKNOWN_SIZE = 0xff

export async function unlzip(input: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const members = membersOf(bytes)
  const chunks: Buffer[] = []
  let total = 0
  for (const member of members ?? [bytes]) {
    if (total >= inflateCeiling(context) || !context.budget.hasTime()) return done(chunks, bytes, 'too-large')
    const result = await unlzma(asLzmaAlone(member, members !== null), context)
    chunks.push(result.bytes)
    total += result.bytes.length
    if (result.problem !== null) return done(chunks, bytes, result.problem)
  }
  // Without trailers nobody knows whether that was all.
  return done(chunks, bytes, members === null ? 'corrupt' : null)
}

function done(chunks: readonly Buffer[], input: Buffer, problem: Inflated['problem']): Inflated {
  return { bytes: Buffer.concat(chunks), consumed: input.length, problem }
}

/** Null where the trailers don't lead back to the beginning: cut off, or followed by something else. */
function membersOf(bytes: Buffer): Buffer[] | null {
  const members: Buffer[] = []
  let end = bytes.length
  while (end > 0) {
    if (end < HEADER_BYTES + TRAILER_BYTES || members.length >= limits.extractArchiveEntriesMax) return null
    const size = Number(bytes.readBigUInt64LE(end - 8))
    if (
      size < HEADER_BYTES + TRAILER_BYTES ||
      size > end ||
      bytes.toString('latin1', end - size, end - size + 4) !== 'LZIP'
    )
      return null
    members.unshift(bytes.subarray(end - size, end))
    end -= size
  }
  return members
}

/** The header of `.lzma` instead of its own. */
function asLzmaAlone(member: Buffer, hasTrailer: boolean): Buffer {
  const coded = member[5] ?? 0
  const base = 2 ** (coded & 31)
  const header = Buffer.alloc(13, UNKNOWN_SIZE)
  header[0] = PROPERTIES
  header.writeUInt32LE(Math.min(0xffffffff, base - (base / 16) * (coded >> 5)), 1)
  if (hasTrailer) member.copy(header, 5, member.length - 16, member.length - 8)
  return Buffer.concat([
    header,
    member.subarray(HEADER_BYTES, hasTrailer ? member.length - TRAILER_BYTES : member.length),
  ])
}
