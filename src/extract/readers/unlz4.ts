import type { ExtractContext } from '../format.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'

/** LZ4 frames (LZ4 Frame Format 1.6.4) under the budget of the message. Never throws; checksums are not verified. */
export function unlz4(input: Uint8Array, context: ExtractContext): Inflated {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const out = new GrowingBuffer(inflateCeiling(context), context)
  let at = 0
  let problem: Inflated['problem'] = null
  try {
    while (at + 7 <= bytes.length && bytes.readUInt32LE(at) === 0x184d2204) at = readFrame(bytes, at + 4, out, context)
  } catch (thrown) {
    problem = thrown instanceof CeilingError ? 'too-large' : 'corrupt'
  }
  context.budget.inflate(Math.min(out.length, context.budget.inflatedLeft))
  return { bytes: out.bytes(), consumed: at, problem }
}

function readFrame(bytes: Buffer, start: number, out: GrowingBuffer, context: ExtractContext): number {
  const flags = bytes.readUInt8(start)
  let at = start + 2 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0) + 1
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
