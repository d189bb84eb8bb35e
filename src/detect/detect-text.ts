/** The pattern detector over one text: rules and ad-hoc terms, in the text and in its views. Pure, synchronous, linear. */
import type { ExtractedText } from '../core/extraction.ts'
import { confidenceAtLeast, type Match } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import { combineMatches } from './combine-matches.ts'
import { buildRuleSet, type CompiledRuleSet, choicesMade } from './compile-rules.ts'
import type { DetectOptions, HeldMatch, RawNearMiss, StreamedDetector, TextDetection } from './detector.ts'
import { explainMisses, type Missed, pickMisses } from './explain-misses.ts'
import { type Claim, type SilencedClaim, TextScan } from './scan-text.ts'
import { settleClaims } from './settle-claims.ts'
import { termRule } from './term-rules.ts'
import { ViewScan } from './view-scan.ts'
import { type Silenced, weighMatches } from './weigh-matches.ts'

/** Finds what the rules say in one text; offsets are bytes of the original text. */
export function detectText(rules: CompiledRuleSet, text: ExtractedText, options: DetectOptions): TextDetection {
  const all = withTerms(rules, options.terms ?? [])
  const looked = look(all, text, options)
  const silenced: Silenced<Match>[] = []
  const settled = weighMatches(all, looked.settled, silenced)
  const weighed = silenced.map(({ match: { detector, start, end }, silencedBy }): RawNearMiss => {
    return { detector, part: text.part, start, end, silencedBy }
  })
  return conclude(all, text, { ...looked, settled, nearMisses: [...looked.nearMisses, ...weighed] }, options)
}

/**
 * The same for a text that comes in windows. What all matches of a rule say together shows at the end alone, so bulk and
 * weighted rules are held until then; combinations take them for what they may come to.
 */
export function patternStream(rules: CompiledRuleSet, options: DetectOptions): StreamedDetector {
  const all = withTerms(rules, options.terms ?? [])
  const weighted = new Set(all.weightedRules.map(({ rule }) => rule.id))
  const lacking = new Map(all.bulkRules.map(({ rule }) => [rule.id, new Set<string>()]))
  const wanted = new Map(all.bulkRules.map(({ rule }) => [rule.id, rule.threshold?.unique ?? 0]))
  return {
    take: (text) => {
      const matchesMax = Math.max(limits.detectMatchesPerRuleMax, text.utf8.length / limits.detectBytesPerCandidateMin)
      return conclude(all, text, look(all, text, options, matchesMax), options)
    },
    isHeld: ({ detector, normalized }) => {
      const values = lacking.get(detector)?.add(normalized)
      if (values && values.size >= (wanted.get(detector) ?? 0)) lacking.delete(detector)
      return weighted.has(detector) || lacking.has(detector)
    },
    end: (held) => {
      const nearMisses: Silenced<HeldMatch>[] = []
      // Where a bulk rule has enough values, what was held of it before it had them stands as it is.
      const isOpen = ({ detector }: Match) => weighted.has(detector) || lacking.has(detector)
      const judged = weighMatches(all, held.filter(isOpen), nearMisses)
      return { matches: [...held.filter((match) => !isOpen(match)), ...judged], nearMisses }
    },
  }
}

interface Looked {
  /** By position, before they are weighed together. */
  readonly settled: readonly Match[]
  readonly nearMisses: readonly RawNearMiss[]
  /** Before those that are told were picked. */
  readonly explained: readonly Missed[]
  readonly overflow: boolean
  readonly packed: boolean
}

function look(all: CompiledRuleSet, text: ExtractedText, options: DetectOptions, matchesMax?: number): Looked {
  const buffer = bufferOf(text)
  const scan = new TextScan(all, buffer, null, matchesMax)
  scan.run()
  const hidden = new ViewScan(all, buffer.length)
  hidden.run(buffer, scan)
  const plain = scan.claims
    .filter((claim) => claim.pattern.rule.rule.views?.includes('text') ?? true)
    .map((claim) => matchOf(text.part, claim, { ...claim, via: claim.pattern.term?.via ?? [] }))
  const matches = [
    ...plain,
    ...unseen(
      plain,
      hidden.found.map((found) => matchOf(text.part, found.claim, found)),
    ),
  ]
  return {
    settled: settleClaims(matches),
    nearMisses: scan.silenced.map((silenced) => missOf(text.part, silenced)),
    explained: options.explain ? explainMisses(all, buffer, scan.finder) : [],
    overflow: scan.overflow || hidden.overflow,
    packed: hidden.packed,
  }
}

function conclude(
  all: CompiledRuleSet,
  text: ExtractedText,
  { settled, nearMisses, explained, overflow, packed }: Looked,
  options: DetectOptions,
): TextDetection {
  const combined = combineMatches(all, bufferOf(text), settled)
  const found = [...settled, ...combined.matches]
  const least = options.minConfidence ?? 'low'
  return {
    matches: found.filter(
      ({ confidence, detector }) => confidenceAtLeast(confidence, least) && !all.buildingBlocks.has(detector),
    ),
    nearMisses: withoutFound([...nearMisses, ...combined.nearMisses], found),
    ...(options.explain && {
      explained: withoutFound(
        pickMisses(explained, found).map((miss) => missOf(text.part, miss)),
        found,
      ),
    }),
    overflow: overflow || combined.overflow,
    packed,
  }
}

function bufferOf({ utf8 }: ExtractedText): Buffer {
  return Buffer.from(utf8.buffer, utf8.byteOffset, utf8.byteLength)
}

function missOf(part: number, { pattern, start, end, silencedBy }: SilencedClaim): RawNearMiss {
  return { detector: pattern.rule.rule.id, part, start, end, silencedBy }
}

function matchOf(
  part: number,
  claim: Claim,
  seen: Pick<Match, 'start' | 'end' | 'via' | 'confidence' | 'evidence'>,
): Match {
  const { rule } = claim.pattern.rule
  const most = rule.confidenceMax
  const capped = most !== undefined && !confidenceAtLeast(most, seen.confidence)
  return {
    detector: rule.id,
    family: rule.family,
    kind: claim.pattern.kind,
    confidence: capped ? most : seen.confidence,
    part,
    start: seen.start,
    end: seen.end,
    value: claim.value,
    normalized: claim.normalized,
    via: seen.via,
    ...(rule.shownDigits !== undefined && { shownDigits: rule.shownDigits }),
    evidence: capped
      ? [...seen.evidence, { kind: 'threshold', name: 'override', effect: `lowered to ${most}` }]
      : seen.evidence,
  }
}

/** What views add: not the same value at the same place again, and each by its shortest way. */
function unseen(plain: readonly Match[], hidden: readonly Match[]): Match[] {
  if (hidden.length === 0) return []
  const kept = Map.groupBy(plain, (match) => `${match.detector}\0${match.normalized}`)
  const added: Match[] = []
  for (const match of [...hidden].sort((a, b) => a.via.length - b.via.length || a.start - b.start)) {
    const key = `${match.detector}\0${match.normalized}`
    const same = kept.get(key)
    if (same?.some((other) => overlaps(other, match))) continue
    if (same) same.push(match)
    else kept.set(key, [match])
    added.push(match)
  }
  return added
}

const setsWithTerms = new WeakMap<CompiledRuleSet, Map<string, CompiledRuleSet>>()
/** A process is given its terms once; a caller that changes them all the time compiles all the time. */
const TERM_SETS_MAX = 4

function withTerms(rules: CompiledRuleSet, terms: NonNullable<DetectOptions['terms']>): CompiledRuleSet {
  if (terms.length === 0) return rules
  const known = setsWithTerms.get(rules) ?? new Map<string, CompiledRuleSet>()
  setsWithTerms.set(rules, known)
  const key = JSON.stringify(terms)
  let set = known.get(key)
  if (!set) {
    if (known.size >= TERM_SETS_MAX) known.clear()
    set = buildRuleSet(
      rules.rules.map(({ rule }) => rule),
      terms.map(({ name, text }) => termRule(name, text)),
      choicesMade(rules.patterns),
    )
    known.set(key, set)
  }
  return set
}

/** A place that one pattern of a rule was silenced at and another found is found; one that several were, is one. */
function withoutFound(misses: readonly RawNearMiss[], matches: readonly Match[]): RawNearMiss[] {
  if (misses.length === 0) return []
  const found = Map.groupBy(matches, (match) => match.detector)
  const told = new Set<string>()
  return misses.filter((miss) => {
    const key = `${miss.detector} ${miss.start} ${miss.end} ${miss.silencedBy.name}`
    if (told.has(key) || found.get(miss.detector)?.some((match) => overlaps(match, miss))) return false
    told.add(key)
    return true
  })
}

function overlaps(a: { start: number; end: number }, b: { start: number; end: number }): boolean {
  return a.start < b.end && b.start < a.end
}
