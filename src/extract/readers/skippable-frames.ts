import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'

/**
 * Frames that decoders of LZ4 and Zstandard pass over (LZ4 Frame Format, "Skippable Frames"; RFC 8878, 3.1.2): four bits
 * of their mark are free, a length follows, then anything. Data a hand can hide, so it is kept apart from the content.
 */
const MARK = 0x184d2a50
export const SKIPPABLE_HEAD_BYTES = 8
/** Nobody needs more that hold anything; past so many a file is `too-large`. */
export const SKIPPED_FRAMES_MAX = 256
/** pzstd puts the size of the next frame in one, which is less than what could be four characters. */
const SIZE_BYTES = 4
const SIZE_MAX = 0x20000000

export function isSkippable(mark: number): boolean {
  return (mark & 0xfffffff0) >>> 0 === MARK
}

/** Where the frame at `at` ends, cut to what is there; null where there is none. What it holds is added to `skipped`. */
export function skipFrame(bytes: Buffer, at: number, skipped: Buffer[]): number | null {
  if (at + SKIPPABLE_HEAD_BYTES > bytes.length || !isSkippable(bytes.readUInt32LE(at))) return null
  const start = at + SKIPPABLE_HEAD_BYTES
  const end = Math.min(bytes.length, start + bytes.readUInt32LE(at + 4))
  keepSkipped(bytes.subarray(start, end), skipped)
  return end
}

/** The frame that the stream is at. False where it, or their number, is more than may be held, which is said. */
export async function takeSkippable(
  stream: ByteStream,
  context: ExtractContext,
  id: string,
  skipped: Buffer[],
): Promise<boolean> {
  const length = (await stream.take(SKIPPABLE_HEAD_BYTES)).readUInt32LE(4)
  const held = skipped.reduce((sum, frame) => sum + frame.length, 0)
  if (held + length > context.budget.limits.streamFromBytes || skipped.length >= SKIPPED_FRAMES_MAX) {
    context.uninspected('too-large', id)
    return false
  }
  keepSkipped(await stream.take(length), skipped)
  return true
}

function keepSkipped(content: Buffer, skipped: Buffer[]): void {
  if (content.length === 0 || (content.length === SIZE_BYTES && content.readUInt32LE(0) < SIZE_MAX)) return
  skipped.push(content)
}
