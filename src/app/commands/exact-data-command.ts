import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { ExactDataCatalog } from '../../catalog/exact-data-catalog.ts'
import { parseExactDataSchema } from '../../catalog/exact-data-schema.ts'
import type { Config } from '../../config/schema.ts'
import { DiagnosticsError } from '../../core/diagnostic.ts'
import { GatewayError } from '../../core/errors.ts'
import { catalogAudit } from '../audit-catalog.ts'
import { catalogDir } from '../catalog-snapshot.ts'
import { exists } from '../first-start.ts'
import { loadConfiguration } from '../installation.ts'
import { catalogKey } from '../register-documents.ts'
import { progress } from './output.ts'

interface Flags {
  readonly json?: boolean
  readonly config?: string
}

/** Of commands whose acts are on the audit record. */
interface ActFlags extends Flags {
  /** Login name of who asks. */
  readonly operator: string
}

async function openTables(config: Config): Promise<ExactDataCatalog> {
  return new ExactDataCatalog(catalogDir(config), await catalogKey(config))
}

export async function runExactDataIndex(csv: string, flags: ActFlags & { readonly schema: string }): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const { schema, diagnostics } = parseExactDataSchema(flags.schema, await readText(flags.schema))
  if (!schema) throw new DiagnosticsError(diagnostics)
  const tables = await openTables(config)
  const audit = catalogAudit(config, flags.operator)
  const input = csv === '-' ? process.stdin : createReadStream(csv)
  try {
    const summary = await tables.index(
      schema,
      input,
      Date.now(),
      (rows) => progress(`${rows} rows`),
      (rows) => audit({ action: 'index', table: schema.name, rows }),
    )
    progress('')
    const { name, rows, values, columns, unusable } = summary
    for (const [column, count] of Object.entries(unusable))
      process.stderr.write(
        `sluice exact-data index: ${count} cells of \`${column}\` hold nothing that can be looked for\n`,
      )
    if (flags.json) process.stdout.write(`${JSON.stringify({ name, rows, values, columns, unusable })}\n`)
    else process.stdout.write(`${name}: ${rows} rows, ${values} values in ${columns.length} columns\n`)
    return 0
  } catch (thrown) {
    throw unreadable(csv, thrown)
  }
}

/** Null where nothing was ever indexed: looking makes no keys. */
async function existingTables(
  flags: Flags,
): Promise<{ readonly tables: ExactDataCatalog; readonly config: Config } | null> {
  const { config } = await loadConfiguration(flags)
  if (!(await exists(catalogDir(config)))) return null
  return { tables: await openTables(config), config }
}

export async function runExactDataList(flags: Flags): Promise<number> {
  const tables = (await (await existingTables(flags))?.tables.list()) ?? []
  if (tables.length === 0 && !flags.json) process.stdout.write('nothing is indexed\n')
  for (const { name, rows, values, columns, indexedAt } of tables) {
    const shown = { name, rows, values, columns, indexedAt: new Date(indexedAt).toISOString() }
    if (flags.json) process.stdout.write(`${JSON.stringify(shown)}\n`)
    else process.stdout.write(`${name}  ${rows} rows  ${columns.join(', ')}  indexed ${shown.indexedAt.slice(0, 16)}\n`)
  }
  return 0
}

export async function runExactDataRemove(name: string, flags: ActFlags): Promise<number> {
  const existing = await existingTables(flags)
  if (existing) await catalogAudit(existing.config, flags.operator)({ action: 'remove', table: name })
  if (await existing?.tables.remove(name)) {
    process.stdout.write(`${name} is no longer recognised\n`)
    return 0
  }
  process.stderr.write(`sluice exact-data remove: there is no index ${name}; see \`sluice exact-data list\`\n`)
  return 1
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    throw unreadable(file, thrown)
  }
}

/** A file that can't be read is the caller's to mend; everything else stays what it is. */
function unreadable(file: string, thrown: unknown): unknown {
  const { code } = thrown as NodeJS.ErrnoException
  if (!code || thrown instanceof GatewayError) return thrown
  const message = `${file} cannot be read (${code})`
  return new GatewayError('file-missing', { temporary: false, publicMessage: message, message })
}
