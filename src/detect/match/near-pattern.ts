/**
 * A pattern that is looked for near its evidence alone. It has an automaton of its own, small enough to stay in the
 * processor's cache, built when a text first has the evidence.
 */
import type { RulePattern } from '../../core/detection-rule.ts'
import { limits } from '../../core/limits.ts'
import { lengthOf, type RegexNode } from '../regex/ast.ts'
import { parseRegex } from '../regex/parse-regex.ts'
import { Automaton } from './automaton.ts'
import { Program } from './program.ts'
import { Scanner } from './scanner.ts'

const UTF8_BYTES_MAX = 4

export class NearPattern {
  /** Most bytes a match may have, up to the engine's own limit. */
  readonly bytesMax: number
  readonly #node: RegexNode
  readonly #pattern: RulePattern
  #scanner: Scanner | null = null

  constructor(pattern: RulePattern) {
    this.#pattern = pattern
    this.#node = parseRegex(pattern.regex)
    this.bytesMax = Math.min(limits.detectMatchMaxBytes, lengthOf(this.#node).max * UTF8_BYTES_MAX)
  }

  get scanner(): Scanner {
    if (!this.#scanner) {
      const program = new Program()
      program.add(this.#node, this.#pattern.boundary)
      this.#scanner = new Scanner(new Automaton(program), 1)
    }
    return this.#scanner
  }
}
