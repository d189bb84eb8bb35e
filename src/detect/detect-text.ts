/** The pattern detector over one text: rules and ad-hoc terms, in the text and in its views. Pure, synchronous, linear. */
import type { ExtractedText } from '../core/extraction.ts'
import { type Confidence, confidenceAtLeast, type Match } from '../core/finding.ts'
import type { CompiledRule, CompiledRuleSet } from './compile-rules.ts'
import type { DetectOptions, RawNearMiss, TextDetection } from './detector.ts'
import { TextScan } from './scan-text.ts'
import { settleClaims } from './settle-claims.ts'

/** Finds what the rules say in one text; offsets are bytes of the original text. */
export function detectText(rules: CompiledRuleSet, text: ExtractedText, options: DetectOptions): TextDetection {
  const scan = new TextScan(rules, text.utf8)
  scan.run()
  const matches = scan.claims.map(
    (claim): Match => ({
      detector: claim.pattern.rule.rule.id,
      family: claim.pattern.rule.rule.family,
      kind: 'pattern',
      confidence: claim.confidence,
      part: text.part,
      start: claim.start,
      end: claim.end,
      value: claim.value,
      normalized: claim.normalized,
      via: [],
      evidence: claim.evidence,
    }),
  )
  const nearMisses = scan.silenced.map(
    (silenced): RawNearMiss => ({
      detector: silenced.pattern.rule.rule.id,
      part: text.part,
      start: silenced.start,
      end: silenced.end,
      silencedBy: silenced.silencedBy,
    }),
  )
  const settled = applyThresholds(rules.rules, settleClaims(matches), nearMisses)
  const least = options.minConfidence ?? 'low'
  return {
    matches: settled.filter((match) => confidenceAtLeast(match.confidence, least)),
    nearMisses: nearMisses.filter((miss) => !settled.some((m) => m.detector === miss.detector && overlaps(m, miss))),
    overflow: scan.overflow,
  }
}

/** Bulk rules: matches of a part with too few distinct values stay below, or become near misses. */
function applyThresholds(rules: readonly CompiledRule[], matches: Match[], nearMisses: RawNearMiss[]): Match[] {
  let standing = matches
  for (const { rule } of rules) {
    const threshold = rule.threshold
    if (!threshold) continue
    const own = standing.filter((match) => match.detector === rule.id)
    if (own.length === 0 || new Set(own.map((match) => match.normalized)).size >= threshold.unique) continue
    const below = threshold.belowConfidence
    const note = { kind: 'threshold', name: `${threshold.unique} distinct values` } as const
    if (below === null) {
      standing = standing.filter((match) => match.detector !== rule.id)
      for (const { detector, part, start, end } of own.slice(0, NEAR_MISSES_PER_THRESHOLD_MAX))
        nearMisses.push({ detector, part, start, end, silencedBy: { ...note, effect: 'silenced' } })
    } else {
      standing = standing.map((match) =>
        match.detector === rule.id && confidenceAtLeast(match.confidence, below) && match.confidence !== below
          ? lowered(match, below, { ...note, effect: `lowered to ${below}` })
          : match,
      )
    }
  }
  return standing
}

const NEAR_MISSES_PER_THRESHOLD_MAX = 20

function lowered(match: Match, to: Confidence, note: Match['evidence'][number]): Match {
  return { ...match, confidence: to, evidence: [...match.evidence, note] }
}

function overlaps(a: { start: number; end: number }, b: { start: number; end: number }): boolean {
  return a.start < b.end && b.start < a.end
}
