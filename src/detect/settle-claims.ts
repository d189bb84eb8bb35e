/**
 * Which of overlapping claims stand. Within one rule the better claim wins; between rules both stand, unless a surer one
 * of the same family covers the other (a bare nine-digit number inside an IBAN says nothing). Pure; O(n log n).
 */
import { CONFIDENCES, type Match } from '../core/finding.ts'

type Claimed = Pick<Match, 'detector' | 'family' | 'confidence' | 'start' | 'end' | 'via'>

export function settleClaims<T extends Claimed>(claims: readonly T[]): T[] {
  const byRule = Map.groupBy(claims, (claim) => claim.detector)
  const standing = [...byRule.values()].flatMap(bestOfRule)
  const byFamily = Map.groupBy(standing, (claim) => claim.family)
  return [...byFamily.values()].flatMap(uncovered).sort(byPlace)
}

/** Claims of one rule in order of position; a claim that overlaps a better one goes. */
function bestOfRule<T extends Claimed>(claims: readonly T[]): T[] {
  const kept: T[] = []
  for (const claim of [...claims].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1)
    if (!last || claim.start >= last.end) kept.push(claim)
    else if (better(claim, last)) kept[kept.length - 1] = claim
  }
  return kept
}

function better(a: Claimed, b: Claimed): boolean {
  if (rank(a) !== rank(b)) return rank(a) > rank(b)
  // What stands in the open is said before what a view makes of the same place.
  if (a.via.length !== b.via.length) return a.via.length < b.via.length
  return a.end - a.start > b.end - b.start
}

/** Sweeps by start and remembers, per level, how far claims reach: covered means started earlier and ends later. */
function uncovered<T extends Claimed>(claims: readonly T[]): T[] {
  const reach = CONFIDENCES.map(() => -1)
  const kept: T[] = []
  const ordered = [...claims].sort((a, b) => a.start - b.start || b.end - a.end || rank(b) - rank(a))
  for (const claim of ordered) {
    const level = rank(claim)
    const covered = reach.some((end, other) => other > level && end >= claim.end)
    if (!covered) kept.push(claim)
    reach[level] = Math.max(reach[level] as number, claim.end)
  }
  return kept
}

function rank(claim: Claimed): number {
  return CONFIDENCES.indexOf(claim.confidence)
}

/** By position and then by name, so that the order doesn't depend on how patterns were looked for. */
function byPlace(a: Claimed, b: Claimed): number {
  return a.start - b.start || a.end - b.end || (a.detector < b.detector ? -1 : a.detector > b.detector ? 1 : 0)
}
