/**
 * The catalogue of registered documents on disk: a manifest that names segments, each a batch of documents with its
 * keyed hashes. A change writes a new segment and then replaces the manifest atomically, so a reader sees the catalogue
 * before or after it; a small change writes little, whatever the catalogue's size. Segments of like size are merged.
 * One writer at a time, over processes. Originals are not kept.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { identityHash } from '../detect/fingerprint/file-hash.ts'
import {
  type DocumentGroup,
  type FingerprintIndex,
  type FingerprintSegment,
  fingerprintIndex,
  HASH_WORDS,
  RECORD,
  RECORD_WORDS,
} from '../detect/fingerprint/fingerprint-index.ts'
import { withCatalogLock } from './catalog-lock.ts'
import { damaged } from './column-file.ts'
import { catalogRevision, type DocumentRow, documentRows, sameDocument } from './document-rows.ts'
import { TEMPORARY } from './durable-file.ts'
import { readManifest, type SegmentEntry, writeManifest } from './fingerprint-manifest.ts'
import {
  loadSegment,
  type NewDocument,
  readDocuments,
  SEGMENT_HASHES_MAX,
  SEGMENT_SUFFIX,
  SegmentBuilder,
  type SegmentDocuments,
} from './fingerprint-segment.ts'
import { mergeSegments } from './merge-segments.ts'

export type { NewDocument } from './fingerprint-segment.ts'

/** So many segments of like size become one of the next: a hash is rewritten once for each power of it. */
const MERGE_FAN = 8
const SMALLEST_CLASS_HASHES = 4_096
/** A segment is rewritten when more than this share of its documents is gone. */
const DEAD_SHARE_MAX = 0.5
/** A reader whose segments were merged away meanwhile looks again. */
const OPEN_ATTEMPTS_MAX = 5

export class FingerprintCatalog {
  readonly #dir: string
  readonly #key: Uint8Array
  /** Segments never change, so what they say of their documents is read once. */
  #known = new Map<string, SegmentDocuments>()

  /** `key`: the installation's catalogue key. */
  constructor(dir: string, key: Uint8Array) {
    this.#dir = dir
    this.#key = key
  }

  /** All documents, sorted by collection and name. */
  async list(): Promise<readonly DocumentRow[]> {
    return await this.#reading(async (segments) => {
      const rows: DocumentRow[] = []
      for (const entry of segments)
        for (const row of documentRows(await this.#documents(entry), entry.dead, this.#key)) rows.push(row)
      return rows.sort((a, b) => compare(a.collection, b.collection) || compare(a.name, b.name))
    })
  }

  /**
   * Registers documents; a collection's former document of the same name is replaced, an unchanged one is left alone.
   * Returns how many were new or changed. `now`: milliseconds since the epoch.
   */
  async add(documents: readonly NewDocument[], now: number): Promise<number> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    return await withCatalogLock(this.#dir, async () => {
      const segments = await readManifest(this.#dir)
      // Of two documents of one name in a batch the last one counts.
      const fresh = new Map(documents.map((document) => [`${document.group.collection}\n${document.name}`, document]))
      const dead = await this.#replaced(segments, fresh)
      const builders = [new SegmentBuilder(this.#key, false), new SegmentBuilder(this.#key, true)]
      for (const document of fresh.values()) builders[document.group.ignore ? 1 : 0]?.add(document, now)
      const added: SegmentEntry[] = []
      for (const builder of builders) {
        if (builder.documents === 0) continue
        const file = `${randomUUID()}${SEGMENT_SUFFIX}`
        const { documents: count, hashes, ignore } = await builder.write(this.#dir, file)
        added.push({ file, ignore, documents: count, hashes, dead: [] })
      }
      if (added.length > 0) await this.#publish([...segments.map((entry) => withDead(entry, dead)), ...added])
      return fresh.size
    })
  }

  /** Removes a collection, or of it only the documents that the names hold. Returns how many went. */
  async remove(collection: string, names?: ReadonlySet<string>): Promise<number> {
    if ((await readManifest(this.#dir)).length === 0) return 0
    return await withCatalogLock(this.#dir, async () => {
      const segments = await readManifest(this.#dir)
      const dead = new Map<string, number[]>()
      let removed = 0
      for (const entry of segments) {
        const rows = documentRows(await this.#documents(entry), entry.dead, this.#key)
        const gone = rows.filter((row) => row.collection === collection && (!names || names.has(row.name)))
        dead.set(
          entry.file,
          gone.map((row) => row.number),
        )
        removed += gone.length
      }
      if (removed > 0) await this.#publish(segments.map((entry) => withDead(entry, dead)))
      return removed
    })
  }

  /** Answers whether a document is registered as it is, as things stood when asked. */
  async unchanged(): Promise<(document: Omit<NewDocument, 'texts'>) => boolean> {
    return await this.#reading(async (entries) => {
      const places = new Map<string, readonly [SegmentDocuments, number]>()
      for (const entry of entries) {
        const segment = await this.#documents(entry)
        const gone = new Set(entry.dead)
        for (let i = 0; i < entry.documents; i++) {
          const at = i * RECORD_WORDS + RECORD.identity
          if (!gone.has(i)) places.set(segment.records.slice(at, at + HASH_WORDS).join(), [segment, i])
        }
      }
      return (document) => {
        const place = places.get(identityHash(this.#key, document.group.collection, document.name).join())
        return place !== undefined && sameDocument(this.#key, place[0], place[1], document)
      }
    })
  }

  /** The index that detectors look into, or null when nothing is registered. */
  async open(): Promise<FingerprintIndex | null> {
    return await this.#reading(async (entries) => {
      if (entries.length === 0) return null
      const segments: FingerprintSegment[] = []
      for (const { file, dead } of entries) segments.push(await loadSegment(this.#dir, file, dead, this.#key))
      return fingerprintIndex(catalogRevision(segments), this.#key, segments)
    })
  }

  /** Runs on the catalogue as it is now, again when it changes underneath. */
  async #reading<T>(work: (segments: readonly SegmentEntry[]) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const segments = await readManifest(this.#dir)
      try {
        return await work(segments)
      } catch (thrown) {
        const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT'
        if (missing && attempt >= OPEN_ATTEMPTS_MAX) throw damaged((thrown as NodeJS.ErrnoException).path ?? this.#dir)
        if (!missing) throw thrown
      }
    }
  }

  async #documents({ file, documents }: SegmentEntry): Promise<SegmentDocuments> {
    let known = this.#known.get(file)
    if (!known) {
      known = await readDocuments(this.#dir, file, this.#key)
      if (known.header.documents !== documents) throw damaged(file)
      this.#known.set(file, known)
    }
    return known
  }

  /** Takes unchanged documents out of `fresh`; answers which documents of which segment the others replace. */
  async #replaced(
    segments: readonly SegmentEntry[],
    fresh: Map<string, NewDocument>,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const wanted = new Map<number, { readonly key: string; readonly identity: Uint32Array }[]>()
    for (const [key, { group, name }] of fresh) {
      const identity = identityHash(this.#key, group.collection, name)
      wanted.set(identity[0] ?? 0, [...(wanted.get(identity[0] ?? 0) ?? []), { key, identity }])
    }
    const dead = new Map<string, readonly number[]>()
    for (const entry of segments) {
      const segment = await this.#documents(entry)
      const gone = new Set(entry.dead)
      const replaced: number[] = []
      for (let i = 0; i < entry.documents; i++) {
        const at = i * RECORD_WORDS + RECORD.identity
        const candidates = wanted.get(segment.records[at] ?? 0)
        if (!candidates || gone.has(i)) continue
        const found = candidates.find(({ identity }) => identity.every((word, j) => segment.records[at + j] === word))
        const document = found && fresh.get(found.key)
        if (!found || !document) continue
        if (sameDocument(this.#key, segment, i, document)) fresh.delete(found.key)
        else replaced.push(i)
      }
      dead.set(entry.file, replaced)
    }
    return dead
  }

  /** Merges what is due and replaces the manifest; files that it no longer names go afterwards. */
  async #publish(changed: readonly SegmentEntry[]): Promise<void> {
    const segments = await this.#merged(changed.filter((entry) => entry.dead.length < entry.documents))
    await writeManifest(this.#dir, segments)
    const named = new Set(segments.map((entry) => entry.file))
    this.#known = new Map([...this.#known].filter(([file]) => named.has(file)))
    for (const file of await readdir(this.#dir)) {
      const left = (file.endsWith(SEGMENT_SUFFIX) && !named.has(file)) || isLeftover(file)
      if (left) await rm(join(this.#dir, file), { force: true })
    }
  }

  async #merged(entries: readonly SegmentEntry[]): Promise<SegmentEntry[]> {
    let segments = [...entries]
    for (;;) {
      const due = mergeDue(segments)
      if (!due) return segments
      const file = `${randomUUID()}${SEGMENT_SUFFIX}`
      const header = await mergeSegments(this.#dir, due, file, this.#key)
      const rest = segments.filter((entry) => !due.includes(entry))
      segments = header
        ? [...rest, { file, ignore: header.ignore, documents: header.documents, hashes: header.hashes, dead: [] }]
        : rest
    }
  }
}

/** Segments that should become one: full classes first, then those with too many dead. */
function mergeDue(segments: readonly SegmentEntry[]): readonly SegmentEntry[] | null {
  const classes = Map.groupBy(segments, ({ ignore, hashes }) => `${ignore} ${sizeClass(hashes)}`)
  for (const group of classes.values()) {
    const total = group.reduce((sum, { hashes }) => sum + hashes, 0)
    if (group.length >= MERGE_FAN && total <= SEGMENT_HASHES_MAX) return group
  }
  const wasteful = segments.find(({ dead, documents }) => dead.length > documents * DEAD_SHARE_MAX)
  return wasteful ? [wasteful] : null
}

function sizeClass(hashes: number): number {
  return Math.max(0, Math.floor(Math.log(hashes / SMALLEST_CLASS_HASHES) / Math.log(MERGE_FAN)) + 1)
}

function withDead(entry: SegmentEntry, dead: ReadonlyMap<string, readonly number[]>): SegmentEntry {
  const more = dead.get(entry.file) ?? []
  return more.length === 0 ? entry : { ...entry, dead: [...entry.dead, ...more].sort((a, b) => a - b) }
}

/** A temporary file of a writer that crashed: only the lock's holder looks. */
function isLeftover(file: string): boolean {
  return file.endsWith(TEMPORARY) && (file.includes(SEGMENT_SUFFIX) || file.startsWith('.documents.json'))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export type { DocumentGroup, DocumentRow }
