/**
 * Beginnings of matches, case folded, as bit tables small enough for the nearest cache: a look at four bytes rules out
 * nearly every place of a text for patterns that begin with something rare, and a look at seven nearly all the words
 * that begin alike. Pure.
 */
import type { Boundary } from './boundary.ts'

export const PREFIX_BYTES = 4
export const LONG_PREFIX_BYTES = 7
/** 2^17 bits are 16 KB. */
export const PREFIX_BITS = 17
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
export const PREFIX_MULTIPLIER = 0x9e3779b1 | 0
/** An odd number that has nothing to do with it. */
const REST_MULTIPLIER = 0x85ebca6b | 0

/** Bytes with ASCII letters in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))

export interface PrefixTables {
  /** In turns: beginnings of four bytes that may stand anywhere, and all, of which some begin words alone. */
  readonly four: Int32Array
  /** Of those that are enough by themselves, the four bytes; of the others five, six or seven. */
  readonly enough: Int32Array
  readonly long: readonly Int32Array[]
}

/** What the tables are made of; see `SolePattern`. */
export interface Prefixed {
  readonly boundary: Boundary
  readonly prefixes: readonly string[] | null
  readonly longPrefixes: readonly string[] | null
}

export function prefixTables(patterns: Iterable<Prefixed>): PrefixTables {
  const table = () => new Int32Array(1 << (PREFIX_BITS - 5))
  const long = Array.from({ length: LONG_PREFIX_BYTES - PREFIX_BYTES }, table)
  const tables = { four: new Int32Array(2 << (PREFIX_BITS - 5)), enough: table(), long }
  for (const { prefixes, longPrefixes, boundary } of patterns) {
    for (const prefix of prefixes ?? []) {
      const hash = prefixHash(prefixKey(prefix))
      addFour(tables.four, hash, boundary === 'none' || boundary === 'digit')
      if (!longPrefixes) add(tables.enough, hash)
    }
    for (const prefix of longPrefixes ?? []) {
      const table = long[prefix.length - PREFIX_BYTES - 1]
      if (table) add(table, longHash(prefixKey(prefix), restKey(prefix)))
      else add(tables.enough, prefixHash(prefixKey(prefix)))
    }
  }
  return tables
}

/** Whether what begins with the four bytes of `key` at `at` goes on as one of the patterns does. */
export function goesOn({ enough, long }: PrefixTables, text: Uint8Array, at: number): boolean {
  const key =
    ((LOWER[text[at] as number] as number) << 24) |
    ((LOWER[text[at + 1] as number] as number) << 16) |
    ((LOWER[text[at + 2] as number] as number) << 8) |
    (LOWER[text[at + 3] as number] as number)
  const hash = prefixHash(key)
  if (((enough[hash >>> 5] as number) & (1 << (hash & 31))) !== 0) return true
  let rest = 0
  for (let more = 0; more < long.length; more++) {
    // Past the text's end nothing goes on; no prefix has a byte of zero.
    rest = (rest << 8) | (LOWER[text[at + PREFIX_BYTES + more] ?? 0] as number)
    const longer = longHash(key, rest)
    if ((((long[more] as Int32Array)[longer >>> 5] as number) & (1 << (longer & 31))) !== 0) return true
  }
  return false
}

/** The first four of a beginning's bytes, big-endian. */
export function prefixKey(prefix: string): number {
  return (
    (prefix.charCodeAt(0) << 24) | (prefix.charCodeAt(1) << 16) | (prefix.charCodeAt(2) << 8) | prefix.charCodeAt(3)
  )
}

/** The bytes behind them, of which there are up to three. */
function restKey(prefix: string): number {
  let rest = 0
  for (let i = PREFIX_BYTES; i < prefix.length; i++) rest = (rest << 8) | prefix.charCodeAt(i)
  return rest
}

function prefixHash(key: number): number {
  return Math.imul(key, PREFIX_MULTIPLIER) >>> (32 - PREFIX_BITS)
}

function longHash(key: number, rest: number): number {
  return (Math.imul(key, PREFIX_MULTIPLIER) ^ Math.imul(rest, REST_MULTIPLIER)) >>> (32 - PREFIX_BITS)
}

function addFour(four: Int32Array, hash: number, anywhere: boolean): void {
  const slot = (hash >>> 5) << 1
  const bit = 1 << (hash & 31)
  if (anywhere) four[slot] = (four[slot] as number) | bit
  four[slot + 1] = (four[slot + 1] as number) | bit
}

function add(table: Int32Array, hash: number): void {
  table[hash >>> 5] = (table[hash >>> 5] as number) | (1 << (hash & 31))
}
