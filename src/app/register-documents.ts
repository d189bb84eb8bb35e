/** `sluice fingerprint add`: files and folders -> texts, by the same extraction as mail's -> the catalogue. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { FingerprintCatalog, type NewDocument } from '../catalog/fingerprint-catalog.ts'
import type { Config } from '../config/schema.ts'
import { asError } from '../core/errors.ts'
import { createKeys, loadKeys } from '../platform/keys.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import { catalogDir } from './catalog-snapshot.ts'
import { keysDir } from './commands/keys-command.ts'
import { exists } from './first-start.ts'
import { inOrder } from './scan-files.ts'
import { readScanInput } from './scan-input.ts'
import { startExtractPool } from './start-scan-pool.ts'

export interface RegisterOptions {
  /** Collection; absent: the file's or folder's own name. */
  readonly name?: string
  readonly label?: string
  readonly ignore?: boolean
  readonly onProgress?: (done: number) => void
}

export interface Registered {
  readonly added: number
  readonly unchanged: number
  /** Files that could not be registered, and why. */
  readonly failed: readonly { readonly file: string; readonly problem: string }[]
}

const FILES_MAX = 1_000_000
const BATCH = 256

export async function openCatalog(config: Config): Promise<FingerprintCatalog> {
  return new FingerprintCatalog(catalogDir(config), await catalogKey(config))
}

/** Makes the installation's keys when there are none yet. */
export async function catalogKey(config: Config): Promise<Uint8Array> {
  const keys = keysDir(config.keys_dir)
  if (!(await exists(keys))) await createKeys(keys)
  return Uint8Array.from((await loadKeys(keys)).catalog)
}

export async function registerDocuments(
  config: Config,
  paths: readonly string[],
  options: RegisterOptions,
): Promise<Registered> {
  const catalog = await openCatalog(config)
  const pool = await startExtractPool(config)
  const failed: { file: string; problem: string }[] = []
  let added = 0
  let seen = 0
  let batch: NewDocument[] = []
  const flush = async () => {
    added += await catalog.add(batch, Date.now())
    batch = []
  }
  try {
    for await (const result of inOrder(documentsBelow(paths), 4, (file) => readDocument(pool, file, options))) {
      options.onProgress?.(++seen)
      if ('problem' in result) failed.push(result)
      else batch.push(result)
      if (batch.length >= BATCH) await flush()
    }
    await flush()
  } finally {
    await pool.close()
  }
  return { added, unchanged: seen - added - failed.length, failed }
}

interface DocumentFile {
  readonly path: string
  readonly name: string
  readonly collection: string
}

async function* documentsBelow(paths: readonly string[]): AsyncGenerator<DocumentFile> {
  let count = 0
  for (const path of paths) {
    const info = await stat(path).catch(() => null)
    const collection = basename(path).replace(/\.[^.]+$/, '') || basename(path)
    if (!info?.isDirectory()) yield { path, name: basename(path), collection }
    else {
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || ++count > FILES_MAX) continue
        const file = join(entry.parentPath, entry.name)
        yield { path: file, name: relative(path, file), collection: basename(path) }
      }
    }
  }
}

async function readDocument(
  pool: ScanPool,
  { path, name, collection }: DocumentFile,
  options: RegisterOptions,
): Promise<NewDocument | { file: string; problem: string }> {
  try {
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    const { job } = await readScanInput({ file: path })
    const { texts, uninspected } = await pool.extract(job)
    const words = texts.some((text) => text.utf8.length > 0)
    if (!words)
      return {
        file: path,
        problem: uninspected[0] ? `${uninspected[0].reason} (${uninspected[0].detail})` : 'it holds no text',
      }
    return {
      name,
      collection: options.name ?? collection,
      sha256,
      label: options.label ?? null,
      ignore: options.ignore ?? false,
      texts: texts.map((text) => text.utf8),
    }
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return { file: path, problem: code === 'ENOENT' ? 'no such file' : asError(thrown).message }
  }
}
