/**
 * Four-byte beginnings of matches, case folded, as a bit table small enough for the nearest cache: a look at it rules
 * out nearly every place of a text for patterns that begin with something rare. Pure.
 */
import { BEGINNING_BYTES } from '../regex/beginnings.ts'
import type { Boundary } from './boundary.ts'

export const PREFIX_BYTES = BEGINNING_BYTES
/** 2^17 bits are 16 KB. */
export const PREFIX_BITS = 17
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
export const PREFIX_MULTIPLIER = 0x9e3779b1 | 0
/** Bytes with ASCII letters in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))

/** Beginnings that may stand anywhere, and all, of which some begin words alone. */
export interface PrefixTables {
  readonly anywhere: Int32Array
  readonly all: Int32Array
}

/** Tables of patterns that have such beginnings. */
export function prefixTables(
  patterns: Iterable<{ readonly prefixes: readonly number[] | null; readonly boundary: Boundary }>,
): PrefixTables {
  const tables = { anywhere: new Int32Array(1 << (PREFIX_BITS - 5)), all: new Int32Array(1 << (PREFIX_BITS - 5)) }
  for (const { prefixes, boundary } of patterns) {
    add(tables.all, prefixes ?? [])
    if (boundary === 'none' || boundary === 'digit') add(tables.anywhere, prefixes ?? [])
  }
  return tables
}

function add(table: Int32Array, prefixes: readonly number[]): void {
  for (const prefix of prefixes) {
    const hash = Math.imul(prefix, PREFIX_MULTIPLIER) >>> (32 - PREFIX_BITS)
    table[hash >>> 5] = (table[hash >>> 5] as number) | (1 << (hash & 31))
  }
}
