/** `sluice fingerprint add`: files, folders and archives -> texts -> the catalogue, in batches that are safe once told. */

import { FingerprintCatalog, type NewDocument } from '../catalog/fingerprint-catalog.ts'
import type { Config } from '../config/schema.ts'
import type { Sensitivity } from '../core/finding.ts'
import type { DocumentGroup } from '../detect/fingerprint/fingerprint-index.ts'
import { createKeys, loadKeys } from '../platform/keys.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import type { CatalogAudit } from './audit-catalog.ts'
import { catalogDir } from './catalog-snapshot.ts'
import { keysDir } from './commands/keys-command.ts'
import { exists } from './first-start.ts'
import {
  type DocumentFile,
  type DocumentProblem,
  documentFiles,
  type ReadDocument,
  readDocument,
} from './read-documents.ts'
import { inOrder } from './scan-files.ts'
import { startExtractPool } from './start-scan-pool.ts'

export interface RegisterOptions {
  readonly audit: CatalogAudit
  /** Collection; absent: the file's or folder's own name. */
  readonly name?: string
  readonly label?: string
  readonly owner?: string
  readonly sensitivity?: Sensitivity
  /** Partner lists that may receive the documents. */
  readonly partner?: readonly string[]
  readonly ignore?: boolean
  readonly onProgress?: (done: number, all: number) => void
}

export interface RegisterHooks {
  readonly audit: CatalogAudit
  readonly onProgress?: (done: number, all: number) => void
  /** In the order of the files. */
  readonly onRead?: (file: DocumentFile, read: ReadDocument) => void
}

export interface Registered {
  readonly added: number
  readonly unchanged: number
  /** Documents that are registered without their text, in full or in part, and why. */
  readonly byBytes: readonly DocumentProblem[]
  /** Files that could not be registered, and why. */
  readonly failed: readonly DocumentProblem[]
}

/** A batch is written when it has so many documents or so much text. */
const BATCH_DOCUMENTS = 4_096
const BATCH_BYTES = 64 * 1024 * 1024
/** Files read and extracted at once. */
const READ_AHEAD = 4

export async function openCatalog(config: Config): Promise<FingerprintCatalog> {
  return new FingerprintCatalog(catalogDir(config), await catalogKey(config))
}

/** Makes the installation's keys when there are none yet. */
export async function catalogKey(config: Config): Promise<Uint8Array> {
  const keys = keysDir(config.keys_dir)
  if (!(await exists(keys))) {
    await createKeys(keys)
    process.stderr.write(`Created key files in ${keys} (mode 0600). Back them up.\n`)
  }
  return Uint8Array.from((await loadKeys(keys)).catalog)
}

export function groupOptions(options: Omit<RegisterOptions, 'audit'>): (collection: string) => DocumentGroup {
  return (collection) => ({
    collection: options.name ?? collection,
    label: options.label ?? null,
    owner: options.owner ?? null,
    sensitivity: options.sensitivity ?? null,
    partners: [...new Set(options.partner ?? [])].sort(),
    ignore: options.ignore ?? false,
  })
}

export async function registerDocuments(
  config: Config,
  paths: readonly string[],
  options: RegisterOptions,
): Promise<Registered> {
  const catalog = await openCatalog(config)
  const { files, failed } = await documentFiles(paths, groupOptions(options))
  const pool = await startExtractPool(config, { chunks: true, pictures: true })
  try {
    const registered = await registerFiles(catalog, pool, files, options)
    return { ...registered, failed: [...failed, ...registered.failed] }
  } finally {
    await pool.close()
  }
}

/** Reads the files and adds what they hold; what is registered as it is costs no extraction. */
export async function registerFiles(
  catalog: FingerprintCatalog,
  pool: ScanPool,
  files: readonly DocumentFile[],
  hooks: RegisterHooks,
): Promise<Registered> {
  const isKnown = await catalog.unchanged()
  const byBytes: DocumentProblem[] = []
  const failed: DocumentProblem[] = []
  let batch: NewDocument[] = []
  let bytes = 0
  let [added, documents, done] = [0, 0, 0]
  const flush = async () => {
    for (const [collection, { length }] of Map.groupBy(batch, ({ group }) => group.collection))
      await hooks.audit({ action: 'add', collection, documents: length })
    added += await catalog.add(batch, Date.now())
    batch = []
    bytes = 0
  }
  for await (const read of inOrder(files, READ_AHEAD, (file) => readDocument(pool, file, isKnown))) {
    hooks.onProgress?.(++done, files.length)
    hooks.onRead?.(files[done - 1] as DocumentFile, read)
    byBytes.push(...read.byBytes)
    failed.push(...read.failed)
    for (const document of read.documents) {
      documents++
      if (isKnown(document)) continue
      batch.push(document)
      bytes += document.texts.reduce((sum, text) => sum + text.length, 0)
    }
    if (batch.length >= BATCH_DOCUMENTS || bytes >= BATCH_BYTES) await flush()
  }
  if (batch.length > 0) await flush()
  return { added, unchanged: documents - added, byBytes, failed }
}
