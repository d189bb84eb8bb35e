/**
 * Walks one automaton over a text from given places and hands on, for each pattern that matches there, its leftmost-first
 * end. What the first four bytes of a walk lead to is remembered, since most words die within them. Bounded: a walk has
 * a longest length, and the automaton is dropped and built anew when it has grown too large.
 */
import { limits } from '../../core/limits.ts'
import { type Automaton, DEAD, EVENT, NO_START } from './automaton.ts'
import { BEGINNING_BYTES, beginningAt, beginningMemory, circumstances, memoryPlace } from './beginning-memory.ts'

/**
 * Takes one raw match; byte offsets. Returns whether it stands: the pattern's next match then starts behind it, and
 * else one byte further.
 */
export type OnMatch = (pattern: number, start: number, end: number) => boolean

/** Remembered in a state's stead where a match ends within the first bytes: the walk begins at its start then. */
const FROM_START = 0

export class Walker {
  readonly automaton: Automaton
  readonly #firstPattern: number
  readonly #resumeAt: Int32Array
  readonly #ends: Int32Array
  readonly #hits: Int32Array
  #hitCount = 0
  /** Told the steps of each walk; for measuring patterns. */
  onWalk: ((steps: number) => void) | null = null
  /** See `beginning-memory.ts`; empty where there is one pattern. */
  readonly memory: Int32Array

  /** Patterns are reported as numbered on from `firstPattern`. */
  constructor(automaton: Automaton, firstPattern: number) {
    const patterns = automaton.startBits.length
    this.automaton = automaton
    this.#firstPattern = firstPattern
    this.#resumeAt = new Int32Array(patterns)
    this.#ends = new Int32Array(patterns).fill(-1)
    this.#hits = new Int32Array(patterns)
    this.memory = patterns > 1 ? beginningMemory() : NO_MEMORY
  }

  beginText(): void {
    this.refresh()
    this.automaton.built = 0
    this.#resumeAt.fill(0)
  }

  /** Where there is one pattern: before this no match of it that is still to be told can begin. */
  get resumesAt(): number {
    return this.#resumeAt[0] as number
  }

  /** Drops what has grown too large; to be called between walks. */
  refresh(): void {
    if (!this.automaton.full) return
    this.automaton.reset()
    this.memory.fill(0)
  }

  /** Walks from `at`, where patterns of the bits `starts` may start behind the byte `before` (-1: none). Returns steps. */
  walk(text: Uint8Array, at: number, starts: number, before: number, onMatch: OnMatch): number {
    if (this.memory.length === 0 || before < 0 || at + BEGINNING_BYTES > text.length)
      return this.#walkFromStart(text, at, starts, before, onMatch)
    const onward = this.#afterFour(text, at, starts, before)
    if (onward === DEAD) return 1
    if (onward === FROM_START) return this.#walkFromStart(text, at, starts, before, onMatch)
    return this.#follow(text, at, at + BEGINNING_BYTES, onward, onMatch)
  }

  #walkFromStart(text: Uint8Array, at: number, starts: number, before: number, onMatch: OnMatch): number {
    const start = this.automaton.start(starts, before)
    return start === NO_START ? 1 : this.#follow(text, at, at, start * this.automaton.classes, onMatch)
  }

  /** State behind the first four bytes, DEAD, or FROM_START where a match ends within them. */
  #afterFour(text: Uint8Array, at: number, starts: number, before: number): number {
    const memory = this.memory
    const bytes = beginningAt(text, at)
    const where = circumstances(starts, before)
    const place = memoryPlace(bytes, where)
    if (memory[place] === bytes && memory[place + 1] === where) return memory[place + 2] as number
    const onward = this.#learn(text, at, starts, before)
    memory[place] = bytes
    memory[place + 1] = where
    memory[place + 2] = onward
    return onward
  }

  #learn(text: Uint8Array, at: number, starts: number, before: number): number {
    const automaton = this.automaton
    const start = automaton.start(starts, before)
    if (start === NO_START) return DEAD
    let onward = start * automaton.classes
    for (let i = 0; i < BEGINNING_BYTES && onward > 0; i++) {
      const byteClass = automaton.classOf[text[at + i] as number] as number
      onward = automaton.trans[onward + byteClass] || automaton.build(onward, byteClass)
    }
    return onward <= EVENT ? FROM_START : onward
  }

  /** Goes on in `state` at `at` with a match that starts at `from`. */
  #follow(text: Uint8Array, from: number, at: number, state: number, onMatch: OnMatch): number {
    const automaton = this.automaton
    const classOf = automaton.classOf
    // One byte more, since a match is known by the byte behind it.
    const limit = Math.min(text.length, from + limits.detectMatchMaxBytes + 1)
    let trans = automaton.trans
    let current = state
    let position = at
    while (position < limit) {
      const byteClass = classOf[text[position] as number] as number
      let value = trans[current + byteClass] as number
      if (value <= 0) {
        if (value === 0) {
          value = automaton.build(current, byteClass)
          trans = automaton.trans
        }
        if (value <= EVENT) value = this.#event(EVENT - value, position)
        if (value === DEAD) break
      }
      current = value
      position++
    }
    // Cutting a long walk short is not the end of the text; no assertion may take it for one.
    if (position === text.length) this.#atEnd(current, position)
    if (this.#hitCount > 0) this.#report(from, onMatch)
    this.onWalk?.(position - from + 1)
    return position - from + 1
  }

  #atEnd(state: number, position: number): void {
    const end = this.automaton.classOf[256] as number
    const value = this.automaton.trans[state + end] || this.automaton.build(state, end)
    if (value <= EVENT) this.#event(EVENT - value, position)
  }

  /** Notes the ends of the patterns that match before `at`; a later end replaces an earlier one. */
  #event(index: number, at: number): number {
    const matches = this.automaton.eventMatches[index] as Int32Array
    for (let i = 0; i < matches.length; i += 2) {
      const pattern = matches[i] as number
      if (this.#ends[pattern] === -1) this.#hits[this.#hitCount++] = pattern
      this.#ends[pattern] = at - (matches[i + 1] as number)
    }
    return this.automaton.eventNext[index] as number
  }

  #report(from: number, onMatch: OnMatch): void {
    const count = this.#hitCount
    this.#hitCount = 0
    for (let i = 0; i < count; i++) {
      const pattern = this.#hits[i] as number
      const end = this.#ends[pattern] as number
      this.#ends[pattern] = -1
      if (from < (this.#resumeAt[pattern] as number)) continue
      if (onMatch(this.#firstPattern + pattern, from, end)) this.#resumeAt[pattern] = end
    }
  }
}

const NO_MEMORY = new Int32Array(0)
