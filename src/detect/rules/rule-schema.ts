/** The shape of a detection rule file (`rules/*.yaml`): DetectionRule with snake_case keys and its defaults. */
import { z } from 'zod'
import { CONFIDENCES, FAMILIES } from '../../core/finding.ts'
import { VIEW_NAMES } from '../views/view-names.ts'

const confidence = z.enum(CONFIDENCES)
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'write lower-case letters, digits and underscores, a letter first')
const words = z.array(z.string().min(1)).default([])
/** Farther than this is not proximity any more, and looking there would cost every candidate. */
const distance = z.int().min(0).max(2_000)
const side = z.enum(['before', 'after', 'either']).default('either')

const pattern = z.strictObject({
  id: name,
  regex: z.string().min(1),
  boundary: z.enum(['word', 'digit', 'token', 'none']).default('word'),
  validators: z.array(z.string()).default([]),
  confidence,
  requires: z.array(z.string()).default([]),
  raise: z.record(z.string(), confidence).default({}),
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

export const ruleSchema = z.strictObject({
  id: name,
  name: z.string().min(1),
  family: z.enum(FAMILIES),
  description: z.string().min(1),
  references: z.array(z.string()).default([]),
  regulations: z.array(z.string()).default([]),
  patterns: z.array(pattern).min(1),
  evidence: z.record(z.string(), evidence).default({}),
  anti_evidence: z.record(z.string(), antiEvidence).default({}),
  threshold: z.strictObject({ unique: z.int().min(2).max(1_000), below_confidence: confidence.nullable() }).optional(),
  views: z.array(z.enum(VIEW_NAMES)).optional(),
  examples: words,
  negative_examples: words,
  known_misses: words,
})

export const ruleFileSchema = z.strictObject({ rules: z.array(ruleSchema).min(1) })

export type RuleDocument = z.output<typeof ruleSchema>
