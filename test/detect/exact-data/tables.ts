/** An index of a table in a folder of its own, and what a detector finds with it. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExactDataCatalog } from '../../../src/catalog/exact-data-catalog.ts'
import { type ExactDataSchema, parseExactDataSchema } from '../../../src/catalog/exact-data-schema.ts'
import type { TextDetection } from '../../../src/detect/detector.ts'
import { exactDataDetector } from '../../../src/detect/exact-data/exact-data-detector.ts'
import type { ExactDataIndex } from '../../../src/detect/exact-data/exact-data-index.ts'
import type { FieldRules } from '../../../src/detect/exact-data/field-rules.ts'
import { parseRules } from '../../../src/detect/rules/parse-rules.ts'

export const tableKey = new Uint8Array(32).fill(4)

export function schemaOf(text: string): ExactDataSchema {
  const { schema, diagnostics } = parseExactDataSchema('schema.yaml', text)
  if (!schema) throw new Error(diagnostics.map((d) => d.message).join('\n'))
  return schema
}

export const CUSTOMERS = schemaOf(`
name: customers
columns:
  - { name: no, kind: code, alone: true }
  - { name: first, kind: words }
  - { name: last, kind: words }
  - { name: iban, kind: code }
  - { name: born, kind: date }
  - { name: city, kind: words }
match: { columns: 2, within: 100 }
`)

const PART_RULES = `rules:
  - id: part_no
    name: A part number
    family: custom
    description: P, five digits and a check digit, near the word part.
    references: [https://sluice.example/test]
    patterns: [{ id: value, regex: 'P-\\d{5}-\\d', confidence: low, requires: [words] }]
    evidence: { words: { keywords: [part], within: 30, side: either } }
    examples: [part P-12345-6, P-12345-6 is a part, 'part: P-00000-0']
    negative_examples: [P-12345-6, part P-1234-6, part 12345]
`

/** A rule that wants a word near its values, for columns that have it as their type. */
export const partRules = parseRules([{ file: 'part.yaml', text: PART_RULES }]).rules

export async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

export async function newTables(): Promise<{ tables: ExactDataCatalog; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-tables-'))
  return { tables: new ExactDataCatalog(dir, tableKey), dir }
}

export async function indexTable(
  schema: ExactDataSchema,
  rows: readonly (readonly string[])[],
  fields?: FieldRules,
): Promise<ExactDataIndex> {
  const { tables } = await newTables()
  const quoted = (cells: readonly string[]) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')
  const csv = [schema.columns.map((c) => c.name), ...rows].map(quoted).join('\n')
  await tables.index(schema, chunks(csv), 1, fields ? { fields } : {})
  const [index] = (await tables.open()).indexes
  if (!index) throw new Error('nothing was indexed')
  return index
}

export function detectRows(
  indexes: ExactDataIndex | readonly ExactDataIndex[],
  text: string,
  reveal = false,
): TextDetection {
  const detector = exactDataDetector([indexes].flat() as readonly ExactDataIndex[], partRules)
  const options = { findingKey: new Uint8Array(32), reveal }
  const found = detector.inspectText?.({ part: 3, utf8: Buffer.from(text) }, options)
  if (!found) throw new Error('the detector reads no text')
  return found
}

/** Rows found, with the columns that told, such as `2: last born`. */
export function rowsFound(indexes: ExactDataIndex | readonly ExactDataIndex[], text: string): string[] {
  return detectRows(indexes, text).matches.map(
    (match) => `${match.normalized.split('/')[1]}: ${match.evidence.map((note) => note.name).join(' ')}`,
  )
}
