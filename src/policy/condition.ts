/**
 * What a condition is once compiled, and what a kind of condition must offer. A kind is one file in `conditions/` and
 * one line in `condition-registry.ts`. Conditions are pure: they look at Facts, answer, and say why.
 */
import type { z } from 'zod'
import type { CompileScope } from './compile-scope.ts'
import type { Party } from './directory.ts'
import type { Facts } from './facts.ts'
import type { Forms } from './forms.ts'

export interface Judgement {
  readonly matched: boolean
  /** Ids of the findings that made it match. */
  readonly findings: readonly string[]
  /** Paths of the parts that made it match. */
  readonly paths: readonly string[]
  /** True when it didn't match though something pointed that way. */
  readonly near: boolean
  /** For a person: figures and names from policy and report, never content. */
  why(): string
}

/** Values that a condition leaves possible, by dimension; two disjoint ones in one conjunction can never both hold. */
export interface Narrowing {
  readonly choices?: Readonly<Record<string, readonly string[]>>
  readonly ranges?: Readonly<Record<string, { readonly min: number; readonly max: number }>>
}

export interface Leaf {
  readonly scope: 'message' | 'recipient'
  /** The condition in words. */
  readonly text: string
  readonly narrows?: Narrowing
  judge(facts: Facts, recipient: Party): Judgement
}

export type Condition =
  | { readonly kind: 'leaf'; readonly key: string; readonly canonical: string; readonly leaf: Leaf }
  | { readonly kind: 'all' | 'any' | 'none'; readonly canonical: string; readonly of: readonly Condition[] }

export interface ConditionKind {
  readonly key: string
  /** One sentence; shown by editors. */
  readonly description: string
  schema(forms: Forms): z.ZodType
  compile(value: unknown, scope: CompileScope): Leaf
}

/** Ties a kind's `compile` to the type of its schema, then forgets the type so that kinds fit one registry. */
export function defineCondition<S extends z.ZodType>(kind: {
  readonly key: string
  readonly description: string
  schema(forms: Forms): S
  compile(value: z.output<S>, scope: CompileScope): Leaf
}): ConditionKind {
  return kind as unknown as ConditionKind
}

const ALTERNATIVES_CHARS_MAX = 60

/** What holds a pattern's words apart from other words: edges, and classes of letters at them. */
const EDGES = /\(\^\|\[[^\]]*\]\)|\(\$\|\[[^\]]*\]\)|\\[bB]|[\^$]/g

/**
 * A pattern as a person would name it: `words like top secret`, by its first alternative. One without a word of letters
 * stands as it is written.
 */
function spoken(value: string): string {
  if (!value.startsWith('re:')) return value
  const inner = value
    .slice('re:'.length)
    .replace(EDGES, '')
    .replace(/^\((?:\?:)?([^()]*)\)$|^\((?:\?:)?/, '$1')
  const words = /^\p{L}[\p{L}\p{N} ,'-]*/u.exec(inner)?.[0].trim()
  return words && words.length > 2 ? `words like ${words}` : value
}

/**
 * A list in words; a long one is cut, since the policy file has it in full. The first entry always stands there, and
 * patterns stand by their words.
 */
export function alternatives(written: readonly string[]): string {
  const values = written.map(spoken)
  let text = values[0] ?? ''
  for (const [index, value] of values.entries()) {
    if (index === 0) continue
    if (text.length + value.length > ALTERNATIVES_CHARS_MAX) return `${text} or ${values.length - index} more`
    text += ` or ${value}`
  }
  return text
}

export function answer(
  matched: boolean,
  why: string | (() => string),
  extra: { readonly findings?: readonly string[]; readonly paths?: readonly string[]; readonly near?: boolean } = {},
): Judgement {
  return {
    matched,
    findings: matched ? (extra.findings ?? []) : [],
    paths: matched ? (extra.paths ?? []) : [],
    near: !matched && (extra.near ?? false),
    why: typeof why === 'string' ? () => why : why,
  }
}

/** Judges a tree. `all` stops at the first that fails; `any` looks at every branch, so that reasons are complete. */
export function judge(condition: Condition, facts: Facts, recipient: Party): Judgement {
  if (condition.kind === 'leaf') return judgeLeaf(condition.leaf, facts, recipient)
  const judged: Judgement[] = []
  for (const inner of condition.of) {
    const judgement = judge(inner, facts, recipient)
    if (condition.kind === 'all' && !judgement.matched) return judgement
    if (condition.kind === 'none' && judgement.matched) return answer(false, 'one of `none` holds')
    if (judgement.matched) judged.push(judgement)
  }
  if (condition.kind === 'none') return answer(true, 'none of them holds')
  return answer(judged.length > 0, condition.kind, {
    findings: [...new Set(judged.flatMap((j) => j.findings))],
    paths: [...new Set(judged.flatMap((j) => j.paths))],
  })
}

export function judgeLeaf(leaf: Leaf, facts: Facts, recipient: Party): Judgement {
  if (leaf.scope === 'recipient') return leaf.judge(facts, recipient)
  let judgement = facts.memo.get(leaf)
  if (!judgement) {
    judgement = leaf.judge(facts, recipient)
    facts.memo.set(leaf, judgement)
  }
  return judgement
}
