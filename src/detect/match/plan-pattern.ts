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
import { Scanner } from './scanner.ts'

/** Steps per byte of text up to which a pattern is looked for everywhere. */
const CHEAP_STEPS_PER_BYTE = 0.03
/** What a place found by literal costs besides its walk, in steps. */
const PLACE_STEPS = 24

/** Literals to look for instead of the pattern, or null where it is looked for everywhere. */
export function planPattern(node: RegexNode, boundary: Boundary): RequiredLiterals | null {
  const everywhere = sampleSteps(node, boundary)
  if (everywhere <= CHEAP_STEPS_PER_BYTE) return null
  let best: { cost: number; required: RequiredLiterals } | null = null
  for (const required of requiredLiterals(node)) {
    if (required.before > limits.detectMatchMaxBytes) continue
    const cost = sampleCost(required)
    if (cost < everywhere && (!best || cost < best.cost)) best = { cost, required }
  }
  return best?.required ?? null
}

function sampleCost(required: RequiredLiterals): number {
  const steps = samplePlaces(required.literals).map(
    (at) => PLACE_STEPS + 2 * (at - leadStart(SAMPLE_TEXT, at, required)),
  )
  // A literal that stands nowhere in the sample may stand once in ten pages, and each is one more to look for.
  const unseen = (0.1 * PLACE_STEPS + required.literals.length / 10) / SAMPLE_TEXT.length
  return steps.reduce((sum, one) => sum + one, 0) / SAMPLE_TEXT.length + unseen
}

/** Where a match that has its literal at `at` can begin at the earliest. */
export function leadStart(text: Uint8Array, at: number, { before, lead }: RequiredLiterals): number {
  const limit = Math.max(0, at - before)
  let start = at
  while (start > limit && lead[text[start - 1] as number] === 1) start--
  return start
}

function sampleSteps(node: RegexNode, boundary: Boundary): number {
  const program = new Program()
  program.add(node, boundary)
  const budget = { steps: Number.MAX_SAFE_INTEGER, builds: Number.MAX_SAFE_INTEGER }
  new Scanner(new Automaton(program), 1).scan(SAMPLE_TEXT, () => true, budget)
  return (Number.MAX_SAFE_INTEGER - budget.steps) / SAMPLE_TEXT.length
}
