/**
 * What the schema can't say about one rule: names that must exist, options that would do nothing. Its
 * patterns are checked in `check-patterns.ts`. Pure; all mistakes of the rule at once.
 */
import { CONFIDENCES } from '../../core/finding.ts'
import { nearest } from '../../yaml/nearest.ts'
import { resolveValidator } from '../validators/registry.ts'
import type { RulePlace } from './rule-place.ts'
import type { RuleDocument } from './rule-schema.ts'

type Path = readonly (string | number)[]

export function checkRule(rule: RuleDocument, place: RulePlace): void {
  if (rule.patterns.length + rule.words.length + rule.combinations.length === 0)
    place.report(
      [],
      'missing-key',
      `rule \`${rule.id}\` finds nothing; write \`patterns\`, \`words\` or \`combinations\``,
    )
  checkIds(rule, place)
  for (const [index, pattern] of rule.patterns.entries()) {
    const path = ['patterns', index]
    for (const [i, name] of pattern.validators.entries()) {
      const resolved = resolveValidator(name)
      if (typeof resolved === 'string') place.report([...path, 'validators', i], 'unknown-validator', resolved)
    }
    checkEvidenceNames(rule, pattern, path, place)
  }
  for (const [index, words] of rule.words.entries()) {
    checkEvidenceNames(rule, words, ['words', index], place)
    checkWordLevels(rule, index, place)
  }
  if (rule.score) checkScore(rule, place)
  if (rule.shown_digits !== undefined && !rule.patterns.some(({ validators }) => validators.some(isCard)))
    place.report(
      ['shown_digits'],
      'option-without-effect',
      'only of payment cards may digits be shown (`card` validator)',
    )
  checkGroups(rule, place)
  for (const key of ['examples', 'negative_examples'] as const)
    if (rule[key].length === 0)
      place.report([], 'missing-examples', `rule \`${rule.id}\` has no \`${key}\`; write at least one, best three`)
}

function isCard(validator: string): boolean {
  return /^card\b/.test(validator)
}

function checkIds(rule: RuleDocument, place: RulePlace): void {
  const seen = new Set<string>()
  for (const key of ['patterns', 'words', 'combinations'] as const)
    for (const [index, { id }] of rule[key].entries()) {
      if (seen.has(id))
        place.report([key, index, 'id'], 'duplicate-id', `\`${id}\` stands twice in rule \`${rule.id}\``)
      seen.add(id)
    }
}

function checkEvidenceNames(
  rule: RuleDocument,
  { requires, raise }: { readonly requires: readonly string[]; readonly raise: Readonly<Record<string, unknown>> },
  path: Path,
  place: RulePlace,
): void {
  for (const [i, name] of requires.entries()) checkEvidenceName(rule, name, [...path, 'requires', i], place)
  for (const name of Object.keys(raise)) checkEvidenceName(rule, name, [...path, 'raise', name], place)
}

function checkEvidenceName(rule: RuleDocument, name: string, path: Path, place: RulePlace): void {
  if (Object.hasOwn(rule.evidence, name)) return
  const hint = nearest(name, Object.keys(rule.evidence))
  const instead = hint ? `did you mean \`${hint}\`?` : 'add it under `evidence`.'
  place.report(path, 'unknown-evidence', `there is no evidence group \`${name}\`; ${instead}`)
}

/** A weighted rule's words have the confidence that their weights add up to, any other word list says its own. */
function checkWordLevels(rule: RuleDocument, index: number, place: RulePlace): void {
  const words = rule.words[index]
  if (!words) return
  if (!rule.score && words.confidence === undefined)
    place.report(['words', index], 'missing-key', 'write `confidence`, or `score` for the rule when terms have weights')
  if (rule.score && (words.confidence !== undefined || Object.keys(words.raise).length > 0))
    place.report(
      ['words', index],
      'option-without-effect',
      'with `score` the sum of weights says how sure a match is; leave out `confidence` and `raise`',
    )
  if (!rule.score && Object.keys(words.weighted).length > 0)
    place.report(['words', index, 'weighted'], 'option-without-effect', 'weights need a `score` in the rule')
}

function checkScore(rule: RuleDocument, place: RulePlace): void {
  const levels = CONFIDENCES.map((level) => rule.score?.[level])
  if (levels.every((level) => level === undefined))
    place.report(['score'], 'missing-key', 'write from what sum on matches are `low`, `medium` or `high`')
  const known = levels.filter((level) => level !== undefined)
  if (known.some((level, i) => i > 0 && level <= (known[i - 1] as number)))
    place.report(['score'], 'unreachable-level', 'a surer level needs a larger sum than the one below it')
  if (rule.words.length === 0 || rule.patterns.length + rule.combinations.length > 0)
    place.report(
      ['score'],
      'option-without-effect',
      '`score` adds up the weights of words: such a rule has `words` alone',
    )
  if (rule.threshold)
    place.report(['threshold'], 'option-without-effect', 'a rule has either a `threshold` or a `score`')
}

function checkGroups(rule: RuleDocument, place: RulePlace): void {
  const used = new Set([...rule.patterns, ...rule.words].flatMap((p) => [...p.requires, ...Object.keys(p.raise)]))
  for (const [name, group] of Object.entries(rule.evidence)) {
    const path = ['evidence', name]
    if (!used.has(name))
      place.report(path, 'unused-evidence', `no pattern's \`requires\` or \`raise\` names \`${name}\``)
    if (group.keywords.length + group.patterns.length === 0)
      place.report(path, 'empty-evidence', `\`${name}\` has neither \`keywords\` nor \`patterns\``)
  }
  for (const [name, group] of Object.entries(rule.anti_evidence)) {
    const path = ['anti_evidence', name]
    if (group.keywords.length + group.patterns.length + group.values.length === 0)
      place.report(path, 'empty-evidence', `\`${name}\` has no \`keywords\`, \`patterns\` or \`values\``)
  }
}
