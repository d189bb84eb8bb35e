import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { GrowingBuffer } from '../readers/growing-buffer.ts'

/**
 * Visio 5 to 2010 drawings: a tree of streams, most of them compressed with an LZ77 over a 4 KiB window, reached through
 * pointers. The format was never published, so the words are carved out of the inflated streams and the rest is told as
 * `partial` where a stream can't be read.
 */
const TRAILER_AT = 0x24
const TRAILER = 0x14
const COMPRESSED = 2
/** Visio 2000 and 2002: wide pointers, as later ones, and texts of 8-bit characters, as earlier ones. */
const LAST_NARROW_VERSION = 6
const STREAMS_MAX = 20_000
const WINDOW = 4096

interface Pointer {
  readonly type: number
  readonly offset: number
  readonly length: number
  readonly format: number
}

export async function readVisioBinary(bytes: Buffer, context: ExtractContext): Promise<void> {
  const version = bytes[0x1a] ?? 0
  const isOld = version < 6
  const root = pointerAt(bytes, TRAILER_AT, isOld)
  if (!root) {
    context.uninspected('corrupt', 'visio trailer')
    return
  }
  const words: string[] = []
  const seen = new Set<number>()
  const queue: Pointer[] = [root]
  let left = Math.min(context.budget.inflatedLeft, limits.extractEntryMaxBytes)
  for (let count = 0; queue.length > 0; count++) {
    const pointer = queue.shift()
    if (!pointer || seen.has(pointer.offset)) continue
    if (count > STREAMS_MAX || left <= 0 || !context.budget.hasTime()) {
      context.uninspected('too-many', 'visio streams')
      break
    }
    seen.add(pointer.offset)
    if (pointer.offset + pointer.length > bytes.length) context.uninspected('corrupt', 'visio streams')
    const raw = bytes.subarray(pointer.offset, pointer.offset + pointer.length)
    const data = (pointer.format & COMPRESSED) !== 0 ? inflateVisio(raw, left) : raw
    left -= data.length
    context.budget.inflate(Math.min(data.length, context.budget.inflatedLeft))
    queue.push(...pointersIn(data, pointer, isOld))
    if (version <= LAST_NARROW_VERSION) words.push(...carveLatin(data, 4))
    if (!isOld) words.push(...carveUtf16(data, 3))
  }
  if (words.length > 0) context.text(words.join('\n'))
}

/** A pointer: type, address, offset, length, format; narrower in version 5. */
function pointerAt(bytes: Buffer, at: number, isOld: boolean): Pointer | null {
  if (at + 18 > bytes.length) return null
  const place = { offset: bytes.readUInt32LE(at + 8), length: bytes.readUInt32LE(at + 12) }
  return isOld
    ? { type: bytes.readUInt16LE(at), format: bytes.readUInt16LE(at + 2), ...place }
    : { type: bytes.readUInt32LE(at), format: bytes.readUInt16LE(at + 16), ...place }
}

/** The trailer and streams of format 5 in the high nibble list further streams. */
function pointersIn(data: Buffer, of: Pointer, isOld: boolean): Pointer[] {
  const lists = of.type === TRAILER || of.format === 0x1d || of.format === 0x1e || of.format >> 4 === 5
  if (!lists || (isOld && of.type === 22)) return []
  const skip = (of.format & COMPRESSED) !== 0 ? 4 : 0
  const size = isOld ? 16 : 18
  const table = skip + (isOld ? listPlace(of.type) : data.length >= skip + 4 ? data.readUInt32LE(skip) : 0)
  if (table + 8 > data.length) return []
  const count = Math.min(isOld ? data.readUInt16LE(table) : data.readUInt32LE(table), STREAMS_MAX)
  const first = table + (isOld ? 2 : 8)
  const found: Pointer[] = []
  for (let i = 0; i < count; i++) {
    const pointer = pointerAt(data, first + i * size, isOld)
    if (pointer && pointer.length > 0) found.push(pointer)
  }
  return found
}

/** Where version 5 keeps its list, by the type of the stream. */
function listPlace(type: number): number {
  switch (type) {
    case 0x1d:
    case 0x4e:
      return 30
    case 0x1e:
      return 54
    case TRAILER:
      return 130
    default:
      return 10
  }
}

/** Eight steps a flag byte; a clear bit copies from the window, 18 bytes short of where the offset says. */
export function inflateVisio(input: Buffer, ceiling: number): Buffer {
  const window = Buffer.alloc(WINDOW)
  const out = new GrowingBuffer(ceiling)
  let write = 0
  let at = 0
  const push = (byte: number) => {
    out.push(byte)
    window[write & (WINDOW - 1)] = byte
    write += 1
  }
  while (at < input.length && out.length + 8 * 18 < ceiling) {
    const flags = input[at++] ?? 0
    for (let bit = 0; bit < 8 && at < input.length; bit++) {
      if (((flags >> bit) & 1) === 1) {
        push(input[at++] ?? 0)
        continue
      }
      if (at + 2 > input.length) break
      const low = input[at] ?? 0
      const high = input[at + 1] ?? 0
      at += 2
      const length = (high & 0x0f) + 3
      let from = low | ((high & 0xf0) << 4)
      from = from > 4078 ? from - 4078 : from + 18
      for (let i = 0; i < length; i++) push(window[(from + i) & (WINDOW - 1)] ?? 0)
    }
  }
  return out.bytes()
}
