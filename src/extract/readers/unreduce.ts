import type { GrowingBuffer } from './growing-buffer.ts'
import type { LsbBits } from './lsb-bits.ts'

/** Begins a copy, or with a zero behind it stands for itself. */
const ESCAPE = 144

/**
 * Reduce (APPNOTE 5.2) with a factor of 1 to 4: bytes are numbers in the set of those that often follow the byte before,
 * and then copies of what came out. Throws where the input ends before `size` bytes, or is none of it.
 */
export function unreduce(bits: LsbBits, factor: number, size: number, out: GrowingBuffer): void {
  const followers: number[][] = Array.from({ length: 256 }, () => [])
  for (let byte = 255; byte >= 0; byte--)
    for (let left = bits.take(6); left > 0; left--) followers[byte]?.push(bits.take(8))
  let before = 0
  const next = (): number => {
    const set = followers[before] as number[]
    const listed = set.length > 0 && bits.take(1) === 0
    const byte = listed ? set[bits.take(bitsFor(set.length))] : bits.take(8)
    if (byte === undefined) throw new Error('follower')
    before = byte
    return byte
  }
  const lengthBits = 8 - factor
  const lengthMask = (1 << lengthBits) - 1
  while (out.length < size) {
    const byte = next()
    if (byte !== ESCAPE) {
      out.push(byte)
      continue
    }
    const packed = next()
    if (packed === 0) {
      out.push(ESCAPE)
      continue
    }
    const short = packed & lengthMask
    const length = short + (short === lengthMask ? next() : 0) + 3
    const distance = (packed >> lengthBits) * 256 + next() + 1
    for (let left = Math.min(length, size - out.length); left > 0; left--) {
      if (distance > out.length) out.push(0)
      else out.repeat(distance, 1)
    }
  }
}

/** Bits that the number of a follower takes, of which there are so many. */
function bitsFor(count: number): number {
  return Math.max(1, 32 - Math.clz32(count - 1))
}
