/**
 * Policy files -> one immutable PolicySet, or every mistake of every file at once with its place and remedy. Pure. A
 * set is only given when no file has an error: half a policy is no policy.
 */
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { Diagnostic } from '../core/diagnostic.ts'
import { UNINSPECTED_REASONS } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import { type Path, parseYaml, type YamlSource } from '../yaml/parse-yaml.ts'
import { validate } from '../yaml/validate.ts'
import { canonicalJson, compareText } from './canonical-json.ts'
import { checkReachability } from './check-reachability.ts'
import { checkTest } from './check-test.ts'
import { compileCondition, groupOf } from './compile-condition.ts'
import { compileEffects } from './compile-effects.ts'
import { compileScope, type KnownNames, type References } from './compile-scope.ts'
import type { Condition } from './condition.ts'
import type { WrittenCondition } from './condition-registry.ts'
import { expand, isPlainObject, strictForms } from './forms.ts'
import {
  MODES,
  type Mode,
  policyHeadSchema,
  ruleSchema,
  type WrittenHead,
  type WrittenPolicyRule,
} from './policy-schema.ts'
import type { CompiledPolicy, CompiledPolicyRule, PolicySet, PolicyTest } from './policy-set.ts'
import { testSchema } from './test-schema.ts'

export type { KnownNames } from './compile-scope.ts'

const headSchema = policyHeadSchema(strictForms)
const strictRuleSchema = ruleSchema(strictForms)
const strictTestSchema = testSchema(strictForms)

interface Compiled {
  readonly policy: CompiledPolicy
  readonly source: YamlSource
  /** What the revision is made of. */
  readonly content: unknown
}

/** Compiles all policy files of an installation together. Never throws for what a file holds. */
export function compilePolicies(
  files: readonly { readonly file: string; readonly text: string }[],
  known: KnownNames,
): { policies: PolicySet | null; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const whole = (file: string, code: string, message: string) =>
    diagnostics.push({ file, row: 1, column: 1, code, message, severity: 'error' })
  if (files.length === 0)
    whole(
      'policies',
      'no-policies',
      'There is no policy file, so everything would pass; put one there, or copy a shipped pack.',
    )
  if (files.length > limits.policyFilesMax)
    whole('policies', 'too-many', `There are ${files.length} policy files; at most ${limits.policyFilesMax} are read.`)
  const references: References = { partners: new Set(), groups: new Set(), uninspected: new Set() }
  const compiled = files.slice(0, limits.policyFilesMax).flatMap(({ file, text }) => {
    if (text.length > limits.policyFileMaxBytes) {
      whole(file, 'too-large', `The file has more than ${limits.policyFileMaxBytes} characters; split it.`)
      return []
    }
    return compileFile(file, text, known, diagnostics, references) ?? []
  })
  checkDuplicatePolicies(compiled, diagnostics)
  const rules = compiled.reduce((total, { policy }) => total + policy.rules.length, 0)
  if (rules > limits.policyRulesMax)
    whole('policies', 'too-many', `There are ${rules} policy rules; at most ${limits.policyRulesMax} are allowed.`)
  diagnostics.sort((a, b) => compareText(a.file, b.file) || a.row - b.row || a.column - b.column)
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { policies: null, diagnostics }
  return { policies: policySet(compiled, known, references), diagnostics }
}

function policySet(compiled: readonly Compiled[], known: KnownNames, references: References): PolicySet {
  const sorted = [...compiled].sort((a, b) => compareText(a.policy.id, b.policy.id))
  const labelLevels = known.labelLevels ?? []
  const content = canonicalJson([
    sorted.map((one) => one.content),
    labelLevels,
    known.labelHeader ?? null,
    known.directory ?? null,
  ])
  return Object.freeze({
    revision: createHash('sha256').update(content).digest('hex').slice(0, 16),
    policies: Object.freeze(sorted.map((one) => one.policy)),
    families: new Map(known.detectors.map((detector) => [detector.id, detector.family])),
    labelLevels: Object.freeze([...labelLevels]),
    references: { partners: [...references.partners].sort(), groups: [...references.groups].sort() },
    unnamed: new Set(UNINSPECTED_REASONS.filter((reason) => !references.uninspected.has(reason))),
  })
}

function checkDuplicatePolicies(compiled: readonly Compiled[], diagnostics: Diagnostic[]): void {
  const seen = new Map<string, string>()
  for (const { policy, source } of compiled) {
    const other = seen.get(policy.id)
    if (other !== undefined)
      diagnostics.push(
        source.diagnostic(
          ['policy'],
          'duplicate-id',
          `There is a policy \`${policy.id}\` in ${other} already; give this one another id.`,
        ),
      )
    else seen.set(policy.id, policy.file)
  }
}

function compileFile(
  file: string,
  text: string,
  known: KnownNames,
  diagnostics: Diagnostic[],
  references: References,
): Compiled | null {
  const source = readSource(file, text, diagnostics)
  if (!source) return null
  const head = check(below(source, [], 'a policy'), headSchema, diagnostics)
  if (!head) {
    checkEntries(source, 'rules', strictRuleSchema, diagnostics)
    checkEntries(source, 'tests', strictTestSchema, diagnostics)
    return null
  }
  const context: FileContext = { source, head, known, diagnostics, references }
  const shared = sharedConditions(head.mode === 'off' ? notInForce(context) : context)
  const written = head.rules.map((_, index) =>
    check(below(source, ['rules', index], 'a rule'), strictRuleSchema, diagnostics),
  )
  checkDuplicateRules(written, context)
  const rules = written.flatMap((rule, index) => (rule ? [compileRule(rule, index, shared, context)] : []))
  checkReachability(rules, (index) => ['rules', ruleIndex(written, index)], source, diagnostics)
  const tests = compileTests(context, written)
  const policy: CompiledPolicy = Object.freeze({
    id: head.policy,
    name: head.name,
    description: head.description ?? '',
    file,
    mode: head.mode ?? 'enforce',
    regulations: Object.freeze([...(head.regulations ?? [])]),
    rules: Object.freeze(rules),
    tests: Object.freeze(tests),
  })
  const { tests: _tests, ...content } = head
  return { policy, source, content: { ...content, rules: written } }
}

/** With a mistake in the head, rules and tests are looked at all the same, so that all mistakes come at once. */
function checkEntries(source: YamlSource, key: 'rules' | 'tests', schema: z.ZodType, diagnostics: Diagnostic[]): void {
  const entries = isPlainObject(source.value) ? source.value[key] : undefined
  if (!Array.isArray(entries)) return
  for (const index of entries.keys())
    check(below(source, [key, index], key === 'rules' ? 'a rule' : 'a test'), schema, diagnostics)
}

interface FileContext {
  readonly source: YamlSource
  readonly head: WrittenHead
  readonly known: KnownNames
  readonly diagnostics: Diagnostic[]
  readonly references: References
}

/** Position in the file of the nth rule that compiled. */
function ruleIndex(written: readonly unknown[], nth: number): number {
  return [...written.keys()].filter((index) => written[index] !== null)[nth] ?? 0
}

function readSource(file: string, text: string, diagnostics: Diagnostic[]): YamlSource | null {
  try {
    const parsed = parseYaml(file, text)
    diagnostics.push(...parsed.diagnostics)
    if (parsed.source && deeperThan(parsed.source.value, limits.policyYamlDepthMax)) {
      diagnostics.push(parsed.source.diagnostic([], 'too-nested', 'The file is nested too deep to be a policy.'))
      return null
    }
    return parsed.source
  } catch (thrown) {
    // The YAML parser recurses: hostile nesting overflows its stack.
    if (!(thrown instanceof RangeError)) throw thrown
    diagnostics.push({
      file,
      row: 1,
      column: 1,
      code: 'too-nested',
      message: 'The file is nested too deep to be a policy.',
      severity: 'error',
    })
    return null
  }
}

function deeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => deeperThan(inner, depth - 1))
}

/** A part of a source as a source of its own, so that complaints name `when.finding` and not `rules.3.when.finding`. */
function below(source: YamlSource, base: Path, noun: string): YamlSource {
  let value: unknown = source.value
  for (const step of base) value = (value as Record<string | number, unknown>)[step]
  return {
    file: source.file,
    value,
    at: (path, what) => source.at([...base, ...path], what),
    diagnostic: (path, code, message, what) =>
      source.diagnostic([...base, ...path], code, message.replace('the document', noun), what),
  }
}

function check<T extends z.ZodType>(source: YamlSource, schema: T, diagnostics: Diagnostic[]): z.output<T> | null {
  const result = validate({ ...source, value: expand(schema, source.value) }, schema)
  diagnostics.push(...result.diagnostics)
  return result.value
}

function checkDuplicateRules(
  written: readonly (WrittenPolicyRule | null)[],
  { source, diagnostics }: FileContext,
): void {
  const seen = new Set<string>()
  for (const [index, rule] of written.entries()) {
    if (!rule) continue
    if (seen.has(rule.id))
      diagnostics.push(
        source.diagnostic(
          ['rules', index, 'id'],
          'duplicate-id',
          `There is a rule \`${rule.id}\` above already; give this one another id.`,
        ),
      )
    seen.add(rule.id)
  }
}

interface SharedConditions {
  readonly appliesTo: Condition | undefined
  readonly unless: readonly Condition[]
}

function conditionAt(
  written: WrittenCondition,
  path: Path,
  { source, known, diagnostics, references }: FileContext,
): Condition {
  return compileCondition(written, path, (at) => compileScope(source, at, known, diagnostics, references))
}

function sharedConditions(context: FileContext): SharedConditions {
  const { applies_to, unless } = context.head
  return {
    appliesTo: applies_to && conditionAt(applies_to, ['applies_to'], context),
    unless: (unless ?? []).map((one, index) => conditionAt(one, ['unless', index], context)),
  }
}

function compileRule(
  rule: WrittenPolicyRule,
  index: number,
  shared: SharedConditions,
  context: FileContext,
): CompiledPolicyRule {
  const modes = [context.head.mode ?? 'enforce', rule.mode ?? 'enforce'] as const
  const mode = MODES[Math.min(...modes.map((one) => MODES.indexOf(one)))] ?? 'off'
  return compileRuleIn(rule, index, shared, mode === 'off' ? notInForce(context) : context, mode)
}

/** What a rule that is off asks for is checked, and counts for nothing. */
function notInForce(context: FileContext): FileContext {
  return { ...context, references: { ...context.references, uninspected: new Set() } }
}

function compileRuleIn(
  rule: WrittenPolicyRule,
  index: number,
  shared: SharedConditions,
  context: FileContext,
  mode: Mode,
): CompiledPolicyRule {
  const { head, source, known, diagnostics, references } = context
  const path: Path = ['rules', index]
  const appliesTo = rule.applies_to ? conditionAt(rule.applies_to, [...path, 'applies_to'], context) : shared.appliesTo
  const when = conditionAt(rule.when, [...path, 'when'], context)
  const unless = (rule.unless ?? []).map((one, nth) => conditionAt(one, [...path, 'unless', nth], context))
  return Object.freeze({
    policy: head.policy,
    id: rule.id,
    mode,
    severity: rule.severity ?? head.severity ?? 'medium',
    action: rule.action,
    message: rule.message ?? rule.description ?? head.name,
    regulations: [...new Set([...(head.regulations ?? []), ...(rule.regulations ?? [])])].sort(),
    when: appliesTo ? groupOf('all', [appliesTo, when]) : when,
    unless: [...shared.unless, ...unless],
    effects: Object.freeze(
      compileEffects(rule, head.notify, compileScope(source, path, known, diagnostics, references)),
    ),
    row: source.at(path).row,
  })
}

function compileTests(context: FileContext, rules: readonly (WrittenPolicyRule | null)[]): PolicyTest[] {
  const { head, source, known, diagnostics, references } = context
  const names = rules.flatMap((rule) => (rule ? [rule.id] : []))
  return (head.tests ?? []).flatMap((_, index) => {
    const written = check(below(source, ['tests', index], 'a test'), strictTestSchema, diagnostics)
    if (!written) return []
    checkTest(written, names, compileScope(source, ['tests', index], known, diagnostics, references))
    return [{ written, row: source.at(['tests', index]).row }]
  })
}
