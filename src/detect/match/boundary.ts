/**
 * What may not stand right before or after a match, byte by byte. "Letter" means ASCII, Latin, Greek and Cyrillic
 * letters (U+00C0 to U+053F, the two-byte sequences with lead bytes C3 to D4): scripts without spaces between words,
 * such as Chinese, never bound a value.
 */
import type { RulePattern } from '../../core/detection-rule.ts'

export type Boundary = RulePattern['boundary']

export const BOUNDARIES = ['word', 'digit', 'token', 'none'] as const satisfies readonly Boundary[]

/** One bit a boundary, so that a position can say in one number which kinds of match may start there. */
export const BOUNDARY_BIT: Readonly<Record<Boundary, number>> = { word: 1, digit: 2, token: 4, none: 8 }
export const ALL_BOUNDARIES = 15
/** The same bits once more for patterns whose matches have a digit within their first NEAR_DIGIT_REACH characters. */
export const NEAR_DIGIT_SHIFT = 4
export const NEAR_DIGIT_REACH = 6
/** For those that have one somewhat later. */
export const DIGIT_SHIFT = 8
export const DIGIT_REACH = 20
/** And for those that begin with RUN_REACH letters, digits or underscores: few words are that long. */
export const RUN_SHIFT = 12
export const RUN_REACH = 12
export const ALL_STARTS = 0xffff

export const LETTER_LEAD_MIN = 0xc3
export const LETTER_LEAD_MAX = 0xd4

export function isDigitByte(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

export function isAsciiWordByte(byte: number): boolean {
  return isDigitByte(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f
}

export function isTokenByte(byte: number): boolean {
  return isAsciiWordByte(byte) || byte === 0x2b || byte === 0x2f || byte === 0x3d || byte === 0x2d
}

/** `.`, `,` and `-`: a digit behind one of them belongs to the number before it. */
export function isDigitJoinByte(byte: number): boolean {
  return byte === 0x2c || byte === 0x2d || byte === 0x2e
}

/** Bits of the boundaries that allow a match to start at `at`, without the digit's. */
export function startsAllowed(text: Uint8Array, at: number): number {
  if (at === 0) return ALL_BOUNDARIES
  const before = text[at - 1] as number
  let allowed = BOUNDARY_BIT.none
  const letter = before >= 0x80 && at > 1 && isLetterLead(text[at - 2] as number)
  if (!letter && !isAsciiWordByte(before)) allowed |= BOUNDARY_BIT.word
  if (!letter && !isTokenByte(before)) allowed |= BOUNDARY_BIT.token
  const joined = at > 1 && isDigitJoinByte(before) && isDigitByte(text[at - 2] as number)
  if (!isDigitByte(before) && !joined) allowed |= BOUNDARY_BIT.digit
  return allowed
}

function isLetterLead(byte: number): boolean {
  return byte >= LETTER_LEAD_MIN && byte <= LETTER_LEAD_MAX
}

/** Whether a match with this boundary may end before `at`. The automaton has the same rule built in. */
export function endAllowed(boundary: Boundary, text: Uint8Array, at: number): boolean {
  const after = text[at]
  if (after === undefined || boundary === 'none') return true
  switch (boundary) {
    case 'word':
      return !isAsciiWordByte(after) && !isLetterLead(after)
    case 'token':
      return !isTokenByte(after) && !isLetterLead(after)
    case 'digit':
      return !isDigitByte(after) && !(isDigitJoinByte(after) && isDigitByte(text[at + 1] ?? 0))
  }
}

/** Whether a letter or digit stands right before or after the span. */
export function insideWord(text: Uint8Array, start: number, end: number): boolean {
  const before = text[start - 1]
  const after = text[end]
  if (before !== undefined && before !== 0x5f && (startsAllowed(text, start) & BOUNDARY_BIT.word) === 0) return true
  return after !== undefined && after !== 0x5f && !endAllowed('word', text, end)
}
