/**
 * The label map: YAML that turns classification labels of any scheme, other companies' included, into the organisation's
 * own ordered levels. Policies compare levels; a label the map doesn't know has none.
 *
 *   levels: [public, internal, confidential, secret]        # lowest first
 *   map:
 *     - { scheme: msip, id: 8f2d1c54-6a0e-4b7b-9d3c-2f1e5a7b9c01, level: secret }
 *     - { scheme: msip, name: Highly Confidential, level: secret }
 *     - { scheme: header, header: x-classification, name: 'Restricted*', level: confidential }
 *   write: { header: X-Classification, values: { secret: SECRET } }   # the level's own name where it has no value
 */
import { z } from 'zod'
import type { Diagnostic } from '../../core/diagnostic.ts'
import type { LabelMark } from '../../core/extraction.ts'
import { HEADER_NAME, HEADER_VALUE, isReservedHeader } from '../../core/header-names.ts'
import { nearest } from '../../yaml/nearest.ts'
import { parseYaml } from '../../yaml/parse-yaml.ts'
import { validate } from '../../yaml/validate.ts'

export interface LabelMapping {
  readonly scheme?: string | undefined
  readonly id?: string | undefined
  /** Case-insensitive, `*` for anything. */
  readonly name?: string | undefined
  readonly header?: string | undefined
  readonly site_id?: string | undefined
  readonly level: string
}

export interface LabelMap {
  /** Lowest first. */
  readonly levels: readonly string[]
  readonly map: readonly LabelMapping[]
  /** Further mail header fields that carry a label. */
  readonly headers: readonly string[]
  /** Further properties of documents that carry one. */
  readonly properties: readonly string[]
  /** The header that policies may write; `values` by level, lowest first. */
  readonly write: { readonly name: string; readonly values: readonly string[] } | null
}

const levelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'use letters, digits, `-` and `_`')

const LEVELS_MAX = 100
const MAPPINGS_MAX = 10_000

export const labelMapSchema = z.strictObject({
  levels: z.array(levelName).min(1).max(LEVELS_MAX),
  headers: z.array(z.string().min(1)).max(LEVELS_MAX).default([]),
  properties: z.array(z.string().min(1)).max(LEVELS_MAX).default([]),
  map: z
    .array(
      z
        .strictObject({
          scheme: z.string().optional(),
          id: z.string().optional(),
          name: z.string().optional(),
          header: z.string().optional(),
          site_id: z.string().optional(),
          level: levelName,
        })
        .refine((entry) => entry.id !== undefined || entry.name !== undefined, 'give `id` or `name`, or both'),
    )
    .max(MAPPINGS_MAX)
    .default([]),
  write: z
    .strictObject({
      header: z
        .string()
        .regex(HEADER_NAME, 'write a header name such as `X-Classification`')
        .refine(
          (name) => !isReservedHeader(name),
          'this header has a meaning of its own; write one such as `X-Classification`',
        ),
      values: z.record(z.string(), z.string().regex(HEADER_VALUE, 'write one line of 1 to 500 characters')).default({}),
    })
    .optional(),
})

/** Every mistake at once; null when there is one. */
export function parseLabelMap(file: string, text: string): { map: LabelMap | null; diagnostics: Diagnostic[] } {
  const { source, diagnostics } = parseYaml(file, text)
  if (!source) return { map: null, diagnostics }
  const checked = validate(source, labelMapSchema)
  const all = [...diagnostics, ...checked.diagnostics]
  if (!checked.value) return { map: null, diagnostics: all }
  const { levels, map, headers, properties, write } = checked.value
  const unknown = (path: readonly (string | number)[], level: string) => {
    const hint = nearest(level, levels)
    const instead = hint
      ? `did you mean \`${hint}\`?`
      : `the levels are ${levels.map((level) => `\`${level}\``).join(', ')}`
    all.push(source.diagnostic(path, 'unknown-level', `There is no level \`${level}\`; ${instead}`))
  }
  for (const [index, { level }] of map.entries()) if (!levels.includes(level)) unknown(['map', index, 'level'], level)
  for (const level of Object.keys(write?.values ?? {}))
    if (!levels.includes(level)) unknown(['write', 'values', level], level)
  const duplicate = levels.findIndex((level, index) => levels.indexOf(level) !== index)
  if (duplicate >= 0)
    all.push(source.diagnostic(['levels', duplicate], 'duplicate-level', 'this level stands here twice'))
  if (all.some((d) => d.severity === 'error')) return { map: null, diagnostics: all }
  const written = write ? { name: write.header, values: levels.map((level) => write.values[level] ?? level) } : null
  return { map: { levels, map, headers, properties, write: written }, diagnostics: all }
}

/** The level of a label: the first mapping that fits it. */
export function levelOf(mark: LabelMark, { map }: LabelMap): string | null {
  return map.find((entry) => fits(mark, entry))?.level ?? null
}

function fits(mark: LabelMark, entry: LabelMapping): boolean {
  const same = (wanted: string | undefined, have: string | undefined) =>
    wanted === undefined || bare(wanted) === bare(have ?? '')
  return (
    same(entry.scheme, mark.scheme) &&
    same(entry.id, mark.id) &&
    same(entry.header, mark.header) &&
    same(entry.site_id, mark.siteId) &&
    (entry.name === undefined || wildcard(entry.name, mark.name))
  )
}

/** GUIDs stand with and without braces. */
function bare(text: string): string {
  return text.replace(/[{}]/g, '').toLowerCase()
}

/** Whether the pieces between the stars stand in the text in their order, the first and last at its ends. */
function wildcard(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*')
  const whole = text.toLowerCase()
  const last = rest.pop()
  if (last === undefined) return whole === first
  if (!whole.startsWith(first) || !whole.endsWith(last) || whole.length < first.length + last.length) return false
  let at = first.length
  const end = whole.length - last.length
  for (const piece of rest) {
    const found = whole.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
