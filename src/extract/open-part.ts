import type { Part, PartTrait } from '../core/extraction.ts'

/** A part while it is being read. */
export interface OpenPart {
  readonly part: Part
  readonly traits: PartTrait[]
  readonly via: string[]
  readonly pieces: (string | Uint8Array)[]
  /** Some of its text was handed on already. */
  isPassing: boolean
  children: number
}

export function openPart(part: Part, traits: PartTrait[], via: string[]): OpenPart {
  return { part, traits, via, pieces: [], isPassing: false, children: 0 }
}

export function isMailRoot(open: OpenPart): boolean {
  return open.part.parent === null && open.part.path === 'mail'
}

export function addTrait(traits: PartTrait[], trait: PartTrait): void {
  if (!traits.includes(trait)) traits.push(trait)
}
