/**
 * Cells of a table and places in a text in the same canonical form, so that equal values meet however they are written.
 * Three kinds: `words` (names, addresses, e-mail addresses: words without case, accents and punctuation), `code`
 * (numbers, account and customer numbers: letters and digits without separators), `date` (ISO 8601). Pure.
 */
export const CELL_KINDS = ['words', 'code', 'date'] as const
export type CellKind = (typeof CELL_KINDS)[number]

/** Most words of a `words` value and groups of a `code` value that are looked for. */
export const WORDS_MAX = 8
export const CODE_GROUPS_MAX = 8
const VALUE_MAX_CHARS = 256

/** The canonical form of a cell, or null when it holds nothing that could be found again. */
export function canonicalCell(kind: CellKind, text: string): string | null {
  const trimmed = text.trim().slice(0, VALUE_MAX_CHARS)
  switch (kind) {
    case 'words': {
      const words = wordsOf(fold(trimmed))
      return words.length > 0 && words.length <= WORDS_MAX ? words.join(' ') : null
    }
    case 'code': {
      const code = wordsOf(fold(trimmed)).join('')
      return /\d/.test(code) && code.length >= 3 ? code.replace(/^0+(?=\d{7})/, '') : null
    }
    case 'date':
      return isoDate(trimmed)
  }
}

/** A place in a text where a value may stand. */
export interface Candidate {
  readonly kind: CellKind
  readonly value: string
  /** Byte offsets into the UTF-8 text. */
  readonly start: number
  readonly end: number
}

const WORD = /[\p{L}\p{N}]+/gu
const DATE =
  /(?<![\p{L}\p{N}])(?:(\d{4})[-./](\d{1,2})[-./](\d{1,2})|(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4}))(?![\p{L}\p{N}])/gu
/** What may stand between the groups of one code: `4711-0815`, `DE89 3704`, `(030) 123`. */
const CODE_GAP = /^[ \u00a0./()-]{1,2}$/

/** Calls back with every candidate; `wordsMax` is the longest words value of the index. Linear in the text. */
export function eachCandidate(text: string, wordsMax: number, visit: (candidate: Candidate) => void): void {
  const offsets = new ByteOffsets(text)
  const tokens = [...text.matchAll(WORD)].map((match) => ({
    text: match[0],
    folded: fold(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }))
  for (const [i, first] of tokens.entries()) {
    const start = offsets.at(first.start)
    let words = ''
    for (let n = 0; n < wordsMax && i + n < tokens.length; n++) {
      const token = tokens[i + n]
      if (!token) break
      words = n === 0 ? token.folded : `${words} ${token.folded}`
      visit({ kind: 'words', value: words, start, end: offsets.at(token.end) })
    }
    let code = ''
    let before: (typeof tokens)[number] | undefined
    for (let n = 0; n < CODE_GROUPS_MAX && i + n < tokens.length; n++) {
      const token = tokens[i + n]
      if (!token || (before && !CODE_GAP.test(text.slice(before.end, token.start)))) break
      code += token.folded
      before = token
      if (code.length >= 3 && /\d/.test(code)) {
        visit({ kind: 'code', value: code.replace(/^0+(?=\d{7})/, ''), start, end: offsets.at(token.end) })
      }
    }
  }
  for (const match of text.matchAll(DATE)) {
    for (const value of dates(match)) {
      visit({ kind: 'date', value, start: offsets.at(match.index), end: offsets.at(match.index + match[0].length) })
    }
  }
}

/** Lower case without accents; compatibility forms (full-width digits, ligatures) made plain. */
function fold(text: string): string {
  return /^[\x20-\x7e]*$/.test(text)
    ? text.toLowerCase()
    : text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss')
}

function wordsOf(text: string): string[] {
  return text.match(WORD) ?? []
}

function isoDate(text: string): string | null {
  const match = DATE.exec(text)
  DATE.lastIndex = 0
  return match && match[0].length === text.length ? (dates(match)[0] ?? null) : null
}

/** Day and month are told apart where one is over 12; else the day stands first, and a text may mean either. */
function dates(match: RegExpExecArray | RegExpMatchArray): string[] {
  const [, y1, m1, d1, a, b, y2] = match
  if (y1) return valid(Number(y1), Number(m1), Number(d1))
  return [...valid(Number(y2), Number(b), Number(a)), ...valid(Number(y2), Number(a), Number(b))]
}

function valid(year: number, month: number, day: number): string[] {
  if (year < 1800 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31) return []
  return [`${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`]
}

/** UTF-16 index -> UTF-8 byte offset; asked for in nearly ascending order. */
class ByteOffsets {
  readonly #text: string
  readonly #ascii: boolean
  #index = 0
  #bytes = 0

  constructor(text: string) {
    this.#text = text
    this.#ascii = /^[\x00-\x7f]*$/.test(text)
  }

  at(index: number): number {
    if (this.#ascii) return index
    if (index < this.#index) return this.#bytes - Buffer.byteLength(this.#text.slice(index, this.#index))
    this.#bytes += Buffer.byteLength(this.#text.slice(this.#index, index))
    this.#index = index
    return this.#bytes
  }
}
