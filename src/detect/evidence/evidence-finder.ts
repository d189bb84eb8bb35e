/**
 * What stands near a value in one text. Keywords are looked for once, when the first question is asked; patterns run on
 * the window alone. Pure; windows are bounded by the rule's `within`.
 */
import type RE2 from 're2'
import type { CompiledGroup } from '../compile-rules.ts'
import type { KeywordMatcher } from './keyword-matcher.ts'
import { type ByteRange, TableColumns } from './table-columns.ts'

export interface Nearby {
  readonly kind: 'keyword' | 'column-header'
  /** Characters between value and evidence; for a column header 0. */
  readonly distance: number
  /** As the rule writes it; absent where a pattern is what stands there. */
  readonly keyword?: string
}

interface NearestKeyword {
  readonly distance: number
  /** -1: there is none. */
  readonly keyword: number
}

const NO_KEYWORD: NearestKeyword = { distance: Number.POSITIVE_INFINITY, keyword: -1 }

/** White space and accents in the text may make a keyword longer than it is written. */
const STRETCH_BYTES = 64
/** UTF-8 needs at most this many bytes a character. */
const BYTES_PER_CHARACTER_MAX = 4

/** Asked for the column headers of a text that this one was cut out of. */
export type OuterHeaders = (group: CompiledGroup, start: number) => boolean

export class EvidenceFinder {
  readonly #text: Uint8Array
  readonly #matcher: KeywordMatcher
  readonly #groupsOfKeyword: readonly Int32Array[]
  /** Triples of keyword, start and end by start; null until a question is asked. */
  #hits: readonly number[] | null = null
  readonly #outer: OuterHeaders | null
  #tables: TableColumns | null = null

  constructor(
    text: Uint8Array,
    matcher: KeywordMatcher,
    groupsOfKeyword: readonly Int32Array[],
    outer: OuterHeaders | null,
  ) {
    this.#text = text
    this.#matcher = matcher
    this.#groupsOfKeyword = groupsOfKeyword
    this.#outer = outer
  }

  /** The nearest evidence of the group about the value at `[start, end)`, or null. */
  near(group: CompiledGroup, start: number, end: number): Nearby | null {
    const { distance: byKeyword, keyword } = this.#nearestKeyword(group, start, end)
    const byPattern = this.#patternDistance(group, start, end)
    if (byKeyword <= byPattern && byKeyword <= group.within)
      return { kind: 'keyword', distance: byKeyword, keyword: this.#matcher.written(keyword) }
    if (byPattern <= group.within) return { kind: 'keyword', distance: byPattern }
    return group.column && this.heads(group, start) ? { kind: 'column-header', distance: 0 } : null
  }

  /** Every keyword of the text, in order of its start. */
  eachKeyword(visit: (keyword: number, start: number, end: number) => void): void {
    const hits = this.#keywords()
    for (let i = 0; i < hits.length; i += 3) visit(hits[i] as number, hits[i + 1] as number, hits[i + 2] as number)
  }

  /** The rows that a cell heads, when the place stands in a table's header. */
  headedBy(start: number): ByteRange | null {
    this.#tables ??= new TableColumns(this.#text)
    return this.#tables.headedBy(start)
  }

  /** Whether a cell that heads the value's column has a keyword of the group. */
  heads(group: CompiledGroup, start: number): boolean {
    if (this.#outer?.(group, start)) return true
    this.#tables ??= new TableColumns(this.#text)
    return this.#tables.headerOf(start).some((cell) => this.#within(group, cell.start, cell.end))
  }

  #within(group: CompiledGroup, from: number, to: number): boolean {
    let found = false
    this.#visit(from, to, (keyword, start, end) => {
      if (start >= from && end <= to && this.#belongs(keyword, group)) found = true
    })
    return found || group.patterns.some((pattern) => restarted(pattern()).test(this.#text.subarray(from, to)))
  }

  #belongs(keyword: number, group: CompiledGroup): boolean {
    return (this.#groupsOfKeyword[keyword] as Int32Array).includes(group.index)
  }

  #nearestKeyword(group: CompiledGroup, start: number, end: number): NearestKeyword {
    if (group.keywords === 0) return NO_KEYWORD
    const reach = group.within * BYTES_PER_CHARACTER_MAX
    // ASCII text, the common case, needs no more than `within` bytes; the wider window is for what counts fewer.
    const from = group.side === 'after' ? end : Math.max(0, start - reach - this.#matcher.lengthMax)
    const to = group.side === 'before' ? start : Math.min(this.#text.length, end + reach + this.#matcher.lengthMax)
    let nearest = Number.POSITIVE_INFINITY
    let which = -1
    this.#visit(from, to, (keyword, hitStart, hitEnd) => {
      const before = hitEnd <= start
      if (before ? group.side === 'after' : hitStart < end || group.side === 'before') return
      const bytes = before ? start - hitEnd : hitStart - end
      if (bytes > reach || !this.#belongs(keyword, group)) return
      const distance = before ? this.#characters(hitEnd, start) : this.#characters(end, hitStart)
      if (distance >= nearest) return
      nearest = distance
      which = keyword
    })
    return { distance: nearest, keyword: which }
  }

  #patternDistance(group: CompiledGroup, start: number, end: number): number {
    let nearest = Number.POSITIVE_INFINITY
    if (group.patterns.length === 0) return nearest
    // The evidence itself may be long; its nearest edge is what `within` speaks of.
    const reach = group.within + PATTERN_LENGTH_MAX
    if (group.side !== 'after') {
      const from = codePointStart(this.#text, Math.max(0, start - reach))
      const window = this.#text.subarray(from, start)
      for (const compiled of group.patterns) {
        const pattern = restarted(compiled())
        for (let m = pattern.exec(window); m; m = pattern.exec(window)) {
          nearest = Math.min(nearest, this.#characters(from + m.index + m[0].length, start))
          if (m[0].length === 0) break
        }
      }
    }
    if (group.side !== 'before') {
      const window = this.#text.subarray(end, codePointStart(this.#text, Math.min(this.#text.length, end + reach)))
      for (const compiled of group.patterns) {
        const m = restarted(compiled()).exec(window)
        if (m) nearest = Math.min(nearest, this.#characters(end, end + m.index))
      }
    }
    return nearest
  }

  #characters(from: number, to: number): number {
    let count = 0
    for (let i = from; i < to; i++) if (((this.#text[i] as number) & 0xc0) !== 0x80) count++
    return count
  }

  /** Visits the keywords that overlap `[from, to)`. */
  #visit(from: number, to: number, visit: (keyword: number, start: number, end: number) => void): void {
    const hits = this.#keywords()
    let i = firstStartingAt(hits, from - this.#matcher.lengthMax - STRETCH_BYTES)
    for (; i < hits.length && (hits[i + 1] as number) < to; i += 3)
      if ((hits[i + 2] as number) > from) visit(hits[i] as number, hits[i + 1] as number, hits[i + 2] as number)
  }

  #keywords(): readonly number[] {
    this.#hits ??= outsideEncoded(this.#text, this.#matcher.find(this.#text))
    return this.#hits
  }
}

const PATTERN_LENGTH_MAX = 200

/** Base64 has every short word in it once in a while, between `+` and `/`; signatures stand beside numbers. */
const ENCODED_MIN_BYTES = 40
const KINDS = encodedKinds()
const ENCODED = 7

/** Triples of keywords that don't stand inside of a long run of what encodings use, cases and digits mixed. */
function outsideEncoded(text: Uint8Array, hits: readonly number[]): readonly number[] {
  const kept: number[] = []
  for (let i = 0; i < hits.length; i += 3) {
    const start = hits[i + 1] as number
    const end = hits[i + 2] as number
    if (!insideEncoded(text, start, end)) kept.push(hits[i] as number, start, end)
  }
  return kept.length === hits.length ? hits : kept
}

function insideEncoded(text: Uint8Array, start: number, end: number): boolean {
  let seen = 0
  let from = start
  let to = end
  for (let i = start; i < end; i++) {
    const kind = KINDS[text[i] as number] as number
    if (kind === 0) return false
    seen |= kind
  }
  while (from > 0 && start - from < ENCODED_MIN_BYTES && KINDS[text[from - 1] as number] !== 0)
    seen |= KINDS[text[--from] as number] as number
  while (to < text.length && to - end < ENCODED_MIN_BYTES && KINDS[text[to] as number] !== 0)
    seen |= KINDS[text[to++] as number] as number
  return to - from >= ENCODED_MIN_BYTES && (seen & ENCODED) === ENCODED
}

function encodedKinds(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(1, 0x61, 0x7b)
  table.fill(2, 0x41, 0x5b)
  table.fill(4, 0x30, 0x3a)
  for (const mark of '+/=') table[mark.charCodeAt(0)] = 8
  return table
}

/** A global pattern goes on where it stopped, whatever text it is given. */
function restarted(pattern: RE2): RE2 {
  pattern.lastIndex = 0
  return pattern
}

function codePointStart(text: Uint8Array, at: number): number {
  let start = at
  while (start > 0 && start < text.length && ((text[start] as number) & 0xc0) === 0x80) start--
  return start
}

/** Index of the first triple whose start is `at` or later. */
function firstStartingAt(hits: readonly number[], at: number): number {
  let low = 0
  let high = hits.length / 3
  while (low < high) {
    const middle = (low + high) >> 1
    if ((hits[middle * 3 + 1] as number) < at) low = middle + 1
    else high = middle
  }
  return low * 3
}
