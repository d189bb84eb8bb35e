/**
 * Registered documents found again, in whole or in part: what shares enough shingles with a document is a match with the
 * share of the document that is there (containment), of both together (resemblance) and the longest passage. A text
 * without any is done after its winnowed shingles: by winnowing's guarantee none of the others could make a passage of
 * GUARANTEED_WORDS. Boilerplate registered as "ignore" counts for nothing. Files without text: `binary-matches.ts`.
 */
import type { ExtractedText } from '../../core/extraction.ts'
import type { Confidence, EvidenceNote, Match } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DetectOptions, Detector, TextDetection } from '../detector.ts'
import { binaryMatches } from './binary-matches.ts'
import {
  DOCUMENTS_PER_HASH_MAX,
  eachPosting,
  type FingerprintIndex,
  groupOf,
  isIgnored,
  mayHave,
  nameOf,
} from './fingerprint-index.ts'
import {
  eachShingleBlock,
  kept,
  LOW_MASK,
  placeOf,
  SHINGLE_WORDS,
  type ShingleBlock,
  type ShingleKey,
  type ShinglePlace,
  shingleKey,
  WINNOW_WINDOW,
  winnow,
  wordsOfUnits,
} from './shingles.ts'

/** Fewer shared shingles than this are a coincidence, unless they are most of a short document. */
const SHARED_MIN = 2
/** Two windows side by side keep two shingles, so every passage of so many words is found. */
export const FOUND_WORDS = SHINGLE_WORDS + SHARED_MIN * WINNOW_WINDOW - 1
/** Words of one passage from which a match is medium and high; a large share of the document is high whatever its size. */
const MEDIUM_WORDS = 15
const HIGH_WORDS = 30
const HIGH_CONTAINMENT = 0.5
/** Shared shingles further apart than this belong to two passages: one edit spoils SHINGLE_WORDS shingles in a row. */
const PASSAGE_GAP_UNITS = 2 * (2 * SHINGLE_WORDS + WINNOW_WINDOW)
const VALUE_MAX_BYTES = 4096

export function fingerprintDetector(index: FingerprintIndex): Detector {
  const key = shingleKey(index.key)
  return {
    kind: 'fingerprint',
    inspectText: (text, options) =>
      index.hasShort || hasAny(index, key, text.utf8)
        ? inspectText(index, key, text, options)
        : { matches: [], nearMisses: [], overflow: false },
    inspectParts: ({ parts, texts, prints }) => {
      const withText = new Set(texts.filter((text) => text.utf8.length > 0).map((text) => text.part))
      const printOf = new Map(prints?.map((print) => [print.part, print]))
      return parts.flatMap((part) => binaryMatches(index, part, printOf.get(part.id), withText.has(part.id)))
    },
  }
}

function hasAny(index: FingerprintIndex, key: ShingleKey, utf8: Uint8Array): boolean {
  let found = false
  eachShingleBlock(utf8, key, (block) => {
    if (found) return
    const passing = passFilter(index, block, winnow(block))
    for (let i = 0; i < passing && !found; i++) {
      const high = (block.high[kept[i] as number] as number) >>> 0
      const low = (block.low[kept[i] as number] as number) & LOW_MASK
      eachPosting(index, high, low, false, () => {
        found = true
        return false
      })
    }
  })
  return found
}

/**
 * Moves the kept shingles that the filter lets pass to the front of `kept` and says how many there are. Without a
 * branch, so that the reads of memory overlap.
 */
function passFilter({ filter }: FingerprintIndex, { high, low }: ShingleBlock, keeping: number): number {
  const { words } = filter
  const shift = 32 - filter.bits
  let passing = 0
  for (let i = 0; i < keeping; i++) {
    const at = kept[i] as number
    const bits = low[at] as number
    const word = words[(high[at] as number) >>> shift] as number
    kept[passing] = at
    passing += (word >>> bits) & (word >>> (bits >>> 5)) & (word >>> (bits >>> 10)) & 1
  }
  return passing
}

/** What a text shares with one document; passages grow as the text is read. */
interface Shared {
  readonly segment: number
  readonly document: number
  /** Distinct shingles, as numbers of 48 bits. */
  readonly distinct: Set<number>
  now: ShinglePlace
  longest: ShinglePlace
}

class Collector {
  readonly shared = new Map<number, Shared>()
  /** Shingles of the text in all. */
  shingles = 0
  overflow = false
  readonly #index: FingerprintIndex
  readonly #ignored = new Map<number, boolean>()
  #visits = 0

  constructor(index: FingerprintIndex) {
    this.#index = index
  }

  take(high: number, low: number, at: ShinglePlace): void {
    const hash = high * 0x10000 + low
    let ignored = this.#ignored.get(hash)
    if (ignored === undefined) {
      ignored = isIgnored(this.#index, high, low)
      this.#ignored.set(hash, ignored)
    }
    if (ignored) return
    let documents = 0
    eachPosting(this.#index, high, low, false, (segment, document) => {
      if (++this.#visits > limits.detectPostingsMax) this.overflow = true
      else this.#note(segment, document, hash, at)
      return !this.overflow && ++documents < DOCUMENTS_PER_HASH_MAX
    })
  }

  #note(segment: number, document: number, hash: number, at: ShinglePlace): void {
    const key = segment * 2 ** 32 + document
    const one = this.shared.get(key)
    if (!one) {
      this.shared.set(key, { segment, document, distinct: new Set([hash]), now: { ...at }, longest: { ...at } })
      return
    }
    one.distinct.add(hash)
    const { now } = one
    if (at.unitStart - now.unitEnd + 2 * SHINGLE_WORDS > PASSAGE_GAP_UNITS) one.now = { ...at }
    else {
      now.end = at.end
      now.unitEnd = at.unitEnd
    }
    if (one.now.unitEnd - one.now.unitStart > one.longest.unitEnd - one.longest.unitStart) one.longest = { ...one.now }
  }
}

function inspectText(
  index: FingerprintIndex,
  key: ShingleKey,
  text: ExtractedText,
  options: DetectOptions,
): TextDetection {
  const collector = new Collector(index)
  const at: ShinglePlace = { unitStart: 0, unitEnd: 0, start: 0, end: 0 }
  let next = 0
  eachShingleBlock(text.utf8, key, (block) => {
    // The front of a block repeats the end of the one before it.
    for (let i = Math.max(0, next - block.first); i < block.count && !collector.overflow; i++) {
      const high = (block.high[i] as number) >>> 0
      const low = (block.low[i] as number) & LOW_MASK
      if (mayHave(index, high, low)) collector.take(high, low, placeOf(block, i, at))
    }
    next = block.first + block.count
  })
  collector.shingles = next
  const matches: Match[] = []
  for (const one of collector.shared.values()) {
    const match = judge(index, one, collector.shingles, text, options)
    if (match) matches.push(match)
  }
  matches.sort(
    (a, b) =>
      (b.containment ?? 0) - (a.containment ?? 0) || a.start - b.start || (a.normalized < b.normalized ? -1 : 1),
  )
  const overflow = collector.overflow || matches.length > limits.detectMatchesPerRuleMax
  return { matches: matches.slice(0, limits.detectMatchesPerRuleMax), nearMisses: [], overflow }
}

function judge(
  index: FingerprintIndex,
  { segment: number, document, distinct, longest }: Shared,
  shingles: number,
  text: ExtractedText,
  options: DetectOptions,
): Match | null {
  const segment = index.segments[number]
  const group = segment && groupOf(segment, document)
  if (!segment || !group) return null
  const count = distinct.size
  const size = Math.max(1, index.sizes[number]?.[document] ?? 1)
  const containment = round(count / size)
  const words = wordsOfUnits(longest.unitEnd - longest.unitStart)
  if (count < SHARED_MIN && containment < HIGH_CONTAINMENT) return null
  const confidence: Confidence =
    words >= HIGH_WORDS || containment >= HIGH_CONTAINMENT ? 'high' : words >= MEDIUM_WORDS ? 'medium' : 'low'
  const { start, end } = longest
  const name = nameOf(segment, document, index.key)
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
