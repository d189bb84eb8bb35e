/**
 * The schema of an exact-data index: which columns of a CSV are looked for, how each is written, and how many of one row
 * make a match.
 *
 *   name: customers
 *   family: personal
 *   columns:
 *     - { name: customer_no, kind: code, alone: true }
 *     - { name: surname, kind: words }
 *     - { name: iban, kind: code }
 *     - { name: born, kind: date }
 *     - { name: ssn, kind: code, rule: us_ssn }   # looked up only where that detection rule accepts a value
 *   match: { columns: 2, within: 300 }         # bytes of text, or `part`: anywhere in the same part
 *   match: { together: [[surname, born]] }     # these columns, not any two
 */
import { z } from 'zod'
import type { Diagnostic } from '../core/diagnostic.ts'
import { FAMILIES } from '../core/finding.ts'
import { CELL_KINDS } from '../detect/exact-data/cell-values.ts'
import { nearest } from '../yaml/nearest.ts'
import { parseYaml } from '../yaml/parse-yaml.ts'
import { validate } from '../yaml/validate.ts'

const COLUMNS_MAX = 32
const WITHIN_MAX_BYTES = 1024 * 1024
const DEFAULT_WITHIN_BYTES = 300
const SETS_MAX = 32
const DEFAULT_COLUMNS = 2

export const exactDataSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'use letters, digits, `-` and `_`, at most 63'),
  family: z.enum(FAMILIES).default('personal'),
  columns: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        kind: z.enum(CELL_KINDS),
        rule: z.string().min(1).optional(),
        alone: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(COLUMNS_MAX),
  match: z
    .strictObject({
      columns: z.number().int().min(2).max(COLUMNS_MAX).optional(),
      together: z
        .array(z.array(z.string().min(1)).min(2, 'name at least two columns').max(COLUMNS_MAX))
        .min(1)
        .max(SETS_MAX)
        .optional(),
      within: z.union([z.number().int().min(1).max(WITHIN_MAX_BYTES), z.literal('part')]).default(DEFAULT_WITHIN_BYTES),
    })
    .prefault({}),
})

export type ExactDataSchema = z.output<typeof exactDataSchema>

/** Every mistake at once; null when there is one. `rules`: ids that a column may name; not checked when left out. */
export function parseExactDataSchema(
  file: string,
  text: string,
  rules?: readonly string[],
): { schema: ExactDataSchema | null; diagnostics: Diagnostic[] } {
  const { source, diagnostics } = parseYaml(file, text)
  if (!source) return { schema: null, diagnostics }
  const checked = validate(source, exactDataSchema)
  const all = [...diagnostics, ...checked.diagnostics]
  const schema = checked.value
  if (!schema) return { schema: null, diagnostics: all }
  const names = schema.columns.map((column) => column.name)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) {
      all.push(
        source.diagnostic(['columns', index, 'name'], 'duplicate-column', `column \`${name}\` stands here twice`),
      )
    }
  }
  for (const [index, { rule }] of schema.columns.entries()) {
    if (rule === undefined || rules === undefined || rules.includes(rule)) continue
    const near = nearest(rule, rules)
    const message = `there is no rule \`${rule}\` that finds values${near ? `; did you mean \`${near}\`?` : ''}; see \`sluice rules list\``
    all.push(source.diagnostic(['columns', index, 'rule'], 'unknown-rule', message))
  }
  for (const [index, set] of (schema.match.together ?? []).entries()) {
    for (const [place, column] of set.entries()) {
      if (names.includes(column)) continue
      const message = `there is no column \`${column}\`; the columns are ${names.map((name) => `\`${name}\``).join(', ')}`
      all.push(source.diagnostic(['match', 'together', index, place], 'unknown-column', message))
    }
  }
  const wanted = schema.match.together ? 0 : columnsWanted(schema)
  if (schema.columns.length < wanted && !schema.columns.some((column) => column.alone)) {
    const message = `no row can match: ${wanted} columns are asked for and there are ${schema.columns.length}`
    all.push(source.diagnostic(['match'], 'unreachable', message))
  }
  return { schema: all.some((d) => d.severity === 'error') ? null : schema, diagnostics: all }
}

/** How many columns of a row are a match, whichever they are; infinite where only sets of them count. */
export function columnsWanted({ match }: ExactDataSchema): number {
  return match.columns ?? (match.together ? Number.POSITIVE_INFINITY : DEFAULT_COLUMNS)
}
