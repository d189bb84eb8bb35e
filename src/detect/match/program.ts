/**
 * Syntax trees of many patterns -> one instruction list over bytes, in priority order, so that the automaton can give
 * each pattern its own leftmost-first match (Cox, "Regular Expression Matching: the Virtual Machine Approach"). Pure.
 */
import { type Assertion, digitWithin, type RegexNode, wordRunOf } from '../regex/ast.ts'
import type { CodePoints } from '../regex/code-points.ts'
import { type ByteNode, utf8Set } from '../regex/utf8-set.ts'
import {
  BOUNDARY_BIT,
  type Boundary,
  DIGIT_REACH,
  DIGIT_SHIFT,
  NEAR_DIGIT_REACH,
  NEAR_DIGIT_SHIFT,
  RUN_REACH,
  RUN_SHIFT,
} from './boundary.ts'

/** `end-…`: what the pattern's boundary wants of the next byte. */
export type Condition = Assertion | 'end-word' | 'end-token' | 'end-digit' | 'end-digit-join'

export type Instruction =
  | { readonly op: 'split'; readonly to: number[] }
  /** Reads the rest of a code point: `node` is a place in the byte trie of a set. */
  | { readonly op: 'set'; readonly node: ByteNode; readonly to: number }
  | { readonly op: 'assert'; readonly condition: Condition; readonly to: number }
  /** `back`: bytes looked at behind the match's end. */
  | { readonly op: 'match'; readonly back: number }

/** A pattern that needs more is too large: each instruction may cost a step of every byte. */
export const PATTERN_INSTRUCTIONS_MAX = 10_000
/** Of which the check of what stands behind a match takes up to so many. */
export const PATTERN_END_INSTRUCTIONS = 6

export class PatternTooLarge extends Error {}

export interface Beginning {
  readonly instruction: number
  /** Start bit (see `boundary.ts`). */
  readonly bit: number
}

export class Program {
  readonly instructions: Instruction[] = []
  /** Pattern that an instruction belongs to. */
  readonly patternOf: number[] = []
  /** Of each pattern the ways to begin, in order of priority, and where each may. */
  readonly starts: (readonly Beginning[])[] = []
  readonly #tries = new Map<string, ByteNode>()
  readonly #sameSets = new Map<CodePoints, ByteNode>()
  #pattern = 0
  #first = 0

  /**
   * Patterns are numbered in the order of their adding. Throws PatternTooLarge; the program is unchanged then.
   * `endBoundary` is for callers that only care where a match starts.
   */
  add(node: RegexNode, boundary: Boundary, endBoundary: Boundary = boundary): number {
    this.#pattern = this.starts.length
    this.#first = this.instructions.length
    try {
      const end = this.#end(endBoundary)
      const branches = node.kind === 'alt' ? node.items : [node]
      this.starts.push(
        branches.map((branch) => ({
          instruction: this.#compile(branch, end),
          bit: BOUNDARY_BIT[boundary] << startShift(branch),
        })),
      )
    } catch (thrown) {
      this.instructions.length = this.#first
      this.patternOf.length = this.#first
      throw thrown
    }
    return this.#pattern
  }

  #emit(instruction: Instruction): number {
    if (this.instructions.length - this.#first >= PATTERN_INSTRUCTIONS_MAX)
      throw new PatternTooLarge(`it needs more than ${PATTERN_INSTRUCTIONS_MAX} steps; lower its repeat counts`)
    this.patternOf.push(this.#pattern)
    return this.instructions.push(instruction) - 1
  }

  #end(boundary: Boundary): number {
    const match = this.#emit({ op: 'match', back: 0 })
    switch (boundary) {
      case 'none':
        return match
      case 'word':
        return this.#emit({ op: 'assert', condition: 'end-word', to: match })
      case 'token':
        return this.#emit({ op: 'assert', condition: 'end-token', to: match })
      case 'digit': {
        const plain = this.#emit({ op: 'assert', condition: 'end-digit-join', to: match })
        const back = this.#emit({ op: 'match', back: 1 })
        const noDigit = this.#emit({ op: 'assert', condition: 'end-digit', to: back })
        const joined = this.#emit({ op: 'set', node: this.#trie([0x2c, 0x2e]), to: noDigit })
        return this.#emit({ op: 'split', to: [plain, joined] })
      }
    }
  }

  #compile(node: RegexNode, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next
      case 'assert':
        return this.#emit({ op: 'assert', condition: node.what, to: next })
      case 'set':
        return this.#emit({ op: 'set', node: this.#trie(node.set), to: next })
      case 'cat':
        return node.items.reduceRight((to, item) => this.#compile(item, to), next)
      case 'alt':
        return this.#emit({ op: 'split', to: node.items.map((item) => this.#compile(item, next)) })
      case 'repeat':
        return this.#repeat(node, next)
    }
  }

  /** Equal sets share one trie. */
  #trie(set: CodePoints): ByteNode {
    const same = this.#sameSets.get(set)
    if (same) return same
    const trie = this.#equalTrie(set)
    this.#sameSets.set(set, trie)
    return trie
  }

  #equalTrie(set: CodePoints): ByteNode {
    const key = set.join()
    let trie = this.#tries.get(key)
    if (!trie) {
      trie = utf8Set(set)
      this.#tries.set(key, trie)
    }
    return trie
  }

  #repeat(node: Extract<RegexNode, { kind: 'repeat' }>, next: number): number {
    const choice = (taken: number, skipped: number) => (node.greedy ? [taken, skipped] : [skipped, taken])
    let tail = next
    if (node.max === Number.POSITIVE_INFINITY) {
      const to: number[] = []
      tail = this.#emit({ op: 'split', to })
      to.push(...choice(this.#compile(node.item, tail), next))
    } else {
      for (let i = node.min; i < node.max; i++)
        tail = this.#emit({ op: 'split', to: choice(this.#compile(node.item, tail), next) })
    }
    for (let i = 0; i < node.min; i++) tail = this.#compile(node.item, tail)
    return tail
  }
}

/** Which cheap look at the next bytes rules the pattern out in most places. */
function startShift(node: RegexNode): number {
  const digit = digitWithin(node)
  if (digit <= NEAR_DIGIT_REACH) return NEAR_DIGIT_SHIFT
  if (digit <= DIGIT_REACH) return DIGIT_SHIFT
  return wordRunOf(node, RUN_REACH).run >= RUN_REACH ? RUN_SHIFT : 0
}
