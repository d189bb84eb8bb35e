/**
 * One pass over a text: wherever two bytes can begin a match and the byte before allows one, the automaton walks from
 * there, and each pattern that matches is handed on with its leftmost-first end. Linear: a walk is bounded, and the
 * steps and states that a text may cost are budgeted. Running out of budget is said, never hidden.
 */
import { limits } from '../../core/limits.ts'
import { type Automaton, DEAD, EVENT, NO_START, startBytes, startPairs } from './automaton.ts'
import {
  ALL_BOUNDARIES,
  ALL_STARTS,
  BOUNDARY_BIT,
  DIGIT_REACH,
  DIGIT_SHIFT,
  isAsciiWordByte,
  isDigitByte,
  isTokenByte,
  RUN_REACH,
  RUN_SHIFT,
  startsAllowed,
} from './boundary.ts'

/**
 * Takes one raw match; byte offsets. Returns whether it stands: the pattern's next match then starts behind it, and
 * else one byte further.
 */
export type OnMatch = (pattern: number, start: number, end: number) => boolean

/** What looking at one text may still cost; shared by all scanners that look at it. */
export interface ScanBudget {
  steps: number
  /** Transitions that automata may still build. */
  builds: number
}

export function scanBudget(textBytes: number): ScanBudget {
  return {
    steps: limits.detectStepsMin + textBytes * limits.detectStepsPerByteMax,
    builds: limits.detectAutomatonBuildsMax,
  }
}

/** A value of ALLOWED_AFTER that says: ask `startsAllowed`, one byte doesn't tell. */
const LOOK = 0x1000
const ALLOWED_AFTER = allowedAfter()
/** Bits of patterns that have a digit early; the least value with a bit of one that begins with a long run. */
const DIGIT_STARTS = ALL_BOUNDARIES << DIGIT_SHIFT
const RUN_STARTS = 1 << RUN_SHIFT

/** First bytes of a walk whose outcome is remembered, in a table of 2^MEMORY_BITS places that fits a near cache. */
export const REMEMBERED = 4
const MEMORY_BITS = 15
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1
/** No state's number or offset. */
const FROM_START = 0
const DEAD_NUMBER = 0xffff

export class Scanner {
  readonly #automaton: Automaton
  /** Boundaries of patterns that can begin with a pair of bytes; with one byte where there are few patterns. */
  readonly #begins: Uint16Array
  readonly #byPair: boolean
  readonly #resumeAt: Int32Array
  readonly #ends: Int32Array
  readonly #hits: Int32Array
  /** Per place: the four bytes; and in halves the numbers of the state they were read in and the state they lead to. */
  readonly #remembered: Int32Array
  /** Told the steps of each walk; for measuring patterns. */
  onWalk: ((steps: number) => void) | null = null
  #hitCount = 0

  constructor(automaton: Automaton, patterns: number) {
    this.#automaton = automaton
    this.#byPair = patterns > 1
    this.#begins = this.#byPair ? startPairs(automaton) : startBytes(automaton)
    this.#remembered = new Int32Array(this.#byPair ? 2 << MEMORY_BITS : 0)
    this.#resumeAt = new Int32Array(patterns)
    this.#ends = new Int32Array(patterns).fill(-1)
    this.#hits = new Int32Array(patterns)
  }

  /**
   * Reports matches that start in `[from, to)`; they may end later. Returns false when the budget ran out: the rest is
   * not inspected. Not re-entrant: `onMatch` may not scan with the same scanner.
   */
  scan(text: Uint8Array, onMatch: OnMatch, budget = scanBudget(text.length), from = 0, to = text.length): boolean {
    const automaton = this.#automaton
    if (automaton.full) this.#reset()
    automaton.built = 0
    this.#resumeAt.fill(0)
    const begins = this.#begins
    const byPair = this.#byPair
    const after = ALLOWED_AFTER
    const length = text.length
    let next = from < length ? (text[from] as number) : 0
    let before = from === 0 ? -1 : (text[from - 1] as number)
    let allowed = from === 0 ? ALL_STARTS : (after[before] as number)
    let digitAt = from - 1
    for (let at = from; at < to; at++) {
      const byte = next
      const last = at + 1 === length
      next = last ? 0 : (text[at + 1] as number)
      const possible = last ? ALL_STARTS : (begins[byPair ? (byte << 8) | next : byte] as number)
      if ((possible & allowed) !== 0) {
        let starts = (allowed >= LOOK ? allKinds(startsAllowed(text, at)) : allowed) & possible
        if (starts > ALL_BOUNDARIES) {
          if (digitAt < at) digitAt = nextDigitOrNonAscii(text, at)
          if (digitAt - at >= DIGIT_REACH) starts &= ~DIGIT_STARTS
          if (starts >= RUN_STARTS && !beginsRun(text, at)) starts &= RUN_STARTS - 1
        }
        const start = starts === 0 ? NO_START : automaton.start(starts, before)
        if (start !== NO_START) {
          const onward = byPair && at + REMEMBERED <= length ? this.#afterFour(text, at, start) : FROM_START
          if (onward === FROM_START) budget.steps -= this.#walk(text, at, at, start * automaton.classes, onMatch)
          else if (onward !== DEAD) budget.steps -= this.#walk(text, at, at + REMEMBERED, onward, onMatch)
          if (budget.steps < 0 || automaton.built > budget.builds) return false
          if (automaton.full) this.#reset()
        }
      }
      allowed = after[byte] as number
      before = byte
    }
    budget.builds -= automaton.built
    return true
  }

  /** As `scan`, but for patterns that begin at the start of a line: looks nowhere else. */
  scanLines(text: Buffer, onMatch: OnMatch, budget = scanBudget(text.length), from = 0, to = text.length): boolean {
    const automaton = this.#automaton
    if (automaton.full) this.#reset()
    automaton.built = 0
    this.#resumeAt.fill(0)
    let at = from === 0 ? 0 : nextLine(text, from - 1)
    while (at < to) {
      const start = automaton.start(ALL_STARTS, at === 0 ? -1 : LF)
      if (start !== NO_START) budget.steps -= this.#walk(text, at, at, start * automaton.classes, onMatch)
      if (budget.steps < 0 || automaton.built > budget.builds) return false
      if (automaton.full) this.#reset()
      at = nextLine(text, at)
    }
    budget.builds -= automaton.built
    return true
  }

  #reset(): void {
    this.#automaton.reset()
    this.#remembered.fill(0)
  }

  /** State behind the first four bytes, DEAD, or FROM_START where a match ends within them. Most words die here. */
  #afterFour(text: Uint8Array, at: number, start: number): number {
    const bytes =
      ((text[at] as number) << 24) |
      ((text[at + 1] as number) << 16) |
      ((text[at + 2] as number) << 8) |
      (text[at + 3] as number)
    const remembered = this.#remembered
    const slot = (Math.imul(bytes ^ (start << 7), HASH_MULTIPLIER) >>> (32 - MEMORY_BITS)) << 1
    if (remembered[slot] === bytes) {
      const pair = remembered[slot + 1] as number
      if (pair >>> 16 === start) {
        const number = pair & 0xffff
        return number === DEAD_NUMBER ? DEAD : number * this.#automaton.classes
      }
    }
    return this.#learn(text, at, start, slot, bytes)
  }

  #learn(text: Uint8Array, at: number, start: number, slot: number, bytes: number): number {
    const automaton = this.#automaton
    let onward = start * automaton.classes
    for (let i = 0; i < REMEMBERED && onward > 0; i++) {
      const byteClass = automaton.classOf[text[at + i] as number] as number
      onward = automaton.trans[onward + byteClass] || automaton.build(onward, byteClass)
    }
    if (onward <= EVENT) onward = FROM_START
    this.#remembered[slot] = bytes
    this.#remembered[slot + 1] = (start << 16) | (onward === DEAD ? DEAD_NUMBER : onward / automaton.classes)
    return onward
  }

  /** Walks on at `at` a match that starts at `from`; returns the steps. */
  #walk(text: Uint8Array, from: number, at: number, state: number, onMatch: OnMatch): number {
    const automaton = this.#automaton
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
    this.onWalk?.(position - at + 1)
    return position - at + 1
  }

  #atEnd(state: number, position: number): void {
    const end = this.#automaton.classOf[256] as number
    const value = this.#automaton.trans[state + end] || this.#automaton.build(state, end)
    if (value <= EVENT) this.#event(EVENT - value, position)
  }

  /** Notes the ends of the patterns that match before `at`; a later end replaces an earlier one. */
  #event(index: number, at: number): number {
    const matches = this.#automaton.eventMatches[index] as Int32Array
    for (let i = 0; i < matches.length; i += 2) {
      const pattern = matches[i] as number
      if (this.#ends[pattern] === -1) this.#hits[this.#hitCount++] = pattern
      this.#ends[pattern] = at - (matches[i + 1] as number)
    }
    return this.#automaton.eventNext[index] as number
  }

  #report(from: number, onMatch: OnMatch): void {
    const count = this.#hitCount
    this.#hitCount = 0
    for (let i = 0; i < count; i++) {
      const pattern = this.#hits[i] as number
      const end = this.#ends[pattern] as number
      this.#ends[pattern] = -1
      if (from < (this.#resumeAt[pattern] as number)) continue
      if (onMatch(pattern, from, end)) this.#resumeAt[pattern] = end
    }
  }
}

const LF = 0x0a

function nextLine(text: Buffer, at: number): number {
  const end = text.indexOf(LF, at)
  return end < 0 ? text.length : end + 1
}

/** Beyond ASCII, bytes are no characters, so that such a byte counts as if a digit stood there. */
function nextDigitOrNonAscii(text: Uint8Array, from: number): number {
  let at = from
  while (at < text.length) {
    const byte = text[at] as number
    if (byte >= 0x80 || isDigitByte(byte)) break
    at++
  }
  return at
}

function beginsRun(text: Uint8Array, from: number): boolean {
  for (let at = from; at < from + RUN_REACH; at++) {
    const byte = text[at] ?? 0
    if (byte < 0x80 && !isAsciiWordByte(byte)) return false
  }
  return true
}

function allKinds(boundaries: number): number {
  return boundaries | (boundaries << DIGIT_SHIFT) | (boundaries << RUN_SHIFT)
}

/** Per byte: which boundaries let a match start right behind it, or LOOK where that takes the byte before it too. */
function allowedAfter(): Uint16Array {
  const table = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const unclear = byte >= 0x80 || (byte >= 0x2c && byte <= 0x2e)
    let allowed = BOUNDARY_BIT.none
    if (!isAsciiWordByte(byte)) allowed |= BOUNDARY_BIT.word
    if (!isTokenByte(byte)) allowed |= BOUNDARY_BIT.token
    if (!isDigitByte(byte)) allowed |= BOUNDARY_BIT.digit
    table[byte] = unclear ? LOOK + ALL_STARTS : allKinds(allowed)
  }
  return table
}
