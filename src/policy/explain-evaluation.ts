/**
 * Why every policy rule did or didn't match: the same conditions, judged by the same code, with the answer of each.
 * Deterministic; names and figures only, never content or a matched value.
 */
import type { Action, Severity } from '../core/decision.ts'
import { canonicalJson } from './canonical-json.ts'
import { type Condition, judge, judgeLeaf } from './condition.ts'
import type { Party } from './directory.ts'
import { type EvaluationInput, type Facts, factsOf } from './facts.ts'
import type { CompiledPolicyRule, PolicySet } from './policy-set.ts'

export interface ConditionExplanation {
  /** The condition in words, or `all of`, `one of`, `none of`. */
  readonly condition: string
  readonly matched: boolean
  /** What the message has instead, e.g. `3 found, 3 distinct, at high or above, needs at least 5 distinct`. */
  readonly why: string
  /** It didn't match though something pointed that way. */
  readonly near: boolean
  readonly of: readonly ConditionExplanation[]
}

/** Recipients for whom a rule reads the same. */
export interface PolicyRuleOutcome {
  /** Empty for an upload without recipients. */
  readonly recipients: readonly string[]
  readonly matched: boolean
  readonly when: ConditionExplanation
  readonly unless: readonly ConditionExplanation[]
  /** Conditions that would have had to hold, when they are few and something pointed their way. */
  readonly missing: readonly string[]
}

export interface PolicyExplanation {
  readonly policy: string
  readonly rule: string
  readonly mode: 'enforce' | 'monitor' | 'off'
  readonly severity: Severity
  readonly action: Action
  /** For at least one recipient. */
  readonly matched: boolean
  /** Not matched for anyone, but one condition short of it and near. */
  readonly nearMiss: boolean
  readonly outcomes: readonly PolicyRuleOutcome[]
}

/** One entry per policy rule, in order of policy id and then as written; rules that are off are explained too. */
export function explainEvaluation(policies: PolicySet, input: EvaluationInput): PolicyExplanation[] {
  const facts = factsOf(input)
  return policies.policies.flatMap((policy) => policy.rules).map((rule) => explainRule(rule, facts))
}

function explainRule(rule: CompiledPolicyRule, facts: Facts): PolicyExplanation {
  const outcomes = new Map<string, PolicyRuleOutcome>()
  for (const recipient of facts.recipients) {
    const outcome = outcomeFor(rule, facts, recipient)
    const key = canonicalJson(outcome)
    const recipients = [
      ...(outcomes.get(key)?.recipients ?? []),
      ...(recipient.address === '' ? [] : [recipient.address]),
    ]
    outcomes.set(key, { ...outcome, recipients })
  }
  const list = [...outcomes.values()]
  const matched = list.some((outcome) => outcome.matched)
  return {
    policy: rule.policy,
    rule: rule.id,
    mode: rule.mode,
    severity: rule.severity,
    action: rule.action,
    matched,
    nearMiss: !matched && list.some((outcome) => outcome.missing.length > 0),
    outcomes: list,
  }
}

function outcomeFor(rule: CompiledPolicyRule, facts: Facts, recipient: Party): PolicyRuleOutcome {
  const when = explain(rule.when, facts, recipient)
  const unless = rule.unless.map((exception) => explain(exception, facts, recipient))
  const excepted = unless.find((exception) => exception.matched)
  return {
    recipients: [],
    matched: when.matched && !excepted,
    when,
    unless,
    missing: when.matched ? (excepted ? [`excepted: ${excepted.condition}`] : []) : missingIn(when),
  }
}

const GROUP_WORDS = { all: 'all of', any: 'one of', none: 'none of' } as const

function explain(condition: Condition, facts: Facts, recipient: Party): ConditionExplanation {
  if (condition.kind === 'leaf') {
    const { matched, near, why } = judgeLeaf(condition.leaf, facts, recipient)
    return { condition: condition.leaf.text, matched, why: why(), near, of: [] }
  }
  const { matched } = judge(condition, facts, recipient)
  const of = condition.of.map((inner) => explain(inner, facts, recipient))
  const holding = of.filter((inner) => inner.matched).length
  const short = of.length - holding
  const near =
    !matched &&
    (condition.kind === 'all' ? short === 1 && of.every((one) => one.matched || one.near) : of.some((one) => one.near))
  return { condition: GROUP_WORDS[condition.kind], matched, why: `${holding} of ${of.length} hold`, near, of }
}

/** The one failing condition of a conjunction that came near; nothing when more than one failed. */
function missingIn(explanation: ConditionExplanation): string[] {
  if (explanation.of.length === 0) return explanation.near ? [`${explanation.condition}: ${explanation.why}`] : []
  if (!explanation.near) return []
  return explanation.of.filter((inner) => !inner.matched).flatMap(missingIn)
}

/** The explanation as indented lines for a terminal. Where nothing came near, only what failed is shown. */
export function formatExplanation(explanation: PolicyExplanation): string[] {
  const { policy, rule, mode, action, matched, nearMiss, outcomes } = explanation
  const head = `${policy}/${rule} (${action}, ${mode}): ${matched ? 'matched' : nearMiss ? 'near miss' : 'no match'}`
  if (!matched && !nearMiss) {
    const failed = outcomes.flatMap((outcome) => failedLeaves(outcome.when))
    return [head, ...new Set(failed.map((leaf) => `  - ${leaf.condition}: ${leaf.why}`))]
  }
  const lines = [head]
  for (const outcome of outcomes) {
    if (outcome.recipients.length > 0)
      lines.push(`  for ${outcome.recipients.join(', ')}: ${outcome.matched ? 'matched' : 'no match'}`)
    lines.push(...formatCondition(outcome.when, '    '))
    for (const exception of outcome.unless) lines.push('    unless', ...formatCondition(exception, '      '))
  }
  return lines
}

/** The leaves that keep a condition from holding; under `none` those that do hold. */
function failedLeaves(explanation: ConditionExplanation): ConditionExplanation[] {
  if (explanation.of.length === 0) return [explanation]
  const wanted = explanation.condition === GROUP_WORDS.none
  return explanation.of.filter((inner) => inner.matched === wanted).flatMap(failedLeaves)
}

function formatCondition(explanation: ConditionExplanation, indent: string): string[] {
  const mark = explanation.matched ? '+' : explanation.near ? '~' : '-'
  const line = `${indent}${mark} ${explanation.condition}: ${explanation.why}`
  return [line, ...explanation.of.flatMap((inner) => formatCondition(inner, `${indent}  `))]
}
