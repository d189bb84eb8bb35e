/**
 * What the detectors say. A `Match` is offsets into one part's text and lives only inside the scan job; a `Finding`
 * groups the matches of one detection rule and is safe to store: no raw value, only a keyed HMAC and redacted evidence.
 */
export const CONFIDENCES = ['low', 'medium', 'high'] as const
export type Confidence = (typeof CONFIDENCES)[number]

export const FAMILIES = [
  'financial',
  'national_id',
  'health',
  'secret',
  'contact',
  'personal',
  'intellectual_property',
  'label',
  'custom',
] as const
export type Family = (typeof FAMILIES)[number]

export const FINDING_KINDS = ['pattern', 'dictionary', 'fingerprint', 'exact-data', 'label'] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

/** What it would cost if a registered document got out. Ascending. */
export const SENSITIVITIES = ['low', 'medium', 'high'] as const
export type Sensitivity = (typeof SENSITIVITIES)[number]

/** Ascending: low 65, medium 75, high 85 in Purview's numbers. */
export function confidenceAtLeast(have: Confidence, want: Confidence): boolean {
  return CONFIDENCES.indexOf(have) >= CONFIDENCES.indexOf(want)
}

/** Why a match has its confidence: what a person needs to agree or disagree, without the value. */
export interface EvidenceNote {
  readonly kind:
    | 'pattern'
    | 'validator'
    | 'keyword'
    | 'column-header'
    | 'anti-evidence'
    | 'threshold'
    | 'score'
    | 'rule'
  /** Name of the pattern, validator or evidence group in the rule; for `rule` the id of another rule nearby. */
  readonly name: string
  /** Distance in characters between the match and the evidence, where it has one. */
  readonly distance?: number
  /** The rule's keyword that stands there, as the rule writes it. */
  readonly keyword?: string
  /** What it did: `required`, `raised to high`, `lowered to low`, `silenced`. */
  readonly effect: string
}

/** One match as a detector reports it, before grouping. Never leaves the scan job. */
export interface Match {
  readonly detector: string
  readonly family: Family
  readonly kind: FindingKind
  readonly confidence: Confidence
  /** Part id. */
  readonly part: number
  /** Byte offsets into the part's UTF-8 text (the original, not a view). */
  readonly start: number
  readonly end: number
  /** The text that matched, as a view showed it. */
  readonly value: string
  /** Canonical form a validator works on; equal values have equal canonical forms. */
  readonly normalized: string
  /** Decodings of embedded text through which it was seen (`base64`, `url`, `html` …); empty for the plain text. */
  readonly via: readonly string[]
  readonly evidence: readonly EvidenceNote[]
  /** How many of its last digits an excerpt may show; absent: none. */
  readonly shownDigits?: number
  /** For fingerprint and exact-data matches. */
  readonly document?: string
  readonly containment?: number
  readonly resemblance?: number
  /** Words of the longest passage shared with a registered document. */
  readonly passageWords?: number
  /** Partner lists that may receive the registered document. */
  readonly partners?: readonly string[]
  readonly sensitivity?: Sensitivity
  /** For bulk rules: how many distinct values one match stands for. */
  readonly weight?: number
}

export interface FindingMatch {
  /** Path of the part. */
  readonly part: string
  /** Unicode code point offsets into the part's extracted text. */
  readonly start: number
  readonly end: number
  /** Surroundings with the value masked: safe to store, but only in encrypted blobs or to a permitted reviewer. */
  readonly excerpt: string
  readonly via: readonly string[]
  readonly evidence: readonly EvidenceNote[]
  readonly document?: string
  readonly containment?: number
  readonly resemblance?: number
  readonly passageWords?: number
  readonly partners?: readonly string[]
  readonly sensitivity?: Sensitivity
  /** Only with reveal. */
  readonly value?: string
  /** Only with reveal. */
  readonly normalized?: string
}

export interface Finding {
  /** `f1`, `f2` … in order of first appearance; stable for the same report. */
  readonly id: string
  /** Id of the detection rule, or the name of the collection, index or label. */
  readonly detector: string
  readonly family: Family
  readonly kind: FindingKind
  /** Highest confidence of its matches. */
  readonly confidence: Confidence
  /** All matches, also those past `matches`' limit. */
  readonly count: number
  /** Distinct normalised values. */
  readonly unique: number
  /** Count and unique count at each confidence or above, for policies that ask for one. */
  readonly atLeast: Readonly<Record<Confidence, { readonly count: number; readonly unique: number }>>
  /** The same per part path, bounded. */
  readonly perPart: Readonly<Record<string, { readonly count: number; readonly unique: number }>>
  /** Keyed HMACs of distinct values (hex, 16 bytes), bounded: the finding keys. */
  readonly keys: readonly string[]
  /** Bounded list, highest confidence first, then by position. */
  readonly matches: readonly FindingMatch[]
}

/** A match that was dropped, and by what: `sluice scan --explain` shows it. */
export interface NearMiss {
  readonly detector: string
  readonly part: string
  readonly start: number
  readonly end: number
  /** What silenced it. */
  readonly silencedBy: EvidenceNote
  /** Only with reveal. */
  readonly value?: string
}

/** A label after the label map: the organisation's own level where one is mapped. */
export interface LabelFinding {
  readonly scheme: string
  readonly id: string
  readonly name: string
  readonly part: string
  readonly header?: string
  readonly siteId?: string
  /** Level of the organisation's label map; null where the map doesn't know the label. */
  readonly level: string | null
  /** Position of the level in the map's order, 0 lowest; null where unmapped. */
  readonly rank: number | null
}
