/**
 * A pattern with an automaton of its own, for patterns that are looked for at certain places alone: small enough to stay
 * in the processor's cache, and built when it is first asked for.
 */
import { limits } from '../../core/limits.ts'
import { byteLengthOf, type RegexNode } from '../regex/ast.ts'
import { beginningsOf } from '../regex/beginnings.ts'
import { Automaton } from './automaton.ts'
import type { Boundary } from './boundary.ts'
import { Program } from './program.ts'
import { Scanner } from './scanner.ts'

export class SolePattern {
  readonly node: RegexNode
  readonly boundary: Boundary
  readonly endBoundary: Boundary
  /** Most bytes a match may have, up to the engine's own limit. */
  readonly bytesMax: number
  #automaton: Automaton | null = null
  #scanner: Scanner | null = null
  #prefixes: readonly number[] | null | undefined

  constructor(node: RegexNode, boundary: Boundary, endBoundary: Boundary = boundary) {
    this.node = node
    this.boundary = boundary
    this.endBoundary = endBoundary
    this.bytesMax = Math.min(limits.detectMatchMaxBytes, byteLengthOf(node))
  }

  get automaton(): Automaton {
    if (!this.#automaton) {
      const program = new Program()
      program.add(this.node, this.boundary, this.endBoundary)
      this.#automaton = new Automaton(program)
    }
    return this.#automaton
  }

  /** See `beginningsOf`. */
  get prefixes(): readonly number[] | null {
    if (this.#prefixes === undefined) this.#prefixes = beginningsOf(this.node)
    return this.#prefixes
  }

  get scanner(): Scanner {
    this.#scanner ??= new Scanner(this.automaton)
    return this.#scanner
  }

  /** Frees what planning has built; it is built again when needed. */
  forget(): void {
    this.#automaton = null
    this.#scanner = null
  }
}
