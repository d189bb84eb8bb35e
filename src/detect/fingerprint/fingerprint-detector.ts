/**
 * Registered documents found again, in whole or in part: every shingle of a text is looked up; what shares enough with
 * a document is a match with the share of the document that is there (containment), of both together (resemblance) and
 * the longest passage. Boilerplate that was registered as "ignore" counts for nothing.
 */
import type { ExtractedText } from '../../core/extraction.ts'
import type { Confidence, Match } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DetectOptions, Detector, TextDetection } from '../detector.ts'
import { eachDocument, type FingerprintIndex, lookUp } from './fingerprint-index.ts'
import { SHINGLE_WORDS, type Shingles, shingleKey, shingles, WINNOW_WINDOW } from './shingles.ts'

/** Fewer shared shingles than this are a coincidence, unless they are most of a short document. */
const SHARED_MIN = 2
/** Words of one passage from which a match is medium and high; a large share of the document is high whatever its size. */
const MEDIUM_WORDS = 15
const HIGH_WORDS = 30
const HIGH_CONTAINMENT = 0.5
/** Shared shingles further apart than this belong to two passages: one edit spoils SHINGLE_WORDS shingles in a row. */
const PASSAGE_GAP_WORDS = 2 * SHINGLE_WORDS + WINNOW_WINDOW
const VALUE_MAX_BYTES = 4096

interface Shared {
  readonly document: number
  /** Indices of shingles in the text, ascending; a repeated hash counts once in `distinct`. */
  readonly at: number[]
  readonly distinct: Set<number>
}

export function fingerprintDetector(index: FingerprintIndex): Detector {
  const key = shingleKey(index.key)
  return {
    kind: 'fingerprint',
    inspectText: (text, options) => inspectText(index, key, text, options),
  }
}

function inspectText(
  index: FingerprintIndex,
  key: Uint32Array,
  text: ExtractedText,
  options: DetectOptions,
): TextDetection {
  const found = shingles(text.utf8, key)
  const shared = new Map<number, Shared>()
  for (let i = 0; i < found.count; i++) {
    const first = lookUp(index, found.high[i] ?? 0, found.low[i] ?? 0)
    if (first !== 0) note(index, shared, first, i)
  }
  const matches: Match[] = []
  for (const one of shared.values()) {
    const match = judge(index, one, found, text, options)
    if (match) matches.push(match)
  }
  matches.sort((a, b) => (b.containment ?? 0) - (a.containment ?? 0) || a.start - b.start)
  const overflow = matches.length > limits.detectMatchesPerRuleMax
  return { matches: matches.slice(0, limits.detectMatchesPerRuleMax), nearMisses: [], overflow }
}

function note(index: FingerprintIndex, shared: Map<number, Shared>, first: number, at: number): void {
  let ignored = false
  eachDocument(index, first, (document) => {
    ignored ||= index.documents[document]?.ignore ?? true
  })
  if (ignored) return
  eachDocument(index, first, (document) => {
    let one = shared.get(document)
    if (!one) {
      one = { document, at: [], distinct: new Set() }
      shared.set(document, one)
    }
    one.at.push(at)
    one.distinct.add(first)
  })
}

function judge(
  index: FingerprintIndex,
  shared: Shared,
  found: Shingles,
  text: ExtractedText,
  options: DetectOptions,
): Match | null {
  const document = index.documents[shared.document]
  if (!document) return null
  const count = shared.distinct.size
  const containment = Math.min(1, count / Math.max(1, document.shingles))
  const passage = longestPassage(shared.at)
  const words = passage.to - passage.from + SHINGLE_WORDS
  if (count < SHARED_MIN && containment < HIGH_CONTAINMENT) return null
  const confidence: Confidence =
    words >= HIGH_WORDS || containment >= HIGH_CONTAINMENT ? 'high' : words >= MEDIUM_WORDS ? 'medium' : 'low'
  const start = found.wordStart[passage.from] ?? 0
  const end = found.wordEnd[passage.to + SHINGLE_WORDS - 1] ?? start
  // The text's own number of winnowed shingles, as winnowing keeps 2 of WINNOW_WINDOW + 1 on average.
  const own = (found.count * 2) / (WINNOW_WINDOW + 1)
  const share = round(containment)
  return {
    detector: document.collection,
    family: 'intellectual_property',
    kind: 'fingerprint',
    confidence,
    part: text.part,
    start,
    end,
    value: options.reveal
      ? Buffer.from(text.utf8.subarray(start, Math.min(end, start + VALUE_MAX_BYTES))).toString('utf8')
      : '',
    normalized: `${document.collection}/${document.name}`,
    via: [],
    evidence: [
      { kind: 'threshold', name: 'containment', effect: `${Math.round(share * 100)} % of ${document.name}` },
      { kind: 'threshold', name: 'longest-passage', effect: `${words} words` },
    ],
    document: document.name,
    containment: share,
    resemblance: round(count / Math.max(1, document.shingles + own - count)),
  }
}

/** The run of shared shingles that covers most words, gaps of an edit allowed. */
function longestPassage(at: readonly number[]): { from: number; to: number } {
  let best = { from: at[0] ?? 0, to: at[0] ?? 0 }
  let from = best.from
  for (let i = 0; i < at.length; i++) {
    const here = at[i] ?? 0
    if (i > 0 && here - (at[i - 1] ?? 0) > PASSAGE_GAP_WORDS) from = here
    if (here - from > best.to - best.from) best = { from, to: here }
  }
  return best
}

function round(share: number): number {
  return Math.round(Math.min(1, share) * 1000) / 1000
}
