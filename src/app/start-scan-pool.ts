/** The scan pool as an installation configures it. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import type { PrintsWanted } from '../core/extraction.ts'
import type { DetectorSources } from '../detect/detect-all.ts'
import { fieldRuleIds, rulesOfFields } from '../detect/exact-data/rules-of-fields.ts'
import { type OcrSettings, trainedDataFiles } from '../extract/ocr/tesseract-engine.ts'
import { loadKeys } from '../platform/keys.ts'
import type { Log } from '../platform/log.ts'
import { missingSandbox, type PreparedSandbox, prepareSandbox } from '../scan/sandbox-launch.ts'
import { ScanPool, type ScanPoolOptions } from '../scan/scan-pool.ts'
import type { LoadedCatalog } from './catalog-snapshot.ts'
import { keysDir } from './commands/keys-command.ts'
import { exists } from './first-start.ts'
import type { Definitions } from './installation.ts'

export async function startScanPool(
  config: Config,
  definitions: Definitions,
  catalog: LoadedCatalog,
  log?: Log,
): Promise<ScanPool> {
  const { missing, ...options } = await poolOptions(config)
  log?.info({ sandbox: missing ? 'process' : 'bubblewrap' }, 'hostile formats are read in a sandbox')
  return await ScanPool.start({
    ...options,
    detectors: detectorSources(definitions, catalog),
    ...(log
      ? {
          onCrash: (problem, detail) => log.warn({ problem, detail }, 'a scan was ended; its message is not inspected'),
        }
      : {}),
  })
}

/** For `sluice extract`, and with `prints` for registering files: no detectors at all. */
export async function startExtractPool(config: Config, prints?: PrintsWanted): Promise<ScanPool> {
  const { missing: _, ...options } = await poolOptions(config)
  const extract = { ...options.settings.extract, ...(prints ? { prints } : {}) }
  const settings = { ...options.settings, extract }
  return await ScanPool.start({ ...options, settings, detectors: { rules: [], catalogRevision: 'none' } })
}

/** Throws GatewayError `exact-data-rule` where a registered table needs a rule that is not in force. */
export function detectorSources(
  definitions: Pick<Definitions, 'detectionRules' | 'choices'>,
  catalog: LoadedCatalog,
): DetectorSources {
  rulesOfFields(definitions.detectionRules, fieldRuleIds(catalog.exactData))
  return {
    rules: [],
    readRules: definitions.detectionRules,
    choices: definitions.choices,
    catalogRevision: catalog.revision,
    fingerprints: catalog.fingerprints,
    exactData: catalog.exactData,
    labelMap: catalog.labelMap,
  }
}

async function poolOptions(
  config: Config,
): Promise<Omit<ScanPoolOptions, 'detectors'> & Pick<PreparedSandbox, 'missing'>> {
  const { launch, missing } = await sandboxOf(config)
  return {
    missing,
    ...(config.scan.threads ? { threads: config.scan.threads } : {}),
    sizeMaxBytes: config.limits.scan_size,
    deadlineMs: config.limits.scan_time,
    memoryMaxBytes: config.limits.scan_memory,
    settings: {
      findingKey: await findingKey(config),
      sandbox: launch,
      extract: {
        passwords: config.scan.passwords,
        passwordsFromText: config.scan.passwords_from_message,
        ocr: await ocrSettings(config),
        limits: {
          depthMax: config.limits.archive_depth,
          partsMax: config.limits.archive_members,
          inflatedMaxBytes: config.limits.inflated_size,
          ratioMax: config.limits.inflate_ratio,
          timeMs: config.limits.extract_time,
        },
      },
    },
  }
}

/** What `scan.sandbox` comes to here. Throws where bubblewrap is asked for and does not work. */
export async function sandboxOf({ scan, limits }: Config): Promise<PreparedSandbox> {
  const prepared = await prepareSandbox({
    memoryMaxBytes: limits.sandbox_memory,
    readable: scan.ocr.enabled && scan.ocr.data !== undefined ? [scan.ocr.data] : [],
    ...(scan.sandbox === 'process' ? { kind: scan.sandbox } : {}),
  })
  if (scan.sandbox !== 'bubblewrap' || prepared.missing === null) return prepared
  const message = `scan.sandbox: ${missingSandbox(prepared.missing)}; see \`sluice doctor\``
  throw new GatewayError('config-sandbox', { temporary: false, publicMessage: message, message })
}

/** Throws where a language is not there: pictures that nobody can read must not be found out one by one. */
async function ocrSettings({ scan: { ocr } }: Config): Promise<OcrSettings | null> {
  if (!ocr.enabled) return null
  const settings: OcrSettings = { languages: ocr.languages, data: ocr.data ?? null }
  for (const language of settings.languages) {
    const files = trainedDataFiles(language, settings.data)
    if ((await Promise.all(files.map(exists))).includes(true)) continue
    const where = files[0] ?? 'put the file into a folder and name that as `scan.ocr.data`'
    const message = `scan.ocr.languages: there is no ${language}.traineddata (${where})`
    throw new GatewayError('config-ocr', { temporary: false, publicMessage: message, message })
  }
  return settings
}

/** Without an installation's keys (a scan from the command line) finding keys are good for this run alone. */
async function findingKey(config: Config): Promise<Uint8Array> {
  const dir = keysDir(config.keys_dir)
  if (!(await exists(join(dir, 'finding.key')))) return Uint8Array.from(randomBytes(32))
  return Uint8Array.from((await loadKeys(dir)).finding)
}
