/**
 * Registered documents found again, in whole or in part: what shares enough shingles with a document is a match with the
 * share of the document that is there (containment), of both together (resemblance) and the longest passage. Boilerplate
 * registered as "ignore" counts for nothing. Files without text: `binary-matches.ts`.
 */
import type { ExtractedText } from '../../core/extraction.ts'
import type { Confidence, EvidenceNote, Match } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DetectOptions, Detector, StreamedDetector, TextDetection } from '../detector.ts'
import { binaryMatches } from './binary-matches.ts'
import { type FingerprintIndex, type FingerprintSegment, groupOf, nameOf } from './fingerprint-index.ts'
import { type SharedPassages, sharedPassages } from './shared-passages.ts'
import { SHINGLE_WORDS, type ShingleKey, shingleKey, WINNOW_WINDOW, wordsOfUnits } from './shingles.ts'

/** Fewer shared shingles than this are a coincidence, unless they are most of a short document. */
const SHARED_MIN = 2
/** Two windows side by side keep two shingles, so every passage of so many words is found. */
export const FOUND_WORDS = SHINGLE_WORDS + SHARED_MIN * WINNOW_WINDOW - 1
/** Words of one passage from which a match is medium and high; a large share of the document is high whatever its size. */
const MEDIUM_WORDS = 15
const HIGH_WORDS = 30
const HIGH_CONTAINMENT = 0.5
const VALUE_MAX_BYTES = 4096

export function fingerprintDetector(index: FingerprintIndex): Detector {
  const key = shingleKey(index.key)
  const names = new OpenedNames(index)
  return {
    kind: 'fingerprint',
    inspectText: (text, options) => inspectText(index, key, names, text, options),
    openStream: (options) => fingerprintStream(index, key, names, options),
    inspectParts: ({ parts, texts, prints }) => {
      const withText = new Set(texts.filter((text) => text.utf8.length > 0).map((text) => text.part))
      const printOf = new Map(prints?.map((print) => [print.part, print]))
      return parts.flatMap((part) => binaryMatches(index, part, printOf.get(part.id), withText.has(part.id)))
    },
  }
}

/** Names remembered, since opening one costs more than judging its document. */
const NAMES_MAX = 4_096

class OpenedNames {
  readonly #index: FingerprintIndex
  readonly #known = new Map<number, string>()

  constructor(index: FingerprintIndex) {
    this.#index = index
  }

  nameOf(segment: number, document: number): string {
    const number = segment * 2 ** 32 + document
    let name = this.#known.get(number)
    if (name === undefined) {
      name = nameOf(this.#index.segments[segment] as FingerprintSegment, document, this.#index.key)
      if (this.#known.size >= NAMES_MAX) this.#known.clear()
      this.#known.set(number, name)
    }
    return name
  }
}

function inspectText(
  index: FingerprintIndex,
  key: ShingleKey,
  names: OpenedNames,
  text: ExtractedText,
  options: DetectOptions,
): TextDetection {
  const { documents, shingles, overflow: stopped } = sharedPassages(index, key, text.utf8)
  const matches: Match[] = []
  for (const one of documents) {
    const match = judge(index, names, one, shingles, text, options)
    if (match) matches.push(match)
  }
  matches.sort(
    (a, b) =>
      (b.containment ?? 0) - (a.containment ?? 0) || a.start - b.start || (a.normalized < b.normalized ? -1 : 1),
  )
  const overflow = stopped || matches.length > limits.detectMatchesPerRuleMax
  return { matches: matches.slice(0, limits.detectMatchesPerRuleMax), nearMisses: [], overflow }
}

/**
 * A text in windows: shingles of a document are counted over all of them, and its longest passage is that of one window
 * with the text about it. What is too little for a match in one window may be enough in all.
 */
function fingerprintStream(
  index: FingerprintIndex,
  key: ShingleKey,
  names: OpenedNames,
  options: DetectOptions,
): StreamedDetector {
  const found = new Map<string, { readonly first: SharedPassages; readonly distinct: Set<number> }>()
  let shingles = 0
  let hashes = 0
  return {
    take: (window) => {
      const shared = sharedPassages(index, key, window.utf8)
      shingles += shared.shingles
      const matches: Match[] = []
      for (const one of shared.documents) {
        const match = judge(index, names, one, shared.shingles, window, options, 0)
        if (!match || hashes > limits.detectPostingsMax) continue
        const known = found.get(match.normalized)
        if (known) for (const hash of one.distinct) known.distinct.add(hash)
        else found.set(match.normalized, { first: one, distinct: new Set(one.distinct) })
        hashes += one.distinct.size
        matches.push(match)
      }
      return { matches, nearMisses: [], overflow: shared.overflow || hashes > limits.detectPostingsMax }
    },
    isHeld: () => true,
    end: (held) => ({
      matches: [...Map.groupBy(held, (match) => match.normalized)].flatMap(([document, own]) => {
        const longest = own.reduce((a, b) => ((b.passageWords ?? 0) > (a.passageWords ?? 0) ? b : a))
        const shared = found.get(document)
        const text = { part: longest.part, utf8: NO_TEXT }
        const match =
          shared && judge(index, names, { ...shared.first, distinct: shared.distinct }, shingles, text, options)
        if (!match) return []
        const { start, end, value, passageWords = 0, seen } = longest
        const confidence = confidenceOf(passageWords, match.containment ?? 0)
        const evidence = match.evidence.map((one) =>
          one.name === 'longest-passage' ? note(one.name, `${passageWords} words`) : one,
        )
        return [{ ...match, start, end, value, passageWords, seen, confidence, evidence }]
      }),
      nearMisses: [],
    }),
  }
}

const NO_TEXT = new Uint8Array(0)

function confidenceOf(words: number, containment: number): Confidence {
  return words >= HIGH_WORDS || containment >= HIGH_CONTAINMENT ? 'high' : words >= MEDIUM_WORDS ? 'medium' : 'low'
}

/** `sharedMin`: fewer shingles are no match, unless they are most of the document. */
function judge(
  index: FingerprintIndex,
  names: OpenedNames,
  { segment: number, document, distinct, longest }: SharedPassages,
  shingles: number,
  text: ExtractedText,
  options: DetectOptions,
  sharedMin = SHARED_MIN,
): Match | null {
  const segment = index.segments[number]
  const group = segment && groupOf(segment, document)
  if (!segment || !group) return null
  const count = distinct.size
  const size = Math.max(1, index.sizes[number]?.[document] ?? 1)
  const containment = round(count / size)
  const words = wordsOfUnits(longest.unitEnd - longest.unitStart)
  if (count < sharedMin && containment < HIGH_CONTAINMENT) return null
  const confidence = confidenceOf(words, containment)
  const { start, end } = longest
  const name = names.nameOf(number, document)
  // The text's own number of winnowed shingles, as winnowing keeps 2 of WINNOW_WINDOW + 1 on average.
  const own = (shingles * 2) / (WINNOW_WINDOW + 1)
  return {
    detector: group.collection,
    family: 'intellectual_property',
    kind: 'fingerprint',
    confidence,
    part: text.part,
    start,
    end,
    value: options.reveal ? decode(text.utf8.subarray(start, Math.min(end, start + VALUE_MAX_BYTES))) : '',
    normalized: `${group.collection}/${name}`,
    via: [],
    evidence: [
      note('containment', `${Math.round(containment * 100)} % of ${name}`),
      note('longest-passage', `${words} words`),
    ],
    document: name,
    containment,
    resemblance: round(count / Math.max(1, size + own - count)),
    passageWords: words,
    ...(group.partners.length > 0 ? { partners: group.partners } : {}),
    ...(group.sensitivity ? { sensitivity: group.sensitivity } : {}),
  }
}

function note(name: string, effect: string): EvidenceNote {
  return { kind: 'threshold', name, effect }
}

function decode(utf8: Uint8Array): string {
  return Buffer.from(utf8.buffer, utf8.byteOffset, utf8.byteLength).toString('utf8')
}

function round(share: number): number {
  return Math.round(Math.min(1, share) * 1000) / 1000
}
