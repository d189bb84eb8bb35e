/**
 * A pattern that is looked for at certain places alone. It has an automaton of its own, small enough to stay in the
 * processor's cache, built when a text first has such a place.
 */
import { limits } from '../../core/limits.ts'
import { byteLengthOf, type RegexNode } from '../regex/ast.ts'
import type { RequiredLiterals } from '../regex/required-literals.ts'
import { Automaton } from './automaton.ts'
import type { Boundary } from './boundary.ts'
import { Program } from './program.ts'
import { Scanner } from './scanner.ts'

export class NearPattern {
  /** Most bytes a match may have, up to the engine's own limit. */
  readonly bytesMax: number
  /** Literals about which it is looked for; null when keywords say where. */
  readonly literals: RequiredLiterals | null
  readonly #node: RegexNode
  readonly #boundary: Boundary
  #scanner: Scanner | null = null

  constructor(node: RegexNode, boundary: Boundary, literals: RequiredLiterals | null) {
    this.#node = node
    this.#boundary = boundary
    this.literals = literals
    this.bytesMax = Math.min(limits.detectMatchMaxBytes, byteLengthOf(node))
  }

  get scanner(): Scanner {
    if (!this.#scanner) {
      const program = new Program()
      program.add(this.#node, this.#boundary)
      this.#scanner = new Scanner(new Automaton(program), 1)
    }
    return this.#scanner
  }
}
