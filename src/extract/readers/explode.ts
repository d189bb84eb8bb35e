import type { GrowingBuffer } from './growing-buffer.ts'
import type { LsbBits } from './lsb-bits.ts'

/** General purpose bits of the entry. */
const LARGE_WINDOW = 2
const LITERAL_TREE = 4
const LONGEST_SYMBOL = 63
const CODE_BITS_MAX = 16

/**
 * Implode (APPNOTE 5.3): copies from a window of 4 or 8 KB by Shannon-Fano codes, whose trees stand in front. Throws where
 * the input ends before `size` bytes, or is none of it.
 */
export function explode(bits: LsbBits, flags: number, size: number, out: GrowingBuffer): void {
  const hasLiterals = (flags & LITERAL_TREE) !== 0
  const literals = hasLiterals ? readTree(bits, 256) : null
  const lengths = readTree(bits, 64)
  const distances = readTree(bits, 64)
  const lowBits = (flags & LARGE_WINDOW) !== 0 ? 7 : 6
  const shortest = hasLiterals ? 3 : 2
  while (out.length < size) {
    if (bits.take(1) === 1) {
      out.push(literals ? decode(bits, literals) : bits.take(8))
      continue
    }
    const low = bits.take(lowBits)
    const distance = ((decode(bits, distances) << lowBits) | low) + 1
    const symbol = decode(bits, lengths)
    const length = shortest + symbol + (symbol === LONGEST_SYMBOL ? bits.take(8) : 0)
    const known = Math.min(length, size - out.length)
    // In front of the content the window is full of zeros.
    let zeros = Math.min(known, Math.max(0, distance - out.length))
    const rest = known - zeros
    while (zeros-- > 0) out.push(0)
    if (rest > 0) out.repeat(distance, rest)
  }
}

interface Tree {
  /** Codes of each length. */
  readonly counts: Uint16Array
  /** Symbols by length of code, and in order. */
  readonly symbols: Uint16Array
}

/** Lengths of codes, each with how many symbols in turn have it. */
function readTree(bits: LsbBits, symbols: number): Tree {
  const lengths: number[] = []
  for (let left = bits.take(8) + 1; left > 0; left--) {
    const length = bits.take(4) + 1
    for (let times = bits.take(4) + 1; times > 0; times--) lengths.push(length)
  }
  if (lengths.length !== symbols) throw new Error('tree')
  const counts = new Uint16Array(CODE_BITS_MAX + 1)
  for (const length of lengths) counts[length] = (counts[length] as number) + 1
  const ordered = lengths.map((_, symbol) => symbol).sort((a, b) => (lengths[a] as number) - (lengths[b] as number))
  return { counts, symbols: Uint16Array.from(ordered) }
}

/** The codes are canonical ones with every bit turned over. */
function decode(bits: LsbBits, { counts, symbols }: Tree): number {
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= CODE_BITS_MAX; length++) {
    code |= bits.take(1) ^ 1
    const count = counts[length] as number
    if (code - count < first) return symbols[index + (code - first)] as number
    index += count
    first = (first + count) << 1
    code <<= 1
  }
  throw new Error('code')
}
