/**
 * Rule files -> DetectionRules, with every mistake of every file at once. Pure. With any error the caller must run none
 * of them: half of what an author wrote is not what they meant. Overrides are applied last, whatever file they stand in.
 */
import type { z } from 'zod'
import type { DetectionRule } from '../../core/detection-rule.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { nearest } from '../../yaml/nearest.ts'
import { readYaml, type YamlSource, type YamlText } from '../../yaml/parse-yaml.ts'
import { validate } from '../../yaml/validate.ts'
import type { PlanChoice, PlanChoices } from '../match/plan-pattern.ts'
import { applyOverride, checkOverride } from './apply-override.ts'
import { checkCombinations, combinedRules } from './check-combinations.ts'
import { checkPatterns } from './check-patterns.ts'
import { checkRule } from './check-rule.ts'
import { RulePlace } from './rule-place.ts'
import { type OverrideDocument, overrideSchema, type RuleDocument, ruleFileSchema, ruleSchema } from './rule-schema.ts'
import { type ListFiles, readTerms } from './word-list.ts'

export interface RuleFile extends YamlText {
  /** Texts of the files that it names (word lists, allow-lists), by the path written in it; null: can't be read. */
  readonly lists?: ListFiles
  /** How its patterns are looked for, by `planKey`, where that was found out before. */
  readonly choices?: Readonly<Record<string, PlanChoice>>
  /** `value` is what the schema makes of it, and its patterns were tried: neither need be done again. */
  readonly sound?: boolean
}

/** All choices that the files come with. */
export function choicesOf(files: readonly RuleFile[]): PlanChoices {
  return new Map(files.flatMap(({ choices = {} }) => Object.entries(choices)))
}

export interface ParsedRules {
  readonly rules: readonly DetectionRule[]
  /** Rules that an override switches off; policies may name them still. */
  readonly disabled: readonly DetectionRule[]
  readonly diagnostics: Diagnostic[]
  /** Place of each rule that stands in force as it is written there, for complaints that need all of them. */
  readonly places: ReadonlyMap<string, RulePlace>
}

interface Written<T> {
  readonly document: T
  readonly place: RulePlace
  readonly file: RuleFile
}

export function parseRules(files: readonly RuleFile[]): ParsedRules {
  const written: Written<RuleDocument>[] = []
  const overrides: Written<OverrideDocument>[] = []
  const ids = new Set<string>()
  const diagnostics: Diagnostic[] = []
  for (const file of files) {
    const { source, diagnostics: syntax } = readYaml(file)
    diagnostics.push(...syntax)
    if (!source) continue
    const { value, diagnostics: shape } = isSound(file) ? validatedBefore(source) : validate(source, ruleFileSchema)
    diagnostics.push(...shape)
    const place = (...path: (string | number)[]) => new RulePlace(source, path)
    const root = (source.value ?? {}) as { readonly rules?: unknown; readonly overrides?: unknown }
    for (const { index, document } of value ? numbered(value.rules) : wellFormed(root.rules, ruleSchema))
      written.push({ document, place: place('rules', index), file })
    for (const { index, document } of value ? numbered(value.overrides) : wellFormed(root.overrides, overrideSchema))
      overrides.push({ document, place: place('overrides', index), file })
    for (const id of idsOf(root.rules)) ids.add(id)
    if (value && value.rules.length + value.overrides.length === 0)
      diagnostics.push(source.diagnostic([], 'missing-key', 'write `rules` or `overrides`'))
  }
  const rules = checked(written, overrides, ids)
  const places = new Map(written.map(({ document, place }) => [document.id, place]))
  const changed = overridden(rules, overrides, ids)
  for (const { document } of overrides) for (const id of document.rule) places.delete(id)
  diagnostics.push(...[...written, ...overrides].flatMap(({ place }) => place.diagnostics))
  return { ...changed, diagnostics, places }
}

function isSound({ sound, value }: RuleFile): boolean {
  return sound === true && value !== undefined
}

function validatedBefore(source: YamlSource): ReturnType<typeof validate<typeof ruleFileSchema>> {
  return { value: source.value as z.output<typeof ruleFileSchema>, diagnostics: [] }
}

/** Entries of the right shape, so that the others' mistakes hide none of theirs. */
function wellFormed<T extends z.ZodType>(entries: unknown, schema: T): { index: number; document: z.output<T> }[] {
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown, index) => {
    const { success, data } = schema.safeParse(entry)
    return success ? [{ index, document: data }] : []
  })
}

function numbered<T>(documents: readonly T[]): { index: number; document: T }[] {
  return documents.map((document, index) => ({ index, document }))
}

/** Ids of rules, of those with mistakes too: what names them is no mistake besides. */
function idsOf(entries: unknown): string[] {
  if (!Array.isArray(entries)) return []
  return entries.map((entry: { readonly id?: unknown } | null) => entry?.id).filter((id) => typeof id === 'string')
}

/** The sound ones among the rules as they are written. */
function checked(
  written: readonly Written<RuleDocument>[],
  overrides: readonly Written<OverrideDocument>[],
  ids: ReadonlySet<string>,
): DetectionRule[] {
  const rules: DetectionRule[] = []
  const known = {
    ids,
    combined: new Set(written.filter(({ document }) => document.combinations.length > 0).map((w) => w.document.id)),
    disabled: new Set(overrides.filter((o) => o.document.enabled === false).flatMap((o) => o.document.rule)),
  }
  const needed = new Set(written.flatMap(({ document }) => combinedRules(document)))
  const earlier = new Map<string, RulePlace>()
  for (const { document, place, file } of written) {
    const first = earlier.get(document.id)
    if (first) place.report(['id'], 'duplicate-id', `rule \`${document.id}\` already stands at ${first.name}`)
    else earlier.set(document.id, place)
    checkRule(document, place)
    if (!isSound(file)) checkPatterns(document, place)
    checkCombinations(document, place, known)
    if (document.building_block && !needed.has(document.id))
      place.report(['building_block'], 'option-without-effect', `no combination names \`${document.id}\``)
    const rule = toRule(document, file.lists ?? {}, place)
    if (!place.broken) rules.push(rule)
  }
  return rules
}

function overridden(
  rules: readonly DetectionRule[],
  overrides: readonly Written<OverrideDocument>[],
  known: ReadonlySet<string>,
): Pick<ParsedRules, 'rules' | 'disabled'> {
  const byId = new Map<string, DetectionRule | null>(rules.map((rule) => [rule.id, rule]))
  const disabled: DetectionRule[] = []
  const earlier = new Map<string, RulePlace>()
  for (const { document, place, file } of overrides) {
    checkOverride(document, place)
    for (const id of document.rule) {
      const first = earlier.get(id)
      if (first)
        place.report(['rule'], 'duplicate-id', `rule \`${id}\` is overridden at ${first.name} already; make it one`)
      earlier.set(id, place)
      if (!known.has(id)) {
        const hint = nearest(id, [...known])
        place.report(['rule'], 'unknown-rule', `there is no rule \`${id}\`${hint ? `; did you mean \`${hint}\`?` : ''}`)
      }
      const rule = byId.get(id)
      if (!rule) continue
      const changed = applyOverride(rule, document, file.lists ?? {}, place)
      if (!changed) disabled.push(rule)
      byId.set(id, changed)
    }
  }
  return { rules: [...byId.values()].filter((rule) => rule !== null), disabled }
}

function toRule(rule: RuleDocument, lists: ListFiles, place: RulePlace): DetectionRule {
  const words = rule.words.map((list, i) => ({
    id: list.id,
    terms: readTerms(list, lists, ['words', i], place),
    language: list.language ?? null,
    confidence: list.confidence ?? ('low' as const),
    requires: list.requires,
    raise: list.raise,
  }))
  const { score } = rule
  return {
    id: rule.id,
    name: rule.name,
    family: rule.family,
    description: rule.description,
    references: rule.references,
    regulations: rule.regulations,
    patterns: rule.patterns,
    ...(words.length > 0 && { words }),
    ...(rule.combinations.length > 0 && { combinations: rule.combinations.map(toCombination) }),
    ...(score && { score: { levels: levelsOf(score), repeatsMax: score.repeats_max } }),
    ...(rule.building_block && { buildingBlock: true }),
    ...(rule.shown_digits !== undefined && { shownDigits: rule.shown_digits }),
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

function levelsOf({ low, medium, high }: NonNullable<RuleDocument['score']>) {
  return { ...(low && { low }), ...(medium && { medium }), ...(high && { high }) }
}

function toCombination(document: RuleDocument['combinations'][number]) {
  const companion = ({ rule, at_least, count }: (typeof document.all)[number]) => ({
    rules: rule,
    atLeast: at_least,
    count,
  })
  return {
    id: document.id,
    rules: document.rule,
    atLeast: document.at_least,
    within: document.within,
    all: document.all.map(companion),
    any: document.any.map(companion),
    confidence: document.confidence,
  }
}
