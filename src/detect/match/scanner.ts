/**
 * One pass over a text. Where two bytes can begin a match of a pattern that begins like any word, and the byte before
 * allows one, an automaton walks from there; for patterns that begin with something rare, another does where their four
 * first bytes stand. Linear: the steps and states that a text may cost are budgeted. Running out of budget is said,
 * never hidden.
 */
import { limits } from '../../core/limits.ts'
import { type Automaton, DEAD } from './automaton.ts'
import { BEGINNING_BYTES, circumstances, memoryPlace } from './beginning-memory.ts'
import {
  ALL_BOUNDARIES,
  ALL_STARTS,
  BOUNDARY_BIT,
  DIGIT_REACH,
  DIGIT_SHIFT,
  isAsciiWordByte,
  isDigitByte,
  isTokenByte,
  NEAR_DIGIT_REACH,
  NEAR_DIGIT_SHIFT,
  RUN_REACH,
  RUN_SHIFT,
  startsAllowed,
} from './boundary.ts'
import { goesOn, LOWER, PREFIX_BITS, PREFIX_BYTES, PREFIX_MULTIPLIER, type PrefixTables } from './prefix-table.ts'
import { startBytes, startPairs } from './start-table.ts'
import { StartZones } from './start-zones.ts'
import { type OnMatch, Walker } from './walker.ts'

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
const LOOK = ALL_STARTS + 1
const ALLOWED_AFTER = allowedAfter()
/** Bits of patterns that have a digit early; the least value with a bit of one that begins with a long run. */
const NEAR_DIGIT_STARTS = ALL_BOUNDARIES << NEAR_DIGIT_SHIFT
const DIGIT_STARTS = ALL_BOUNDARIES << DIGIT_SHIFT
const RUN_STARTS = 1 << RUN_SHIFT
const LF = 0x0a
const IS_WORD = Uint8Array.from({ length: 256 }, (_, byte) => (isAsciiWordByte(byte) ? 1 : 0))

/** Patterns that begin with something rare: their automaton, and a table of their beginnings (see `prefix-table.ts`). */
export interface RarePatterns {
  readonly automaton: Automaton
  readonly prefixes: PrefixTables
}

export class Scanner {
  readonly #common: Walker
  readonly #rare: Walker | null
  readonly #prefixes: PrefixTables | null
  /** Start bits of patterns that can begin with a pair of bytes; with one byte where there is one pattern. */
  readonly #begins: Uint16Array
  readonly #byPair: boolean
  /** Characters within which a match of the one pattern has a digit. */
  readonly #digitReach: number
  #builtBefore = 0

  /**
   * Patterns of `rare` are numbered on from those of `common`. `digitReach`: characters within which every match has a
   * digit, where there is one pattern.
   */
  constructor(common: Automaton, rare: RarePatterns | null = null, digitReach: number = Number.POSITIVE_INFINITY) {
    const patterns = common.startBits.length
    this.#common = new Walker(common, 0)
    this.#rare = rare && new Walker(rare.automaton, patterns)
    this.#prefixes = rare?.prefixes ?? null
    this.#byPair = patterns > 1
    this.#digitReach = digitReach
    this.#begins = this.#byPair ? startPairs(common) : startBytes(common)
  }

  /** Has each walk's steps told; for measuring patterns. */
  observe(onWalk: ((steps: number) => void) | null): void {
    this.#common.onWalk = onWalk
  }

  /**
   * Reports matches that start in `[from, to)`; they may end later. Returns false when the budget ran out: the rest is
   * not inspected. Not re-entrant: `onMatch` may not scan with the same scanner.
   */
  scan(text: Uint8Array, onMatch: OnMatch, budget = scanBudget(text.length), from = 0, to = text.length): boolean {
    this.#beginText()
    const complete =
      this.#scanRare(text, onMatch, budget, from, to) && this.#scanCommon(text, onMatch, budget, from, to)
    budget.builds -= this.#built
    return complete
  }

  #scanCommon(text: Uint8Array, onMatch: OnMatch, budget: ScanBudget, from: number, to: number): boolean {
    return this.#byPair
      ? this.#scanPairs(text, onMatch, budget, from, to)
      : this.#scanBytes(text, onMatch, budget, from, to)
  }

  #scanPairs(text: Uint8Array, onMatch: OnMatch, budget: ScanBudget, from: number, to: number): boolean {
    const begins = this.#begins
    const walker = this.#common
    const zones = new StartZones(text)
    for (let at = from; at < to; at++) {
      zones.seek(at)
      const end = Math.min(to, zones.end)
      for (at = nextPair(begins, walker.memory, text, at, end, zones.mask); at < end; ) {
        const before = at === 0 ? -1 : (text[at - 1] as number)
        const last = at + 1 === text.length
        const possible = last ? ALL_STARTS : (begins[((text[at] as number) << 8) | (text[at + 1] as number)] as number)
        const starts = startsAt(text, at, before) & possible & zones.mask
        if (starts !== 0) {
          budget.steps -= walker.walk(text, at, starts, before, onMatch)
          if (!this.#withinBudget(budget)) return false
        }
        at = nextPair(begins, walker.memory, text, at + 1, end, zones.mask)
      }
      at = end - 1
    }
    return true
  }

  /** Where the pattern wants a digit, only the stretches before one are looked at. */
  #scanBytes(text: Uint8Array, onMatch: OnMatch, budget: ScanBudget, from: number, to: number): boolean {
    const reach = this.#digitReach
    if (reach === Number.POSITIVE_INFINITY) return this.#scanStretch(text, onMatch, budget, from, to)
    const ahead = Math.min(text.length, to + reach)
    for (let at = from; at < to; ) {
      const digitAt = nextDigitOrNonAscii(text, at, ahead)
      if (digitAt === ahead) return true
      const first = Math.max(at, digitAt - reach + 1)
      at = digitAt + 1
      if (!this.#scanStretch(text, onMatch, budget, first, Math.min(to, at))) return false
    }
    return true
  }

  #scanStretch(text: Uint8Array, onMatch: OnMatch, budget: ScanBudget, from: number, to: number): boolean {
    const begins = this.#begins
    // Behind that no digit matters, however far away the next one is.
    const ahead = Math.min(text.length, to + DIGIT_REACH)
    let digitAt = from - 1
    let runEnd = from - 1
    const walker = this.#common
    // A match that stands ends before the next one begins: what starts within it needn't be walked.
    const next = (at: number) => nextByte(begins, text, Math.max(at, walker.resumesAt), to)
    for (let at = next(from); at < to; at = next(at + 1)) {
      const before = at === 0 ? -1 : (text[at - 1] as number)
      let starts = startsAt(text, at, before) & (begins[text[at] as number] as number)
      if (starts > ALL_BOUNDARIES) {
        if (digitAt < at) digitAt = nextDigitOrNonAscii(text, at, ahead)
        if (digitAt - at >= NEAR_DIGIT_REACH) starts &= ~NEAR_DIGIT_STARTS
        if (digitAt - at >= DIGIT_REACH) starts &= ~DIGIT_STARTS
        if (starts >= RUN_STARTS) {
          if (runEnd < at) runEnd = endOfRun(text, at)
          if (runEnd - at < RUN_REACH) starts &= RUN_STARTS - 1
        }
      }
      if (starts === 0) continue
      budget.steps -= walker.walk(text, at, starts, before, onMatch)
      if (!this.#withinBudget(budget)) return false
    }
    return true
  }

  #scanRare(text: Uint8Array, onMatch: OnMatch, budget: ScanBudget, from: number, to: number): boolean {
    const rare = this.#rare
    const prefixes = this.#prefixes
    if (!rare || !prefixes) return true
    for (let at = nextPrefix(prefixes, text, from, to); at < to; at = nextPrefix(prefixes, text, at + 1, to)) {
      if (!goesOn(prefixes, text, at)) continue
      const before = at === 0 ? -1 : (text[at - 1] as number)
      budget.steps -= rare.walk(text, at, startsAt(text, at, before), before, onMatch)
      if (!this.#withinBudget(budget)) return false
    }
    return true
  }

  /** As `scan`, but for patterns that begin at the start of a line: looks nowhere else. */
  scanLines(text: Buffer, onMatch: OnMatch, budget = scanBudget(text.length), from = 0, to = text.length): boolean {
    this.#beginText()
    for (let at = from === 0 ? 0 : nextLine(text, from - 1); at < to; at = nextLine(text, at)) {
      budget.steps -= this.#common.walk(text, at, ALL_STARTS, at === 0 ? -1 : LF, onMatch)
      if (!this.#withinBudget(budget)) return false
    }
    budget.builds -= this.#built
    return true
  }

  get #built(): number {
    return this.#common.automaton.built + (this.#rare?.automaton.built ?? 0)
  }

  #beginText(): void {
    this.#builtBefore = 0
    this.#common.beginText()
    this.#rare?.beginText()
  }

  #withinBudget(budget: ScanBudget): boolean {
    if (budget.steps < 0) return false
    const built = this.#built
    if (built === this.#builtBefore) return true
    this.#builtBefore = built
    this.#common.refresh()
    this.#rare?.refresh()
    return built <= budget.builds
  }
}

// The three functions below are the loops that see every byte. They call nothing, so that the compiler keeps all they
// need in registers, and are entered anew at each place that they find.

/**
 * The first place from `at` on where four bytes can begin a match of a pattern of `mask`, given the byte before; `to`
 * when none does. What is known to lead nowhere (see `beginning-memory.ts`) is passed over.
 */
function nextPair(
  begins: Uint16Array,
  memory: Int32Array,
  text: Uint8Array,
  at: number,
  to: number,
  mask: number,
): number {
  const after = ALLOWED_AFTER
  const length = text.length
  const end = Math.min(to, length - BEGINNING_BYTES + 1)
  if (at === 0 && nextOfFew(begins, text, 0, Math.min(1, to), mask) === 0) return 0
  const from = Math.max(at, 1)
  let before = text[from - 1] as number
  let byte = text[from] as number
  for (let i = from; i < end; i++) {
    const next = text[i + 1] as number
    const allowed = after[before] as number
    const starts = (begins[(byte << 8) | next] as number) & allowed & mask
    if (starts !== 0) {
      if (allowed >= LOOK) return i
      const four = (byte << 24) | (next << 16) | ((text[i + 2] as number) << 8) | (text[i + 3] as number)
      const where = circumstances(starts, before)
      const place = memoryPlace(four, where)
      if (memory[place] !== four || memory[place + 1] !== where || memory[place + 2] !== DEAD) return i
    }
    before = byte
    byte = next
  }
  return nextOfFew(begins, text, Math.max(from, end), to, mask)
}

/** As `nextPair`, for the first byte of a text and its last ones. The very last has no pair, so it is always looked at. */
function nextOfFew(begins: Uint16Array, text: Uint8Array, at: number, to: number, mask: number): number {
  for (let i = at; i < to; i++) {
    if (i + 1 === text.length) return i
    const allowed = i === 0 ? ALL_STARTS : (ALLOWED_AFTER[text[i - 1] as number] as number)
    if (((begins[((text[i] as number) << 8) | (text[i + 1] as number)] as number) & allowed & mask) !== 0) return i
  }
  return to
}

function nextByte(begins: Uint16Array, text: Uint8Array, at: number, to: number): number {
  const after = ALLOWED_AFTER
  let allowed = at === 0 ? ALL_STARTS : (after[text[at - 1] as number] as number)
  for (let i = at; i < to; i++) {
    const byte = text[i] as number
    if (((begins[byte] as number) & allowed) !== 0) return i
    allowed = after[byte] as number
  }
  return to
}

function nextPrefix({ four }: PrefixTables, text: Uint8Array, at: number, to: number): number {
  const lower = LOWER
  const isWord = IS_WORD
  const end = Math.min(to, text.length - PREFIX_BYTES + 1)
  if (at >= end) return to
  let key =
    ((lower[text[at] as number] as number) << 16) |
    ((lower[text[at + 1] as number] as number) << 8) |
    (lower[text[at + 2] as number] as number)
  let inWord = at === 0 ? 0 : (isWord[text[at - 1] as number] as number)
  for (let i = at; i < end; i++) {
    key = (key << 8) | (lower[text[i + 3] as number] as number)
    const hash = Math.imul(key, PREFIX_MULTIPLIER) >>> (32 - PREFIX_BITS)
    const slot = (hash >>> 5) << 1
    // Behind a letter or digit only what may stand anywhere counts; a mask costs less here than a branch.
    const bits = (four[slot] as number) | ((four[slot + 1] as number) & (inWord - 1))
    if ((bits & (1 << (hash & 31))) !== 0) return i
    inWord = isWord[text[i] as number] as number
  }
  return to
}

function nextLine(text: Buffer, at: number): number {
  const end = text.indexOf(LF, at)
  return end < 0 ? text.length : end + 1
}

/** Beyond ASCII, bytes are no characters, so that such a byte counts as if a digit stood there. `to` where none does. */
function nextDigitOrNonAscii(text: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = text[at] as number
    if (byte >= 0x80 || isDigitByte(byte)) return at
  }
  return to
}

/** Start bits of patterns that may start at `at`, behind the byte `before`, as far as what stands before says. */
function startsAt(text: Uint8Array, at: number, before: number): number {
  const allowed = before < 0 ? ALL_STARTS : (ALLOWED_AFTER[before] as number)
  return allowed < LOOK ? allowed : allKinds(startsAllowed(text, at))
}

/** Where letters, digits, underscores and what is beyond ASCII end. */
function endOfRun(text: Uint8Array, from: number): number {
  let at = from
  while (at < text.length && (IS_WORD[text[at] as number] === 1 || (text[at] as number) >= 0x80)) at++
  return at
}

function allKinds(boundaries: number): number {
  return boundaries | (boundaries << NEAR_DIGIT_SHIFT) | (boundaries << DIGIT_SHIFT) | (boundaries << RUN_SHIFT)
}

/** Per byte: which boundaries let a match start right behind it, or LOOK where that takes the byte before it too. */
function allowedAfter(): Int32Array {
  const table = new Int32Array(256)
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
