import type { GrowingBuffer } from './growing-buffer.ts'
import type { LsbBits } from './lsb-bits.ts'

const BITS_MIN = 9
const BITS_MAX = 13
const CODES = 1 << BITS_MAX
/** Followed by a number that says what changes. */
const CONTROL = 256
const FREE = -1

/**
 * Shrink (APPNOTE 5.1): LZW with codes of 9 to 13 bits, whose table loses its leaves when the packer says so; freed codes
 * are given away again, the lowest first. Throws where the input ends before `size` bytes, or is none of it.
 */
export function unshrink(bits: LsbBits, size: number, out: GrowingBuffer): void {
  const parents = new Int16Array(CODES).fill(FREE)
  const values = new Uint8Array(CODES)
  const stack = new Uint8Array(CODES)
  let width = BITS_MIN
  let lastGiven = CONTROL
  let previous = bits.take(width)
  if (previous >= CONTROL) throw new Error('first code')
  let first = previous
  out.push(first)
  while (out.length < size) {
    const code = bits.take(width)
    if (code === CONTROL) {
      const change = bits.take(width)
      if (change === 1 && width < BITS_MAX) width++
      else if (change === 2) lastGiven = clearLeaves(parents)
      else throw new Error('control code')
      continue
    }
    let depth = 0
    let at = code
    // The code that is about to be given away stands for the previous string and its first byte once more.
    if (at > CONTROL && parents[at] === FREE) {
      stack[depth++] = first
      at = previous
    }
    for (; at > CONTROL; at = parents[at] as number) {
      // After a clearing, a code may be its own ancestor.
      if (depth >= CODES - 1 || parents[at] === FREE) throw new Error('string')
      stack[depth++] = values[at] as number
    }
    first = at
    out.push(first)
    while (depth > 0) out.push(stack[--depth] as number)
    let given = lastGiven + 1
    while (given < CODES && parents[given] !== FREE) given++
    if (given < CODES) {
      parents[given] = previous
      values[given] = first
      lastGiven = given
    }
    previous = code
  }
}

/** Frees the codes that no other begins with. Answers the code before those that can be given away. */
function clearLeaves(parents: Int16Array): number {
  const isParent = new Uint8Array(CODES)
  for (const parent of parents) if (parent > CONTROL) isParent[parent] = 1
  for (let code = CONTROL + 1; code < CODES; code++) if (isParent[code] === 0) parents[code] = FREE
  return CONTROL
}
