import Table from 'cli-table3'
import { revisionOf } from '../../catalog/fingerprint-catalog.ts'
import { loadConfiguration } from '../installation.ts'
import { openCatalog, registerDocuments } from '../register-documents.ts'
import { progress } from './output.ts'

interface Flags {
  readonly json?: boolean
  readonly config?: string
}

/** Exit 1 when a file could not be registered; the others are. */
export async function runFingerprintAdd(
  paths: readonly string[],
  flags: Flags & { readonly name?: string; readonly label?: string; readonly ignore?: boolean },
): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const { added, unchanged, failed } = await registerDocuments(config, paths, {
    ...flags,
    onProgress: (done) => progress(`${done} documents read`),
  })
  progress('')
  for (const { file, problem } of failed) process.stderr.write(`sluice fingerprint add: ${file}: ${problem}\n`)
  if (flags.json) process.stdout.write(`${JSON.stringify({ added, unchanged, failed })}\n`)
  else process.stdout.write(`${added} registered, ${unchanged} unchanged, ${failed.length} failed\n`)
  return failed.length > 0 ? 1 : 0
}

interface Collection {
  readonly id: string
  readonly name: string
  readonly files: number
  readonly shingles: number
  readonly addedAt: string
  readonly label: string | null
  readonly ignore: boolean
  readonly revision: string
}

export async function runFingerprintList(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const documents = await (await openCatalog(config)).list()
  const names = [...new Set(documents.map((document) => document.collection))].sort()
  const collections = names.map((name): Collection => {
    const mine = documents.filter((document) => document.collection === name)
    return {
      id: name,
      name,
      files: mine.length,
      shingles: mine.reduce((sum, document) => sum + document.shingles, 0),
      addedAt: new Date(Math.max(...mine.map((document) => document.addedAt))).toISOString(),
      label: mine[0]?.label ?? null,
      ignore: mine.every((document) => document.ignore),
      revision: revisionOf(mine),
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
  for (const { name, sha256, shingles, words, addedAt, label, ignore } of documents) {
    const shown = { name, collection, sha256, words, shingles, addedAt: new Date(addedAt).toISOString(), label, ignore }
    if (flags.json) process.stdout.write(`${JSON.stringify(shown)}\n`)
    else process.stdout.write(`${name}  ${words} words, ${shingles} hashes, added ${shown.addedAt.slice(0, 16)}\n`)
  }
  return 0
}

export async function runFingerprintRemove(
  collection: string,
  flags: Flags & { readonly document?: string },
): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const removed = await (await openCatalog(config)).remove(collection, flags.document)
  if (removed === 0) {
    process.stderr.write(
      `sluice fingerprint remove: nothing of that name is registered; see \`sluice fingerprint list\`\n`,
    )
    return 1
  }
  process.stdout.write(`${removed} documents are no longer recognised\n`)
  return 0
}
