import Table from 'cli-table3'
import type { FingerprintCatalog } from '../../catalog/fingerprint-catalog.ts'
import type { Config } from '../../config/schema.ts'
import { asError } from '../../core/errors.ts'
import type { Sensitivity } from '../../core/finding.ts'
import type { DocumentGroup } from '../../detect/fingerprint/fingerprint-index.ts'
import { argumentNames } from '../argument-names.ts'
import { catalogAudit } from '../audit-catalog.ts'
import { catalogDir } from '../catalog-snapshot.ts'
import { collectionsIn, documentShown } from '../collections.ts'
import { exists } from '../first-start.ts'
import { loadConfiguration } from '../installation.ts'
import type { DocumentProblem } from '../read-documents.ts'
import { groupOptions, openCatalog, registerDocuments } from '../register-documents.ts'
import { startExtractPool } from '../start-scan-pool.ts'
import { DocumentWatch, type WatchLook } from '../watch-documents.ts'
import { progress, visible, visibleName } from './output.ts'
import { stopRequest } from './until-stopped.ts'

interface Flags {
  readonly json?: boolean
  readonly config?: string
}

/** Of commands whose acts are on the audit record. */
interface ActFlags extends Flags {
  /** Login name of who asks. */
  readonly operator: string
}

export interface AddFlags extends ActFlags {
  readonly name?: string
  readonly label?: string
  readonly owner?: string
  readonly sensitivity?: Sensitivity
  readonly partner?: readonly string[]
  readonly ignore?: boolean
}

/** Exit 1 when a file could not be registered; the others are. */
export async function runFingerprintAdd(paths: readonly string[], flags: AddFlags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  tellUnknownPartners('add', config, flags.partner)
  const { added, unchanged, byBytes, failed } = await registerDocuments(config, argumentNames(paths), {
    ...flags,
    audit: catalogAudit(config, flags.operator),
    onProgress: (done, all) => progress(`${done} of ${all} files read`),
  })
  progress('')
  tellProblems('add', byBytes, failed)
  if (flags.json) process.stdout.write(`${JSON.stringify({ added, unchanged, byBytes, failed })}\n`)
  else process.stdout.write(`${added} registered, ${unchanged} unchanged, ${failed.length} failed\n`)
  return failed.length > 0 ? 1 : 0
}

const INTERVAL_DEFAULT_SECONDS = 10

/** Runs until a signal, then ends with 0. */
export async function runFingerprintWatch(
  dir: string,
  flags: AddFlags & { readonly name: string; readonly interval?: string },
): Promise<number> {
  const stop = stopRequest()
  const seconds = Number(flags.interval ?? INTERVAL_DEFAULT_SECONDS)
  if (!(seconds >= 1)) {
    process.stderr.write('sluice fingerprint watch: --interval takes seconds, at least 1\n')
    return 2
  }
  const { config } = await loadConfiguration(flags)
  tellUnknownPartners('watch', config, flags.partner)
  const catalog = await openCatalog(config)
  const pool = await startExtractPool(config, { chunks: true, pictures: true })
  let stopped = false
  const stopping = stop.then(() => {
    stopped = true
  })
  try {
    const audit = catalogAudit(config, flags.operator)
    const watch = new DocumentWatch(
      catalog,
      pool,
      argumentNames([dir])[0] ?? dir,
      groupOptions(flags)(flags.name),
      audit,
    )
    let told: string | null = null
    for (let first = true; !stopped; first = false) {
      const look = await Promise.race([lookOnce(watch), stopping])
      // What a signal broke off is no result.
      if (!look || stopped) break
      if (look.problem !== null && look.problem !== told)
        process.stderr.write(`sluice fingerprint watch: ${visibleName(look.problem)}\n`)
      told = look.problem
      if (look.problem === null) tellLook(look, flags, first)
      await waitFor(seconds * 1_000, stopping)
    }
  } finally {
    await pool.close()
  }
  return 0
}

/** What goes wrong is told once and tried again the next time. */
async function lookOnce(watch: DocumentWatch): Promise<WatchLook> {
  try {
    return await watch.look((done, all) => progress(`${done} of ${all} files read`))
  } catch (thrown) {
    return { added: 0, removed: 0, unchanged: 0, byBytes: [], failed: [], problem: asError(thrown).message }
  }
}

function tellLook({ problem: _, ...look }: WatchLook, flags: AddFlags, first: boolean): void {
  progress('')
  tellProblems('watch', look.byBytes, look.failed)
  const { added, removed, unchanged, failed } = look
  if (!first && added + removed + failed.length === 0) return
  const text = `${added} registered, ${removed} removed, ${unchanged} unchanged, ${failed.length} failed`
  process.stdout.write(`${flags.json ? JSON.stringify(look) : text}\n`)
}

async function waitFor(ms: number, stopping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([passed, stopping])
  clearTimeout(timer)
}

/** A list that isn't there lets nobody receive anything: safe, and hardly what was meant. */
function tellUnknownPartners(command: string, config: Config, lists: readonly string[] = []): void {
  for (const list of lists)
    if (!Object.hasOwn(config.organisation.partners, list))
      process.stderr.write(
        `sluice fingerprint ${command}: there is no partner list ${list} in the configuration (organisation.partners): until there is, nobody on it may receive these documents\n`,
      )
}

function tellProblems(command: string, byBytes: readonly DocumentProblem[], failed: readonly DocumentProblem[]): void {
  for (const { file, problem, knownBy = ['bytes'] } of byBytes)
    process.stderr.write(
      `sluice fingerprint ${command}: ${visibleName(file)}: known by its ${knownBy.join(', ')}, not by its text: ${problem}\n`,
    )
  for (const { file, problem } of failed)
    process.stderr.write(`sluice fingerprint ${command}: ${visibleName(file)}: ${problem}\n`)
}

/** Null where nothing was ever registered: looking makes no keys. */
async function existingCatalog(
  flags: Flags,
): Promise<{ readonly catalog: FingerprintCatalog; readonly config: Config } | null> {
  const { config } = await loadConfiguration(flags)
  if (!(await exists(catalogDir(config)))) return null
  return { catalog: await openCatalog(config), config }
}

export async function runFingerprintList(flags: Flags): Promise<number> {
  const documents = (await (await existingCatalog(flags))?.catalog.list()) ?? []
  const collections = collectionsIn(documents)
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(collections)}\n`)
    return 0
  }
  const table = new Table({
    head: ['collection', 'documents', 'hashes', 'last added', 'label', 'sensitivity', 'partners'],
    style: { head: [], border: [] },
  })
  for (const { name, files, shingles, addedAt, label, sensitivity, partners, ignore } of collections) {
    const shown = ignore ? '(ignored)' : (label ?? '')
    table.push([name, files, shingles, addedAt.slice(0, 16), shown, sensitivity ?? '', partners.join(', ')])
  }
  process.stdout.write(`${visible(table.toString())}\n`)
  return 0
}

export async function runFingerprintShow(collection: string, flags: ActFlags): Promise<number> {
  const existing = await existingCatalog(flags)
  const all = (await existing?.catalog.list()) ?? []
  const documents = all.filter((document) => document.collection === collection)
  if (documents.length === 0) {
    process.stderr.write(
      `sluice fingerprint show: there is no collection ${collection}; see \`sluice fingerprint list\`\n`,
    )
    return 1
  }
  if (existing) await catalogAudit(existing.config, flags.operator)({ action: 'show', collection })
  const [first] = documents
  if (first && !flags.json) process.stdout.write(`${visibleName(`${collection}  ${aboutGroup(first)}`)}\n`)
  for (const document of documents) {
    const { name, words, shingles, chunks, picture } = document
    const shown = documentShown(document)
    const size = [
      ...(shingles > 0 ? [`${words} words, ${shingles} hashes`] : []),
      ...(chunks > 0 ? [`${chunks} pieces`] : []),
      ...(picture ? ['a picture'] : []),
      ...(shingles + chunks === 0 && !picture ? ['known by its bytes alone'] : []),
    ].join(', ')
    if (flags.json) process.stdout.write(`${JSON.stringify(shown)}\n`)
    else process.stdout.write(`${visibleName(name)}  ${size}, added ${shown.addedAt.slice(0, 16)}\n`)
  }
  return 0
}

/** Who owns a collection, what it is and who may have it, in words. */
function aboutGroup({ label, owner, sensitivity, partners, ignore }: DocumentGroup): string {
  if (ignore) return 'ignored wherever it stands'
  const may = partners.length > 0 ? `partners: ${partners.join(', ')}` : 'for nobody outside'
  return [
    ...(label ? [`label: ${label}`] : []),
    ...(owner ? [`owner: ${owner}`] : []),
    ...(sensitivity ? [`sensitivity: ${sensitivity}`] : []),
    may,
  ].join('; ')
}

export async function runFingerprintRemove(
  collection: string,
  flags: ActFlags & { readonly document?: string },
): Promise<number> {
  const documents = flags.document === undefined ? undefined : new Set([flags.document])
  const existing = await existingCatalog(flags)
  if (existing) {
    const audit = catalogAudit(existing.config, flags.operator)
    await audit({ action: 'remove', collection, documents: documents === undefined ? 'all' : 1 })
  }
  const removed = (await existing?.catalog.remove(collection, documents)) ?? 0
  if (removed === 0) {
    process.stderr.write(
      `sluice fingerprint remove: nothing of that name is registered; see \`sluice fingerprint list\`\n`,
    )
    return 1
  }
  process.stdout.write(`${removed} ${removed === 1 ? 'document is' : 'documents are'} no longer recognised\n`)
  return 0
}
