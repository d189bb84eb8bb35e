/**
 * What only running a rule can tell: patterns that stand twice, that no example reaches, whose levels nothing can lift a
 * match to, or that cost too much. For `sluice rules check`; too slow for every start. Costs are counted in steps of the
 * automaton, never in time, so that the answer is the same on every machine. Pure; all complaints at once.
 */
import type { RulePattern, WordList } from '../../core/detection-rule.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { CONFIDENCES, type Confidence, confidenceAtLeast } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { CompiledPattern, CompiledRule, CompiledRuleSet } from '../compile-rules.ts'
import { detectText } from '../detect-text.ts'
import { foldKeyword } from '../evidence/fold-text.ts'
import { SAMPLE_TEXT } from '../match/sample-text.ts'
import { TextScan } from '../scan-text.ts'
import type { RulePlace } from './rule-place.ts'

/** `places`: where each rule stands, by its id. Only rules whose place is known are looked at. */
export function auditRules(rules: CompiledRuleSet, places: ReadonlyMap<string, RulePlace>): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const seen = new Map<string, string>()
  for (const rule of rules.rules) {
    const place = places.get(rule.rule.id)
    if (!place) continue
    const before = place.diagnostics.length
    const patterns = rules.patterns.filter((pattern) => pattern.rule === rule)
    for (const [index, pattern] of patterns.entries()) {
      checkDuplicate(pattern, ['patterns', index, 'regex'], place, seen)
      checkShadowed(patterns, index, place)
      checkSteps(pattern, ['patterns', index, 'regex'], place)
    }
    checkLevels(rule, place)
    checkKeywords(rule, place)
    if (rule.rule.examples.length > 0) checkReach(rules, rule, place)
    diagnostics.push(...place.diagnostics.slice(before))
  }
  return diagnostics
}

type Path = readonly (string | number)[]

/** The same pattern with the same validators near the same words is the same finding twice. */
function checkDuplicate(pattern: CompiledPattern, path: Path, place: RulePlace, seen: Map<string, string>): void {
  const { rule, pattern: own } = pattern
  const key = JSON.stringify([
    own.regex,
    own.boundary,
    own.validators,
    own.requires.map((name) => rule.rule.evidence[name]),
  ])
  const name = `${rule.rule.id}/${own.id}`
  const earlier = seen.get(key)
  if (earlier) place.report(path, 'duplicate-pattern', `the same pattern stands in \`${earlier}\`; keep one of them`)
  else seen.set(key, name)
}

/** An earlier pattern of the rule that finds all that this one does, and is as sure of it. */
function checkShadowed(patterns: readonly CompiledPattern[], index: number, place: RulePlace): void {
  const own = (patterns[index] as CompiledPattern).pattern
  const shadow = patterns
    .slice(0, index)
    .map(({ pattern }) => pattern)
    .find(
      (other) =>
        other.regex === own.regex &&
        other.boundary === own.boundary &&
        other.validators.every((validator) => own.validators.includes(validator)) &&
        (other.requires.length === 0 || own.requires.every((name) => other.requires.includes(name))) &&
        (other.requires.length === 0 || own.requires.length > 0) &&
        confidenceAtLeast(other.confidence, best(own)),
    )
  if (shadow)
    place.report(['patterns', index, 'regex'], 'shadowed-pattern', `\`${shadow.id}\` finds all that this one finds`)
}

/** Steps that each byte of ordinary text costs, over the texts below. A rule with more slows every message down. */
function checkSteps(pattern: CompiledPattern, path: Path, place: RulePlace): void {
  // What is looked for about its literals costs nothing where they don't stand.
  if (pattern.plan.by === 'literal') return
  const steps = Math.max(...AUDIT_TEXTS.map((text) => stepsPerByte(pattern, text)))
  if (steps > limits.rulePatternStepsPerByteMax)
    place.report(
      path,
      'slow-pattern',
      `it takes ${steps.toFixed(1)} steps for each byte of ordinary text, ${limits.rulePatternStepsPerByteMax} are the ` +
        'most; begin it with something rare, or bound its repeats',
    )
}

function stepsPerByte({ sole: { scanner } }: CompiledPattern, text: Buffer): number {
  let steps = 0
  scanner.observe((walked) => {
    steps += walked
  })
  scanner.scan(text, () => true)
  scanner.observe(null)
  return steps / text.length
}

/** Prose and code, a table of numbers, and tokens as base64 and logs have them. */
const AUDIT_TEXTS: readonly Buffer[] = [
  SAMPLE_TEXT,
  Buffer.from(
    Array.from({ length: 200 }, (_, i) => `${(i * 7919) % 10_000} ${(i * 104_729) % 1_000_000}\t4${i}-${i * 3}`).join(
      '\n',
    ),
  ),
  Buffer.from('abcdefghijklmnopqrstuvwxyz0123456789ABCDEF '.repeat(60) + 'key = "value" '.repeat(60)),
]

function checkLevels({ rule }: CompiledRule, place: RulePlace): void {
  const elements = { patterns: rule.patterns, words: rule.words ?? [] }
  for (const [key, list] of Object.entries(elements))
    for (const [index, element] of (list as readonly (RulePattern | WordList)[]).entries())
      for (const [group, to] of Object.entries(element.raise))
        if (confidenceAtLeast(element.confidence, to))
          place.report(
            [key, index, 'raise', group],
            'unreachable-level',
            `\`${element.id}\` is \`${element.confidence}\` by itself, so \`${group}\` lifts nothing to \`${to}\``,
          )
  const most = bestOf(elements.patterns, elements.words)
  for (const [name, { effect }] of Object.entries(rule.antiEvidence))
    if (effect !== 'silence' && most && confidenceAtLeast(effect, most))
      place.report(
        ['anti_evidence', name],
        'unreachable-level',
        `no match of the rule is surer than \`${most}\`, so \`${name}\` lowers nothing to \`${effect}\``,
      )
  const below = rule.threshold?.belowConfidence
  if (below && most && confidenceAtLeast(below, most))
    place.report(
      ['threshold', 'below_confidence'],
      'unreachable-level',
      `no match of the rule is surer than \`${most}\`, so the threshold changes nothing`,
    )
}

function checkKeywords({ rule }: CompiledRule, place: RulePlace): void {
  for (const [key, groups] of [
    ['evidence', rule.evidence],
    ['anti_evidence', rule.antiEvidence],
  ] as const)
    for (const [name, { keywords }] of Object.entries(groups))
      for (const [i, keyword] of keywords.entries())
        if (foldKeyword(keyword).length === 0)
          place.report(
            [key, name, 'keywords', i],
            'impossible-keyword',
            `\`${keyword}\` has no letter or digit to find`,
          )
}

/** Every pattern, word list and combination must be what finds one of the rule's examples. */
function checkReach(rules: CompiledRuleSet, compiled: CompiledRule, place: RulePlace): void {
  const { rule } = compiled
  const elements = [...rule.patterns, ...(rule.words ?? []), ...(rule.combinations ?? [])].length
  const reached = new Set<string>()
  for (const example of rule.examples) {
    if (reached.size === elements) return
    const utf8 = Buffer.from(example)
    for (const match of detectText(rules, { part: 0, utf8 }, { findingKey: NO_KEY }).matches)
      if (match.detector === rule.id && match.evidence[0]) reached.add(match.evidence[0].name)
    // Of several that match at one place only the surest is a finding; the others are reached all the same.
    const scan = new TextScan(rules, utf8)
    if (reached.size < elements) scan.run()
    for (const { pattern } of scan.claims) if (pattern.rule === compiled) reached.add(pattern.pattern.id)
  }
  for (const key of ['patterns', 'words', 'combinations'] as const)
    for (const [index, { id }] of (rule[key] ?? []).entries())
      if (!reached.has(id))
        place.report(
          [key, index],
          'unreachable-pattern',
          `no example of \`${rule.id}\` is found by \`${id}\`: add one that is, or take it out`,
        )
}

const NO_KEY = new Uint8Array(32)

function best(element: Pick<RulePattern, 'confidence' | 'raise'>): Confidence {
  return highest([element.confidence, ...Object.values(element.raise)]) ?? element.confidence
}

function bestOf(...lists: readonly (readonly Pick<RulePattern, 'confidence' | 'raise'>[])[]): Confidence | undefined {
  return highest(lists.flat().map(best))
}

function highest(levels: readonly Confidence[]): Confidence | undefined {
  return CONFIDENCES.findLast((level) => levels.includes(level))
}
