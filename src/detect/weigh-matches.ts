/**
 * What all matches of a rule in one part say together: bulk rules want many distinct values, weighted rules enough of
 * weight. Too little lowers a rule's matches or silences them, with a near miss for each of the first. Pure.
 */
import { CONFIDENCES, type Confidence, confidenceAtLeast, type EvidenceNote, type Match } from '../core/finding.ts'
import type { CompiledRule, CompiledRuleSet } from './compile-rules.ts'

const NEAR_MISSES_PER_RULE_MAX = 20

/** A match that fell, and what silenced it. */
export interface Silenced<T extends Match> {
  readonly match: T
  readonly silencedBy: EvidenceNote
}

/** Matches that stand; appends the first of those that don't to `silenced`. */
export function weighMatches<T extends Match>(
  { bulkRules, weightedRules }: CompiledRuleSet,
  matches: readonly T[],
  silenced: Silenced<T>[],
): readonly T[] {
  if (bulkRules.length + weightedRules.length === 0 || matches.length === 0) return matches
  const byRule = Map.groupBy(matches, (match) => match.detector)
  const replaced = new Map<string, Map<T, T | null>>()
  const judge = (rule: CompiledRule, judged: (own: readonly T[]) => Judgement<T>) => {
    const own = byRule.get(rule.rule.id)
    if (!own) return
    const { kept, note } = judged(own)
    replaced.set(rule.rule.id, kept)
    if (note) for (const match of own.slice(0, NEAR_MISSES_PER_RULE_MAX)) silenced.push({ match, silencedBy: note })
  }
  for (const rule of bulkRules) judge(rule, (own) => judgeBulk(rule, own))
  for (const rule of weightedRules) judge(rule, (own) => judgeScore(rule, own))
  return matches.flatMap((match) => {
    const kept = replaced.get(match.detector)
    if (!kept) return [match]
    const standing = kept.get(match)
    return standing ? [standing] : []
  })
}

interface Judgement<T> {
  /** Each match as it stands now, null: it doesn't. */
  readonly kept: Map<T, T | null>
  /** What silenced them. */
  readonly note: EvidenceNote | null
}

function judgeBulk<T extends Match>({ rule }: CompiledRule, own: readonly T[]): Judgement<T> {
  const { threshold } = rule
  const enough = !threshold || new Set(own.map((match) => match.normalized)).size >= threshold.unique
  if (enough) return { kept: new Map(own.map((match) => [match, match])), note: null }
  const below = threshold.belowConfidence
  const note = { kind: 'threshold', name: `${threshold.unique} distinct values` } as const
  if (below === null) return { kept: new Map(), note: { ...note, effect: 'silenced' } }
  const lower = (match: T) =>
    confidenceAtLeast(below, match.confidence) ? match : noted(match, below, { ...note, effect: `lowered to ${below}` })
  return { kept: new Map(own.map((match) => [match, lower(match)])), note: null }
}

function judgeScore<T extends Match>({ rule, weights }: CompiledRule, own: readonly T[]): Judgement<T> {
  const { levels, repeatsMax } = rule.score ?? { levels: {}, repeatsMax: 1 }
  let sum = 0
  for (const [value, same] of Map.groupBy(own, (match) => match.normalized))
    sum += (weights.get(value) ?? 0) * Math.min(same.length, repeatsMax)
  const reached = CONFIDENCES.findLast((level) => sum >= (levels[level] ?? Number.POSITIVE_INFINITY))
  if (!reached) {
    const least = Math.min(...Object.values(levels))
    return { kept: new Map(), note: { kind: 'score', name: `${sum} of ${least}`, effect: 'silenced' } }
  }
  const note: EvidenceNote = { kind: 'score', name: `${sum}`, effect: `${reached} from ${levels[reached]} on` }
  // What weighs against the rest is no finding itself.
  const speaking = own.filter((match) => (weights.get(match.normalized) ?? 0) > 0)
  return { kept: new Map(speaking.map((match) => [match, noted(match, reached, note)])), note: null }
}

function noted<T extends Match>(match: T, confidence: Confidence, note: EvidenceNote): T {
  return { ...match, confidence, evidence: [...match.evidence, note] }
}
