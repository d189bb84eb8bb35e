/**
 * An organisation's changes of a rule that stands elsewhere. The rule's own examples say nothing about the changed
 * rule, so the override's take their place. Pure; mistakes are diagnostics at the override.
 */
import type { AntiEvidenceGroup, DetectionRule, EvidenceGroup } from '../../core/detection-rule.ts'
import { nearest } from '../../yaml/nearest.ts'
import { checkRegex } from './check-patterns.ts'
import type { RulePlace } from './rule-place.ts'
import type { OverrideDocument } from './rule-schema.ts'
import { type ListFiles, linesOf } from './word-list.ts'

/** Names of the groups that exceptions become; no rule's own group can be called so. */
export const EXCEPTED_VALUES = 'except-values'
export const EXCEPTED_NEAR = 'except-near'

const CHANGES = ['confidence_max', 'threshold', 'patterns', 'evidence', 'except'] as const

/** What the override says that no rule is needed to judge. */
export function checkOverride(override: OverrideDocument, place: RulePlace): void {
  const changes = CHANGES.filter((key) => override[key] !== undefined)
  if (override.enabled === false && changes.length > 0)
    place.report([changes[0] as string], 'option-without-effect', 'the rule is switched off, so this changes nothing')
  if (override.enabled !== false && changes.length === 0)
    place.report([], 'option-without-effect', `it changes nothing; write \`enabled: false\` or ${list(CHANGES)}`)
  const { except } = override
  if (!except) return
  const listed = except.values.length + except.files.length + except.patterns.length
  if (listed === 0 && !except.near)
    place.report(['except'], 'empty-evidence', '`except` has no `values`, `files`, `patterns` or `near`')
  if (except.near && except.near.keywords.length + except.near.patterns.length === 0)
    place.report(['except', 'near'], 'empty-evidence', '`near` has neither `keywords` nor `patterns`')
  for (const [i, regex] of except.patterns.entries()) checkRegex(regex, ['except', 'patterns', i], place)
  for (const [i, regex] of (except.near?.patterns ?? []).entries())
    checkRegex(regex, ['except', 'near', 'patterns', i], place)
}

/** The changed rule; null: it is switched off. */
export function applyOverride(
  rule: DetectionRule,
  override: OverrideDocument,
  files: ListFiles,
  place: RulePlace,
): DetectionRule | null {
  if (override.enabled === false) return null
  const { threshold: own, ...others } = rule
  const threshold =
    override.threshold === undefined
      ? own
      : override.threshold && {
          unique: override.threshold.unique,
          belowConfidence: override.threshold.below_confidence,
        }
  return {
    ...others,
    ...changedElements(rule, override, place),
    ...(threshold && { threshold }),
    ...(override.confidence_max && { confidenceMax: override.confidence_max }),
    evidence: changedEvidence(rule, override, place),
    antiEvidence: { ...rule.antiEvidence, ...exceptions(override, files, place) },
    examples: override.examples,
    negativeExamples: override.negative_examples,
  }
}

function changedElements(
  rule: DetectionRule,
  override: OverrideDocument,
  place: RulePlace,
): Pick<DetectionRule, 'patterns' | 'words'> {
  const changes = override.patterns ?? {}
  const known = [...rule.patterns, ...(rule.words ?? [])].map(({ id }) => id)
  for (const [id, change] of Object.entries(changes)) {
    const path = ['patterns', id]
    if (!known.includes(id)) {
      const hint = nearest(id, known)
      const instead = hint ? `did you mean \`${hint}\`?` : `it has ${list(known)}`
      place.report(path, 'unknown-pattern', `rule \`${rule.id}\` has no pattern \`${id}\`; ${instead}`)
    }
    for (const name of [...(change.requires ?? []), ...Object.keys(change.raise ?? {})])
      if (!Object.hasOwn(rule.evidence, name))
        place.report(path, 'unknown-evidence', `rule \`${rule.id}\` has no evidence group \`${name}\``)
  }
  const changed = <T extends RuleElement>(elements: readonly T[]): T[] =>
    elements.flatMap((element) => {
      const change = changes[element.id]
      if (!change) return [element]
      if (change.enabled === false) return []
      const { confidence = element.confidence, requires = element.requires } = change
      return [{ ...element, confidence, requires, raise: { ...element.raise, ...change.raise } }]
    })
  const patterns = changed(rule.patterns)
  const words = changed(rule.words ?? [])
  if (patterns.length + words.length + (rule.combinations?.length ?? 0) === 0)
    place.report(
      ['patterns'],
      'option-without-effect',
      `no pattern of \`${rule.id}\` is left; write \`enabled: false\``,
    )
  return { patterns, ...(rule.words && { words }) }
}

type RuleElement = Pick<DetectionRule['patterns'][number], 'id' | 'confidence' | 'requires' | 'raise'>

function changedEvidence(
  rule: DetectionRule,
  override: OverrideDocument,
  place: RulePlace,
): Readonly<Record<string, EvidenceGroup>> {
  const evidence = { ...rule.evidence }
  for (const [name, change] of Object.entries(override.evidence ?? {})) {
    const group = Object.hasOwn(evidence, name) ? evidence[name] : undefined
    if (!group) {
      const known = Object.keys(rule.evidence)
      const hint = nearest(name, known)
      const instead = hint ? `did you mean \`${hint}\`?` : `it has ${list(known)}`
      place.report(
        ['evidence', name],
        'unknown-evidence',
        `\`${rule.id}\` has no evidence group \`${name}\`; ${instead}`,
      )
      continue
    }
    evidence[name] = {
      ...group,
      keywords: [...new Set([...group.keywords, ...change.keywords])],
      within: change.within ?? group.within,
    }
  }
  return evidence
}

function exceptions(
  { except }: OverrideDocument,
  files: ListFiles,
  place: RulePlace,
): Record<string, AntiEvidenceGroup> {
  if (!except) return {}
  const { effect } = except
  const allowed = [
    ...except.values,
    ...except.files.flatMap((file, i) => linesOf(file, files, ['except', 'files', i], place).map(({ text }) => text)),
  ]
  const none = { keywords: [], patterns: [], values: [], within: 0, side: 'either', effect } as const
  return {
    ...(allowed.length + except.patterns.length > 0 && {
      [EXCEPTED_VALUES]: { ...none, values: except.patterns, allowed },
    }),
    ...(except.near && { [EXCEPTED_NEAR]: { ...none, ...except.near } }),
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `\`${name}\``).join(', ')
}
