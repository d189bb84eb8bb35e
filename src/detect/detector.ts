/**
 * A detector: text in, matches out. Pure and synchronous, no I/O, no clock. It never throws on any text; what it leaves
 * out it says (`overflow`). Adding one: a file beside this, its sources in `detect-all.ts` and a line in its registry.
 */
import type { ExtractedText, Extraction } from '../core/extraction.ts'
import type { EvidenceNote, LabelFinding, Match } from '../core/finding.ts'
import type { SeenMatch } from './finding-tally.ts'
import type { Silenced } from './weigh-matches.ts'

export interface DetectOptions {
  /** Key of the HMAC over normalised values; 32 bytes. */
  readonly findingKey: Uint8Array
  /** Adds raw values to findings; only a person at the command line may ask for it. */
  readonly reveal?: boolean
  /** Tells of near misses that take a second look at the text, too. Changes nothing that is found. */
  readonly explain?: boolean
  /** Ad-hoc terms, found whatever their case, spacing and punctuation, as high-confidence intellectual property. */
  readonly terms?: readonly { readonly name: string; readonly text: string }[]
  /** Matches below it are left out. Default `low`. */
  readonly minConfidence?: Match['confidence']
  /** What is looked at of a streamed text at once; left out: the limit's default. */
  readonly windowBytes?: number
}

/** A silenced match; byte offsets into the part's text. */
export interface RawNearMiss {
  readonly detector: string
  readonly part: number
  readonly start: number
  readonly end: number
  readonly silencedBy: EvidenceNote
}

export interface TextDetection {
  readonly matches: readonly Match[]
  readonly nearMisses: readonly RawNearMiss[]
  /** Those that only an explanation asks for. */
  readonly explained?: readonly RawNearMiss[]
  /** A limit was hit, so the text was not inspected in full. */
  readonly overflow: boolean
  /** Gzip in base64 or hex is larger than is unpacked here: a gap as well, unless the part has that file as a child. */
  readonly packed?: boolean
}

/** A match of a streamed text that is judged at the text's end, with the places of it that were shown. */
export interface HeldMatch extends Match {
  readonly seen: SeenMatch
}

/**
 * A detector over one text that comes in windows, in order. Windows overlap: of the matches of a window those that begin
 * in its own stretch are taken, so each is taken once.
 */
export interface StreamedDetector {
  /** What is found in a window; offsets are the window's. `isOwn`: whether a match begins in its own stretch. */
  take(window: ExtractedText, isOwn: (match: Match) => boolean): TextDetection
  /** Whether a match of `take` counts only after `end`. */
  isHeld?(match: Match): boolean
  /** What stands of the held ones, and which of the others are near misses. */
  end?(held: readonly HeldMatch[]): {
    readonly matches: readonly HeldMatch[]
    readonly nearMisses: readonly Silenced<HeldMatch>[]
  }
}

export interface LabelDetection {
  readonly labels: readonly LabelFinding[]
  /** Path of the first part whose markings there was no room for; null: all are told. */
  readonly cutAt: string | null
}

export interface Detector {
  readonly kind: Match['kind']
  inspectText?(text: ExtractedText, options: DetectOptions): TextDetection
  /** For every detector with `inspectText`. */
  openStream?(options: DetectOptions): StreamedDetector
  /** What parts are, apart from their text. */
  inspectParts?(extraction: Extraction, options: DetectOptions): readonly Match[]
  inspectLabels?(extraction: Extraction, options: DetectOptions): LabelDetection
}
