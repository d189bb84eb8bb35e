import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HashCollector } from '../../src/catalog/sort-hashes.ts'
import {
  eachEntry,
  filterAdd,
  filterHas,
  findEntry,
  type HashTable,
  HashTableBuilder,
  hashFilter,
  sameHash,
} from '../../src/detect/hash-table.ts'

type Entry = readonly [high: number, low: number, value: number]

function tableOf(entries: readonly Entry[], piece = 1_000): HashTable {
  const collector = new HashCollector()
  for (const entry of [...entries].sort((a, b) => a[2] - b[2])) collector.push(...entry)
  const { high, low, values } = collector.sorted()
  const builder = new HashTableBuilder(high.length)
  for (let at = 0; at < high.length; at += piece) {
    const to = at + piece
    expect(builder.push(high.subarray(at, to), low.subarray(at, to), values.subarray(at, to))).toBe(true)
  }
  return builder.finish()
}

function valuesOf(table: HashTable, high: number, low: number): number[] {
  const found: number[] = []
  const first = findEntry(table, high, low)
  for (let i = first; i >= 0; i = sameHash(table, high, first, i + 1) ? i + 1 : -1) found.push(table.values[i] ?? -1)
  return found
}

const high = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x10001, 0xfffe_ffff, 0xffff_ffff),
)
const low = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 1, 0xffff))
const entry = fc.tuple(high, low, fc.integer({ min: 0, max: 20 }))

describe('a table of hashes', () => {
  it('gives every value of a hash in order, each once, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        entry,
        (entries, piece, other) => {
          const table = tableOf(entries, piece)
          for (const [h, l] of [...entries, other]) {
            const expected = entries.filter((e) => e[0] === h && e[1] === l).map((e) => e[2])
            expect(valuesOf(table, h, l)).toEqual([...new Set(expected)].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('gives every hash back whole', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 100 }), (entries) => {
        const table = tableOf(entries)
        const found: string[] = []
        eachEntry(table, (h, l, i) => found.push(`${h} ${l} ${table.values[i]}`))
        expect([...found].sort()).toEqual([...new Set(entries.map((e) => e.join(' ')))].sort())
      }),
      { numRuns: 200 },
    )
  })

  it('with many entries has more buckets and finds all', () => {
    const entries: Entry[] = []
    let state = 1
    for (let i = 0; i < 600_000; i++) {
      state = (Math.imul(state, 0x9e3779b1) + 12_345) >>> 0
      entries.push([state, state >>> 16, i])
    }
    const table = tableOf(entries, 100_000)
    expect(table.bits).toBeGreaterThan(16)
    for (const [h, l, value] of entries.filter((_, i) => i % 97 === 0)) expect(valuesOf(table, h, l)).toContain(value)
  })

  it('refuses entries that are out of order', () => {
    const builder = new HashTableBuilder(2)
    const push = (h: number) => builder.push(Uint32Array.of(h), Uint16Array.of(0), Uint32Array.of(0))
    expect([push(0x8000_0000), push(0x1000_0000)]).toEqual([true, false])
  })

  it('may be empty', () => {
    expect(valuesOf(tableOf([]), 5, 5)).toEqual([])
  })
})

describe('a filter of hashes', () => {
  it('has all that was added, and little else', () => {
    const filter = hashFilter(10_000)
    const hash = (i: number): [number, number] => [Math.imul(i, 0x9e3779b1) >>> 0, Math.imul(i, 0x85ebca77) & 0xffff]
    for (let i = 1; i <= 10_000; i++) filterAdd(filter, ...hash(i))
    for (let i = 1; i <= 10_000; i++) expect(filterHas(filter, ...hash(i))).toBe(true)
    let wrong = 0
    for (let i = 10_001; i <= 110_000; i++) if (filterHas(filter, ...hash(i))) wrong++
    expect(wrong / 100_000).toBeLessThan(0.06)
  })
})
