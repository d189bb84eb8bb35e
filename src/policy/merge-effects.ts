/**
 * What all matching rules together do for one recipient. Nothing here depends on the order of rules: modifications and
 * notifications are united, encryption plans narrowed to what every rule allows, with the strictest fallback.
 */
import type { Action, EncryptPlan, Modification, NotifyRequest } from '../core/decision.ts'
import type { ReportedPart } from '../core/report.ts'
import { canonicalJson, compareText } from './canonical-json.ts'
import type { Facts } from './facts.ts'
import type { CompiledPolicyRule } from './policy-set.ts'

export interface PolicyRuleMatch {
  readonly rule: CompiledPolicyRule
  readonly findings: readonly string[]
  readonly paths: readonly string[]
}

const METHODS = ['smime', 'openpgp'] as const
const FALLBACKS = ['pass', 'quarantine', 'block'] as const

/** Null where two rules ask for methods that exclude each other: no encryption satisfies both. */
export function mergeEncrypt(plans: readonly EncryptPlan[]): EncryptPlan | null | undefined {
  if (plans.length === 0) return undefined
  const allowed = METHODS.filter((method) => plans.every((plan) => plan.methods.includes(method)))
  if (allowed.length === 0) return null
  const position = (method: (typeof METHODS)[number]) =>
    plans.reduce((total, plan) => total + plan.methods.indexOf(method), 0)
  const methods = [...allowed].sort((a, b) => position(a) - position(b) || METHODS.indexOf(a) - METHODS.indexOf(b))
  const strictness = Math.max(...plans.map((plan) => FALLBACKS.indexOf(plan.fallback)))
  return { methods, fallback: FALLBACKS[strictness] ?? 'block' }
}

/** In the order in which they are applied: strip, tag, headers, label, redirect. Uploads can't be changed. */
export function mergeModifications(matches: readonly PolicyRuleMatch[], facts: Facts): Modification[] {
  if (facts.envelope.channel === 'upload') return []
  const tags = sortedUnique(matches.flatMap(({ rule }) => rule.effects.tagSubject ?? []))
  const headers = new Map(
    matches.flatMap(({ rule }) => rule.effects.addHeaders.map((header) => [canonicalJson(header), header] as const)),
  )
  const redirect = sortedUnique(matches.flatMap(({ rule }) => rule.effects.redirect))
  return [
    ...mergeStrips(matches, facts),
    ...tags.map((tag): Modification => ({ kind: 'tag-subject', tag })),
    ...[...headers]
      .sort(([a], [b]) => compareText(a, b))
      .map(([, { name, value }]): Modification => ({ kind: 'add-header', name, value })),
    ...mergeLabels(matches, facts),
    ...(redirect.length > 0 ? [{ kind: 'redirect', to: redirect } as const] : []),
  ]
}

/** The highest level of all labels of the message, whatever part carries it. */
function mergeLabels(matches: readonly PolicyRuleMatch[], facts: Facts): Modification[] {
  const writes = matches.flatMap(({ rule }) => rule.effects.writeLabel ?? [])
  const ranks = facts.report.labels.flatMap((label) => label.rank ?? [])
  const [write] = writes
  if (!write) return []
  const unlabelled = writes.flatMap((one) => one.unlabelled ?? [])
  const rank = Math.max(...(ranks.length > 0 ? ranks : unlabelled))
  const value = write.values[rank]
  return value === undefined ? [] : [{ kind: 'set-header', name: write.header, value }]
}

function mergeStrips(matches: readonly PolicyRuleMatch[], facts: Facts): Modification[] {
  const byNote = new Map<string, Set<string>>()
  for (const match of matches) {
    const { strip } = match.rule.effects
    if (!strip) continue
    const paths = byNote.get(strip.note) ?? new Set<string>()
    byNote.set(strip.note, paths)
    const wanted = facts.attachments.filter(strip.selects).map((part) => part.path)
    for (const path of strip.matched ? [...wanted, ...match.paths] : wanted) {
      const attachment = strippable(path, facts)
      if (attachment !== undefined) paths.add(attachment)
    }
  }
  return [...byNote]
    .filter(([, paths]) => paths.size > 0)
    .sort(([a], [b]) => compareText(a, b))
    .map(([note, paths]) => ({ kind: 'strip-attachment', paths: [...paths].sort(compareText), note }))
}

/** Whether everything that made a rule match goes away with the attachments it takes out. */
export function stripSuffices(match: PolicyRuleMatch, facts: Facts): boolean {
  if (match.rule.effects.strip?.matched !== true) return true
  if (facts.envelope.channel === 'upload') return false
  const located = match.findings.every((id) => {
    const finding = facts.report.findings.find((one) => one.id === id)
    // Reports list a bounded number of parts per finding: with more there is no saying where the rest stands.
    return finding && Object.values(finding.perPart).reduce((total, part) => total + part.count, 0) >= finding.count
  })
  return located && match.paths.length > 0 && match.paths.every((path) => strippable(path, facts) !== undefined)
}

/** The attachment of the mail itself that holds `path`: taking a member out of an archive takes out the archive. */
function strippable(path: string, facts: Facts): string | undefined {
  let part: ReportedPart | undefined = facts.partsByPath.get(path) ?? nearestAncestor(path, facts)
  while (part && part.parent !== null) {
    const parent: ReportedPart | undefined = facts.report.parts[part.parent]
    if (!parent || parent.parent === null || /^(multipart|message)\//.test(parent.sniffedType)) break
    part = parent
  }
  return part && facts.attachments.includes(part) ? part.path : undefined
}

/** Uninspected members of a sealed archive have a path but no part. */
function nearestAncestor(path: string, facts: Facts): ReportedPart | undefined {
  for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const part = facts.partsByPath.get(path.slice(0, cut))
    if (part) return part
  }
  return undefined
}

/** Requests for the same people and template become one. Whoever has no address is left out; a bounce notifies nobody. */
export function mergeNotify(matches: readonly PolicyRuleMatch[], action: Action, facts: Facts): NotifyRequest[] {
  const merged = new Map<string, { audience: NotifyRequest['audience']; template: string; addresses: Set<string> }>()
  for (const { rule } of matches) {
    for (const request of rule.effects.notify) {
      const addressed = resolve(request, facts)
      if (!addressed) continue
      const template = addressed.template === 'default' ? TEMPLATES[action] : addressed.template
      const resolved = { ...addressed, template }
      const key = canonicalJson([resolved.audience, resolved.template])
      const entry = merged.get(key) ?? { ...resolved, addresses: new Set<string>() }
      for (const address of resolved.addresses) entry.addresses.add(address)
      merged.set(key, entry)
    }
  }
  return [...merged]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, entry]) => ({
      audience: entry.audience,
      addresses: [...entry.addresses].sort(compareText),
      template: entry.template,
    }))
}

/** What `default` stands for: the verdict counts, not the rule that asked, or a sender would be told of a sending that a stricter rule stopped. */
const TEMPLATES = { pass: 'passed', encrypt: 'encrypted', quarantine: 'held', block: 'blocked' } as const

function resolve(request: NotifyRequest, facts: Facts): NotifyRequest | null {
  const sender = facts.envelope.sender
  const reviewers = facts.lookup.directory.reviewers ?? []
  switch (request.audience) {
    case 'sender':
      return sender === '' ? null : { ...request, addresses: [sender] }
    case 'manager': {
      const manager = facts.lookup.managerOf(sender)
      if (manager !== undefined) return { ...request, addresses: [manager] }
      return reviewers.length > 0 ? { ...request, audience: 'reviewers', addresses: reviewers } : null
    }
    case 'reviewers':
      return reviewers.length > 0 ? { ...request, addresses: reviewers } : null
    case 'address':
      return request
  }
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText)
}
