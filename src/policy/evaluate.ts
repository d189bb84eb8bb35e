/**
 * PolicySet + message -> Decision. Pure and deterministic: the order of policies, rules and recipients never matters.
 * Every recipient is judged alone; the strictest matching rule wins and every reason is kept. Fails by throwing (the
 * caller holds the message), never by leaving a rule out.
 */
import {
  ACTIONS,
  type Action,
  type Decision,
  type DecisionGroup,
  type Reason,
  SEVERITIES,
  strictest,
} from '../core/decision.ts'
import { canonicalJson, compareText } from './canonical-json.ts'
import { judge } from './condition.ts'
import type { Party } from './directory.ts'
import { type EvaluationInput, type Facts, factsOf } from './facts.ts'
import { mergeEncrypt, mergeModifications, mergeNotify, type PolicyRuleMatch, stripSuffices } from './merge-effects.ts'
import type { CompiledPolicyRule, PolicySet } from './policy-set.ts'

export type { EvaluationInput } from './facts.ts'

/** Throws a GatewayError where a policy names a list that the directory no longer has. */
export function evaluate(policies: PolicySet, input: EvaluationInput): Decision {
  const facts = factsOf(input)
  const rules = policies.policies.flatMap((policy) => policy.rules).filter((rule) => rule.mode !== 'off')
  const reasons = new Map<string, Reason>()
  const groups = new Map<string, { readonly group: DecisionGroup; readonly recipients: string[] }>()
  for (const recipient of facts.recipients) {
    const matches = rules.flatMap((rule) => matchRule(rule, facts, recipient) ?? [])
    const verdict = orHeld(verdictFor(matches, facts), policies, facts)
    for (const reason of verdict.reasons) addReason(reasons, reason, recipient)
    const key = canonicalJson(verdict.group)
    const entry = groups.get(key) ?? { group: verdict.group, recipients: [] }
    if (recipient.address !== '') entry.recipients.push(recipient.address)
    groups.set(key, entry)
  }
  const sorted = [...groups.entries()]
    .sort(([a, x], [b, y]) => byStrictness(x.group, y.group) || compareText(a, b))
    .map(([, { group, recipients }]): DecisionGroup => ({ ...group, recipients }))
  return {
    action: sorted.reduce<Action>((action, group) => strictest(action, group.action), 'pass'),
    groups: sorted,
    reasons: [...reasons.values()].sort(compareReasons),
    revisions: { policies: policies.revision, ...input.report.revisions },
    decidedBy: { kind: 'policy' },
    decidedAt: input.now,
  }
}

/** Whether a rule matches for one recipient, and by what. An exception that holds makes it not match. */
export function matchRule(rule: CompiledPolicyRule, facts: Facts, recipient: Party): PolicyRuleMatch | null {
  const judgement = judge(rule.when, facts, recipient)
  if (!judgement.matched) return null
  if (rule.unless.some((exception) => judge(exception, facts, recipient).matched)) return null
  return { rule, findings: judgement.findings, paths: judgement.paths }
}

type ReasonDraft = Omit<Reason, 'recipients'>

interface Verdict {
  readonly group: DecisionGroup
  readonly reasons: readonly ReasonDraft[]
}

function verdictFor(matches: readonly PolicyRuleMatch[], facts: Facts): Verdict {
  const reasons = matches.map((match) => reasonFor(match, facts))
  const enforced = matches.filter(({ rule }) => rule.mode === 'enforce')
  let action = reasons
    .filter((reason) => reason.mode === 'enforce')
    .reduce<Action>((strict, reason) => strictest(strict, reason.action), 'pass')
  const plan = mergeEncrypt(enforced.flatMap(({ rule }) => rule.effects.encrypt ?? []))
  if (plan === null) {
    action = strictest(action, 'quarantine')
    reasons.push(...contradictions(enforced, facts))
  }
  const group: DecisionGroup = {
    recipients: [],
    action,
    modifications: action === 'block' ? [] : mergeModifications(enforced, facts),
    notify: mergeNotify(enforced, action, facts),
    // Kept beside `quarantine` too: what a reviewer releases must still be encrypted.
    ...(plan && action !== 'block' && { encrypt: plan }),
  }
  return { group, reasons }
}

/** What could not be inspected holds the message where no rule in force names that case: silence is no permission. */
function orHeld(verdict: Verdict, { unnamed }: PolicySet, facts: Facts): Verdict {
  const reasons = [...new Set(facts.report.uninspected.map(({ reason }) => reason))].filter((r) => unnamed.has(r))
  if (reasons.length === 0) return verdict
  const held: ReasonDraft = {
    policy: 'built-in',
    rule: 'uninspected-unnamed',
    severity: 'medium',
    action: 'quarantine',
    mode: 'enforce',
    message: `Not inspected (${reasons.sort().join(', ')}), and no policy says what becomes of that.`,
    findings: [],
    regulations: [],
  }
  const group = { ...verdict.group, action: strictest(verdict.group.action, 'quarantine') }
  return { group, reasons: [...verdict.reasons, held] }
}

function reasonFor(match: PolicyRuleMatch, facts: Facts): ReasonDraft {
  const { rule } = match
  const suffices = stripSuffices(match, facts)
  return {
    policy: rule.policy,
    rule: rule.id,
    severity: rule.severity,
    action: suffices ? rule.action : strictest(rule.action, 'quarantine'),
    mode: rule.mode === 'monitor' ? 'monitor' : 'enforce',
    message: suffices
      ? rule.message
      : `${rule.message} (Held: what matched is not in an attachment that could be taken out.)`,
    findings: match.findings,
    regulations: rule.regulations,
  }
}

/** Encryption methods that exclude each other can't be obeyed: each such rule gives the reason why the message is held. */
function contradictions(enforced: readonly PolicyRuleMatch[], facts: Facts): ReasonDraft[] {
  return enforced
    .filter(({ rule }) => rule.effects.encrypt)
    .map((match) => ({
      ...reasonFor(match, facts),
      action: 'quarantine',
      message: `${match.rule.message} (Held: matching rules ask for encryption methods that exclude each other.)`,
    }))
}

function addReason(reasons: Map<string, Reason>, draft: ReasonDraft, recipient: Party): void {
  const key = canonicalJson(draft)
  const before = reasons.get(key)?.recipients ?? []
  reasons.set(key, { ...draft, recipients: recipient.address === '' ? before : [...before, recipient.address] })
}

function byStrictness(a: { readonly action: Action }, b: { readonly action: Action }): number {
  return ACTIONS.indexOf(b.action) - ACTIONS.indexOf(a.action)
}

function compareReasons(a: Reason, b: Reason): number {
  return (
    compareText(a.mode, b.mode) ||
    byStrictness(a, b) ||
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    compareText(canonicalJson(a), canonicalJson(b))
  )
}
