/** A schema's complaints about a YAML source -> Diagnostics that say what stands there and what to write instead. Pure. */
import type { z } from 'zod'
import type { Diagnostic } from '../core/diagnostic.ts'
import { wanted, written } from './expectation.ts'
import { nearest } from './nearest.ts'
import type { Path, YamlSource } from './parse-yaml.ts'
import { keysAt, schemasAt } from './schema-walk.ts'

/** Checks a parsed source against a schema. Unknown keys get the nearest known one as a suggestion. */
export function validate<T extends z.ZodType>(
  source: YamlSource,
  schema: T,
): { value: z.output<T> | null; diagnostics: Diagnostic[] } {
  // An empty message marks a complaint of zod's own, for which the words come from here; the schema's own stay.
  const result = schema.safeParse(source.value, { reportInput: true, error: () => '' })
  if (result.success) return { value: result.data, diagnostics: [] }
  return { value: null, diagnostics: result.error.issues.flatMap((issue) => fromIssue(source, schema, issue, [])) }
}

type Issue = z.core.$ZodIssue

function fromIssue(source: YamlSource, schema: z.ZodType, issue: Issue, base: Path): Diagnostic[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  const name = path.length > 0 ? `\`${path.join('.')}\`` : 'the document'
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(source, schema, path, key, name))
    case 'invalid_union': {
      const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
      if (best && depth(best) > 0) return best.flatMap((inner) => fromIssue(source, schema, inner, path))
      break
    }
    case 'invalid_key': {
      const message =
        issue.issues.map((inner) => inner.message).find((text) => text !== '') ?? 'it cannot be a name here'
      return [source.diagnostic(path, 'invalid-value', `the name ${name}: ${message}`, 'key')]
    }
    case 'invalid_value':
      return [notOneOf(source, path, name, issue)]
    default:
  }
  if (issue.message !== '') return [source.diagnostic(path, 'invalid-value', `${name}: ${issue.message}`)]
  const there = valueAt(source.value, path)
  const wish = wanted(schemasAt(schema, path))
  const hint = typeof there === 'string' ? nearest(there, literalsOf(issue)) : undefined
  const message = `${name} ${written(there)}; write ${wish}${hint ? `; did you mean \`${hint}\`?` : unquoted(there, wish)}`
  return [source.diagnostic(path, there === undefined ? 'missing-key' : 'invalid-value', message)]
}

function unknownKey(source: YamlSource, schema: z.ZodType, path: Path, key: string, name: string): Diagnostic {
  // A key that another variant of the section knows is no misspelling.
  const known = keysAt(schema, path).filter((other) => other !== key)
  const hint = nearest(key, known)
  const others =
    known.length > 0 ? `remove it, or write one of ${known.map((k) => `\`${k}\``).join(', ')}` : 'remove it'
  const instead = hint ? `did you mean \`${hint}\`?` : others
  return source.diagnostic([...path, key], 'unknown-key', `\`${key}\` is not a key of ${name}; ${instead}`, 'key')
}

function notOneOf(source: YamlSource, path: Path, name: string, issue: z.core.$ZodIssueInvalidValue): Diagnostic {
  const values = issue.values.map((value) => String(value))
  const hint = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined
  const wish = `${values.length > 1 ? 'one of ' : ''}${values.map((v) => `\`${v}\``).join(', ')}`
  const message = `${name} must be ${wish}${hint ? `; did you mean \`${hint}\`?` : ''}`
  return source.diagnostic(path, issue.input === undefined ? 'missing-key' : 'invalid-value', message)
}

/** Words that a union would have taken. */
function literalsOf(issue: Issue): string[] {
  if (issue.code !== 'invalid_union') return []
  const inner = issue.errors.flat().flatMap((one) => (one.code === 'invalid_value' ? one.values : []))
  return [...inner, ...('options' in issue && Array.isArray(issue.options) ? issue.options : [])].map(String)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[step] : undefined,
    value,
  )
}

/** `'25'` where 25 is wanted, or 25 where a text is. */
function unquoted(value: unknown, wish: string): string {
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) && /\bnumber\b/.test(wish))
    return ', without quotes'
  return (typeof value === 'number' || typeof value === 'boolean') && wish.startsWith('a text') ? ', in quotes' : ''
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}
