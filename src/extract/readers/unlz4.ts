import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { type Inflating, mayGoOn } from './inflate-stream.ts'
import { isSkippable, SKIPPED_FRAMES_MAX, skipFrame, takeSkippable } from './skippable-frames.ts'

const MAGIC = 0x184d2204
/** Frames as the first programs wrote them: blocks up to the end of the file or the next mark ("Legacy frame"). */
const LEGACY_MAGIC = 0x184c2102

function isMark(word: number): boolean {
  return word === MAGIC || word === LEGACY_MAGIC || isSkippable(word)
}

/** LZ4 frames (LZ4 Frame Format 1.6.4) under the budget of the message. Never throws; checksums are not verified. */
export function unlz4(input: Uint8Array, context: ExtractContext): Inflated {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const out = new GrowingBuffer(inflateCeiling(context), context)
  const skipped: Buffer[] = []
  let at = 0
  let problem: Inflated['problem'] = null
  try {
    while (at + 7 <= bytes.length) {
      const mark = bytes.readUInt32LE(at)
      if (!isMark(mark)) break
      if (skipped.length > SKIPPED_FRAMES_MAX) throw new CeilingError()
      if (mark === MAGIC) at = readFrame(bytes, at + 4, out, context)
      else if (mark === LEGACY_MAGIC) at = readLegacyFrame(bytes, at + 4, out, context)
      else at = skipFrame(bytes, at, skipped) ?? bytes.length
    }
  } catch (thrown) {
    problem = thrown instanceof CeilingError ? 'too-large' : 'corrupt'
  }
  context.budget.inflate(Math.min(out.length, context.budget.inflatedLeft))
  return { bytes: out.bytes(), consumed: at, problem, skipped }
}

function readFrame(bytes: Buffer, start: number, out: GrowingBuffer, context: ExtractContext): number {
  const flags = bytes.readUInt8(start)
  let at = start + headerBytes(flags)
  for (;;) {
    const word = bytes.readUInt32LE(at)
    at += 4
    if (word === 0) break
    if (!context.budget.hasTime()) throw new CeilingError()
    const length = word & 0x7fffffff
    if (at + length > bytes.length) throw new Error('block')
    if (word >>> 31 === 1) out.copy(bytes, at, length)
    else readBlock(bytes, at, at + length, out)
    at += length + ((flags & 16) !== 0 ? 4 : 0)
  }
  return at + ((flags & 4) !== 0 ? 4 : 0)
}

/** Every block stands alone and has its length in front. */
function readLegacyFrame(bytes: Buffer, start: number, out: GrowingBuffer, context: ExtractContext): number {
  let at = start
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    if (isMark(length)) break
    if (!context.budget.hasTime()) throw new CeilingError()
    if (at + 4 + length > bytes.length) throw new Error('block')
    readBlock(bytes, at + 4, at + 4 + length, out)
    at += 4 + length
  }
  return at
}

/** Matches reach so far back. */
const HISTORY_BYTES = 64 * 1024
/** Blocks come to 4 MiB at most. */
const BLOCK_MAX_BYTES = 4 * 1024 * 1024
/** Those of legacy frames, unpacked. */
const LEGACY_BLOCK_MAX_BYTES = 8 * 1024 * 1024

/** The same of a stream, a block at a time. */
export async function* unlz4Stream(
  stream: ByteStream,
  context: ExtractContext,
  id: string,
  skipped: Buffer[],
): Inflating {
  try {
    for (;;) {
      const head = await stream.peek(7)
      const mark = head.length < 7 ? 0 : head.readUInt32LE(0)
      if (!isMark(mark)) return true
      if (isSkippable(mark)) {
        if (!(await takeSkippable(stream, context, id, skipped))) return false
        continue
      }
      if (mark === LEGACY_MAGIC) {
        await stream.skip(4)
        if (!(yield* legacyBlocks(stream, context, id))) return false
        continue
      }
      const flags = head.readUInt8(4)
      await stream.skip(4 + headerBytes(flags))
      let history: Buffer = Buffer.alloc(0)
      for (;;) {
        const word = (await stream.take(4)).readUInt32LE(0)
        if (word === 0) break
        const length = word & 0x7fffffff
        if (length > BLOCK_MAX_BYTES) throw new Error('block')
        const data = await stream.take(length)
        if (data.length < length) throw new Error('block')
        const out = new GrowingBuffer(HISTORY_BYTES + BLOCK_MAX_BYTES, context)
        out.copy(history, 0, history.length)
        if (word >>> 31 === 1) out.copy(data, 0, length)
        else readBlock(data, 0, length, out)
        const block = out.bytes().subarray(history.length)
        if (!mayGoOn(block.length, context, id)) return false
        history = Buffer.from(out.bytes().subarray(-HISTORY_BYTES))
        yield block
        if ((flags & 16) !== 0) await stream.skip(4)
      }
      if ((flags & 4) !== 0) await stream.skip(4)
    }
  } catch (thrown) {
    context.uninspected(thrown instanceof CeilingError ? 'too-large' : 'corrupt', id)
    return false
  }
}

async function* legacyBlocks(stream: ByteStream, context: ExtractContext, id: string): Inflating {
  for (;;) {
    const head = await stream.peek(4)
    if (head.length < 4 || isMark(head.readUInt32LE(0))) return true
    await stream.skip(4)
    const length = head.readUInt32LE(0)
    if (length > LEGACY_BLOCK_MAX_BYTES * 2) throw new Error('block')
    const data = await stream.take(length)
    if (data.length < length) throw new Error('block')
    const out = new GrowingBuffer(LEGACY_BLOCK_MAX_BYTES, context)
    readBlock(data, 0, length, out)
    if (!mayGoOn(out.length, context, id)) return false
    yield out.bytes()
  }
}

/** Bytes of a frame's descriptor: flags, block size, and what the flags say besides; its checksum. */
function headerBytes(flags: number): number {
  return 2 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0) + 1
}

function readBlock(bytes: Buffer, start: number, end: number, out: GrowingBuffer): void {
  let at = start
  const more = (nibble: number): number => {
    let length = nibble
    if (nibble === 15) {
      let byte: number
      do {
        if (at >= end) throw new Error('length')
        byte = bytes[at++] ?? 0
        length += byte
      } while (byte === 255)
    }
    return length
  }
  while (at < end) {
    const token = bytes[at++] ?? 0
    const literals = more(token >> 4)
    if (at + literals > end) throw new Error('literals')
    out.copy(bytes, at, literals)
    at += literals
    if (at >= end) return
    const distance = bytes.readUInt16LE(at)
    at += 2
    out.repeat(distance, more(token & 15) + 4)
  }
}
