/**
 * A batch of registered documents on disk: their records, sealed names, and keyed hashes sorted for look-up. Written once
 * and never changed; merging makes a new one. Originals are not kept.
 */

import { z } from 'zod'
import type { PartPrint } from '../core/extraction.ts'
import { SENSITIVITIES } from '../core/finding.ts'
import { bandHashes, chunkHashes, type Hash48 } from '../detect/fingerprint/binary-hashes.ts'
import { fileHash, identityHash } from '../detect/fingerprint/file-hash.ts'
import {
  type DocumentGroup,
  type FingerprintSegment,
  nameIv,
  RECORD,
  RECORD_WORDS,
} from '../detect/fingerprint/fingerprint-index.ts'
import { nameKey, openWhole, sealText, sealWhole } from '../detect/fingerprint/sealed-name.ts'
import {
  eachShingleBlock,
  kept,
  LOW_MASK,
  type ShingleKey,
  shingleKey,
  winnow,
} from '../detect/fingerprint/shingles.ts'
import { HashTableBuilder, sharedWords } from '../detect/hash-table.ts'
import { ColumnFile, damaged, otherKey, writeColumnFile } from './column-file.ts'
import { HashCollector } from './sort-hashes.ts'

export const SEGMENT_KIND = 'fingerprints'
export const SEGMENT_SUFFIX = '.prints'

export interface NewDocument {
  /** Path or name under which it is registered; one of a collection. */
  readonly name: string
  readonly group: DocumentGroup
  /** SHA-256 of the registered bytes, lower-case hex. */
  readonly sha256: string
  /** UTF-8 texts of all its parts; none for a file that is known by its bytes alone. */
  readonly texts: readonly Uint8Array[]
  /** What it is recognised by beside its text. */
  readonly prints?: readonly Omit<PartPrint, 'part'>[]
}

export interface SegmentHeader {
  readonly documents: number
  readonly hashes: number
  readonly ignore: boolean
  readonly groups: readonly DocumentGroup[]
}

const headerSchema = z.strictObject({
  documents: z.number().int().positive(),
  hashes: z.number().int().positive(),
  ignore: z.boolean(),
  /** Sealed. */
  groups: z.string(),
})

const groupsSchema = z.array(
  z.strictObject({
    collection: z.string(),
    label: z.string().nullable(),
    owner: z.string().nullable(),
    sensitivity: z.enum(SENSITIVITIES).nullable(),
    partners: z.array(z.string()),
    ignore: z.boolean(),
  }),
)

/** How many hashes one segment may have: typed arrays beyond it are slow to index. */
export const SEGMENT_HASHES_MAX = 2 ** 29

/** Collects documents and writes them as one segment. All of them are to be ignored, or none. */
export class SegmentBuilder {
  readonly ignore: boolean
  readonly #key: Uint8Array
  readonly #shingleKey: ShingleKey
  readonly #nameKey: Uint8Array
  readonly #hashes = new HashCollector()
  readonly #groups = new Map<string, number>()
  readonly #records: Uint32Array[] = []
  readonly #names: Buffer[] = []
  #nameEnd = 0

  constructor(key: Uint8Array, ignore: boolean) {
    this.#key = key
    this.#shingleKey = shingleKey(key)
    this.#nameKey = nameKey(key)
    this.ignore = ignore
  }

  get documents(): number {
    return this.#records.length
  }

  /** `now`: milliseconds since the epoch. */
  add({ name, group, sha256, texts, prints = [] }: NewDocument, now: number): void {
    const document = this.#records.length
    let words = 0
    const distinct = new Set<number>()
    for (const text of texts) {
      words += eachShingleBlock(text, this.#shingleKey, (block) => {
        const keeping = winnow(block)
        for (let i = 0; i < keeping; i++) {
          const high = (block.high[kept[i] as number] as number) >>> 0
          const low = (block.low[kept[i] as number] as number) & LOW_MASK
          const hash = high * 0x10000 + low
          if (distinct.has(hash)) continue
          distinct.add(hash)
          this.#hashes.push(high, low, document)
        }
      })
    }
    const chunks = prints.flatMap((print) => (print.chunks ? chunkHashes(this.#key, print.chunks) : []))
    const bands = prints.flatMap((print) => (print.picture ? bandHashes(this.#key, print.picture) : []))
    const file = fileHash(this.#key, sha256)
    this.#hashes.push(file[0] ?? 0, (file[1] ?? 0) & LOW_MASK, document)
    const record = new Uint32Array(RECORD_WORDS)
    record[RECORD.shingles] = distinct.size
    record[RECORD.words] = words
    record[RECORD.group] = this.#groupOf(group)
    record[RECORD.chunks] = this.#pushDistinct(chunks, document)
    record[RECORD.bands] = this.#pushDistinct(bands, document)
    record[RECORD.addedAt] = Math.floor(now / 2 ** 32)
    record[RECORD.addedAt + 1] = now % 2 ** 32
    record.set(file, RECORD.file)
    record.set(identityHash(this.#key, group.collection, name), RECORD.identity)
    const sealed = sealText(this.#nameKey, nameIv(record), Buffer.from(name))
    this.#names.push(sealed)
    this.#nameEnd += sealed.length
    record[RECORD.nameEnd] = this.#nameEnd
    this.#records.push(record)
  }

  #pushDistinct(hashes: readonly Hash48[], document: number): number {
    const distinct = new Map(hashes.map((hash) => [hash.high * 0x10000 + hash.low, hash]))
    for (const { high, low } of distinct.values()) this.#hashes.push(high, low, document)
    return distinct.size
  }

  #groupOf(group: DocumentGroup): number {
    const text = groupText(group)
    const known = this.#groups.get(text)
    if (known !== undefined) return known
    this.#groups.set(text, this.#groups.size)
    return this.#groups.size - 1
  }

  /** Writes the file durably. The builder is spent. */
  async write(dir: string, file: string): Promise<SegmentHeader> {
    const { high, low, values } = this.#hashes.sorted()
    const records = Buffer.concat(this.#records.map(bytesOf))
    const names = Buffer.concat(this.#names)
    const header: SegmentHeader = {
      documents: this.documents,
      hashes: high.length,
      ignore: this.ignore,
      groups: [...this.#groups.keys()].map((text) => JSON.parse(text) as DocumentGroup),
    }
    await writeColumnFile(dir, file, SEGMENT_KIND, segmentColumns(header, names.length), async (writer) => {
      await writer.write('records', records)
      await writer.write('names', names)
      await writer.write('high', bytesOf(high))
      await writer.write('low', bytesOf(low))
      await writer.write('documents', bytesOf(values))
      return sealedHeader(header, this.#key)
    })
    return header
  }
}

/** The header as it stands on disk: names of collections, owners and partners are sealed too. */
export function sealedHeader(header: SegmentHeader, key: Uint8Array): z.output<typeof headerSchema> {
  return { ...header, groups: sealWhole(nameKey(key), JSON.stringify(header.groups)) }
}

function openHeader(written: unknown, file: string, key: Uint8Array): SegmentHeader {
  const { data } = headerSchema.safeParse(written)
  if (!data) throw damaged(file)
  const text = openWhole(nameKey(key), data.groups)
  if (text === null) throw otherKey(file)
  return { ...data, groups: groupsSchema.parse(JSON.parse(text)) }
}

/** The bytes that each column of a segment takes. */
export function segmentColumns({ documents, hashes }: SegmentHeader, names: number): Readonly<Record<string, number>> {
  return {
    records: documents * RECORD_WORDS * 4,
    names,
    high: hashes * 4,
    low: hashes * 2,
    documents: hashes * 4,
  }
}

/** Equal texts, equal groups. */
export function groupText({ collection, label, owner, sensitivity, partners, ignore }: DocumentGroup): string {
  return JSON.stringify({ collection, label, owner, sensitivity, partners: [...partners].sort(), ignore })
}

export function bytesOf(words: Uint32Array | Uint16Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

/** What a segment says of its documents, without their hashes. */
export interface SegmentDocuments {
  readonly header: SegmentHeader
  readonly records: Uint32Array<SharedArrayBuffer>
  readonly names: Uint8Array<SharedArrayBuffer>
}

/** Opens a segment's file and checks its header against its columns; the caller closes it. */
export async function openSegment(
  dir: string,
  file: string,
  key: Uint8Array,
): Promise<{ readonly columns: ColumnFile; readonly header: SegmentHeader }> {
  const columns = await ColumnFile.open(dir, file, SEGMENT_KIND)
  try {
    const header = openHeader(columns.header, file, key)
    if (header.hashes > SEGMENT_HASHES_MAX) throw damaged(file)
    const expected = segmentColumns(header, columns.bytesOf('names'))
    for (const [name, bytes] of Object.entries(expected)) if (columns.bytesOf(name) !== bytes) throw damaged(file)
    return { columns, header }
  } catch (thrown) {
    await columns.close()
    throw thrown
  }
}

export async function readDocuments(dir: string, file: string, key: Uint8Array): Promise<SegmentDocuments> {
  const { columns, header } = await openSegment(dir, file, key)
  try {
    return await documentsOf(columns, header, file)
  } finally {
    await columns.close()
  }
}

async function documentsOf(columns: ColumnFile, header: SegmentHeader, file: string): Promise<SegmentDocuments> {
  const records = sharedWords(header.documents * RECORD_WORDS)
  const names = new Uint8Array(new SharedArrayBuffer(columns.bytesOf('names')))
  await columns.read('records', new Uint8Array(records.buffer))
  await columns.read('names', names)
  let before = 0
  for (let at = 0; at < records.length; at += RECORD_WORDS) {
    const end = records[at + RECORD.nameEnd] as number
    if (end < before || end > names.length || (records[at + RECORD.group] as number) >= header.groups.length)
      throw damaged(file)
    before = end
  }
  return { header, records, names }
}

const PIECE_ENTRIES = 256 * 1024

/** The hashes of a segment in order, piece by piece. */
export async function* hashPieces(
  columns: ColumnFile,
): AsyncGenerator<{ readonly high: Uint32Array; readonly low: Uint16Array; readonly documents: Uint32Array }> {
  const lows = columns.pieces('low', PIECE_ENTRIES * 2)
  const documents = columns.pieces('documents', PIECE_ENTRIES * 4)
  for await (const high of columns.pieces('high', PIECE_ENTRIES * 4)) {
    const low = (await lows.next()).value as Uint8Array<ArrayBuffer>
    const ids = (await documents.next()).value as Uint8Array<ArrayBuffer>
    yield {
      high: new Uint32Array(high.buffer, high.byteOffset, high.length / 4),
      low: new Uint16Array(low.buffer, low.byteOffset, low.length / 2),
      documents: new Uint32Array(ids.buffer, ids.byteOffset, ids.length / 4),
    }
  }
}

/** Loads a segment for look-up. `dead`: numbers of documents that were removed or replaced. */
export async function loadSegment(
  dir: string,
  file: string,
  dead: readonly number[],
  key: Uint8Array,
): Promise<FingerprintSegment> {
  const { columns, header } = await openSegment(dir, file, key)
  try {
    const { records, names } = await documentsOf(columns, header, file)
    const builder = new HashTableBuilder(header.hashes)
    for await (const { high, low, documents } of hashPieces(columns)) {
      for (let i = 0; i < documents.length; i++) if ((documents[i] as number) >= header.documents) throw damaged(file)
      if (!builder.push(high, low, documents)) throw damaged(file)
    }
    return {
      table: builder.finish(),
      records,
      names,
      groups: header.groups,
      dead: deadBits(header.documents, dead),
      ignore: header.ignore,
    }
  } finally {
    await columns.close()
  }
}

function deadBits(documents: number, dead: readonly number[]): Uint32Array<SharedArrayBuffer> {
  const bits = sharedWords(Math.ceil(documents / 32))
  for (const document of dead) bits[document >>> 5] = (bits[document >>> 5] ?? 0) | (1 << (document & 31))
  return bits
}
