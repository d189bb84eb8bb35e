/**
 * The catalogue of registered documents on disk: a manifest that names every document, and beside it one file of keyed
 * hashes for each. Adding a document writes its file and then replaces the manifest atomically; nothing else is
 * touched, and a reader sees the old catalogue or the new one. Originals are not kept.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../core/errors.ts'
import {
  buildFingerprintIndex,
  type FingerprintIndex,
  type IndexedDocument,
} from '../detect/fingerprint/fingerprint-index.ts'
import { shingleKey, shingles, winnow } from '../detect/fingerprint/shingles.ts'

export interface CatalogDocument {
  /** File of hashes, without folder. */
  readonly file: string
  /** Path or name under which it was registered. */
  readonly name: string
  readonly collection: string
  /** SHA-256 of the registered bytes: adding the same file again changes nothing. */
  readonly sha256: string
  readonly shingles: number
  readonly words: number
  /** Milliseconds since the epoch. */
  readonly addedAt: number
  readonly label: string | null
  readonly ignore: boolean
}

interface Manifest {
  readonly version: 1
  readonly documents: readonly CatalogDocument[]
}

export interface NewDocument {
  readonly name: string
  readonly collection: string
  readonly sha256: string
  readonly label: string | null
  readonly ignore: boolean
  /** UTF-8 texts of all its parts. */
  readonly texts: readonly Uint8Array[]
}

const MANIFEST = 'documents.json'
const EMPTY: Manifest = { version: 1, documents: [] }
/** Bounds what a damaged or hostile manifest may ask of memory. */
const DOCUMENTS_MAX = 2_000_000

export class FingerprintCatalog {
  readonly #dir: string
  readonly #key: Uint8Array

  /** `key`: the installation's catalogue key. */
  constructor(dir: string, key: Uint8Array) {
    this.#dir = dir
    this.#key = key
  }

  async list(): Promise<readonly CatalogDocument[]> {
    return (await this.#manifest()).documents
  }

  /**
   * Registers documents; a collection's former document of the same name is replaced, an unchanged one is left alone.
   * Returns how many were new or changed. A document without SHINGLE_WORDS words has nothing to be found by and is
   * refused with GatewayError `document-empty`.
   */
  async add(documents: readonly NewDocument[], now: number): Promise<number> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const manifest = await this.#manifest()
    const byName = new Map(manifest.documents.map((document) => [identity(document), document]))
    let changed = 0
    for (const document of documents) {
      const before = byName.get(identity(document))
      if (
        before &&
        before.sha256 === document.sha256 &&
        before.label === document.label &&
        before.ignore === document.ignore
      )
        continue
      byName.set(identity(document), await this.#write(document, now))
      changed++
    }
    if (changed > 0) await this.#publish([...byName.values()])
    return changed
  }

  /** Removes a collection, or of it only the documents of that name. Returns how many went. */
  async remove(collection: string, name?: string): Promise<number> {
    const { documents } = await this.#manifest()
    const kept = documents.filter((d) => d.collection !== collection || (name !== undefined && d.name !== name))
    if (kept.length < documents.length) await this.#publish(kept)
    return documents.length - kept.length
  }

  /** The index that detectors look into, or null when nothing is registered. */
  async open(): Promise<FingerprintIndex | null> {
    const { documents } = await this.#manifest()
    if (documents.length === 0) return null
    const indexed = await Promise.all(documents.map((document, id) => this.#read(document, id)))
    return buildFingerprintIndex(revisionOf(documents), this.#key, indexed)
  }

  async #manifest(): Promise<Manifest> {
    let text: string
    try {
      text = await readFile(join(this.#dir, MANIFEST), 'utf8')
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY
      throw thrown
    }
    const manifest = JSON.parse(text) as Manifest
    if (manifest.version !== 1 || manifest.documents.length > DOCUMENTS_MAX) throw damaged(MANIFEST)
    return manifest
  }

  async #write(document: NewDocument, now: number): Promise<CatalogDocument> {
    const hashes = new Map<string, readonly [number, number]>()
    let words = 0
    for (const text of document.texts) {
      const found = shingles(text, shingleKey(this.#key))
      words += found.words
      for (const i of winnow(found)) {
        const pair = [found.high[i] ?? 0, found.low[i] ?? 0] as const
        hashes.set(`${pair[0]} ${pair[1]}`, pair)
      }
    }
    if (hashes.size === 0) {
      const message = `${document.name} has too few words to be recognised by`
      throw new GatewayError('document-empty', { temporary: false, publicMessage: message, message })
    }
    const data = new Uint32Array(hashes.size * 2)
    let at = 0
    for (const [high, low] of hashes.values()) {
      data[at++] = high
      data[at++] = low
    }
    const file = `${randomUUID()}.shingles`
    await writeDurably(this.#dir, file, new Uint8Array(data.buffer))
    const { name, collection, sha256, label, ignore } = document
    return { file, name, collection, sha256, shingles: hashes.size, words, addedAt: now, label, ignore }
  }

  async #read(document: CatalogDocument, id: number): Promise<IndexedDocument> {
    const bytes = await readFile(join(this.#dir, document.file))
    if (bytes.length !== document.shingles * 8) throw damaged(document.file)
    const high = new Uint32Array(document.shingles)
    const low = new Uint32Array(document.shingles)
    for (let i = 0; i < document.shingles; i++) {
      high[i] = bytes.readUInt32LE(i * 8)
      low[i] = bytes.readUInt32LE(i * 8 + 4)
    }
    const { name, collection, shingles: count, ignore } = document
    return { id, name, collection, shingles: count, ignore, high, low }
  }

  /** The manifest is the commit; files that it no longer names go afterwards. */
  async #publish(documents: readonly CatalogDocument[]): Promise<void> {
    const manifest: Manifest = { version: 1, documents }
    await writeDurably(this.#dir, MANIFEST, Buffer.from(JSON.stringify(manifest)))
    const named = new Set(documents.map((document) => document.file))
    for (const file of await readdir(this.#dir)) {
      if (file.endsWith('.shingles') && !named.has(file)) await rm(join(this.#dir, file), { force: true })
    }
  }
}

/** Changes whenever a document is added, replaced or removed. */
export function revisionOf(documents: readonly CatalogDocument[]): string {
  const hash = createHash('sha256')
  for (const document of documents)
    hash.update(`${document.collection}\n${document.name}\n${document.sha256}\n${document.ignore}\n`)
  return hash.digest('hex').slice(0, 16)
}

function identity({ collection, name }: { readonly collection: string; readonly name: string }): string {
  return `${collection}\n${name}`
}

async function writeDurably(dir: string, file: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dir, `.${file}.${randomUUID()}`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, join(dir, file))
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function damaged(file: string): GatewayError {
  const message = `the catalogue file ${file} is damaged: register the documents again`
  return new GatewayError('catalog-damaged', { temporary: false, publicMessage: message, message })
}
