/**
 * The registered documents as immutable tables that all scan threads share: plain typed arrays over shared memory and a
 * few short lists, so that a million documents are handed to a thread in no time. They hold keyed hashes, counts and
 * sealed names only: nothing of any document can be read from them.
 */
import type { Sensitivity } from '../../core/finding.ts'
import {
  eachEntry,
  filterAdd,
  filterHas,
  findEntry,
  type HashFilter,
  type HashTable,
  hashFilter,
  sameHash,
  sharedWords,
} from '../hash-table.ts'
import { nameKey, openText } from './sealed-name.ts'
import { SURE_WORDS } from './shingles.ts'

/** What the documents of one collection, registered the same way, have in common. */
export interface DocumentGroup {
  readonly collection: string
  /** Classification of these documents, for people. */
  readonly label: string | null
  /** Who answers for them, for people. */
  readonly owner: string | null
  /** What it would cost if they got out; policies ask for it. */
  readonly sensitivity: Sensitivity | null
  /** Names of partner lists that may receive them. */
  readonly partners: readonly string[]
  /** Passages of them are of no interest wherever they stand (licences, signatures, templates). */
  readonly ignore: boolean
}

/**
 * One batch of documents. A document's record has RECORD_WORDS words: how many distinct winnowed shingles it has, its
 * words, its group, where its sealed name ends, when it was added (two words), keyed hashes of the file and of its name,
 * and how many distinct chunks and bands of a picture it is known by.
 */
export interface FingerprintSegment {
  readonly table: HashTable
  readonly records: Uint32Array<SharedArrayBuffer>
  readonly names: Uint8Array<SharedArrayBuffer>
  readonly groups: readonly DocumentGroup[]
  /** Bit set of documents that were removed or replaced since. */
  readonly dead: Uint32Array<SharedArrayBuffer>
  /** All of its documents are to be ignored, or none. */
  readonly ignore: boolean
}

export const RECORD_WORDS = 16
export const RECORD = {
  shingles: 0,
  words: 1,
  group: 2,
  nameEnd: 3,
  addedAt: 4,
  file: 6,
  identity: 10,
  chunks: 14,
  bands: 15,
} as const
/** A passage that so many documents share (revisions, templates) is counted for the first of them alone. */
export const DOCUMENTS_PER_HASH_MAX = 64
/** Words of a keyed hash of a file or a name: 128 bits. */
export const HASH_WORDS = 4

export interface FingerprintIndex {
  readonly revision: string
  readonly key: Uint8Array
  readonly segments: readonly FingerprintSegment[]
  /** For each segment the shingles of each document that no ignored one has: what its containment is a share of. */
  readonly sizes: readonly Uint32Array<SharedArrayBuffer>[]
  readonly filter: HashFilter
  /** Hashes of documents that may be too short for winnowing's guarantee; null when there are none. */
  readonly shortFilter: HashFilter | null
}

/** Joins segments to an index: the filter over all, and the sizes without what is ignored. Linear in the hashes. */
export function fingerprintIndex(
  revision: string,
  key: Uint8Array,
  segments: readonly FingerprintSegment[],
): FingerprintIndex {
  const filter = hashFilter(segments.reduce((sum, { table }) => sum + table.tags.length, 0))
  for (const { table } of segments) eachEntry(table, (high, low) => filterAdd(filter, high, low))
  const sizes = segments.map(({ records }) => {
    const counts = sharedWords(records.length / RECORD_WORDS)
    for (let i = 0; i < counts.length; i++) counts[i] = records[i * RECORD_WORDS + RECORD.shingles] ?? 0
    return counts
  })
  const index = { revision, key, segments, sizes, filter, shortFilter: shortFilter(segments) }
  for (const segment of segments) if (segment.ignore) leaveOut(segment, index)
  return index
}

/** Of such documents every shingle of a text must be asked for, so their hashes have a filter that fits into the cache. */
function shortFilter(segments: readonly FingerprintSegment[]): HashFilter | null {
  const shorts = segments.filter(({ ignore }) => !ignore).map(({ table, records }) => ({ table, ...shortOf(records) }))
  const filter = hashFilter(shorts.reduce((sum, { hashes }) => sum + hashes, 0))
  let some = false
  for (const { table, bits, hashes } of shorts) {
    if (hashes === 0) continue
    some = true
    eachEntry(table, (high, low, at) => {
      const document = table.values[at] as number
      if (((bits[document >>> 5] as number) >>> (document & 31)) & 1) filterAdd(filter, high, low)
    })
  }
  return some ? filter : null
}

/** A bit set of the short documents of a segment, and how many shingles they have. */
function shortOf(records: Uint32Array): { bits: Uint32Array; hashes: number } {
  const documents = records.length / RECORD_WORDS
  const bits = new Uint32Array(Math.ceil(documents / 32))
  let hashes = 0
  for (let i = 0; i < documents; i++) {
    const shingles = records[i * RECORD_WORDS + RECORD.shingles] as number
    if (shingles === 0 || (records[i * RECORD_WORDS + RECORD.words] as number) >= SURE_WORDS) continue
    bits[i >>> 5] = (bits[i >>> 5] as number) | (1 << (i & 31))
    hashes += shingles
  }
  return { bits, hashes }
}

function leaveOut(ignored: FingerprintSegment, { segments, sizes }: FingerprintIndex): void {
  let before = -1
  eachEntry(ignored.table, (high, low, at) => {
    if (before >= 0 && sameHash(ignored.table, high, before, at)) return
    before = at
    if (isDead(ignored, ignored.table.values[at] ?? 0)) {
      before = -1
      return
    }
    for (const [number, { ignore, table }] of segments.entries()) {
      const counts = sizes[number]
      if (ignore || !counts) continue
      for (let i = findEntry(table, high, low), first = i; i >= 0; ) {
        const document = table.values[i] ?? 0
        counts[document] = Math.max(0, (counts[document] ?? 0) - 1)
        i = sameHash(table, high, first, i + 1) ? i + 1 : -1
      }
    }
  })
}

export function isDead({ dead }: Pick<FingerprintSegment, 'dead'>, document: number): boolean {
  return (((dead[document >>> 5] ?? 0) >>> (document & 31)) & 1) === 1
}

/** False when no document has the hash; true may be wrong, see HashFilter. */
export function mayHave(index: FingerprintIndex, high: number, low: number): boolean {
  return filterHas(index.filter, high, low)
}

/** Whether a document that is to be ignored has the hash. */
export function isIgnored(index: FingerprintIndex, high: number, low: number): boolean {
  let ignored = false
  eachPosting(index, high, low, true, () => {
    ignored = true
    return false
  })
  return ignored
}

/** Calls back with each living document that has the hash, until it answers false. */
export function eachPosting(
  index: FingerprintIndex,
  high: number,
  low: number,
  ignore: boolean,
  visit: (segment: number, document: number) => boolean,
): void {
  for (let number = 0; number < index.segments.length; number++) {
    const segment = index.segments[number]
    if (!segment || segment.ignore !== ignore) continue
    const first = findEntry(segment.table, high, low)
    for (let i = first; i >= 0; ) {
      const document = segment.table.values[i] ?? 0
      if (!isDead(segment, document) && !visit(number, document)) return
      i = sameHash(segment.table, high, first, i + 1) ? i + 1 : -1
    }
  }
}

export function groupOf(segment: FingerprintSegment, document: number): DocumentGroup | undefined {
  return segment.groups[segment.records[document * RECORD_WORDS + RECORD.group] ?? 0]
}

/** `key`: the catalogue's, under which names are sealed. */
export function nameOf(
  { records, names }: Pick<FingerprintSegment, 'records' | 'names'>,
  document: number,
  key: Uint8Array,
): string {
  const at = document * RECORD_WORDS
  const end = records[at + RECORD.nameEnd] ?? 0
  const start = document === 0 ? 0 : (records[at - RECORD_WORDS + RECORD.nameEnd] ?? 0)
  return openText(nameKey(key), nameIv(records.slice(at, at + RECORD_WORDS)), names.slice(start, end)).toString('utf8')
}

/** A document's name is sealed under the keyed hash of collection and name that stands in its record. */
export function nameIv(record: Uint32Array): Uint8Array {
  const iv = Buffer.alloc(HASH_WORDS * 4)
  for (let i = 0; i < HASH_WORDS; i++) iv.writeUInt32LE(record[RECORD.identity + i] ?? 0, i * 4)
  return iv
}

/** What the catalogue has hashes of, so that a scan works out no others. */
export function printsIn({ segments }: Pick<FingerprintIndex, 'segments'>): { chunks: boolean; pictures: boolean } {
  const prints = { chunks: false, pictures: false }
  for (const { records, ignore } of segments) {
    for (let at = 0; at < records.length && !ignore; at += RECORD_WORDS) {
      if (records[at + RECORD.chunks]) prints.chunks = true
      if (records[at + RECORD.bands]) prints.pictures = true
    }
  }
  return prints
}

/** Names of the collections that have a living document which is not to be ignored, sorted. */
export function collectionsOf({ segments }: FingerprintIndex): string[] {
  const names = new Set<string>()
  for (const segment of segments) {
    for (let i = 0; i < segment.records.length / RECORD_WORDS; i++) {
      const group = groupOf(segment, i)
      if (group && !group.ignore && !isDead(segment, i)) names.add(group.collection)
    }
  }
  return [...names].sort()
}
