/** The shape of a detection rule file (`rules/*.yaml`): DetectionRule with snake_case keys and its defaults. */
import { z } from 'zod'
import { CONFIDENCES, FAMILIES } from '../../core/finding.ts'
import { VIEW_NAMES } from '../views/view-names.ts'
import { STEM_LANGUAGES } from '../words/stemmer.ts'

const confidence = z.enum(CONFIDENCES)
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'write lower-case letters, digits and underscores, a letter first')
const words = z.array(z.string().min(1)).default([])
/** Farther than this is not proximity any more, and looking there would cost every candidate. */
const WITHIN_MAX = 2_000
const distance = z.int().min(0).max(WITHIN_MAX)
const side = z.enum(['before', 'after', 'either']).default('either')
const raise = z.record(z.string(), confidence)
const weight = z.int().min(-1_000).max(1_000)
/** One id or a list of them. */
const ids = z.union([name.transform((id) => [id]), z.array(name).min(1)])

const pattern = z.strictObject({
  id: name,
  regex: z.string().min(1),
  boundary: z.enum(['word', 'digit', 'token', 'none']).default('word'),
  validators: z.array(z.string()).default([]),
  confidence,
  requires: z.array(z.string()).default([]),
  raise: raise.default({}),
})

const wordList = z.strictObject({
  id: name,
  terms: words,
  weighted: z.record(z.string().min(1), weight).default({}),
  files: words,
  language: z.enum(STEM_LANGUAGES).optional(),
  confidence: confidence.optional(),
  requires: z.array(z.string()).default([]),
  raise: raise.default({}),
})

const score = z.strictObject({
  low: z.int().min(1).max(1_000_000).optional(),
  medium: z.int().min(1).max(1_000_000).optional(),
  high: z.int().min(1).max(1_000_000).optional(),
  repeats_max: z.int().min(1).max(1_000).default(1),
})

const companion = z.strictObject({
  rule: ids,
  at_least: confidence.default('low'),
  count: z.int().min(1).max(1_000).default(1),
})

const combination = z.strictObject({
  id: name,
  rule: ids,
  at_least: confidence.default('low'),
  within: distance,
  all: z.array(companion).default([]),
  any: z.array(companion).default([]),
  confidence,
})

const evidence = z.strictObject({
  keywords: words,
  patterns: words,
  within: distance.default(80),
  side,
  column: z.boolean().default(true),
})

const antiEvidence = z.strictObject({
  keywords: words,
  patterns: words,
  values: words,
  within: distance.default(40),
  side,
  effect: z.enum(['silence', 'low', 'medium']).default('silence'),
})

const threshold = z.strictObject({ unique: z.int().min(2).max(1_000), below_confidence: confidence.nullable() })

export const ruleSchema = z.strictObject({
  id: name,
  name: z.string().min(1),
  family: z.enum(FAMILIES),
  description: z.string().min(1),
  references: z.array(z.string()).default([]),
  regulations: z.array(z.string()).default([]),
  patterns: z.array(pattern).default([]),
  words: z.array(wordList).default([]),
  combinations: z.array(combination).default([]),
  score: score.optional(),
  building_block: z.boolean().default(false),
  shown_digits: z.int().min(1).max(4).optional(),
  evidence: z.record(z.string(), evidence).default({}),
  anti_evidence: z.record(z.string(), antiEvidence).default({}),
  threshold: threshold.optional(),
  views: z.array(z.enum(VIEW_NAMES)).optional(),
  examples: words,
  negative_examples: words,
  known_misses: words,
})

/** What an organisation changes of a rule that stands elsewhere, without a copy of it. */
export const overrideSchema = z.strictObject({
  rule: ids,
  /** Why; for people. */
  reason: z.string().min(1).optional(),
  enabled: z.boolean().optional(),
  confidence_max: confidence.optional(),
  threshold: threshold.nullable().optional(),
  patterns: z
    .record(
      z.string(),
      z.strictObject({
        enabled: z.boolean().optional(),
        confidence: confidence.optional(),
        requires: z.array(z.string()).optional(),
        raise: raise.optional(),
      }),
    )
    .optional(),
  evidence: z.record(z.string(), z.strictObject({ keywords: words, within: distance.optional() })).optional(),
  except: z
    .strictObject({
      values: words,
      files: words,
      patterns: words,
      near: z.strictObject({ keywords: words, patterns: words, within: distance.default(40), side }).optional(),
      effect: z.enum(['silence', 'low', 'medium']).default('silence'),
    })
    .optional(),
  examples: words,
  negative_examples: words,
})

export const ruleFileSchema = z.strictObject({
  rules: z.array(ruleSchema).default([]),
  overrides: z.array(overrideSchema).default([]),
})

export type RuleDocument = z.output<typeof ruleSchema>
export type WordsDocument = z.output<typeof wordList>
export type OverrideDocument = z.output<typeof overrideSchema>
