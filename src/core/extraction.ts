/**
 * What an extractor made of untrusted bytes: parts, their text, and what could not be looked into. All of it is data:
 * an encrypted or broken part is never an exception. Raw text never leaves the scan job.
 */
export interface Part {
  /** Index in `Extraction.parts`; the root (the mail or upload itself) is 0. */
  readonly id: number
  readonly parent: number | null
  /** Display path from the root, e.g. `mail/report.zip/q3.xlsx`. Unique within one extraction. */
  readonly path: string
  /** File name as declared by the container, decoded; null where there is none. */
  readonly filename: string | null
  /** Media type that the container claims, lower case, without parameters; null where it claims none. */
  readonly declaredType: string | null
  /** Media type by content. */
  readonly sniffedType: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  /** 0 for the root. */
  readonly depth: number
  /** Format ids that led here from the root, e.g. `['zip', 'xlsx']`; goes into a match's `via`. */
  readonly via: readonly string[]
  /** What is odd about the part: conditions for policy. */
  readonly traits: readonly PartTrait[]
}

export const PART_TRAITS = [
  'attachment',
  'type-mismatch',
  'polyglot',
  'trailing-data',
  'macro',
  'opened-with-password',
  'irm-protected',
  'digitally-signed',
  'hidden-content',
] as const
export type PartTrait = (typeof PART_TRAITS)[number]

export const UNINSPECTED_REASONS = [
  'encrypted',
  'corrupt',
  'ambiguous',
  'partial',
  'too-deep',
  'too-large',
  'too-many',
  'timeout',
  'unsupported',
  'not-readable',
] as const
export type UninspectedReason = (typeof UNINSPECTED_REASONS)[number]

/** Something that was not inspected, in full or in part. Visible to policy, reviewer and audit. */
export interface Uninspected {
  readonly path: string
  readonly reason: UninspectedReason
  /** A word or two for a person, never content: `ZipCrypto`, `depth 16`. */
  readonly detail: string
}

/** The text of one part as the detectors see it: UTF-8, table cells apart by TAB and rows by LF. */
export interface ExtractedText {
  readonly part: number
  readonly utf8: Uint8Array
}

/** A classification label as found, before any label map: scheme-specific id and name, verbatim. */
export interface LabelMark {
  /** `msip`, `titus`, `header`, `property`, `marking`, `tlp`, `protective-marking`, `sio`, `rfc2634` … */
  readonly scheme: string
  /** GUID or identifier of the scheme; the text of the marking where it has no id. */
  readonly id: string
  readonly name: string
  /** Path of the part that carries it. */
  readonly part: string
  /** Lower-case header or property name for `header` and `property` schemes. */
  readonly header?: string
  /** MSIP tenant (site) id. */
  readonly siteId?: string
  /** `Standard` | `Privileged` for MSIP. */
  readonly method?: string
  readonly contentBits?: number
  readonly removed?: boolean
  readonly setAt?: string
}

/**
 * What a part is recognised by apart from its text, for those who ask (files without text, pictures). Unkeyed hashes of
 * content: like raw text they never leave the scan job.
 */
export interface PartPrint {
  readonly part: number
  /** 16 bytes of SHA-256 for each content-defined chunk, one after the other; base64. */
  readonly chunks?: string
  /**
   * The lowest 256 frequencies of each picture, whose signs are the same in its copies; 16-bit integers, one picture after
   * the other, base64.
   */
  readonly picture?: string
}

/** Which prints are worked out; they cost time, so nobody does it for nothing. */
export interface PrintsWanted {
  readonly chunks: boolean
  readonly pictures: boolean
}

export interface Extraction {
  readonly parts: readonly Part[]
  readonly texts: readonly ExtractedText[]
  readonly uninspected: readonly Uninspected[]
  readonly labels: readonly LabelMark[]
  readonly prints?: readonly PartPrint[]
}
