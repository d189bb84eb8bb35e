/**
 * Four-byte beginnings of matches, case folded, as a bit table small enough for the nearest cache: a look at it rules
 * out nearly every place of a text for patterns that begin with something rare. Pure.
 */
import { type Automaton, DEAD, EVENT, NO_START } from './automaton.ts'
import { ALL_BOUNDARIES, ALL_STARTS, BOUNDARY_BIT, DIGIT_SHIFT, RUN_SHIFT } from './boundary.ts'

export const PREFIX_BYTES = 4
/** 2^17 bits are 16 KB. */
export const PREFIX_BITS = 17
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
export const PREFIX_MULTIPLIER = 0x9e3779b1 | 0
/** A pattern with more beginnings begins like any word. */
const PREFIXES_MAX = 300

/** Bytes with ASCII letters in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))

/**
 * Every folded four-byte beginning (big-endian) that a match of the automaton's patterns can have; null when they are
 * too many, or when a match may be shorter and so be followed by anything.
 */
export function prefixesOf(automaton: Automaton): number[] | null {
  const found = new Set<number>()
  const bytesOf: Set<number>[] = Array.from({ length: automaton.classes }, () => new Set())
  for (let byte = 0; byte < 256; byte++) bytesOf[automaton.classOf[byte] as number]?.add(LOWER[byte] as number)
  const visit = (state: number, key: number, depth: number): boolean => {
    if (depth === PREFIX_BYTES) {
      found.add(key)
      return found.size <= PREFIXES_MAX
    }
    for (let byteClass = 0; byteClass < automaton.classes; byteClass++) {
      const value = automaton.trans[state + byteClass] || automaton.build(state, byteClass)
      if (value === DEAD) continue
      if (value <= EVENT) return false
      for (const byte of bytesOf[byteClass] as Set<number>)
        if (!visit(value, (key << 8) | byte, depth + 1)) return false
    }
    return true
  }
  for (const before of [-1, 10, 0x61, 0x20]) {
    const start = automaton.start(ALL_STARTS, before)
    if (start !== NO_START && !visit(start * automaton.classes, 0, 0)) return null
  }
  return [...found]
}

/** Beginnings that may stand anywhere, and all, of which some begin words alone. */
export interface PrefixTables {
  readonly anywhere: Int32Array
  readonly all: Int32Array
}

/** Tables of patterns that have such beginnings. */
export function prefixTables(
  patterns: Iterable<{ readonly prefixes: readonly number[] | null; readonly automaton: Automaton }>,
): PrefixTables {
  const tables = { anywhere: new Int32Array(1 << (PREFIX_BITS - 5)), all: new Int32Array(1 << (PREFIX_BITS - 5)) }
  for (const { prefixes, automaton } of patterns) {
    add(tables.all, prefixes ?? [])
    if (automaton.startBits.some((bits) => !startsWord(bits))) add(tables.anywhere, prefixes ?? [])
  }
  return tables
}

/** Whether patterns of the start bits never start behind a letter, digit or underscore. */
function startsWord(bits: number): boolean {
  const boundaries = (bits | (bits >> DIGIT_SHIFT) | (bits >> RUN_SHIFT)) & ALL_BOUNDARIES
  return (boundaries & ~(BOUNDARY_BIT.word | BOUNDARY_BIT.token)) === 0
}

function add(table: Int32Array, prefixes: readonly number[]): void {
  for (const prefix of prefixes) {
    const hash = Math.imul(prefix, PREFIX_MULTIPLIER) >>> (32 - PREFIX_BITS)
    table[hash >>> 5] = (table[hash >>> 5] as number) | (1 << (hash & 31))
  }
}
