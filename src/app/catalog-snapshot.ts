/** What the organisation registered to be protected, as one immutable snapshot for the detectors and the policies' names. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExactDataCatalog } from '../catalog/exact-data-catalog.ts'
import { FingerprintCatalog } from '../catalog/fingerprint-catalog.ts'
import type { Config } from '../config/schema.ts'
import { DiagnosticsError } from '../core/diagnostic.ts'
import type { ExactDataIndex } from '../detect/exact-data/exact-data-index.ts'
import { collectionsOf, type FingerprintIndex } from '../detect/fingerprint/fingerprint-index.ts'
import { type LabelMap, parseLabelMap } from '../detect/label/label-map.ts'
import { loadKeys } from '../platform/keys.ts'
import { keysDir } from './commands/keys-command.ts'
import { exists } from './first-start.ts'
import type { KnownCatalog } from './installation.ts'

export interface LoadedCatalog {
  readonly revision: string
  readonly known: KnownCatalog
  readonly fingerprints: FingerprintIndex | null
  readonly exactData: readonly ExactDataIndex[]
  readonly labelMap: LabelMap | null
}

export function catalogDir(config: Config): string {
  return join(config.data_dir, 'catalog')
}

/** Throws DiagnosticsError for a label map with mistakes, GatewayError for damaged catalogue files or missing keys. */
export async function loadCatalog(config: Config): Promise<LoadedCatalog> {
  const [fingerprints, exact, labels] = await Promise.all([
    loadFingerprints(config),
    loadExactData(config),
    loadLabelMap(config),
  ])
  const collections = fingerprints ? collectionsOf(fingerprints) : []
  return {
    revision: `${fingerprints?.revision ?? 'none'}.${exact.revision}.${labels?.revision ?? 'none'}`,
    known: {
      collections: [...collections, ...exact.indexes.map((index) => index.name)],
      labelLevels: labels?.map.levels ?? [],
      labelHeader: labels?.map.write ?? null,
    },
    fingerprints,
    exactData: exact.indexes,
    labelMap: labels?.map ?? null,
  }
}

async function loadFingerprints(config: Config): Promise<FingerprintIndex | null> {
  if (!(await exists(catalogDir(config)))) return null
  const { catalog } = await loadKeys(keysDir(config.keys_dir))
  return await new FingerprintCatalog(catalogDir(config), Uint8Array.from(catalog)).open()
}

async function loadExactData(config: Config): Promise<Awaited<ReturnType<ExactDataCatalog['open']>>> {
  if (!(await exists(catalogDir(config)))) return { indexes: [], revision: 'none' }
  const { catalog } = await loadKeys(keysDir(config.keys_dir))
  return await new ExactDataCatalog(catalogDir(config), Uint8Array.from(catalog)).open()
}

async function loadLabelMap(config: Config): Promise<{ map: LabelMap; revision: string } | null> {
  if (config.labels === undefined) return null
  const text = await readFile(config.labels, 'utf8')
  const { map, diagnostics } = parseLabelMap(config.labels, text)
  if (!map) throw new DiagnosticsError(diagnostics)
  return { map, revision: createHash('sha256').update(text).digest('hex').slice(0, 16) }
}
