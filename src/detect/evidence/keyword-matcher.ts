/**
 * Aho-Corasick (Aho and Corasick 1975) over folded text: all keywords of all rules at once, as one flat transition
 * table over byte classes. White space between the words of a keyword is flexible; keywords match whole words, where a
 * change of case inside a word (`ssnNumber`) and a plural `s` count as ends. Pure; linear in the text.
 */
import { LETTER_LEAD_MAX, LETTER_LEAD_MIN } from '../match/boundary.ts'
import { foldInto, foldKeyword, SKIP, SPACE } from './fold-text.ts'

export interface KeywordHits {
  /** Triples of keyword, start and end (byte offsets into the text), by end. */
  readonly triples: readonly number[]
}

export class KeywordMatcher {
  /** Longest folded keyword in bytes. */
  readonly lengthMax: number
  readonly #folded: Uint8Array[] = []
  readonly #ids = new Map<string, number>()
  readonly #classOf = new Uint8Array(256)
  #classes = 1
  #next = new Int32Array(0)
  /** Per state: first of a chain of keywords that end there, or -1; and the next state of the suffix chain with any. */
  #endsAt: Int32Array[] = []

  constructor(keywords: readonly string[]) {
    for (const keyword of keywords) this.#add(keyword)
    this.lengthMax = this.#folded.reduce((max, folded) => Math.max(max, folded.length), 0)
    this.#build()
  }

  get size(): number {
    return this.#folded.length
  }

  /** Number of the keyword; equal after folding means the same number. -1: it folds to nothing. */
  idOf(keyword: string): number {
    return this.#ids.get(Buffer.from(foldKeyword(keyword)).toString('latin1')) ?? -1
  }

  #add(keyword: string): void {
    const folded = foldKeyword(keyword)
    const key = Buffer.from(folded).toString('latin1')
    if (folded.length === 0 || this.#ids.has(key)) return
    this.#ids.set(key, this.#folded.length)
    this.#folded.push(folded)
  }

  #build(): void {
    for (const folded of this.#folded)
      for (const byte of folded) if (this.#classOf[byte] === 0) this.#classOf[byte] = this.#classes++
    const classes = this.#classes
    const total = this.#folded.reduce((sum, folded) => sum + folded.length, 1)
    const next = new Int32Array(total * classes)
    const ends: number[][] = [[]]
    let states = 1
    for (const [id, folded] of this.#folded.entries()) {
      let state = 0
      for (const byte of folded) {
        const slot = state * classes + (this.#classOf[byte] as number)
        if (next[slot] === 0) {
          next[slot] = states++
          ends.push([])
        }
        state = next[slot] as number
      }
      ends[state]?.push(id)
    }
    const fail = new Int32Array(states)
    const queue: number[] = []
    for (let c = 0; c < classes; c++) if (next[c]) queue.push(next[c] as number)
    for (let head = 0; head < queue.length; head++) {
      const state = queue[head] as number
      const back = fail[state] as number
      ends[state]?.push(...(ends[back] ?? []))
      for (let c = 0; c < classes; c++) {
        const slot = state * classes + c
        const to = next[slot] as number
        if (to === 0) next[slot] = next[back * classes + c] as number
        else {
          fail[to] = next[back * classes + c] as number
          queue.push(to)
        }
      }
    }
    this.#next = next.slice(0, states * classes)
    this.#endsAt = ends.map((ids) => Int32Array.from(ids))
  }

  /**
   * Keywords that end in `(reportFrom, to]` of the text, looked for from `from` on; `scratch` takes the folded bytes.
   * `from` must be the start of a code point.
   */
  find(text: Uint8Array, from: number, reportFrom: number, to: number, scratch: Uint8Array): number[] {
    const hits: number[] = []
    const length = to - from
    foldInto(text, from, to, scratch)
    const next = this.#next
    const classOf = this.#classOf
    const classes = this.#classes
    let state = 0
    let spaced = false
    for (let i = 0; i < length; i++) {
      const byte = scratch[i] as number
      if (byte === SPACE) {
        if (spaced) continue
        spaced = true
      } else if (byte === SKIP) continue
      else spaced = false
      state = next[state * classes + (classOf[byte] as number)] as number
      const ends = this.#endsAt[state] as Int32Array
      if (ends.length === 0 || from + i < reportFrom) continue
      for (const id of ends) {
        const start = this.#startOf(scratch, i, this.#folded[id] as Uint8Array)
        if (this.#whole(text, from, scratch, length, start, i + 1)) hits.push(id, from + start, from + i + 1)
      }
    }
    return hits
  }

  /** Walks back over the text until the whole keyword has been seen. */
  #startOf(scratch: Uint8Array, last: number, folded: Uint8Array): number {
    let at = last + 1
    for (let k = folded.length - 1; k >= 0; k--) {
      at--
      while (scratch[at] === SKIP) at--
      if (folded[k] === SPACE) while (at > 0 && (scratch[at - 1] === SPACE || scratch[at - 1] === SKIP)) at--
    }
    return at
  }

  #whole(text: Uint8Array, base: number, scratch: Uint8Array, length: number, start: number, end: number): boolean {
    let before = start - 1
    while (before >= 0 && scratch[before] === SKIP) before--
    if (before >= 0 && joins(scratch, before, start) && !camel(text, base + start - 1, base + start)) return false
    let after = end
    while (after < length && scratch[after] === SKIP) after++
    if (after >= length) return true
    if (!joins(scratch, end - 1, after) || camel(text, base + end - 1, base + end)) return true
    const plural = scratch[after] === 0x73 && isLetter(scratch, end - 1)
    return plural && (after + 1 >= length || !isLetter(scratch, after + 1))
  }
}

/** Whether the characters that end at `left` and begin at `right` are both letters or both digits. */
function joins(folded: Uint8Array, left: number, right: number): boolean {
  return (isLetter(folded, left) && isLetter(folded, right)) || (isDigit(folded[left]) && isDigit(folded[right]))
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** `at` may be any byte of a two-byte letter. */
function isLetter(folded: Uint8Array, at: number): boolean {
  const byte = folded[at] as number
  if (byte < 0x80) return byte >= 0x61 && byte <= 0x7a
  const lead = byte >= 0xc0 ? byte : at > 0 ? (folded[at - 1] as number) : 0
  return lead >= LETTER_LEAD_MIN && lead <= LETTER_LEAD_MAX
}

function camel(text: Uint8Array, left: number, right: number): boolean {
  const a = text[left] as number
  const b = text[right] as number
  return a >= 0x61 && a <= 0x7a && b >= 0x41 && b <= 0x5a
}
