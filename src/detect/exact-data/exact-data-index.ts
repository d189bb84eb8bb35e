/**
 * Rows of a table as an immutable index of keyed hashes that all scan threads share. A value that few rows have leads to
 * them; what else a row holds is checked against the row's own hashes, so common values (a city, a first name) never
 * lead anywhere but do confirm. Without the key the index tells nothing: a number of nine digits could be found by
 * trying all, were the hashes not keyed.
 */
import type { Family } from '../../core/finding.ts'
import { findEntry, type HashFilter, type HashTable, sameHash } from '../hash-table.ts'
import { HmacSha256 } from '../hmac-sha256.ts'
import type { CellKind } from './cell-values.ts'

export interface ExactDataColumn {
  readonly name: string
  readonly kind: CellKind
  /** Detection rule that must accept a value for it to be looked up. */
  readonly rule?: string | undefined
  /** One value of this column is enough for a match. */
  readonly alone: boolean
}

export interface ExactDataIndex {
  readonly name: string
  readonly family: Family
  readonly columns: readonly ExactDataColumn[]
  /** How many columns of one row must be near each other; infinite where only `together` counts. */
  readonly columnsMin: number
  /** Sets of columns that are a match together, however many others are there. */
  readonly together: readonly (readonly number[])[]
  /** Largest distance between the first and the last of them, in bytes of text. */
  readonly withinBytes: number
  readonly rows: number
  /** Longest `words` value that is looked for everywhere, in words; 0 without such a column. */
  readonly wordsMax: number
  /** Lengths that such `code` values have: what is of another length, or has letters where none has, is not looked up. */
  readonly codeLengths: CodeLengths
  readonly key: Uint8Array
  /** First words of `words` values: what it lacks begins none. */
  readonly words: HashFilter
  /** Hashes of values -> rows, or COMMON; hashes of the first words of longer values -> PREFIX. */
  readonly table: HashTable
  /** For each row and column 32 bits of the HMAC; 0 where the cell is empty. */
  readonly cells: Uint32Array<SharedArrayBuffer>
}

/**
 * What a value is hashed as. One that a rule must accept is another than one that is looked for everywhere, so neither is
 * ever found as the other.
 */
export type Field = CellKind | `${CellKind}:${string}`

export function fieldOf({ kind, rule }: Pick<ExactDataColumn, 'kind' | 'rule'>): Field {
  return rule === undefined ? kind : `${kind}:${rule}`
}

/** Ascending. */
export interface CodeLengths {
  readonly digits: readonly number[]
  /** Of values with letters in them. */
  readonly mixed: readonly number[]
}

/** Stands for the rows of a value that too many have. */
export const COMMON = 0xffff_ffff
/** Says that values of several words begin with this one. */
export const PREFIX = 0xffff_fffe
export const ROWS_MAX = 50_000_000

export interface ValueHash {
  /** 48 bits that find it, 32 and 16. */
  readonly high: number
  readonly low: number
  /** Other 32 bits, which its cells hold. Never 0. */
  readonly cell: number
  /** The 48 bits under which the first word of longer values stands. */
  readonly prefixHigh: number
  readonly prefixLow: number
}

/** Hashes of canonical values: HMAC-SHA-256 over field and value, cut in pieces. */
export class ValueHasher {
  readonly #mac: HmacSha256

  /** `key`: the catalogue key. */
  constructor(key: Uint8Array) {
    this.#mac = new HmacSha256(key)
  }

  hash(field: Field, value: string): ValueHash {
    const mac = this.#mac.digest(`exact-data ${field}\n${value}`)
    return {
      high: (mac[0] ?? 0) >>> 0,
      low: (mac[1] ?? 0) & 0xffff,
      cell: (mac[2] ?? 0) >>> 0 || 1,
      prefixHigh: (mac[3] ?? 0) >>> 0,
      prefixLow: (mac[4] ?? 0) & 0xffff,
    }
  }
}

/** Whether any row has the value. */
export function hasValue({ table }: ExactDataIndex, { high, low }: ValueHash): boolean {
  return findEntry(table, high, low) >= 0
}

/** Whether any value of several words begins with this one. */
export function hasPrefix({ table }: ExactDataIndex, { prefixHigh, prefixLow }: ValueHash): boolean {
  return findEntry(table, prefixHigh, prefixLow) >= 0
}

/** Rows that a value leads to; none for common values. */
export function rowsOf({ table, rows: count }: ExactDataIndex, { high, low }: ValueHash): number[] {
  const rows: number[] = []
  const first = findEntry(table, high, low)
  for (let i = first; i >= 0; i = sameHash(table, high, first, i + 1) ? i + 1 : -1) {
    const row = table.values[i] ?? COMMON
    if (row < count) rows.push(row)
  }
  return rows
}
