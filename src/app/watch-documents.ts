/**
 * `sluice fingerprint watch`: a collection that is what a folder holds. Files are looked at by timer; new and changed
 * ones are registered, and what is gone leaves the collection. A folder that is missing or empty (a share that is not
 * mounted) changes nothing: protection must not end with a cable.
 */
import { stat } from 'node:fs/promises'
import type { FingerprintCatalog } from '../catalog/fingerprint-catalog.ts'
import type { DocumentGroup } from '../detect/fingerprint/fingerprint-index.ts'
import { pathOfName } from '../scan/file-names.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import type { CatalogAudit } from './audit-catalog.ts'
import { type DocumentFile, documentFiles } from './read-documents.ts'
import { type Registered, type RegisterHooks, registerFiles } from './register-documents.ts'

export interface WatchLook extends Registered {
  /** Documents that left the collection. */
  readonly removed: number
  /** Why the folder was not looked at, or null. */
  readonly problem: string | null
}

const NOTHING: WatchLook = { added: 0, unchanged: 0, byBytes: [], failed: [], removed: 0, problem: null }

export class DocumentWatch {
  readonly #catalog: FingerprintCatalog
  readonly #pool: ScanPool
  readonly #dir: string
  readonly #group: DocumentGroup
  readonly #audit: CatalogAudit
  /** Size and time of each file when it was read, by name. */
  #seen = new Map<string, string>()
  #first = true

  constructor(catalog: FingerprintCatalog, pool: ScanPool, dir: string, group: DocumentGroup, audit: CatalogAudit) {
    this.#catalog = catalog
    this.#pool = pool
    this.#dir = dir
    this.#group = group
    this.#audit = audit
  }

  /** Looks now and registers what changed. Throws what the catalogue throws. */
  async look(onProgress?: RegisterHooks['onProgress']): Promise<WatchLook> {
    const files = await this.#files()
    if (typeof files === 'string') return { ...NOTHING, problem: files }
    const stamps = new Map<string, string>()
    const changed: DocumentFile[] = []
    for (const file of files) {
      const stamp = await stampOf(file.path)
      // One that went away meanwhile counts as gone.
      if (stamp === null) continue
      stamps.set(file.name, stamp)
      if (this.#seen.get(file.name) !== stamp) changed.push(file)
    }
    const gone = [...this.#seen.keys()].some((name) => !stamps.has(name))
    if (changed.length === 0 && !gone && !this.#first) return NOTHING
    const held = new Map<string, ReadonlySet<string>>()
    const registered = await registerFiles(this.#catalog, this.#pool, changed, {
      audit: this.#audit,
      ...(onProgress ? { onProgress } : {}),
      onRead: ({ name }, { documents }) => held.set(name, new Set(documents.map((document) => document.name))),
    })
    const removed = await this.#removeStale(stamps, held)
    this.#seen = stamps
    this.#first = false
    return { ...registered, removed, problem: null }
  }

  async #files(): Promise<readonly DocumentFile[] | string> {
    const info = await stat(pathOfName(this.#dir)).catch(() => null)
    if (!info?.isDirectory()) return `${this.#dir} is no folder (any more): what is registered stays`
    const { files, failed } = await documentFiles([this.#dir], () => this.#group)
    if (failed[0]) return failed[0].problem
    if (files.length === 0) return `${this.#dir} is empty: what is registered stays`
    return files
  }

  /** Removes documents of files that are gone, and what an archive holds no more. A file that failed keeps its own. */
  async #removeStale(
    stamps: ReadonlyMap<string, string>,
    held: ReadonlyMap<string, ReadonlySet<string>>,
  ): Promise<number> {
    const { collection } = this.#group
    const stale = new Set<string>()
    for (const row of await this.#catalog.list()) {
      if (row.collection !== collection) continue
      const file = fileOf(row.name, stamps)
      const now = file === null ? null : held.get(file)
      if (file === null || (now && now.size > 0 && !now.has(row.name))) stale.add(row.name)
    }
    if (stale.size === 0) return 0
    await this.#audit({ action: 'remove', collection, documents: stale.size })
    return await this.#catalog.remove(collection, stale)
  }
}

/** The file that a document is or is inside of, or null when it is gone. */
function fileOf(name: string, files: ReadonlyMap<string, string>): string | null {
  if (files.has(name)) return name
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    const above = name.slice(0, slash)
    if (files.has(above)) return above
  }
  return null
}

async function stampOf(path: string): Promise<string | null> {
  return await stat(pathOfName(path)).then(
    ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
    () => null,
  )
}
