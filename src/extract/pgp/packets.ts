import { inflateRawSync, inflateSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'

/**
 * OpenPGP packets (RFC 9580 section 4) as far as they can be read without a key: signed and compressed messages are
 * opened, encrypted ones named. Lengths are checked, nothing is trusted.
 */
export type PgpReading = 'read' | 'encrypted' | 'unreadable'

interface Packet {
  readonly tag: number
  readonly body: Buffer
  readonly end: number
}

const COMPRESSION_DEPTH_MAX = 4
const encryptedTags = new Set([1, 3, 9, 18, 20])

export async function readPgpPackets(bytes: Buffer, context: ExtractContext, depth = 0): Promise<PgpReading> {
  let at = 0
  let reading: PgpReading = 'unreadable'
  let isUnread = false
  for (let count = 0; at < bytes.length; count++) {
    if (!context.budget.hasTime()) throw new ExtractLimitError('timeout', 'OpenPGP packets')
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'OpenPGP packets')
    const packet = packetAt(bytes, at)
    if (!packet) break
    at = packet.end
    if (encryptedTags.has(packet.tag)) return 'encrypted'
    if (packet.tag === 8) {
      const inner = depth < COMPRESSION_DEPTH_MAX ? decompress(packet.body, context) : null
      const found = inner ? await readPgpPackets(inner, context, depth + 1) : 'unreadable'
      if (found === 'encrypted') return found
      if (found === 'read') reading = found
      else isUnread = true
    } else if (packet.tag === 11) {
      await readLiteral(packet.body, context)
      reading = 'read'
    } else if (packet.tag === 6 || packet.tag === 2 || packet.tag === 4) {
      // Keys and detached signatures hide nothing.
      if (packet.tag !== 4 && reading === 'unreadable') reading = 'read'
    }
  }
  // What can't be unpacked isn't made up for by another packet.
  return isUnread ? 'unreadable' : reading
}

/** Whether bytes start with a session key packet: an encrypted binary message. */
export function startsAsPgpEncrypted(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const packet = packetAt(buffer, 0)
  if (!packet || packet.body.length < 4 || packet.end > buffer.length) return false
  const [version = 0, second = 0] = packet.body
  if (packet.tag === 1)
    return (
      (version === 3 && packet.body.length > 10 && [1, 2, 16, 18, 25].includes(packet.body[9] ?? 0)) || version === 6
    )
  return packet.tag === 3 && version === 4 && second >= 1 && second <= 13 && packet.body.length < 64
}

function packetAt(bytes: Buffer, at: number): Packet | null {
  const head = bytes[at] ?? 0
  if ((head & 0x80) === 0) return null
  return head & 0x40 ? newFormat(bytes, at, head & 0x3f) : oldFormat(bytes, at, (head >> 2) & 0x0f, head & 0x03)
}

function oldFormat(bytes: Buffer, at: number, tag: number, kind: number): Packet | null {
  if (kind === 3) return { tag, body: bytes.subarray(at + 1), end: bytes.length }
  const size = 1 << kind
  if (at + 1 + size > bytes.length) return null
  const from = at + 1 + size
  const end = Math.min(from + bytes.readUIntBE(at + 1, size), bytes.length)
  return { tag, body: bytes.subarray(from, end), end }
}

/** New lengths may come in partial pieces, each but the last a power of two. */
function newFormat(bytes: Buffer, at: number, tag: number): Packet | null {
  const pieces: Buffer[] = []
  let from = at + 1
  while (from < bytes.length) {
    const first = bytes[from] ?? 0
    const isPartial = first >= 224 && first < 255
    let length = first
    let start = from + 1
    if (isPartial) length = 1 << (first & 0x1f)
    else if (first >= 192 && first < 224) {
      length = ((first - 192) << 8) + (bytes[from + 1] ?? 0) + 192
      start = from + 2
    } else if (first === 255) {
      if (from + 5 > bytes.length) return null
      length = bytes.readUInt32BE(from + 1)
      start = from + 5
    }
    const end = Math.min(start + length, bytes.length)
    pieces.push(bytes.subarray(start, end))
    from = end
    if (!isPartial)
      return { tag, body: pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces), end: from }
  }
  return null
}

function decompress(body: Buffer, context: ExtractContext): Buffer | null {
  const options = { maxOutputLength: Math.max(1, context.budget.inflatedLeft), finishFlush: 2 }
  try {
    const inner =
      body[0] === 0
        ? body.subarray(1)
        : body[0] === 1
          ? inflateRawSync(body.subarray(1), options)
          : body[0] === 2
            ? inflateSync(body.subarray(1), options)
            : null
    if (inner && !context.budget.inflate(inner.length)) return null
    return inner
  } catch {
    return null
  }
}

/** Format, file name, date, content (RFC 9580 section 5.9). */
async function readLiteral(body: Buffer, context: ExtractContext): Promise<void> {
  const nameLength = body[1] ?? 0
  const name = body.toString('utf8', 2, 2 + nameLength)
  await context.child({
    bytes: body.subarray(2 + nameLength + 4),
    filename: name === '' || name === '_CONSOLE' ? null : name,
    label: '[pgp]',
  })
}
