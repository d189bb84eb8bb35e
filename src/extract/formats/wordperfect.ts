import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { wordPerfect5Text, wordPerfect6Text } from '../office/wordperfect-text.ts'

/** WordPerfect 5 and later: body, and the headers, notes and comments that version 6 keeps in packets in front of it. */
export const wordPerfect: Format = {
  id: 'wpd',
  types: ['application/vnd.wordperfect', 'application/wordperfect', 'application/x-wordperfect'],
  extract: (input, context) => extractWordPerfect(input, context),
}

const PACKET_TEXT = 8

function extractWordPerfect(input: FormatInput, context: ExtractContext): void {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const start = bytes.length >= 16 ? bytes.readUInt32LE(4) : 0
  if (start < 16 || start > bytes.length) {
    context.uninspected('corrupt', 'wpd header')
    return
  }
  if (bytes.readUInt16LE(12) !== 0) {
    context.uninspected('encrypted', 'WordPerfect password')
    return
  }
  const major = bytes[10] ?? 0
  if (major < 2) {
    context.text(wordPerfect5Text(bytes.subarray(start)))
    return
  }
  context.text(wordPerfect6Text(bytes.subarray(start)))
  const { packets, isWhole } = textPackets(bytes)
  if (!isWhole) context.uninspected('corrupt', 'wpd packets')
  for (const packet of packets) context.text(wordPerfect6Text(packet))
}

/** The index of prefix packets: a header row, then 14 bytes each with kind, size and place. */
function textPackets(bytes: Buffer): { packets: readonly Buffer[]; isWhole: boolean } {
  const packets: Buffer[] = []
  let isWhole = true
  const index = bytes.readUInt16LE(14)
  if (index < 16 || index + 14 > bytes.length) return { packets, isWhole }
  const count = Math.min(bytes.readUInt16LE(index + 2), limits.extractPartsMax)
  let left = bytes.length
  for (let i = 1; i < count && index + i * 14 + 14 <= bytes.length; i++) {
    const at = index + i * 14
    const size = bytes.readUInt32LE(at + 6)
    const offset = bytes.readUInt32LE(at + 10)
    if (bytes[at + 1] !== PACKET_TEXT) continue
    if (offset + size > bytes.length || size > left) {
      isWhole = false
      continue
    }
    left -= size
    packets.push(bytes.subarray(offset, offset + size))
  }
  return { packets, isWhole }
}
