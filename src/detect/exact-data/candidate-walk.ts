/**
 * A text -> the places that may hold a value of any of several indexes. Words are sieved by a filter, what the others
 * are is remembered, and few begin a value of several; numbers are asked for only where their length is that of a registered
 * one. Nearly all of a text ends there, so it costs little to look for millions of rows.
 */
import { foldedWords } from '../words/fold.ts'
import { eachWordBlock, HAS_DIGIT, HAS_LETTER, NOT_ASCII, type WordBlock } from '../words/word-blocks.ts'
import {
  CODE_GROUPS_MAX,
  CODE_MAX_CHARS,
  canonicalCode,
  canonicalPhone,
  dateValues,
  PHONE_MAX_DIGITS,
  WORDS_MAX,
} from './cell-values.ts'
import {
  type ExactDataIndex,
  type Field,
  fieldOf,
  hasPrefix,
  hasValue,
  type ValueHash,
  ValueHasher,
} from './exact-data-index.ts'
import { mayBeWord, type WordFilterKey, wordFilterKey } from './word-filter.ts'

/** A place in a text where a value of some index stands, or one that looks the same to a filter. */
export interface Candidate {
  readonly field: Field
  readonly hash: ValueHash
  /** Byte offsets into the UTF-8 text. */
  readonly start: number
  readonly end: number
}

/** Words remembered. A power of two; some 5 MB. */
const REMEMBERED = 2 ** 15

interface KnownWord {
  readonly high: number
  readonly low: number
  /** Folded. */
  readonly value: string
  readonly hash: ValueHash
  readonly isValue: boolean
  /** Values of several words begin with it. */
  readonly begins: boolean
}

const CARRY = Math.max(WORDS_MAX, CODE_GROUPS_MAX) - 1
const GAP_MAX_BYTES = 6
/** What may stand between the groups of one code: `4711-0815`, `DE89 3704`, `(030) 123`. */
const CODE_GAP = /^[ ./()\u2010\u2013-]{1,2}$/
const SPACE = 0x20

export class CandidateWalk {
  readonly #indexes: readonly ExactDataIndex[]
  readonly #hasher: ValueHasher
  readonly #filterKey: WordFilterKey
  readonly #wordsMax: number
  readonly #digitLengths = new Uint8Array(CODE_MAX_CHARS + 1)
  readonly #mixedLengths = new Uint8Array(CODE_MAX_CHARS + 1)
  readonly #hasMixed: boolean
  readonly #codes: boolean
  readonly #phones: boolean
  readonly #dates: boolean
  readonly #remembered = new Array<KnownWord | undefined>(REMEMBERED)
  readonly #absentHigh = new Int32Array(REMEMBERED)
  readonly #absentLow = new Int32Array(REMEMBERED)
  #utf8: Uint8Array = new Uint8Array(0)

  /** `indexes`: at least one, all of one catalogue (and so of one key). */
  constructor(indexes: readonly ExactDataIndex[]) {
    const key = indexes[0]?.key ?? new Uint8Array(0)
    this.#indexes = indexes
    this.#hasher = new ValueHasher(key)
    this.#filterKey = wordFilterKey(key)
    this.#wordsMax = Math.max(...indexes.map((index) => index.wordsMax))
    for (const { codeLengths } of indexes) {
      for (const length of codeLengths.digits) this.#digitLengths[length] = 1
      for (const length of codeLengths.mixed) this.#mixedLengths[length] = 1
    }
    this.#hasMixed = this.#mixedLengths.includes(1)
    this.#codes = this.#hasMixed || this.#digitLengths.includes(1)
    this.#phones = indexes.some((index) => index.columns.some((column) => fieldOf(column) === 'phone'))
    this.#dates = indexes.some((index) => index.columns.some((column) => fieldOf(column) === 'date'))
  }

  /** Visits candidates in order of their beginnings. */
  each(utf8: Uint8Array, visit: (candidate: Candidate) => void): void {
    this.#utf8 = utf8
    eachWordBlock(utf8, this.#filterKey.words, CARRY, (block) => {
      // The last words of a block are the first of the next, where what begins with them is whole.
      const to = block.last ? block.count : block.count - CARRY
      let digitsAt = -1
      for (let i = 0; i < to; i++) {
        if (this.#wordsMax > 0) this.#words(block, i, visit)
        if (digitsAt < i) digitsAt = nextDigits(block, i)
        if (digitsAt - i >= CODE_GROUPS_MAX) continue
        if (this.#codes) this.#code(block, i, visit)
        if (this.#phones && digitsAt === i) this.#phone(block, i, visit)
        if (this.#dates && digitsAt === i) this.#date(block, i, visit)
      }
    })
    this.#utf8 = new Uint8Array(0)
  }

  #words(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    const high = block.high[i] as number
    const low = block.low[i] as number
    const at = high & (REMEMBERED - 1)
    if (this.#absentHigh[at] === high && this.#absentLow[at] === low) return
    if (!this.#indexes.some(({ words }) => mayBeWord(words, this.#filterKey, high, low))) {
      this.#absentHigh[at] = high
      this.#absentLow[at] = low
      return
    }
    const start = block.start[i] as number
    const end = block.end[i] as number
    const { value: first, hash, isValue, begins } = this.#known(high, low, start, end)
    if (isValue) visit({ field: 'words', hash, start, end })
    if (!begins) return
    let value = first
    for (let n = 1; n < this.#wordsMax && i + n < block.count; n++) {
      const last = block.end[i + n] as number
      value = `${value} ${this.#folded(block.start[i + n] as number, last)}`
      const longer = this.#hasher.hash('words', value)
      if (this.#indexes.some((index) => hasValue(index, longer)))
        visit({ field: 'words', hash: longer, start, end: last })
    }
  }

  /** What a word is to the indexes, from memory where it was asked for lately. */
  #known(high: number, low: number, start: number, end: number): KnownWord {
    const at = high & (REMEMBERED - 1)
    const before = this.#remembered[at]
    if (before && before.high === high && before.low === low) return before
    const value = this.#folded(start, end)
    const hash = this.#hasher.hash('words', value)
    const isValue = this.#indexes.some((index) => hasValue(index, hash))
    const begins = this.#indexes.some((index) => hasPrefix(index, hash))
    const known: KnownWord = { high, low, value, hash, isValue, begins }
    this.#remembered[at] = known
    return known
  }

  #code(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    const start = block.start[i] as number
    let classes = 0
    let length = 0
    // Padding zeros and letters of several bytes make the length in the text another than the value's.
    let unsure = this.#utf8[start] === 0x30
    for (let n = 0; n < CODE_GROUPS_MAX && i + n < block.count; n++) {
      classes |= block.classes[i + n] as number
      if (classes & HAS_LETTER && !this.#hasMixed) return
      if (n > 0 && !this.#isCodeGap(block.end[i + n - 1] as number, block.start[i + n] as number)) return
      const end = block.end[i + n] as number
      length += end - (block.start[i + n] as number)
      unsure ||= (classes & NOT_ASCII) !== 0
      if (length > CODE_MAX_CHARS && !unsure) return
      const lengths = classes & HAS_LETTER ? this.#mixedLengths : this.#digitLengths
      if ((classes & HAS_DIGIT) === 0 || !(unsure || lengths[length] === 1)) continue
      const value = canonicalCode(foldedWords(this.#decode(start, end)).join(''))
      if (value === null || lengths[value.length] !== 1) continue
      const hash = this.#hasher.hash('code', value)
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ field: 'code', hash, start, end })
    }
  }

  #phone(block: WordBlock, i: number, visit: (candidate: Candidate) => void): void {
    const start = block.start[i] as number
    for (let n = 0; n < CODE_GROUPS_MAX && i + n < block.count; n++) {
      if (block.classes[i + n] !== HAS_DIGIT) return
      if (n > 0 && !this.#isCodeGap(block.end[i + n - 1] as number, block.start[i + n] as number)) return
      const end = block.end[i + n] as number
      if (end - start > PHONE_MAX_DIGITS + CODE_GROUPS_MAX * GAP_MAX_BYTES) return
      const value = canonicalPhone(foldedWords(this.#decode(start, end)).join(''))
      if (value === null) continue
      const hash = this.#hasher.hash('phone', value)
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ field: 'phone', hash, start, end })
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
      if (this.#indexes.some((index) => hasValue(index, hash))) visit({ field: 'date', hash, start, end })
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
