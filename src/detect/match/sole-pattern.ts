/**
 * A pattern with an automaton of its own, for patterns that are looked for at certain places alone: small enough to stay
 * in the processor's cache, and built when it is first asked for.
 */
import { limits } from '../../core/limits.ts'
import { byteLengthOf, digitWithin, type RegexNode } from '../regex/ast.ts'
import { beginningsOf } from '../regex/beginnings.ts'
import { Automaton } from './automaton.ts'
import type { Boundary } from './boundary.ts'
import { LONG_PREFIX_BYTES, PREFIX_BYTES } from './prefix-table.ts'
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
  #prefixes: readonly string[] | null | undefined
  #longPrefixes: readonly string[] | null | undefined

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

  /** See `beginningsOf`: of PREFIX_BYTES. */
  get prefixes(): readonly string[] | null {
    if (this.#prefixes === undefined) this.#prefixes = beginningsOf(this.node, PREFIX_BYTES)
    return this.#prefixes
  }

  /** Of PREFIX_BYTES to LONG_PREFIX_BYTES. */
  get longPrefixes(): readonly string[] | null {
    if (this.#longPrefixes === undefined) this.#longPrefixes = beginningsOf(this.node, PREFIX_BYTES, LONG_PREFIX_BYTES)
    return this.#longPrefixes
  }

  get scanner(): Scanner {
    this.#scanner ??= new Scanner(this.automaton, null, digitWithin(this.node))
    return this.#scanner
  }

  /** Frees what planning has built; it is built again when needed. */
  forget(): void {
    this.#automaton = null
    this.#scanner = null
  }
}
