/**
 * YAML text -> a plain value whose every node can still be located, and zod's complaints -> Diagnostics with
 * `file:row:column` and what to write instead. Pure; shared by configuration, policies and detection rules.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { Diagnostic } from '../core/diagnostic.ts'

export type Path = readonly (string | number)[]

export interface YamlSource {
  readonly file: string
  readonly value: unknown
  /** Place of the node at `path`, or of the nearest ancestor that exists. `key` asks for the key instead of the value. */
  at(path: Path, what?: 'key' | 'value'): { readonly row: number; readonly column: number }
  diagnostic(path: Path, code: string, message: string, what?: 'key' | 'value'): Diagnostic
}

const ALIASES_MAX = 100

/** Parses one YAML document. Duplicate keys, bad syntax and alias bombs are diagnostics, not exceptions. */
export function parseYaml(file: string, text: string): { source: YamlSource | null; diagnostics: Diagnostic[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, strict: true })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { row: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const diagnostics: Diagnostic[] = [...document.errors, ...document.warnings].map((problem) => ({
    file,
    ...place(problem.pos[0]),
    code: problem.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'yaml-syntax',
    message: firstLine(problem.message),
    severity: problem.name === 'YAMLWarning' ? 'warning' : 'error',
  }))
  if (document.errors.length > 0) return { source: null, diagnostics }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX })
  } catch (thrown) {
    const message = thrown instanceof Error ? firstLine(thrown.message) : 'cannot be resolved'
    diagnostics.push({ file, row: 1, column: 1, code: 'yaml-aliases', message, severity: 'error' })
    return { source: null, diagnostics }
  }
  const at = (path: Path, what: 'key' | 'value' = 'value') => place(offsetOf(document.contents, path, what))
  const source: YamlSource = {
    file,
    value,
    at,
    diagnostic: (path, code, message, what) => ({ file, ...at(path, what), code, message, severity: 'error' }),
  }
  return { source, diagnostics }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}

function offsetOf(root: Node | null, path: Path, what: 'key' | 'value'): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(step))
      if (!pair) return offset
      const key = pair.key as Node | null
      const value = pair.value as Node | null
      if (last && what === 'key') return key?.range?.[0] ?? offset
      offset = value?.range?.[0] ?? key?.range?.[0] ?? offset
      node = value
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined
      if (!item) return offset
      offset = item.range?.[0] ?? offset
      node = item
    } else return offset
  }
  return offset
}

/** Checks a parsed source against a schema. Unknown keys get the nearest known one as a suggestion. */
export function validate<T extends z.ZodType>(
  source: YamlSource,
  schema: T,
): { value: z.output<T> | null; diagnostics: Diagnostic[] } {
  const result = schema.safeParse(source.value, { reportInput: true })
  if (result.success) return { value: result.data, diagnostics: [] }
  return { value: null, diagnostics: result.error.issues.flatMap((issue) => fromIssue(source, schema, issue, [])) }
}

type Issue = z.core.$ZodIssue

function fromIssue(source: YamlSource, schema: z.ZodType, issue: Issue, base: Path): Diagnostic[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  const name = path.length > 0 ? `\`${path.join('.')}\`` : 'the document'
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = keysAt(schema, issue.path)
      const hint = nearest(key, known)
      const instead = hint
        ? `did you mean \`${hint}\`?`
        : known.length > 0
          ? `known here: ${known.map((k) => `\`${k}\``).join(', ')}.`
          : 'remove it.'
      return source.diagnostic([...path, key], 'unknown-key', `\`${key}\` is not a key of ${name}; ${instead}`, 'key')
    })
  }
  if (issue.code === 'invalid_union') {
    const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
    if (best && best.length > 0 && depth(best) > 0)
      return best.flatMap((inner) => fromIssue(source, schema, inner, path))
    const options = issue.errors.flatMap((errors) => errors.slice(0, 1).map((inner) => inner.message))
    const message = issue.message !== 'Invalid input' ? issue.message : [...new Set(options)].join('; or ')
    return [source.diagnostic(path, 'invalid-value', `${name}: ${message || issue.message}`)]
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => String(value))
    const hint = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined
    const message = `${name} must be one of ${values.map((v) => `\`${v}\``).join(', ')}${hint ? `; did you mean \`${hint}\`?` : ''}`
    return [source.diagnostic(path, issue.input === undefined ? 'missing-key' : 'invalid-value', message)]
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [source.diagnostic(path, 'missing-key', `${name} is missing; write ${issue.expected} there`)]
  }
  return [source.diagnostic(path, 'invalid-value', `${name}: ${issue.message}`)]
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

/** Keys of the object schema at `path`, as far as it can be followed; for suggestions only. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let schemas: unknown[] = [schema]
  for (const step of path) schemas = schemas.flatMap((s) => childSchemas(s, step))
  return [...new Set(schemas.flatMap((s) => objectShapes(s)).flatMap((shape) => Object.keys(shape)))].sort()
}

interface SchemaDef {
  type?: string
  innerType?: unknown
  in?: unknown
  options?: unknown[]
  shape?: Record<string, unknown>
  element?: unknown
  valueType?: unknown
  getter?: () => unknown
}

function definition(schema: unknown): SchemaDef {
  return ((schema as { _zod?: { def?: SchemaDef } } | undefined)?._zod?.def ?? {}) as SchemaDef
}

function unwrap(schema: unknown): unknown[] {
  const def = definition(schema)
  if (def.type === 'lazy' && def.getter) return unwrap(def.getter())
  if (def.type === 'union' && def.options) return def.options.flatMap(unwrap)
  if (def.type === 'pipe' && def.in) return unwrap(def.in)
  if (def.innerType) return unwrap(def.innerType)
  return [schema]
}

function objectShapes(schema: unknown): Record<string, unknown>[] {
  return unwrap(schema).flatMap((s) => {
    const shape = definition(s).shape
    return shape ? [shape] : []
  })
}

function childSchemas(schema: unknown, step: PropertyKey): unknown[] {
  return unwrap(schema).flatMap((s) => {
    const def = definition(s)
    if (def.shape) return def.shape[String(step)] ? [def.shape[String(step)]] : []
    if (def.type === 'array' && def.element) return [def.element]
    if (def.type === 'record' && def.valueType) return [def.valueType]
    return []
  })
}

const SUGGESTION_DISTANCE_MAX = 3

/** The known word nearest to a mistyped one by edit distance, or undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(SUGGESTION_DISTANCE_MAX, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + swap))
    }
    row = next
  }
  return row[b.length] ?? 0
}
