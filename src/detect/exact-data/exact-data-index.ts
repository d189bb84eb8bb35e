/**
 * Rows of a table as an immutable index of keyed hashes that all scan threads share. A value that few rows have leads
 * to them (open addressing from hash to row); what else a row holds is checked against the row's own hashes, so common
 * values (a city, a first name) never lead anywhere but do confirm. Without the key the index tells nothing: a number
 * of nine digits could be found by trying all, were the hashes not keyed.
 */
import { createHmac } from 'node:crypto'
import type { Family } from '../../core/finding.ts'
import type { CellKind } from './cell-values.ts'

export interface ExactDataColumn {
  readonly name: string
  readonly kind: CellKind
  /** One value of this column is enough for a match. */
  readonly alone: boolean
}

export interface ExactDataIndex {
  readonly name: string
  readonly family: Family
  readonly columns: readonly ExactDataColumn[]
  /** How many columns of one row must be near each other. */
  readonly columnsMin: number
  /** Largest distance between the first and the last of them, in bytes of text. */
  readonly withinBytes: number
  readonly rows: number
  /** Longest `words` value, in words. */
  readonly wordsMax: number
  readonly key: Uint8Array
  /** Bit set over the cheap keyed hash of every value: most look-ups end here. A power of two of bits. */
  readonly filter: Uint32Array<SharedArrayBuffer>
  /** Slots: two halves of the HMAC, row + 1 (0: empty), next slot is probed. Several rows may share a value. */
  readonly slots: Uint32Array<SharedArrayBuffer>
  /** For each row and column 32 bits of the HMAC; 0 where the cell is empty. */
  readonly cells: Uint32Array<SharedArrayBuffer>
}

export const SLOT_WORDS = 3
const FILTER_BITS_PER_VALUE = 12

export interface ValueHash {
  readonly high: number
  readonly low: number
}

/** HMAC-SHA-256 of kind and canonical value, cut to 64 bits. */
export function valueHash(key: Uint8Array, kind: CellKind, value: string): ValueHash {
  const mac = createHmac('sha256', key).update(`${kind}\n${value}`).digest()
  // 0 stands for an empty cell.
  return { high: mac.readUInt32LE(0), low: mac.readUInt32LE(4) || 1 }
}

/** A cheap keyed hash for the filter alone. */
export function filterHash(key: Uint8Array, kind: CellKind, value: string): number {
  let h = new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(8, true) ^ kind.length
  for (let i = 0; i < value.length; i++) h = Math.imul(h ^ value.charCodeAt(i), 0x01000193)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

export function filterSize(values: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1024, values * FILTER_BITS_PER_VALUE))) / 32
}

export function filterAdd(filter: Uint32Array, hash: number): void {
  for (const bit of filterBits(filter, hash)) filter[bit >>> 5] = (filter[bit >>> 5] ?? 0) | (1 << (bit & 31))
}

export function filterHas(filter: Uint32Array, hash: number): boolean {
  return filterBits(filter, hash).every((bit) => ((filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0)
}

function filterBits(filter: Uint32Array, hash: number): [number, number] {
  const mask = filter.length * 32 - 1
  return [(hash & mask) >>> 0, ((Math.imul(hash, 0x9e3779b1) >>> 3) & mask) >>> 0]
}

/** Rows that a value leads to; none for common values. */
export function rowsOf({ slots }: Pick<ExactDataIndex, 'slots'>, { high, low }: ValueHash): number[] {
  const rows: number[] = []
  const mask = slots.length / SLOT_WORDS - 1
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const at = slot * SLOT_WORDS
    const row = slots[at + 2] ?? 0
    if (row === 0) return rows
    if (slots[at] === high && slots[at + 1] === low) rows.push(row - 1)
  }
}
