/**
 * Cells of a table in the same canonical form as places in a text, so that equal values meet however they are written.
 * Four kinds: `words` (names, addresses, e-mail addresses: words without case, accents and punctuation), `code`
 * (numbers, account and customer numbers: letters and digits without separators), `phone` (the last nine digits, so that
 * national and international spellings meet), `date` (ISO 8601). Pure.
 */
import { foldedWords } from '../words/fold.ts'

export const CELL_KINDS = ['words', 'code', 'phone', 'date'] as const
export type CellKind = (typeof CELL_KINDS)[number]

/** Most words of a `words` value and groups of a `code` value that are looked for. */
export const WORDS_MAX = 8
export const CODE_GROUPS_MAX = 8
/** Shorter codes stand in every text. */
const CODE_MIN_CHARS = 3
export const CODE_MAX_CHARS = 64
const VALUE_MAX_CHARS = 256
/** ITU-T E.164: at most 15 digits; subscriber numbers of fewer than 7 stand in every text. */
const PHONE_MIN_DIGITS = 7
export const PHONE_MAX_DIGITS = 17
const PHONE_KEPT_DIGITS = 9

/** The canonical form of a cell, or null when it holds nothing that could be found again. */
export function canonicalCell(kind: CellKind, text: string): string | null {
  if (text.length > VALUE_MAX_CHARS) return null
  switch (kind) {
    case 'words': {
      const words = foldedWords(text)
      return words.length > 0 && words.length <= WORDS_MAX ? words.join(' ') : null
    }
    case 'code': {
      const groups = foldedWords(text)
      return groups.length <= CODE_GROUPS_MAX ? canonicalCode(groups.join('')) : null
    }
    case 'phone': {
      const groups = foldedWords(text)
      return groups.length <= CODE_GROUPS_MAX ? canonicalPhone(groups.join('')) : null
    }
    case 'date':
      return dateValues(text)[0] ?? null
  }
}

/**
 * A code of joined groups, or null when it is too short, too long or has no digit. Leading zeros are padding where
 * seven digits or more follow.
 */
export function canonicalCode(joined: string): string | null {
  if (joined.length < CODE_MIN_CHARS || joined.length > CODE_MAX_CHARS || !/\d/.test(joined)) return null
  return joined.startsWith('0') ? joined.replace(/^0+(?=\d{7})/, '') : joined
}

/**
 * The last nine digits of a telephone number: country codes, trunk zeros and `00` come before them. Null for what is no
 * number of 7 to 17 digits (15 of E.164 and an international prefix).
 */
export function canonicalPhone(joined: string): string | null {
  if (!/^\d+$/.test(joined) || joined.length > PHONE_MAX_DIGITS) return null
  const digits = joined.replace(/^0+/, '')
  return digits.length < PHONE_MIN_DIGITS ? null : digits.slice(-PHONE_KEPT_DIGITS)
}

const DATE =
  /^\s*(?:(\d{4})([-./])(\d{1,2})[-./](\d{1,2})|(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4}))(?:[T ][\d:.,]+ *(?:Z|[AaPp][Mm]|[-+][\d:]+)?)?\s*$/

/**
 * What a date may mean, as ISO 8601: day and month are told apart where one is over 12; else the day stands first, and
 * a text may mean either. A time of day after it doesn't count.
 */
export function dateValues(text: string): string[] {
  const match = DATE.exec(text)
  if (!match) return []
  const [, y1, , m1, d1, a, b, y2] = match
  const found = y1
    ? [iso(Number(y1), Number(m1), Number(d1))]
    : [iso(Number(y2), Number(b), Number(a)), iso(Number(y2), Number(a), Number(b))]
  return [...new Set(found.filter((value) => value !== null))]
}

function iso(year: number, month: number, day: number): string | null {
  if (year < 1800 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return null
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
