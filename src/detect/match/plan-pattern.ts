/**
 * How a pattern is best looked for. Most begin with something rare and walk a byte or two from most places, so they are
 * looked for everywhere at once. A pattern that begins with what every word begins with, but contains a literal, is
 * looked for about that literal. The choice depends on the pattern alone and changes speed, not findings.
 */

import { limits } from '../../core/limits.ts'
import type { RegexNode } from '../regex/ast.ts'
import { type RequiredLiterals, requiredLiterals } from '../regex/required-literals.ts'
import { Automaton } from './automaton.ts'
import type { Boundary } from './boundary.ts'
import { Program } from './program.ts'
import { SAMPLE_TEXT, samplePlaces } from './sample-text.ts'
import { REMEMBERED, Scanner } from './scanner.ts'

/** Steps per byte of text, past the remembered ones, up to which a pattern is looked for everywhere. */
const CHEAP_STEPS_PER_BYTE = 0.02
/** What a place found by literal costs besides its walk, in steps. */
const PLACE_STEPS = 60

const NEW_WALK_STEPS = 2

/** Literals to look for instead of the pattern, or null where it is looked for everywhere. */
export function planPattern(node: RegexNode, boundary: Boundary): RequiredLiterals | null {
  const everywhere = sampleSteps(node, boundary)
  if (everywhere <= CHEAP_STEPS_PER_BYTE) return null
  let best: { cost: number; required: RequiredLiterals } | null = null
  for (const required of requiredLiterals(node)) {
    if (boundary !== 'none' && required.literals.some((literal) => isCommon(literal, required))) continue
    const cost = sampleCost(required)
    if (cost < everywhere && (!best || cost < best.cost)) best = { cost, required }
  }
  return best?.required ?? null
}

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
  // A literal that stands nowhere in the sample may stand once in ten pages, and each is one more to look for.
  const unseen = (0.1 * PLACE_STEPS + required.literals.length / 10) / SAMPLE_TEXT.length
  return steps.reduce((sum, one) => sum + one, 0) / SAMPLE_TEXT.length + unseen
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
 * boundary begins walks where no other does, so each of them counts.
 */
function sampleSteps(node: RegexNode, boundary: Boundary): number {
  const program = new Program()
  program.add(node, boundary)
  let steps = 0
  const scanner = new Scanner(new Automaton(program), 1)
  scanner.onWalk = (walked) => {
    steps += Math.max(0, walked - REMEMBERED) + (boundary === 'none' ? NEW_WALK_STEPS : 0)
  }
  scanner.scan(SAMPLE_TEXT, () => true)
  return steps / SAMPLE_TEXT.length
}
