/**
 * All patterns as one automaton over bytes, anchored at the position a walk starts from. Its states are built when text
 * first leads to them. A state is an ordered list of instructions, and what follows a pattern's match in the list is
 * cut for that pattern alone, so one walk gives every pattern its own leftmost-first end, as RE2 would (see RE2's
 * `dfa.cc` for the single-pattern form). Memory is bounded: past `STATES_MAX` the states are dropped and built anew,
 * and what one text may have built is counted, so that a hostile text runs into a limit instead of time.
 */

import type { ByteNode } from '../regex/utf8-set.ts'
import { isAsciiWordByte } from './boundary.ts'
import { byteClasses, CONDITION_BIT, CONDITIONS_OF_BYTE } from './byte-classes.ts'
import type { Condition, Instruction, Program } from './program.ts'

/** Transitions in a line of the processor's cache. */
const CLASSES_PER_LINE = 16

/** No way on from here. */
export const DEAD = -1
/** `trans` values below this are events: `-2 - value` is the index. 0 is a transition not built yet. */
export const EVENT = -2
/** The number of no state: no pattern may start. */
export const NO_START = -1

const STATES_MAX = 40_000
/** Where more sets are looked at, hardly two classes are alike, and comparing them costs more than it saves. */
const ALIKE_SETS_MAX = 24
const BEFORE = { start: 0, newline: 1, word: 2, other: 3 } as const
const BEFORE_KINDS = 4
const BEFORE_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 10 ? BEFORE.newline : isAsciiWordByte(byte) ? BEFORE.word : BEFORE.other,
)

/** A byte trie's node over byte classes: 0, or one more than the index of the edge. */
interface NodeTable {
  readonly id: number
  readonly edgeOf: Uint8Array
}

export class Automaton {
  /** Byte -> class; index 256 stands for the end of the text, whose class is the last. */
  readonly classOf: Uint16Array
  /** What one state's transitions take in `trans`, at least one place per class. */
  readonly classes: number
  /** `trans[state + class]`: the next state's offset, DEAD, an event, or 0. */
  trans: Int32Array
  /** Per event: the state to go on with (or DEAD), and pairs of pattern and bytes to take back from the position. */
  readonly eventNext: number[] = []
  readonly eventMatches: Int32Array[] = []
  /** Transitions built so far; a scanner sets it back. */
  built = 0
  readonly #program: Program
  readonly #tables = new Map<ByteNode, NodeTable>()
  /** Instructions of the program, and behind them the places inside of multi-byte characters as text leads to them. */
  readonly #instructions: Instruction[]
  readonly #patternOf: number[]
  readonly #inside = new Map<string, number>()
  readonly #closures: (Int32Array | undefined)[]
  #marks: Int32Array
  #followed: Int32Array
  #generation = 0
  #states = new Map<string, number>()
  #items: Int32Array[] = []
  #before: number[] = []
  /** Per set of start bits and kind of byte before: number of the state; 0: not built. */
  readonly #starts: Int32Array
  /** All start bits of the patterns; the others make no difference. */
  readonly startMask: number
  /** The mask's bits of a low and a high byte of start bits, moved together. */
  readonly #packedLow: Uint16Array
  readonly #packedHigh: Uint16Array
  /** Per class the bits of the conditions that its bytes meet. */
  readonly #conditions: Uint16Array
  readonly #beforeOfClass: Uint8Array
  /** What the sets looked at for a transition make of each class. */
  readonly #edgesSeen: Uint8Array[] = []

  constructor(program: Program) {
    this.#program = program
    const { classOf, representatives } = byteClasses(program)
    this.classOf = classOf
    this.classes = Math.ceil(representatives.length / CLASSES_PER_LINE) * CLASSES_PER_LINE
    this.#instructions = [...program.instructions]
    this.#patternOf = [...program.patternOf]
    this.#closures = new Array(program.instructions.length)
    this.#marks = new Int32Array(program.instructions.length)
    this.#followed = new Int32Array(program.instructions.length)
    this.#beforeOfClass = Uint8Array.from(representatives, (byte) =>
      byte === 10 ? BEFORE.newline : isAsciiWordByte(byte) ? BEFORE.word : BEFORE.other,
    )
    this.#conditions = Uint16Array.from(representatives, (byte) => CONDITIONS_OF_BYTE[byte] as number)
    this.startMask = this.startBits.reduce((all, bits) => all | bits, 0)
    const low = bitsOf(this.startMask & 0xff)
    const high = bitsOf(this.startMask >>> 8)
    this.#packedLow = packed(low, 0)
    this.#packedHigh = packed(high, low.length)
    this.#starts = new Int32Array(BEFORE_KINDS << (low.length + high.length))
    this.trans = new Int32Array(0)
    this.reset()
  }

  /** The start bits of each pattern. */
  get startBits(): readonly number[] {
    return this.#program.starts.map((beginnings) => beginnings.reduce((bits, { bit }) => bits | bit, 0))
  }

  get states(): number {
    return this.#items.length
  }

  get full(): boolean {
    return this.#items.length > STATES_MAX
  }

  /** Drops all states. States held by a caller are void then. */
  reset(): void {
    this.#states = new Map()
    this.#starts.fill(0)
    this.#items = [new Int32Array(0)]
    this.#before = [0]
    this.eventNext.length = 0
    this.eventMatches.length = 0
    this.trans = new Int32Array(this.classes * 64)
  }

  /** Number of the state (its offset over `classes`) or NO_START, to start from where patterns of the `allowed` bits may start and `previous` (a byte, or -1) stands before. */
  start(allowed: number, previous: number): number {
    const before = previous < 0 ? BEFORE.start : (BEFORE_OF_BYTE[previous] as number)
    const bits = (this.#packedLow[allowed & 0xff] as number) | (this.#packedHigh[allowed >>> 8] as number)
    const index = bits * BEFORE_KINDS + before
    return this.#starts[index] || this.#buildStart(allowed, before, index)
  }

  #buildStart(allowed: number, before: number, index: number): number {
    const items: number[] = []
    this.#generation++
    for (const beginnings of this.#program.starts)
      for (const { instruction, bit } of beginnings) if (allowed & bit) this.#close(instruction, items)
    const number = items.length > 0 ? this.#state(items, before) / this.classes : NO_START
    this.#starts[index] = number
    return number
  }

  /** Builds `trans[state + byteClass]`, and the transitions that are sure to be the same; returns it. */
  build(state: number, byteClass: number): number {
    this.built++
    this.#edgesSeen.length = 0
    const index = state / this.classes
    const items = this.#items[index] as Int32Array
    const before = this.#before[index] as number
    const next: number[] = []
    const matches: number[] = []
    this.#generation++
    let cut = -1
    for (const id of items) {
      const pattern = this.#patternOf[id] as number
      if (pattern === cut) continue
      const back = this.#follow(id, byteClass, before, next)
      if (back < 0) continue
      matches.push(pattern, back)
      cut = pattern
    }
    const following = next.length > 0 ? this.#state(next, this.#beforeOfClass[byteClass] as number) : DEAD
    let value = following
    if (matches.length > 0) {
      value = EVENT - this.eventNext.length
      this.eventNext.push(following)
      this.eventMatches.push(Int32Array.from(matches))
    }
    this.#setAlike(state, byteClass, value)
    return value
  }

  /**
   * Classes on which every set that was looked at leads the same way, and every condition holds alike, share their
   * transition. In keys and ids each character is another one, which would each be built by itself.
   */
  #setAlike(state: number, byteClass: number, value: number): void {
    const seen = this.#edgesSeen
    const condition = this.#conditions[byteClass]
    const before = this.#beforeOfClass[byteClass]
    this.trans[state + byteClass] = value
    if (seen.length > ALIKE_SETS_MAX) return
    for (let other = 0; other < this.#conditions.length; other++) {
      if (this.#conditions[other] !== condition || this.#beforeOfClass[other] !== before) continue
      let alike = true
      for (let i = 0; alike && i < seen.length; i++) {
        const edgeOf = seen[i] as Uint8Array
        alike = edgeOf[other] === edgeOf[byteClass]
      }
      if (alike) this.trans[state + other] = value
    }
  }

  /** 1 for each class of bytes that leads on from the state, or to a match. Builds no transitions. */
  waysOn(state: number): Uint8Array {
    const index = state / this.classes
    const ways = new Uint8Array(this.classes)
    for (const id of this.#items[index] as Int32Array) {
      const instruction = this.#instructions[id] as Instruction
      if (instruction.op === 'match') return ways.fill(1)
      if (instruction.op === 'set') {
        const { edgeOf } = this.#table(instruction.node)
        for (let byteClass = 0; byteClass < this.classes; byteClass++) if (edgeOf[byteClass] !== 0) ways[byteClass] = 1
        continue
      }
      for (let byteClass = 0; byteClass < this.classes; byteClass++)
        if (ways[byteClass] === 0 && this.#goesOn(id, byteClass, this.#before[index] as number)) ways[byteClass] = 1
    }
    return ways
  }

  #goesOn(id: number, byteClass: number, before: number): boolean {
    const next: number[] = []
    this.#generation++
    this.#edgesSeen.length = 0
    return this.#follow(id, byteClass, before, next) >= 0 || next.length > 0
  }

  /** Steps one item over the class; returns the bytes to take back when it leads to a match, else -1. */
  #follow(id: number, byteClass: number, before: number, next: number[]): number {
    const instruction = this.#instructions[id]
    if (!instruction) return -1
    switch (instruction.op) {
      case 'set': {
        const { edgeOf } = this.#table(instruction.node)
        this.#edgesSeen.push(edgeOf)
        const edge = edgeOf[byteClass] as number
        if (edge === 0) return -1
        const node = instruction.node.edges[edge - 1]?.to
        this.#close(node ? this.#insideOf(node, instruction.to, id) : instruction.to, next)
        return -1
      }
      case 'match':
        return instruction.back
      case 'split':
        if (this.#entered(id)) return -1
        for (const to of instruction.to) {
          const back = this.#follow(to, byteClass, before, next)
          if (back >= 0) return back
        }
        return -1
      case 'assert':
        return !this.#entered(id) && this.#condition(instruction.condition, byteClass, before)
          ? this.#follow(instruction.to, byteClass, before, next)
          : -1
    }
  }

  /** A loop over assertions alone comes back to where it was; the first way, which has priority, is enough. */
  #entered(id: number): boolean {
    if (this.#followed[id] === this.#generation) return true
    this.#followed[id] = this.#generation
    return false
  }

  #condition(condition: Condition, byteClass: number, before: number): boolean {
    const next = ((this.#conditions[byteClass] as number) & CONDITION_BIT[condition]) !== 0
    switch (condition) {
      case 'text-start':
        return before === BEFORE.start
      case 'line-start':
        return before === BEFORE.start || before === BEFORE.newline
      case 'word':
        return (before === BEFORE.word) !== next
      case 'not-word':
        return (before === BEFORE.word) === next
      default:
        return next
    }
  }

  /** Appends what `id` leads to without reading a byte; each instruction once a generation. */
  #close(id: number, out: number[]): void {
    for (const item of this.#closures[id] ?? this.#closure(id)) {
      if (this.#marks[item] === this.#generation) continue
      this.#marks[item] = this.#generation
      out.push(item)
    }
  }

  #closure(id: number): Int32Array {
    const items: number[] = []
    const seen = new Set<number>()
    const visit = (at: number): void => {
      if (seen.has(at)) return
      seen.add(at)
      const instruction = this.#instructions[at]
      if (instruction?.op === 'split') for (const to of instruction.to) visit(to)
      else items.push(at)
    }
    visit(id)
    const closure = Int32Array.from(items)
    this.#closures[id] = closure
    return closure
  }

  #state(items: readonly number[], before: number): number {
    // Only assertions look back; without one the same list is the same state whatever stood before.
    const looksBack = items.some((id) => {
      const instruction = this.#instructions[id]
      return instruction?.op === 'assert' && !instruction.condition.startsWith('end-')
    })
    const kind = looksBack ? before : BEFORE.other
    const key = `${kind}:${items.join(',')}`
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const index = this.#items.length
    this.#items.push(Int32Array.from(items))
    this.#before.push(kind)
    const offset = index * this.classes
    if (offset + this.classes > this.trans.length) {
      const grown = new Int32Array(this.trans.length * 2)
      grown.set(this.trans)
      this.trans = grown
    }
    this.#states.set(key, offset)
    return offset
  }

  #table(node: ByteNode): NodeTable {
    let table = this.#tables.get(node)
    if (!table) {
      const edgeOf = new Uint8Array(this.classes)
      for (const [index, edge] of node.edges.entries())
        for (let byte = edge.lo; byte <= edge.hi; byte++) edgeOf[this.classOf[byte] as number] = index + 1
      table = { id: this.#tables.size, edgeOf }
      this.#tables.set(node, table)
    }
    return table
  }

  /** The instruction that reads on from `node` inside a character and then goes to `to`. */
  #insideOf(node: ByteNode, to: number, within: number): number {
    const key = `${this.#table(node).id}:${to}`
    let id = this.#inside.get(key)
    if (id === undefined) {
      id = this.#instructions.push({ op: 'set', node, to }) - 1
      this.#patternOf.push(this.#patternOf[within] as number)
      this.#inside.set(key, id)
      if (id >= this.#marks.length) {
        this.#marks = grown(this.#marks)
        this.#followed = grown(this.#followed)
      }
    }
    return id
  }
}

function bitsOf(mask: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (mask >>> bit) & 1)
}

const packings = new Map<string, Uint16Array>()

/** For each byte its bits at the places given, as bits from `first` on; few kinds of patterns share the tables. */
function packed(places: readonly number[], first: number): Uint16Array {
  const key = `${places.join()}:${first}`
  let table = packings.get(key)
  if (!table) {
    table = Uint16Array.from({ length: 256 }, (_, byte) =>
      places.reduce((sum, place, i) => sum | (((byte >>> place) & 1) << (first + i)), 0),
    )
    packings.set(key, table)
  }
  return table
}

function grown(marks: Int32Array): Int32Array {
  const larger = new Int32Array(marks.length * 2)
  larger.set(marks)
  return larger
}
