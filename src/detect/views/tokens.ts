/**
 * Long tokens of a text: runs of the characters that encodings use. Looks at every twelfth byte and only then around
 * it, so prose costs next to nothing. Pure; linear.
 */
export interface Token {
  readonly start: number
  readonly end: number
  readonly lower: boolean
  readonly upper: boolean
  readonly digit: boolean
}

export const TOKEN_LENGTH_MIN = 12

const LOWER = 1
const UPPER = 2
const DIGIT = 4
const OTHER = 8
const KIND = kinds()

export function longTokens(text: Uint8Array, from = 0, to = text.length): Token[] {
  const tokens: Token[] = []
  let at = from + TOKEN_LENGTH_MIN - 1
  while (at < to) {
    if (KIND[text[at] as number] === 0) {
      at += TOKEN_LENGTH_MIN
      continue
    }
    let start = at
    while (start > 0 && KIND[text[start - 1] as number] !== 0) start--
    let end = at + 1
    while (end < text.length && KIND[text[end] as number] !== 0) end++
    if (end - start >= TOKEN_LENGTH_MIN) tokens.push(tokenAt(text, start, end))
    at = end + TOKEN_LENGTH_MIN
  }
  return tokens
}

/** The parts of a token between its marks, which may be a path's or a name's and not the encoding's. */
export function partsOf(text: Uint8Array, token: Token): Token[] {
  const parts: Token[] = []
  let start = token.start
  for (let i = token.start; i <= token.end; i++) {
    if (i < token.end && KIND[text[i] as number] !== OTHER) continue
    if (i - start >= TOKEN_LENGTH_MIN && i - start < token.end - token.start) parts.push(tokenAt(text, start, i))
    start = i + 1
  }
  return parts
}

function tokenAt(text: Uint8Array, start: number, end: number): Token {
  let seen = 0
  for (let i = start; i < end; i++) seen |= KIND[text[i] as number] as number
  return { start, end, lower: (seen & LOWER) !== 0, upper: (seen & UPPER) !== 0, digit: (seen & DIGIT) !== 0 }
}

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(LOWER, 0x61, 0x7b)
  table.fill(UPPER, 0x41, 0x5b)
  table.fill(DIGIT, 0x30, 0x3a)
  for (const mark of '+/_-') table[mark.charCodeAt(0)] = OTHER
  return table
}
