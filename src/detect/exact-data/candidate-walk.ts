/**
 * A text -> the places that may hold a value of any of several indexes. A word that no value is and none begins with is
 * asked for once and remembered; numbers are asked for only where their length is that of a registered one. Nearly all
 * of a text ends there, so it costs little to look for millions of rows.
 */
import { foldedWords } from '../words/fold.ts'
import { eachWordBlock, HAS_DIGIT, NOT_ASCII, type WordBlock, type WordKey } from '../words/word-blocks.ts'
import { type CellKind, CODE_GROUPS_MAX, CODE_MAX_CHARS, canonicalCode, dateValues, WORDS_MAX } from './cell-values.ts'
import { type ExactDataIndex, hasPrefix, hasValue, type ValueHash, ValueHasher } from './exact-data-index.ts'

/** A place in a text where a value of some index stands, or one that looks the same to a filter. */
export interface Candidate {
  readonly kind: CellKind
  readonly hash: ValueHash
  /** Byte offsets into the UTF-8 text. */
  readonly start: number
  readonly end: number
}

/** Words remembered as absent. A power of two. */
const REMEMBERED = 2 ** 15
const CARRY = Math.max(WORDS_MAX, CODE_GROUPS_MAX) - 1
const GAP_MAX_BYTES = 6
/** What may stand between the groups of one code: `4711-0815`, `DE89 3704`, `(030) 123`. */
const CODE_GAP = /^[ ./()\u2010\u2013-]{1,2}$/
const SPACE = 0x20

export class CandidateWalk {
  readonly #indexes: readonly ExactDataIndex[]
  readonly #hasher: ValueHasher
  readonly #wordKey: WordKey
  readonly #wordsMax: number
  readonly #codeLengths = new Uint8Array(CODE_MAX_CHARS + 1)
  readonly #codes: boolean
  readonly #dates: boolean
  readonly #absentHigh = new Int32Array(REMEMBERED)
  readonly #absentLow = new Int32Array(REMEMBERED)
  #utf8: Uint8Array = new Uint8Array(0)

  /** `indexes`: at least one, all of one catalogue (and so of one key). */
  constructor(indexes: readonly ExactDataIndex[]) {
    const key = indexes[0]?.key ?? new Uint8Array(0)
    this.#indexes = indexes
    this.#hasher = new ValueHasher(key)
    const { prefixHigh, prefixLow } = this.#hasher.hash('words', '')
    this.#wordKey = { high: prefixHigh, low: prefixLow }
    this.#wordsMax = Math.max(...indexes.map((index) => index.wordsMax))
    for (const index of indexes) for (const length of index.codeLengths) this.#codeLengths[length] = 1
    this.#codes = this.#codeLengths.includes(1)
    this.#dates = indexes.some((index) => index.columns.some((column) => column.kind === 'date'))
  }

  /** Visits candidates in order of their beginnings. */
  each(utf8: Uint8Array, visit: (candidate: Candidate) => void): void {
    this.#utf8 = utf8
    eachWordBlock(utf8, this.#wordKey, CARRY, (block) => {
      // The last words of a block are the first of the next, where what begins with them is whole.
      const to = block.last ? block.count : block.count - CARRY
      let digitsAt = -1
      for (let i = 0; i < to; i++) {
        if (this.#wordsMax > 0 && !this.#isAbsent(block, i)) this.#words(block, i, visit)
        if (digitsAt < i) digitsAt = nextDigits(block, i)
        if (digitsAt - i >= CODE_GROUPS_MAX) continue
        if (this.#codes) this.#code(block, i, visit)
        if (this.#dates && digitsAt === i) this.#date(block, i, visit)
      }
    })
    this.#utf8 = new Uint8Array(0)
  }

  #isAbsent(block: WordBlock, i: number): boolean {
    const high = block.high[i] as number
    const at = high & (REMEMBERED - 1)
    return this.#absentHigh[at] === high && this.#absentLow[at] === (block.low[i] as number)
  }

  #words(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    const start = block.start[i] as number
    let value = this.#folded(start, block.end[i] as number)
    const first = this.#hasher.hash('words', value)
    const alone = this.#indexes.some((index) => hasValue(index, first))
    const begins = this.#indexes.some((index) => hasPrefix(index, first))
    if (!alone && !begins) {
      const at = (block.high[i] as number) & (REMEMBERED - 1)
      this.#absentHigh[at] = block.high[i] as number
      this.#absentLow[at] = block.low[i] as number
      return
    }
    if (alone) visit({ kind: 'words', hash: first, start, end: block.end[i] as number })
    if (!begins) return
    for (let n = 1; n < this.#wordsMax && i + n < block.count; n++) {
      const end = block.end[i + n] as number
      value = `${value} ${this.#folded(block.start[i + n] as number, end)}`
      const hash = this.#hasher.hash('words', value)
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ kind: 'words', hash, start, end })
    }
  }

  #code(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    const start = block.start[i] as number
    let classes = 0
    let length = 0
    // Padding zeros and letters of several bytes make the length in the text another than the value's.
    let unsure = this.#utf8[start] === 0x30
    for (let n = 0; n < CODE_GROUPS_MAX && i + n < block.count; n++) {
      if (n > 0 && !this.#isCodeGap(block.end[i + n - 1] as number, block.start[i + n] as number)) return
      const end = block.end[i + n] as number
      classes |= block.classes[i + n] as number
      length += end - (block.start[i + n] as number)
      unsure ||= (classes & NOT_ASCII) !== 0
      if (length > CODE_MAX_CHARS && !unsure) return
      if ((classes & HAS_DIGIT) === 0 || !(unsure || this.#codeLengths[length] === 1)) continue
      const value = canonicalCode(foldedWords(this.#decode(start, end)).join(''))
      if (value === null || this.#codeLengths[value.length] !== 1) continue
      const hash = this.#hasher.hash('code', value)
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ kind: 'code', hash, start, end })
    }
  }

  #date(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    if (i + 2 >= block.count) return
    for (const at of [i, i + 1, i + 2]) if ((block.classes[at] as number) !== HAS_DIGIT) return
    const start = block.start[i] as number
    const end = block.end[i + 2] as number
    if (end - start > 10) return
    for (const value of dateValues(this.#decode(start, end))) {
      const hash = this.#hasher.hash('date', value)
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ kind: 'date', hash, start, end })
    }
  }

  #isCodeGap(from: number, to: number): boolean {
    if (to - from === 1 && this.#utf8[from] === SPACE) return true
    return to - from <= GAP_MAX_BYTES && CODE_GAP.test(this.#decode(from, to).normalize('NFKC'))
  }

  #folded(start: number, end: number): string {
    return foldedWords(this.#decode(start, end)).join('')
  }

  #decode(start: number, end: number): string {
    const { buffer, byteOffset } = this.#utf8
    return Buffer.from(buffer, byteOffset + start, end - start).toString('utf8')
  }
}

/** The first word from `i` on that has a digit and is not mere letters. */
function nextDigits({ classes, count }: WordBlock, i: number): number {
  let at = i
  while (at < count && ((classes[at] as number) & HAS_DIGIT) === 0) at++
  return at
}
