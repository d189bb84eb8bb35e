/**
 * What is counted of the matches of one detector while they come in: how many, how many distinct values, how sure, in
 * which parts, and the first of them to be shown. Memory is bounded however many there are: past `findingValuesMax`
 * distinct values `unique` says "at least", while counts stay exact. Pure.
 */
import { CONFIDENCES, type Confidence, confidenceAtLeast, type Finding, type Match } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import { hmacOf } from './hmac-sha256.ts'

/** Where a match stands for its reader: code point offsets, and its surroundings with every value masked. */
export interface SeenMatch {
  readonly start: number
  readonly end: number
  readonly excerpt: string
}

/** A match to be shown. */
export interface KeptMatch {
  readonly path: string
  readonly match: Match
  readonly seen: SeenMatch
}

const KEY_BYTES = 16

/** Values that may still be told apart; parts share one. */
class Room {
  left: number = limits.findingValuesMax
}

class Count {
  count = 0
  unique = 0
  readonly weights = new Map<string, number>()
  readonly #room: Room

  constructor(room = new Room()) {
    this.#room = room
  }

  add({ normalized, weight = 1 }: Match): void {
    this.count += weight
    const before = this.weights.get(normalized)
    if (before === undefined && this.#room.left === 0) return
    if (before !== undefined && before >= weight) return
    if (before === undefined) this.#room.left--
    this.weights.set(normalized, weight)
    this.unique += weight - (before ?? 0)
  }

  get totals(): { count: number; unique: number } {
    return { count: this.count, unique: this.unique }
  }
}

export class FindingTally {
  readonly #first: Match
  readonly #atLeast: Readonly<Record<Confidence, Count>> = { low: new Count(), medium: new Count(), high: new Count() }
  /** A message has a bounded number of parts, and all of them together a bounded number of values. */
  readonly #perPart = new Map<string, Count>()
  readonly #partsRoom = new Room()
  readonly #kept: Readonly<Record<Confidence, { path: string; match: Match; see: () => SeenMatch }[]>> = {
    low: [],
    medium: [],
    high: [],
  }

  constructor(first: Match) {
    this.#first = first
  }

  /** Whether one more match of that confidence may be shown; of any other nothing but its value is remembered. */
  shows(confidence: Confidence): boolean {
    return this.#kept[confidence].length < limits.findingMatchesKeptMax
  }

  /** `see` is asked at the end, and only for what is shown. */
  add(match: Match, path: string, see: () => SeenMatch): void {
    for (const least of CONFIDENCES) if (confidenceAtLeast(match.confidence, least)) this.#atLeast[least].add(match)
    let part = this.#perPart.get(path)
    if (!part) {
      part = new Count(this.#partsRoom)
      this.#perPart.set(path, part)
    }
    part.add(match)
    if (this.shows(match.confidence)) this.#kept[match.confidence].push({ path, match, see })
  }

  /** Matches to be shown: the surest first, then as they came. */
  kept(): KeptMatch[] {
    return [...CONFIDENCES]
      .reverse()
      .flatMap((confidence) => this.#kept[confidence])
      .slice(0, limits.findingMatchesKeptMax)
      .map(({ path, match, see }) => ({ path, match, seen: see() }))
  }

  /** All of a Finding but its id and the matches that are shown. */
  totals(findingKey: Uint8Array): Omit<Finding, 'id' | 'matches'> {
    const { detector, family, kind } = this.#first
    const { low, medium, high } = this.#atLeast
    return {
      detector,
      family,
      kind,
      confidence: CONFIDENCES.findLast((confidence) => this.#kept[confidence].length > 0) ?? this.#first.confidence,
      ...low.totals,
      atLeast: { low: low.totals, medium: medium.totals, high: high.totals },
      perPart: Object.fromEntries(fullest(this.#perPart).map(([path, part]) => [path, part.totals])),
      keys: [...low.weights.keys()]
        .slice(0, limits.findingKeysKeptMax)
        .map((value) => keyOf(detector, value, findingKey)),
    }
  }
}

/**
 * The parts that are told, in order of appearance: all of them, or else those with the most matches and those with the
 * most values, so that a part that meets a policy's bound is not left out for a hundred that don't.
 */
function fullest(parts: ReadonlyMap<string, Count>): (readonly [string, Count])[] {
  const all = [...parts]
  if (all.length <= limits.findingMatchesKeptMax) return all
  const half = Math.ceil(limits.findingMatchesKeptMax / 2)
  const told = new Set(all.toSorted(([, a], [, b]) => b.count - a.count).slice(0, half))
  for (const one of all.toSorted(([, a], [, b]) => b.unique - a.unique)) {
    if (told.size >= limits.findingMatchesKeptMax) break
    told.add(one)
  }
  return all.filter((one) => told.has(one))
}

/** Keyed, so that a stored finding can be compared with another but not looked up in a table of all card numbers. */
function keyOf(detector: string, value: string, key: Uint8Array): string {
  const words = hmacOf(key).digest(`${detector}\0${value}`)
  let hex = ''
  for (let i = 0; i < KEY_BYTES / 4; i++) hex += ((words[i] as number) >>> 0).toString(16).padStart(8, '0')
  return hex
}
