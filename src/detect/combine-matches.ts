/**
 * Combinations: a match of one rule with matches of others near it, counted by distinct values, is a match of the rule
 * that combines them. Works on what the rules found by themselves, seen through whatever view. Pure; the places looked
 * at are bounded, and running out is said.
 */

import type { Combination, Companion } from '../core/detection-rule.ts'
import { CONFIDENCES, confidenceAtLeast, type EvidenceNote, type Match } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import type { CompiledRule, CompiledRuleSet } from './compile-rules.ts'
import type { RawNearMiss } from './detector.ts'
import { firstFrom } from './first-from.ts'

const NEAR_MISSES_PER_COMBINATION_MAX = 20
/** UTF-8 needs at most this many bytes a character. */
const BYTES_PER_CHARACTER_MAX = 4

interface Combined {
  readonly matches: Match[]
  readonly nearMisses: RawNearMiss[]
  readonly overflow: boolean
}

/** `matches` in order of their start. */
export function combineMatches(rules: CompiledRuleSet, text: Uint8Array, matches: readonly Match[]): Combined {
  const found: Combined = { matches: [], nearMisses: [], overflow: false }
  if (rules.combinedRules.length === 0 || matches.length === 0) return found
  const byRule = Map.groupBy(matches, (match) => match.detector)
  let placesLeft: number = limits.detectCombinationPlacesMax
  for (const rule of rules.combinedRules) {
    const best = new Map<Match, Match>()
    const missed: RawNearMiss[] = []
    for (const combination of rule.rule.combinations ?? []) {
      const places = ofRules(byRule, combination.rules, combination.atLeast)
      if (places.length === 0) continue
      placesLeft -= places.length
      if (placesLeft < 0) return { ...found, overflow: true }
      const surroundings = new Surroundings(text, combination, byRule)
      for (const place of places) {
        const notes = surroundings.judge(place)
        if (!notes.complete) {
          if (missed.length < NEAR_MISSES_PER_COMBINATION_MAX)
            missed.push({
              detector: rule.rule.id,
              part: place.part,
              start: place.start,
              end: place.end,
              silencedBy: notes.missing,
            })
          continue
        }
        const match = combinedMatch(rule, combination, place, notes.evidence)
        const other = best.get(place)
        if (!other || rank(match) > rank(other)) best.set(place, match)
      }
    }
    found.matches.push(...best.values())
    found.nearMisses.push(...missed)
  }
  return found
}

function combinedMatch({ rule }: CompiledRule, combination: Combination, place: Match, notes: EvidenceNote[]): Match {
  const own: EvidenceNote = { kind: 'pattern', name: combination.id, effect: combination.confidence }
  const primary: EvidenceNote = { kind: 'rule', name: place.detector, distance: 0, effect: 'required' }
  return {
    ...place,
    detector: rule.id,
    family: rule.family,
    confidence: combination.confidence,
    evidence: [own, primary, ...notes],
  }
}

type Verdict =
  | { readonly complete: true; readonly evidence: EvidenceNote[] }
  | { readonly complete: false; readonly missing: EvidenceNote }

class Surroundings {
  readonly #text: Uint8Array
  readonly #combination: Combination
  readonly #all: readonly Neighbours[]
  readonly #any: readonly Neighbours[]

  constructor(text: Uint8Array, combination: Combination, byRule: ReadonlyMap<string, readonly Match[]>) {
    this.#text = text
    this.#combination = combination
    const neighbours = (companion: Companion) => ({
      companion,
      matches: ofRules(byRule, companion.rules, companion.atLeast),
    })
    this.#all = combination.all.map(neighbours)
    this.#any = combination.any.map(neighbours)
  }

  judge(place: Match): Verdict {
    const evidence: EvidenceNote[] = []
    for (const neighbours of this.#all) {
      const note = this.#near(place, neighbours)
      if (!note) return { complete: false, missing: missing([neighbours]) }
      evidence.push(note)
    }
    if (this.#any.length === 0) return { complete: true, evidence }
    for (const neighbours of this.#any) {
      const note = this.#near(place, neighbours)
      if (note) return { complete: true, evidence: [...evidence, note] }
    }
    return { complete: false, missing: missing(this.#any) }
  }

  /** The nearest of the companion's matches when enough of them are near, or null. */
  #near(place: Match, { companion, matches }: Neighbours): EvidenceNote | null {
    const { within } = this.#combination
    const reach = within * BYTES_PER_CHARACTER_MAX
    const values = new Set<string>()
    let nearest: { rule: string; distance: number } | null = null
    for (let i = firstFrom(matches, place.start - reach - limits.detectMatchMaxBytes); i < matches.length; i++) {
      const match = matches[i] as Match
      if (match.start > place.end + reach) break
      // It may be as long as a match can be, and most are not.
      if (match === place || place.start - match.end > reach) continue
      const distance = this.#distance(place, match)
      if (distance > within) continue
      values.add(`${match.detector}\0${match.normalized}`)
      if (!nearest || distance < nearest.distance) nearest = { rule: match.detector, distance }
    }
    if (!nearest || values.size < companion.count) return null
    const effect = companion.count > 1 ? `${values.size} distinct values, ${companion.count} required` : 'required'
    return { kind: 'rule', name: nearest.rule, distance: nearest.distance, effect }
  }

  /** Characters between two matches; 0 where they overlap. */
  #distance(a: Match, b: Match): number {
    const [from, to] = b.start >= a.end ? [a.end, b.start] : [b.end, a.start]
    let count = 0
    for (let i = from; i < to; i++) if (((this.#text[i] as number) & 0xc0) !== 0x80) count++
    return count
  }
}

interface Neighbours {
  readonly companion: Companion
  readonly matches: readonly Match[]
}

function missing(neighbours: readonly Neighbours[]): EvidenceNote {
  const names = neighbours.map(
    ({ companion: { rules, count } }) => `${count > 1 ? `${count} of ` : ''}${rules.join('|')}`,
  )
  return { kind: 'rule', name: names.join(' or '), effect: 'missing' }
}

/** Matches of the rules, in order of their start. */
function ofRules(
  byRule: ReadonlyMap<string, readonly Match[]>,
  rules: readonly string[],
  atLeast: Match['confidence'],
) {
  return rules
    .flatMap((rule) => byRule.get(rule) ?? [])
    .filter((match) => confidenceAtLeast(match.confidence, atLeast))
    .sort((a, b) => a.start - b.start || a.end - b.end)
}

function rank(match: Match): number {
  return CONFIDENCES.indexOf(match.confidence)
}
