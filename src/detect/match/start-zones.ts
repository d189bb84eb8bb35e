/**
 * Cuts a text into stretches by what patterns with a demand can begin there: few places have a digit or a long run of
 * letters soon, and where there is none such patterns needn't be thought of. Linear: digits and runs are each looked for
 * once, in the order of the text. Pure.
 */
import {
  ALL_BOUNDARIES,
  ALL_STARTS,
  DIGIT_REACH,
  DIGIT_SHIFT,
  isAsciiWordByte,
  isDigitByte,
  NEAR_DIGIT_REACH,
  NEAR_DIGIT_SHIFT,
  RUN_REACH,
  RUN_SHIFT,
} from './boundary.ts'

const NEAR_DIGIT_STARTS = ALL_BOUNDARIES << NEAR_DIGIT_SHIFT
const DIGIT_STARTS = NEAR_DIGIT_STARTS | (ALL_BOUNDARIES << DIGIT_SHIFT)
const RUN_STARTS = ALL_BOUNDARIES << RUN_SHIFT
/** Letters, digits, underscores and what is beyond ASCII. */
const IN_RUN = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 || isAsciiWordByte(byte) ? 1 : 0))
/** Beyond ASCII, bytes are no characters, so that such a byte counts as if a digit stood there. */
const AS_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 || isDigitByte(byte) ? 1 : 0))

export class StartZones {
  /** Start bits (see `boundary.ts`) that can begin a match in the stretch, as far as digits and runs say. */
  mask = ALL_STARTS
  /** Where the stretch ends. */
  end = 0
  readonly #text: Uint8Array
  readonly #words: Int32Array
  #digitAt = -1
  /** Up to here a digit is near everywhere. */
  #nearEnd = 0
  #runStart = -1
  #runEnd = -1

  constructor(text: Uint8Array) {
    this.#text = text
    this.#words = alignedWords(text)
  }

  /** Finds the stretch that `at` stands in; places must be asked for in ascending order. */
  seek(at: number): void {
    this.mask = ALL_STARTS
    this.end = this.#text.length
    this.#seekDigit(at)
    this.#seekRun(at)
  }

  #seekDigit(at: number): void {
    const text = this.#text
    if (at < this.#nearEnd) {
      this.end = this.#nearEnd
      return
    }
    if (this.#digitAt < at) this.#digitAt = nextDigit(text, this.#words, at)
    const digitAt = this.#digitAt
    if (digitAt === text.length) this.mask &= ~DIGIT_STARTS
    else if (digitAt - at >= DIGIT_REACH) {
      this.mask &= ~DIGIT_STARTS
      this.end = digitAt - DIGIT_REACH + 1
    } else if (digitAt - at >= NEAR_DIGIT_REACH) {
      this.mask &= ~NEAR_DIGIT_STARTS
      this.end = digitAt - NEAR_DIGIT_REACH + 1
    } else {
      this.#nearEnd = this.#passDigits()
      this.end = this.#nearEnd
    }
  }

  /** Behind the last of the digits that stand close enough to each other for one to be near everywhere between them. */
  #passDigits(): number {
    for (;;) {
      const next = nextDigit(this.#text, this.#words, this.#digitAt + 1)
      if (next === this.#text.length || next - this.#digitAt > NEAR_DIGIT_REACH) return this.#digitAt + 1
      this.#digitAt = next
    }
  }

  #seekRun(at: number): void {
    if (this.#runEnd - at < RUN_REACH) this.#findRun(at)
    if (at >= this.#runStart) this.end = Math.min(this.end, this.#runEnd - RUN_REACH + 1)
    else {
      this.mask &= ~RUN_STARTS
      this.end = Math.min(this.end, this.#runStart)
    }
  }

  /** A run that is long enough has its part at every RUN_REACH-th byte, so only those are looked at. */
  #findRun(from: number): void {
    const text = this.#text
    let at = from + RUN_REACH - 1
    while (at < text.length) {
      if (IN_RUN[text[at] as number] === 0) {
        at += RUN_REACH
        continue
      }
      let start = at
      while (start > from && IN_RUN[text[start - 1] as number] === 1) start--
      let end = at + 1
      while (end < text.length && IN_RUN[text[end] as number] === 1) end++
      if (end - start >= RUN_REACH) {
        this.#runStart = start
        this.#runEnd = end
        return
      }
      at = end + RUN_REACH
    }
    this.#runStart = text.length
    this.#runEnd = text.length + RUN_REACH
  }
}

/** The first byte from `from` on that counts as a digit; the text's length when none does. Looks at four at a time. */
function nextDigit(text: Uint8Array, words: Int32Array, from: number): number {
  const length = text.length
  const shift = (4 - (text.byteOffset & 3)) & 3
  let at = from
  for (; at < length && ((at - shift) & 3) !== 0; at++) if (AS_DIGIT[text[at] as number] === 1) return at
  if (at >= length) return length
  let word = (at - shift) >> 2
  // In a byte of ASCII that is no digit the sum's highest bit is set, and no sum reaches into the next byte.
  while (word < words.length) {
    const four = words[word] as number
    if ((four & HIGHEST_BITS) !== 0 || ((((four ^ ZEROS) + ABOVE_NINE) & HIGHEST_BITS) | 0) !== HIGHEST_BITS) break
    word++
  }
  at = (word << 2) + shift
  while (at < length && AS_DIGIT[text[at] as number] === 0) at++
  return at
}

/** The text's bytes four by four, as far as they stand in whole aligned words. */
function alignedWords(text: Uint8Array): Int32Array {
  const shift = (4 - (text.byteOffset & 3)) & 3
  return text.length < shift + 4
    ? NO_WORDS
    : new Int32Array(text.buffer, text.byteOffset + shift, (text.length - shift) >> 2)
}

const NO_WORDS = new Int32Array(0)
const HIGHEST_BITS = 0x80808080 | 0
const ZEROS = 0x30303030
const ABOVE_NINE = 0x76767676
