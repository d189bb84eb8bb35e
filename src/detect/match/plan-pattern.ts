/**
 * How a pattern is best looked for. Most begin with something rare and are looked for everywhere at once. One that
 * begins as every word does is looked for about a literal it contains, if it has one. The choice depends on the pattern
 * alone and changes speed, not findings, so that one that was made before may be taken over; what it says to look for is
 * derived from the syntax anyway.
 */
import { limits } from '../../core/limits.ts'
import { type RequiredLiterals, requiredLiterals } from '../regex/required-literals.ts'
import { BEGINNING_BYTES } from './beginning-memory.ts'
import type { Boundary } from './boundary.ts'
import { PREFIX_BYTES } from './prefix-table.ts'
import { SAMPLE_TEXT, sampleHasPrefix, samplePlaces } from './sample-text.ts'
import type { SolePattern } from './sole-pattern.ts'

/** Steps per byte of text, past the remembered ones, up to which a pattern is looked for everywhere. */
const CHEAP_STEPS_PER_BYTE = 0.02
/** What a place found by literal costs besides its walk, in steps. */
const PLACE_STEPS = 60

/** What beginning a walk costs where no other pattern would. */
const NEW_WALK_STEPS = 10

export type PatternPlan =
  /** Everywhere, in one pass with the others. */
  | { readonly by: 'everywhere' }
  /** About its literals, which are the `nth` that it requires. */
  | { readonly by: 'literal'; readonly nth: number; readonly required: RequiredLiterals }

/** The choice for a pattern: the `nth` of a plan by literal, or NO_LITERAL. */
export type PlanChoice = number
export const NO_LITERAL = -1

/** By `planKey`. */
export type PlanChoices = ReadonlyMap<string, PlanChoice>

/** What a choice depends on, as one text. */
export function planKey({ boundary, regex }: { readonly boundary: Boundary; readonly regex: string }): string {
  return `${boundary} ${regex}`
}

/** `sole` is no pattern of line starts. With a choice that was made before, the pattern need not be tried. */
export function planPattern(sole: SolePattern, chosen?: PlanChoice): PatternPlan {
  if (chosen !== undefined) return literalPlan(sole, chosen) ?? EVERYWHERE
  // What doesn't even begin in the sample costs nothing worth planning.
  if (sole.prefixes && !sampleHasPrefix(sole.prefixes)) return EVERYWHERE
  const everywhere = sampleSteps(sole)
  return (everywhere > CHEAP_STEPS_PER_BYTE ? cheapestLiterals(sole, everywhere) : null) ?? EVERYWHERE
}

/**
 * For patterns that begin at the start of a line. All walk from there together, so only one that would read most of
 * every line by itself is better looked for about a literal.
 */
export function planLinePattern(sole: SolePattern, chosen?: PlanChoice): PatternPlan | { readonly by: 'line' } {
  if (chosen !== undefined) return literalPlan(sole, chosen) ?? LINE
  let steps = 0
  sole.scanner.observe((walked) => {
    steps += walked
  })
  sole.scanner.scanLines(SAMPLE_TEXT, () => true)
  sole.scanner.observe(null)
  const perByte = steps / SAMPLE_TEXT.length
  return (perByte > LINE_STEPS_PER_BYTE ? cheapestLiterals(sole, perByte) : null) ?? LINE
}

/** Steps per byte of text past which a pattern reads most of every line. */
const LINE_STEPS_PER_BYTE = 0.5
const LINE = { by: 'line' } as const

/** The literals about which looking for the pattern costs least, and less than `cost` steps per byte; else null. */
function cheapestLiterals(sole: SolePattern, cost: number): LiteralPlan | null {
  let best: { cost: number; plan: LiteralPlan } | null = null
  for (const [nth, required] of requiredLiterals(sole.node).entries()) {
    if (!servesAsPlace(sole, required)) continue
    const own = sampleCost(required)
    if (own < (best?.cost ?? cost)) best = { cost: own, plan: { by: 'literal', nth, required } }
  }
  return best?.plan ?? null
}

type LiteralPlan = Extract<PatternPlan, { by: 'literal' }>

/** Null where there are no such literals, as for NO_LITERAL. */
function literalPlan(sole: SolePattern, nth: PlanChoice): LiteralPlan | null {
  if (nth === NO_LITERAL) return null
  const required = requiredLiterals(sole.node)[nth]
  return required && servesAsPlace(sole, required) ? { by: 'literal', nth, required } : null
}

function servesAsPlace({ boundary }: SolePattern, required: RequiredLiterals): boolean {
  // A literal at the very beginning is what the pattern is found by anyway.
  if (required.before === 0) return false
  return boundary === 'none' || !required.literals.some((literal) => isCommon(literal, required))
}

const EVERYWHERE: PatternPlan = { by: 'everywhere' }

/** Single characters stand everywhere in one kind of text or another; they serve where much must stand before them. */
function isCommon(literal: string, { beforeMin }: RequiredLiterals): boolean {
  return literal.length < 2 && literal !== '@' && beforeMin < LEAD_MIN
}

const LEAD_MIN = 6

function sampleCost(required: RequiredLiterals): number {
  const steps = samplePlaces(required.literals).map((at) => {
    const lead = at - leadStart(SAMPLE_TEXT, at, required)
    return lead < 0 ? PLACE_STEPS / 4 : PLACE_STEPS + 2 * lead
  })
  // Beginnings are looked up with case folded, so a short literal in capitals begins walks at words, too.
  const short = required.literals
    .filter((literal) => literal.length < PREFIX_BYTES)
    .map((literal) => literal.toLowerCase())
  const walks = NEW_WALK_STEPS * samplePlaces(short).length
  // A literal that stands nowhere in the sample may stand once in ten pages.
  return (steps.reduce((sum, one) => sum + one, 0) + walks + 0.1 * PLACE_STEPS) / SAMPLE_TEXT.length
}

/** Where a match that has its literal at `at` can begin at the earliest; past `at` when there can't be one. */
export function leadStart(text: Uint8Array, at: number, { before, beforeMin, lead }: RequiredLiterals): number {
  const limit = Math.max(0, at - Math.min(before, limits.detectMatchMaxBytes))
  let start = at
  while (start > limit && lead[text[start - 1] as number] === 1) start--
  return at - start < beforeMin ? at + 1 : start
}

/**
 * Steps of walks past what the scanner remembers of their first bytes; those all patterns share. A pattern without a
 * boundary that begins like any word begins walks where no other does, so each of them counts.
 */
function sampleSteps({ prefixes, boundary, scanner }: SolePattern): number {
  const newWalk = boundary === 'none' && prefixes === null ? NEW_WALK_STEPS : 0
  let steps = 0
  scanner.observe((walked) => {
    steps += Math.max(0, walked - BEGINNING_BYTES) + (walked > 2 ? newWalk : 0)
  })
  scanner.scan(SAMPLE_TEXT, () => true)
  scanner.observe(null)
  return steps / SAMPLE_TEXT.length
}
