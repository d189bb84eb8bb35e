import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { ExactDataCatalog } from '../../catalog/exact-data-catalog.ts'
import { type ExactDataSchema, parseExactDataSchema } from '../../catalog/exact-data-schema.ts'
import type { Config } from '../../config/schema.ts'
import { DiagnosticsError } from '../../core/diagnostic.ts'
import { GatewayError } from '../../core/errors.ts'
import type { FieldRules } from '../../detect/exact-data/field-rules.ts'
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
  const { schema, fields } = await readSchema(flags.schema, config)
  const tables = await openTables(config)
  const audit = catalogAudit(config, flags.operator)
  const input = csv === '-' ? process.stdin : createReadStream(csv)
  try {
    const summary = await tables.index(schema, input, Date.now(), {
      ...(fields ? { fields } : {}),
      onProgress: (done) => progress(`${done} rows`),
      beforePublishing: (all) => audit({ action: 'index', table: schema.name, rows: all }),
    })
    progress('')
    const { name, rows, values, columns, unusable, file } = summary
    for (const [column, count] of Object.entries(unusable))
      process.stderr.write(
        `sluice exact-data index: ${count} cells of \`${column}\` hold nothing that can be looked for\n`,
      )
    if (flags.json) process.stdout.write(`${JSON.stringify({ name, rows, values, columns, unusable, file })}\n`)
    else process.stdout.write(`${name}: ${rows} rows, ${values} values in ${columns.length} columns (${file})\n`)
    return 0
  } catch (thrown) {
    throw unreadable(csv, thrown)
  }
}

/** The schema, with the detection rules in force where columns have any as their types. */
async function readSchema(
  file: string,
  config: Config,
): Promise<{ readonly schema: ExactDataSchema; readonly fields: FieldRules | null }> {
  const text = await readText(file)
  const alone = parseExactDataSchema(file, text)
  if (!alone.schema) throw new DiagnosticsError(alone.diagnostics)
  if (alone.schema.columns.every(({ rule }) => rule === undefined)) return { schema: alone.schema, fields: null }
  const [{ FieldRules }, { fieldRuleIds, isFieldRule }, { parseRules }, { readRuleFiles }] = await Promise.all([
    import('../../detect/exact-data/field-rules.ts'),
    import('../../detect/exact-data/rules-of-fields.ts'),
    import('../../detect/rules/parse-rules.ts'),
    import('../rule-files.ts'),
  ])
  const { rules, diagnostics } = parseRules(await readRuleFiles(config.rules))
  const mistakes = diagnostics.filter(({ severity }) => severity === 'error')
  if (mistakes.length > 0) throw new DiagnosticsError(mistakes)
  const ids = rules.filter(isFieldRule).map(({ id }) => id)
  const checked = parseExactDataSchema(file, text, ids)
  if (!checked.schema) throw new DiagnosticsError(checked.diagnostics)
  return { schema: checked.schema, fields: new FieldRules(rules, fieldRuleIds([checked.schema])) }
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
  for (const { name, rows, values, columns, indexedAt, file } of tables) {
    const shown = { name, rows, values, columns, file, indexedAt: new Date(indexedAt).toISOString() }
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
