/**
 * Rule files -> DetectionRules, with every mistake of every file at once. Pure. A file with an error gives none of its
 * rules, so that a caller can't run half of what an author wrote.
 */
import RE2 from 're2'
import type { DetectionRule } from '../../core/detection-rule.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { nearest, parseYaml, validate, type YamlSource } from '../../yaml/parse-yaml.ts'
import { PATTERN_END_INSTRUCTIONS, PATTERN_INSTRUCTIONS_MAX } from '../match/program.ts'
import { lengthOf, stepsOf } from '../regex/ast.ts'
import { parseRegex, RegexUnsupported } from '../regex/parse-regex.ts'
import { resolveValidator } from '../validators/registry.ts'
import { type RuleDocument, ruleFileSchema } from './rule-schema.ts'

export interface RuleFile {
  readonly file: string
  readonly text: string
}

export interface ParsedRules {
  readonly rules: readonly DetectionRule[]
  readonly diagnostics: Diagnostic[]
}

export function parseRules(files: readonly RuleFile[]): ParsedRules {
  const rules: DetectionRule[] = []
  const diagnostics: Diagnostic[] = []
  const places = new Map<string, string>()
  for (const file of files) {
    const { source, diagnostics: syntax } = parseYaml(file.file, file.text)
    diagnostics.push(...syntax)
    if (!source) continue
    const checked = validate(source, ruleFileSchema)
    diagnostics.push(...checked.diagnostics)
    for (const [index, document] of (checked.value?.rules ?? []).entries()) {
      const place = new RulePlace(source, index)
      const { row } = source.at(['rules', index, 'id'])
      const earlier = places.get(document.id)
      if (earlier) place.report(['id'], 'duplicate-id', `rule \`${document.id}\` already stands at ${earlier}`)
      places.set(document.id, earlier ?? `${file.file}:${row}`)
      checkRule(document, place)
      diagnostics.push(...place.diagnostics)
      if (place.diagnostics.length === 0) rules.push(toRule(document))
    }
  }
  return { rules, diagnostics }
}

class RulePlace {
  readonly diagnostics: Diagnostic[] = []
  readonly #source: YamlSource
  readonly #index: number

  constructor(source: YamlSource, index: number) {
    this.#source = source
    this.#index = index
  }

  report(path: readonly (string | number)[], code: string, message: string): void {
    this.diagnostics.push(this.#source.diagnostic(['rules', this.#index, ...path], code, message))
  }
}

function checkRule(rule: RuleDocument, place: RulePlace): void {
  const seen = new Set<string>()
  for (const [index, pattern] of rule.patterns.entries()) {
    const path = ['patterns', index]
    if (seen.has(pattern.id)) place.report([...path, 'id'], 'duplicate-id', `pattern \`${pattern.id}\` stands twice`)
    seen.add(pattern.id)
    checkPrimary(pattern.regex, [...path, 'regex'], place)
    for (const [i, name] of pattern.validators.entries()) {
      const resolved = resolveValidator(name)
      if (typeof resolved === 'string') place.report([...path, 'validators', i], 'unknown-validator', resolved)
    }
    for (const [i, name] of pattern.requires.entries()) checkEvidenceName(rule, name, [...path, 'requires', i], place)
    for (const name of Object.keys(pattern.raise)) checkEvidenceName(rule, name, [...path, 'raise', name], place)
  }
  checkGroups(rule, place)
  for (const key of ['examples', 'negative_examples'] as const)
    if (rule[key].length === 0)
      place.report([], 'missing-examples', `rule \`${rule.id}\` has no \`${key}\`; write at least one, best three`)
}

function checkEvidenceName(rule: RuleDocument, name: string, path: readonly (string | number)[], place: RulePlace) {
  if (rule.evidence[name]) return
  const hint = nearest(name, Object.keys(rule.evidence))
  const instead = hint ? `did you mean \`${hint}\`?` : 'add it under `evidence`.'
  place.report(path, 'unknown-evidence', `there is no evidence group \`${name}\`; ${instead}`)
}

function checkGroups(rule: RuleDocument, place: RulePlace): void {
  const used = new Set(rule.patterns.flatMap((p) => [...p.requires, ...Object.keys(p.raise)]))
  for (const [name, group] of Object.entries(rule.evidence)) {
    const path = ['evidence', name]
    if (!used.has(name))
      place.report(path, 'unused-evidence', `no pattern's \`requires\` or \`raise\` names \`${name}\``)
    if (group.keywords.length + group.patterns.length === 0)
      place.report(path, 'empty-evidence', `\`${name}\` has neither \`keywords\` nor \`patterns\``)
    for (const [i, regex] of group.patterns.entries()) checkRegex(regex, [...path, 'patterns', i], place)
  }
  for (const [name, group] of Object.entries(rule.anti_evidence)) {
    const path = ['anti_evidence', name]
    if (group.keywords.length + group.patterns.length + group.values.length === 0)
      place.report(path, 'empty-evidence', `\`${name}\` has no \`keywords\`, \`patterns\` or \`values\``)
    for (const key of ['patterns', 'values'] as const)
      for (const [i, regex] of group[key].entries()) checkRegex(regex, [...path, key, i], place)
  }
}

function checkPrimary(regex: string, path: readonly (string | number)[], place: RulePlace): void {
  if (!checkRegex(regex, path, place)) return
  try {
    const node = parseRegex(regex)
    if (lengthOf(node).min === 0)
      place.report(path, 'matches-empty', 'the pattern can match without reading a character; make it want something')
    if (stepsOf(node) + PATTERN_END_INSTRUCTIONS > PATTERN_INSTRUCTIONS_MAX)
      place.report(path, 'large-pattern', 'the pattern is too large; lower its repeat counts')
  } catch (thrown) {
    if (!(thrown instanceof RegexUnsupported)) throw thrown
    place.report(path, 'bad-pattern', thrown.message)
  }
}

function checkRegex(regex: string, path: readonly (string | number)[], place: RulePlace): boolean {
  try {
    const compiled = new RE2(regex, '')
    if (!compiled.test('')) return true
    place.report(path, 'matches-empty', 'the pattern matches the empty string; make it want something')
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : 'cannot be compiled'
    place.report(path, 'bad-pattern', `not an RE2 pattern: ${message} (no look-around, no back-references)`)
  }
  return false
}

function toRule(rule: RuleDocument): DetectionRule {
  return {
    id: rule.id,
    name: rule.name,
    family: rule.family,
    description: rule.description,
    references: rule.references,
    regulations: rule.regulations,
    patterns: rule.patterns,
    evidence: rule.evidence,
    antiEvidence: rule.anti_evidence,
    ...(rule.threshold && {
      threshold: { unique: rule.threshold.unique, belowConfidence: rule.threshold.below_confidence },
    }),
    ...(rule.views && { views: rule.views }),
    examples: rule.examples,
    negativeExamples: rule.negative_examples,
    knownMisses: rule.known_misses,
  }
}
