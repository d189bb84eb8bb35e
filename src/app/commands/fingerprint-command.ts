import Table from 'cli-table3'
import { rowsRevision } from '../../catalog/document-rows.ts'
import { loadConfiguration } from '../installation.ts'
import type { DocumentProblem } from '../read-documents.ts'
import { openCatalog, registerDocuments } from '../register-documents.ts'
import { progress } from './output.ts'

interface Flags {
  readonly json?: boolean
  readonly config?: string
}

export interface AddFlags extends Flags {
  readonly name?: string
  readonly label?: string
  readonly owner?: string
  readonly partner?: readonly string[]
  readonly ignore?: boolean
}

/** Exit 1 when a file could not be registered; the others are. */
export async function runFingerprintAdd(paths: readonly string[], flags: AddFlags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const { added, unchanged, byBytes, failed } = await registerDocuments(config, paths, {
    ...flags,
    onProgress: (done, all) => progress(`${done} of ${all} files read`),
  })
  progress('')
  tellProblems('add', byBytes, failed)
  if (flags.json) process.stdout.write(`${JSON.stringify({ added, unchanged, byBytes, failed })}\n`)
  else process.stdout.write(`${added} registered, ${unchanged} unchanged, ${failed.length} failed\n`)
  return failed.length > 0 ? 1 : 0
}

function tellProblems(command: string, byBytes: readonly DocumentProblem[], failed: readonly DocumentProblem[]): void {
  for (const { file, problem } of byBytes)
    process.stderr.write(`sluice fingerprint ${command}: ${file}: known by its bytes alone: ${problem}\n`)
  for (const { file, problem } of failed) process.stderr.write(`sluice fingerprint ${command}: ${file}: ${problem}\n`)
}

interface Collection {
  readonly id: string
  readonly name: string
  readonly files: number
  readonly shingles: number
  readonly addedAt: string
  readonly label: string | null
  readonly owner: string | null
  readonly partners: readonly string[]
  readonly ignore: boolean
  readonly revision: string
}

export async function runFingerprintList(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const documents = await (await openCatalog(config)).list()
  const byName = Map.groupBy(documents, (document) => document.collection)
  const collections = [...byName].map(([name, mine]): Collection => {
    return {
      id: name,
      name,
      files: mine.length,
      shingles: mine.reduce((sum, document) => sum + document.shingles, 0),
      addedAt: new Date(mine.reduce((last, document) => Math.max(last, document.addedAt), 0)).toISOString(),
      label: mine[0]?.label ?? null,
      owner: mine[0]?.owner ?? null,
      partners: mine[0]?.partners ?? [],
      ignore: mine.every((document) => document.ignore),
      revision: rowsRevision(mine),
    }
  })
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(collections)}\n`)
    return 0
  }
  const table = new Table({
    head: ['collection', 'documents', 'hashes', 'last added', 'label'],
    style: { head: [], border: [] },
  })
  for (const { name, files, shingles, addedAt, label, ignore } of collections) {
    table.push([name, files, shingles, addedAt.slice(0, 16), ignore ? '(ignored)' : (label ?? '')])
  }
  process.stdout.write(`${table.toString()}\n`)
  return 0
}

export async function runFingerprintShow(collection: string, flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const documents = (await (await openCatalog(config)).list()).filter((document) => document.collection === collection)
  if (documents.length === 0) {
    process.stderr.write(
      `sluice fingerprint show: there is no collection ${collection}; see \`sluice fingerprint list\`\n`,
    )
    return 1
  }
  for (const { name, file, shingles, words, addedAt, label, owner, partners, ignore } of documents) {
    const added = new Date(addedAt).toISOString()
    const shown = { name, collection, file, words, shingles, addedAt: added, label, owner, partners, ignore }
    const size = shingles > 0 ? `${words} words, ${shingles} hashes` : 'known by its bytes alone'
    if (flags.json) process.stdout.write(`${JSON.stringify(shown)}\n`)
    else process.stdout.write(`${name}  ${size}, added ${added.slice(0, 16)}\n`)
  }
  return 0
}

export async function runFingerprintRemove(
  collection: string,
  flags: Flags & { readonly document?: string },
): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const removed = await (await openCatalog(config)).remove(
    collection,
    flags.document === undefined ? undefined : new Set([flags.document]),
  )
  if (removed === 0) {
    process.stderr.write(
      `sluice fingerprint remove: nothing of that name is registered; see \`sluice fingerprint list\`\n`,
    )
    return 1
  }
  process.stdout.write(`${removed} documents are no longer recognised\n`)
  return 0
}
