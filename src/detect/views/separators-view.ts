/**
 * Characters and groups of digits held apart: `4 1 1 1`, `4.1.1.1`, `4111/1111/1111/1111`, numbers split over lines or
 * cells. Only a whole run of equal separators (or of single characters) is joined: joining whatever numbers stand side
 * by side would find a valid check digit in every tenth table row.
 */
import { isAsciiWordByte } from '../match/boundary.ts'
import type { View } from './view.ts'

const SEPARATOR = '[ \\t\\r\\n.,\\-_/|:;*+~\'"()\\[\\]\\\\#=<>]{1,4}'
/** Between the strings of a list in a program or in JSON. */
const QUOTED = '["\'][ \\t\\r\\n]{0,16},[ \\t\\r\\n]{0,16}["\']'
/** From the shortest ids with a check digit to an IBAN's length. */
const DIGITS_MIN = 9
const DIGITS_MAX = 34
/** Fewer single characters are a list, not a value held apart. */
const SINGLES_MIN = 8
/** Between cells, lines and items of a list numbers are strangers unless their shape says otherwise. */
const CELLS = /[\t\r\n,;|]/
/** A line's end as text is wrapped, quote marks of the next line included. */
const WRAP = /^ ?\r?\n[> ]{0,3}$/
/** Digits of a card. */
const WRAPPED_MIN = 13
const WRAPPED_MAX = 19

export const separatorsView: View = {
  name: 'separators',
  triggers: [
    { regex: `[0-9A-Za-z](?:${SEPARATOR}[0-9A-Za-z]){7,33}`, boundary: 'word' },
    { regex: `[0-9]{1,6}(?:${SEPARATOR}[0-9]{1,6}){1,33}`, boundary: 'word' },
    { regex: `[0-9]{3,6}(?:${QUOTED}[0-9]{1,6}){2,8}`, boundary: 'word' },
    { regex: '[0-9]{4,15} ?\\r?\\n[> ]{0,3}[0-9]{4,15}', boundary: 'word' },
  ],
  edit(text, start, end) {
    if (!isLikely(text, start, end)) return null
    const source = text.toString('latin1', start, end)
    const groups = source.match(/[0-9A-Za-z]+/g) ?? []
    const replacement = Buffer.from(groups.join(''), 'latin1')
    if (groups.every((group) => group.length === 1))
      return groups.length < SINGLES_MIN ? null : { start, end, replacement }
    const digits = replacement.length
    if (digits < DIGITS_MIN || digits > DIGITS_MAX) return null
    const separators = new Set(source.match(/[^0-9A-Za-z]+/g) ?? [])
    const shaped = isShaped(groups) || (groups.length === 2 && isWrapped(text, start, end, source))
    if (separators.size > 1 && !shaped) return null
    const cells = [...separators].some((separator) => CELLS.test(separator))
    if (cells && !shaped) return null
    // Addresses of the Internet and points in time have the look, too.
    if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(source) || /^\d{4}[-/.]\d\d?[-/.]\d\d?\D/.test(source)) return null
    return { start, end, replacement, ...((cells || !shaped) && { doubtful: true }) }
  },
}

/** Dates, times and pairs of numbers are most of what the triggers find; their few digits are counted first. */
function isLikely(text: Buffer, start: number, end: number): boolean {
  let characters = 0
  let groups = 0
  for (let i = start; i < end; i++) {
    if (!isAlphanumeric(text[i] as number)) continue
    characters++
    if (i === start || !isAlphanumeric(text[i - 1] as number)) groups++
  }
  if (groups === characters) return groups >= SINGLES_MIN
  return characters >= DIGITS_MIN && characters <= DIGITS_MAX
}

function isAlphanumeric(byte: number): boolean {
  return byte !== 0x5f && isAsciiWordByte(byte)
}

/** Groups as cards (4-4-4-4 and on, 4-6-5), US social security numbers (3-2-4) and IBANs are printed. */
function isShaped(groups: readonly string[]): boolean {
  const lengths = groups.map((group) => group.length).join('-')
  return /^4-4-4-[1-4](?:-[1-4])?$|^4-6-[45]$|^3-2-4$|^3-3-3$/.test(lengths)
}

/** Two halves of a card number with a line's end between them, in running text: alone on their lines they are a column. */
function isWrapped(text: Buffer, start: number, end: number, source: string): boolean {
  const [between = ''] = source.match(/[^0-9]+/) ?? []
  const digits = source.length - between.length
  if (digits < WRAPPED_MIN || digits > WRAPPED_MAX || !WRAP.test(between)) return false
  const lineStart = text.lastIndexOf(0x0a, start - 1) + 1
  const next = text.indexOf(0x0a, end)
  const beside = text.toString('latin1', lineStart, start) + text.toString('latin1', end, next < 0 ? text.length : next)
  return start > 0 && /[A-Za-z\x80-\xff]/.test(beside)
}
