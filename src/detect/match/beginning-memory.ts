/**
 * What the first four bytes of a walk lead to, remembered by these bytes, by what stood before them and by the patterns
 * that were asked for. Most words of a text are dead by then, and the loop over a text passes over what is known to be.
 * A table with a fixed number of places: what meets another in its place replaces it. An entry with a state is void when
 * the automaton drops its states, one without never is. Pure.
 */
import { isAsciiWordByte } from './boundary.ts'

/** Bytes of a beginning. */
export const BEGINNING_BYTES = 4
/** 2^13 places of four numbers are 128 KB, which fits a near cache. */
const PLACE_BITS = 13
const PLACE_NUMBERS_LOG2 = 2
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1 | 0
/** What assertions tell apart about the byte before a match: a line's end, a letter or digit, anything else. */
const KIND_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => (byte === 10 ? 2 : isAsciiWordByte(byte) ? 1 : 0))

/** A place holds, one behind the other: the bytes, their circumstances and the state that they lead to. */
export function beginningMemory(): Int32Array {
  return new Int32Array(1 << (PLACE_BITS + PLACE_NUMBERS_LOG2))
}

/** Start bits and the byte before as one number, which is never 0. */
export function circumstances(starts: number, before: number): number {
  return (starts << 2) | (KIND_OF_BYTE[before] as number)
}

/** Index of the place of a beginning. */
export function memoryPlace(bytes: number, circumstances: number): number {
  return (Math.imul(bytes ^ (circumstances << 7), HASH_MULTIPLIER) >>> (32 - PLACE_BITS)) << PLACE_NUMBERS_LOG2
}

/** The four bytes at `at`, big-endian. */
export function beginningAt(text: Uint8Array, at: number): number {
  return (
    ((text[at] as number) << 24) |
    ((text[at + 1] as number) << 16) |
    ((text[at + 2] as number) << 8) |
    (text[at + 3] as number)
  )
}
