/**
 * Rules that can never have an effect: conditions that exclude each other, an exception that always holds, or another
 * rule of the same policy that matches whenever this one does and acts at least as strictly.
 */
import { ACTIONS } from '../core/decision.ts'
import type { Diagnostic } from '../core/diagnostic.ts'
import type { Path, YamlSource } from '../yaml/parse-yaml.ts'
import { canonicalJson } from './canonical-json.ts'
import { flatten } from './compile-condition.ts'
import type { Condition } from './condition.ts'
import type { CompiledPolicyRule } from './policy-set.ts'

export function checkReachability(
  rules: readonly CompiledPolicyRule[],
  pathOf: (index: number) => Path,
  source: YamlSource,
  diagnostics: Diagnostic[],
): void {
  const entries = rules.map((rule, index) => new Entry(rule, index))
  const byFirst = Map.groupBy(entries, (entry) => entry.first)
  for (const entry of entries) {
    const { rule, index } = entry
    const candidates = [...entry.required].flatMap((text) => byFirst.get(text) ?? [])
    const problem = contradiction(rule.when, []) ?? exceptionProblem(rule) ?? shadow(entry, candidates)
    if (problem)
      diagnostics.push(source.diagnostic(pathOf(index), 'unreachable-rule', `Rule \`${rule.id}\` ${problem}`))
  }
}

/** A rule with the canonical texts of what it requires and excepts; worked out once, since rules are many. */
class Entry {
  readonly rule: CompiledPolicyRule
  readonly index: number
  readonly required: ReadonlySet<string>
  readonly excepted: ReadonlySet<string>
  /** Rules that require a subset of what another requires are found by their first text among the other's. */
  readonly first: string

  constructor(rule: CompiledPolicyRule, index: number) {
    this.rule = rule
    this.index = index
    this.required = new Set(conjuncts(rule.when).map((condition) => condition.canonical))
    this.excepted = new Set(rule.unless.map((condition) => condition.canonical))
    this.first = [...this.required].sort()[0] ?? ''
  }
}

type Conjunction = readonly Condition[]

/** Why `condition` can't hold together with `context`, or undefined when nothing speaks against it. */
function contradiction(condition: Condition, context: Conjunction): string | undefined {
  switch (condition.kind) {
    case 'leaf':
      return clash([...context, condition])
    case 'all': {
      const members = flatten('all', condition.of)
      const leaves = members.filter((member) => member.kind === 'leaf')
      const all = [...context, ...leaves]
      const absent = members.filter((member) => member.kind === 'none').flatMap((member) => groupMembers(member))
      const denied = absent.find((one) => [...members, ...all].some((member) => member.canonical === one.canonical))
      if (denied) return `can never match: ${wordsOf(denied)} is both required and excluded; remove one of the two.`
      return (
        clash(all) ??
        members.map((member) => (member.kind === 'leaf' ? undefined : contradiction(member, all))).find(Boolean)
      )
    }
    case 'any': {
      const problems = condition.of.map((branch) => contradiction(branch, context))
      return problems.length > 0 && problems.every(Boolean) ? problems[0] : undefined
    }
    case 'none':
      return undefined
  }
}

function groupMembers(condition: Condition): readonly Condition[] {
  return condition.kind === 'leaf' ? [] : condition.of
}

function wordsOf(condition: Condition): string {
  return condition.kind === 'leaf' ? `\`${condition.leaf.text}\`` : `an \`${condition.kind}\` of conditions`
}

/** Intersects what the leaves of one conjunction leave possible. */
function clash(conditions: Conjunction): string | undefined {
  const choices = new Map<string, { values: readonly string[]; by: string }>()
  const ranges = new Map<string, { min: number; max: number; by: string }>()
  for (const condition of conditions) {
    if (condition.kind !== 'leaf') continue
    const { narrows, text } = condition.leaf
    for (const [dimension, values] of Object.entries(narrows?.choices ?? {})) {
      const before = choices.get(dimension)
      const left = before ? before.values.filter((value) => values.includes(value)) : values
      if (left.length === 0) return never(before?.by ?? text, text)
      choices.set(dimension, { values: left, by: text })
    }
    for (const [dimension, range] of Object.entries(narrows?.ranges ?? {})) {
      const before = ranges.get(dimension)
      const left = { min: Math.max(before?.min ?? 0, range.min), max: Math.min(before?.max ?? Infinity, range.max) }
      if (left.min > left.max) return never(before?.by ?? text, text)
      ranges.set(dimension, { ...left, by: text })
    }
  }
  return undefined
}

function never(a: string, b: string): string {
  return `can never match: \`${a}\` and \`${b}\` exclude each other; put them under \`any\`, or remove one.`
}

function exceptionProblem(rule: CompiledPolicyRule): string | undefined {
  const required = conjuncts(rule.when)
  const denied = rule.unless.find((exception) =>
    conjuncts(exception).every((one) => required.some((r) => r.canonical === one.canonical)),
  )
  return (
    denied &&
    `can never match: its exception (${wordsOf(denied)}) holds whenever its conditions do; narrow the exception.`
  )
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === 'all' ? flatten('all', condition.of) : [condition]
}

/** Another rule that matches whenever this one does (fewer conditions, fewer exceptions) and leaves it nothing to do. */
function shadow(entry: Entry, candidates: readonly Entry[]): string | undefined {
  const { rule, index, required, excepted } = entry
  for (const candidate of candidates) {
    const other = candidate.rule
    const covers = isSubset(candidate.required, required) && isSubset(candidate.excepted, excepted)
    if (candidate === entry || !covers || other.mode !== rule.mode || addsTo(other, rule)) continue
    const identical = candidate.required.size === required.size && candidate.excepted.size === excepted.size
    const difference = ACTIONS.indexOf(other.action) - ACTIONS.indexOf(rule.action)
    // Of two equal rules the later is the one to remove; a narrower rule of the same action may carry its own severity.
    if (identical ? difference > 0 || (difference === 0 && candidate.index < index) : difference > 0)
      return `never changes a verdict: rule \`${other.id}\` matches whenever it does and says \`${other.action}\`; remove it, make it stricter, or except its case from \`${other.id}\`.`
  }
  return undefined
}

/** Whether `rule` notifies or changes something that `candidate` doesn't: then it has its effect beside a stricter one. */
function addsTo(candidate: CompiledPolicyRule, rule: CompiledPolicyRule): boolean {
  const people = ({ effects }: CompiledPolicyRule) =>
    effects.notify.map(({ audience, addresses }) => canonicalJson([audience, addresses]))
  const { addHeaders, redirect, strip, tagSubject, writeLabel } = rule.effects
  const changes =
    addHeaders.length + redirect.length > 0 ||
    strip !== undefined ||
    tagSubject !== undefined ||
    writeLabel !== undefined
  const told = people(candidate)
  return changes || people(rule).some((person) => !told.includes(person))
}

function isSubset(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size <= b.size && [...a].every((text) => b.has(text))
}
