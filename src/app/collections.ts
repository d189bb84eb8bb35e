/** Collections of registered documents as the command line and the HTTP API show them. */

import { type DocumentRow, rowsRevision } from '../catalog/document-rows.ts'
import type { Sensitivity } from '../core/finding.ts'

export interface Collection {
  readonly id: string
  readonly name: string
  readonly files: number
  readonly shingles: number
  readonly addedAt: string
  readonly label: string | null
  readonly owner: string | null
  readonly sensitivity: Sensitivity | null
  readonly partners: readonly string[]
  readonly ignore: boolean
  readonly revision: string
}

/** One for each name, in the order of the rows. */
export function collectionsIn(rows: readonly DocumentRow[]): Collection[] {
  return [...Map.groupBy(rows, (row) => row.collection)].map(([name, mine]) => ({
    id: name,
    name,
    files: mine.length,
    shingles: mine.reduce((sum, row) => sum + row.shingles, 0),
    addedAt: new Date(mine.reduce((last, row) => Math.max(last, row.addedAt), 0)).toISOString(),
    label: mine[0]?.label ?? null,
    owner: mine[0]?.owner ?? null,
    sensitivity: mine[0]?.sensitivity ?? null,
    partners: mine[0]?.partners ?? [],
    ignore: mine.every((row) => row.ignore),
    revision: rowsRevision(mine),
  }))
}

export function documentShown({ number: _, addedAt, ...row }: DocumentRow) {
  const { name, collection, file, words, shingles, chunks, picture, label, owner, sensitivity, partners, ignore } = row
  const known = { words, shingles, chunks, picture }
  const added = new Date(addedAt).toISOString()
  return { name, collection, file, ...known, addedAt: added, label, owner, sensitivity, partners, ignore }
}
