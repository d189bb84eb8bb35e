import type { Confidence, Family } from './finding.ts'

/**
 * A detection rule as data (a file in `rules/`), after Purview's model: a primary pattern, validators, supporting
 * evidence within a distance, anti-evidence, and confidence levels that say what lifts a match. YAML keys are the same
 * words in snake_case.
 *
 *   rules:
 *     - id: nl_bsn
 *       name: Dutch citizen service number (BSN)
 *       family: national_id
 *       description: …
 *       references: [https://…]
 *       regulations: [GDPR]
 *       patterns:
 *         - id: digits
 *           regex: '\d{9}'
 *           boundary: digit
 *           validators: ['stdnum(nl.bsn)']
 *           confidence: low
 *           raise: { words: high }
 *       evidence:
 *         words: { keywords: [bsn, burgerservicenummer], within: 80, side: either }
 *       anti_evidence:
 *         order: { keywords: [ordernummer], within: 30, side: before, effect: silence }
 *       examples: ['BSN 111222333']
 *       negative_examples: ['ordernummer 111222333']
 *       known_misses: [numbers spelt out in words]
 */
export interface DetectionRule {
  /** Lower-case snake_case; the `detector` of its findings. */
  readonly id: string
  readonly name: string
  readonly family: Family
  readonly description: string
  readonly references: readonly string[]
  readonly regulations: readonly string[]
  readonly patterns: readonly RulePattern[]
  /** Word lists: looked for beside the patterns. */
  readonly words?: readonly WordList[]
  /** Places where other rules' matches stand together. */
  readonly combinations?: readonly Combination[]
  /** Weighted rules: the weights of a part's distinct values, added up, say how sure its matches are. */
  readonly score?: Score
  /** Its matches serve combinations only and are no findings. */
  readonly buildingBlock?: boolean
  /** No match is surer than this: what an organisation's own files say of a shipped rule. */
  readonly confidenceMax?: Confidence
  /** How many of a value's last digits excerpts may show (PCI DSS 3.4.1 allows four of a card's); absent: none. */
  readonly shownDigits?: number
  /** By name; patterns refer to them. */
  readonly evidence: Readonly<Record<string, EvidenceGroup>>
  readonly antiEvidence: Readonly<Record<string, AntiEvidenceGroup>>
  /** Bulk rules: with fewer distinct values in one part, matches stay at `belowConfidence` (or vanish when null). */
  readonly threshold?: { readonly unique: number; readonly belowConfidence: Confidence | null }
  /** Views of the text in which the patterns are looked for besides the text itself; absent: all of them. */
  readonly views?: readonly string[]
  readonly examples: readonly string[]
  readonly negativeExamples: readonly string[]
  readonly knownMisses: readonly string[]
}

export interface RulePattern {
  readonly id: string
  /** RE2 syntax. A group named `value` is the value; without one the whole match is. */
  readonly regex: string
  /**
   * What may not stand right before and after the whole match: `word` a letter, digit or underscore (default),
   * `digit` a digit (or a digit behind one `.`/`,`/`-`), `token` a character of `[A-Za-z0-9_+/=-]`, `none` anything may.
   */
  readonly boundary: 'word' | 'digit' | 'token' | 'none'
  /** `name` or `name(argument)`; all must accept the value. Registry: `detect/validators/`. */
  readonly validators: readonly string[]
  /** Confidence of pattern and validators alone. */
  readonly confidence: Confidence
  /** Evidence groups of which one at least must be near, else there is no match (a near miss). */
  readonly requires: readonly string[]
  /** Evidence group -> confidence that a match with it nearby is lifted to. */
  readonly raise: Readonly<Record<string, Confidence>>
}

/** Terms of which each is found as whole words, whatever their case, accents and the punctuation between them. */
export interface WordList {
  readonly id: string
  readonly terms: readonly WeightedTerm[]
  /** Snowball algorithm by which words are reduced to their stems before they are compared; null: as they are. */
  readonly language: string | null
  readonly confidence: Confidence
  readonly requires: readonly string[]
  readonly raise: Readonly<Record<string, Confidence>>
}

export interface WeightedTerm {
  readonly text: string
  readonly weight: number
}

export interface Score {
  /** Least sum for each confidence; below the lowest of them there is no match. */
  readonly levels: Readonly<Partial<Record<Confidence, number>>>
  /** How often one value counts. */
  readonly repeatsMax: number
}

/** Rule `rule` with other rules near it: a match where `all` of them and one of `any` (where there are some) are. */
export interface Combination {
  readonly id: string
  /** Rules of which one match is the place. */
  readonly rules: readonly string[]
  readonly atLeast: Confidence
  /** Largest distance in characters between the place and what must be near. */
  readonly within: number
  readonly all: readonly Companion[]
  readonly any: readonly Companion[]
  readonly confidence: Confidence
}

export interface Companion {
  readonly rules: readonly string[]
  readonly atLeast: Confidence
  /** Distinct values that must be near. */
  readonly count: number
}

export interface EvidenceGroup {
  /** Case-insensitive, matched at word boundaries, white space flexible. */
  readonly keywords: readonly string[]
  /** RE2 patterns that count as evidence too. */
  readonly patterns: readonly string[]
  /** Largest distance in characters between the value and the evidence. */
  readonly within: number
  readonly side: 'before' | 'after' | 'either'
  /** Whether a column header counts for its whole column. */
  readonly column: boolean
}

export interface AntiEvidenceGroup {
  readonly keywords: readonly string[]
  readonly patterns: readonly string[]
  /** RE2 patterns that the value itself matches in whole (placeholders, test values). */
  readonly values: readonly string[]
  /** Values that are meant one by one, however written: an organisation's allow-list. */
  readonly allowed?: readonly string[]
  readonly within: number
  readonly side: 'before' | 'after' | 'either'
  readonly effect: 'silence' | 'low' | 'medium'
}
