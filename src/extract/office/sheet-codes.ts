/**
 * Little languages of spreadsheets that text hides in: headers and footers (ISO/IEC 29500-1, 18.3.1.46), number formats
 * (18.8.31) and texts that formulas put together. Linear, pure; what is no such code reads as it is written.
 */
export const HEADER_OR_FOOTER = /^(?:odd|even|first)(?:Header|Footer)$/

/** Fonts, sizes and colours; then fields that the program fills in. */
const LAYOUT_CODE = /&(?:"([^"]*)"|K(?:[0-9A-F]{6}|\d\d[+-]\d{3})|\d{1,3}(?!\d))/gi
const SECTION_CODE = /&[LCR]/gi
const FIELD_CODE = /&[A-Z]/gi

/** The left, middle and right part of a header, without codes; then names of fonts that no font has. */
export function headerLines(code: string): string[] {
  const fonts: string[] = []
  const plain = code.replaceAll('&&', '\0').replace(LAYOUT_CODE, (_, font: string | undefined) => {
    if (font !== undefined && /\d{4}/.test(font)) fonts.push(font)
    return ''
  })
  const lines = plain.split(SECTION_CODE).map((line) => line.replace(FIELD_CODE, '').replaceAll('\0', '&').trim())
  return [...lines.filter((line) => line !== ''), ...fonts]
}

const WORDS_MIN_CHARS = 4

/** What a number format writes as it stands: texts in quotation marks, and single characters behind backslashes. */
export function formatWords(code: string): string[] {
  const words: string[] = []
  let run = ''
  for (const [, quoted, escaped] of code.matchAll(/"([^"]*)"|\\([\s\S])|[\s\S]/g)) {
    if (quoted !== undefined) run += quoted
    else if (escaped !== undefined) run += escaped
    else {
      words.push(run)
      run = ''
    }
  }
  return [...words, run]
    .map((word) => word.trim())
    .filter((word) => word.replace(/[^\p{L}\p{N}]/gu, '').length >= WORDS_MIN_CHARS)
}

const CHARACTER_CALL = /\b(?:CHAR|UNICHAR|_xlfn\.UNICHAR)\((\d{1,7})\)/gi
const TOKEN = /"(?:[^"]|"")*(?:"|$)|\d+(?:\.\d+)?|[&,;]|\s+|[^"\d&,;\s]+/g
/** Excel takes no longer formula (specifications and limits). */
const FORMULA_MAX_CHARS = 8_192

/** Texts that a formula puts together out of constants, by `&` or as arguments of one call one after the other. */
export function joinedLiterals(formula: string): string[] {
  if (formula.length > FORMULA_MAX_CHARS || (!formula.includes('&') && !/CONCAT|TEXTJOIN/i.test(formula))) return []
  const plain = formula.replace(CHARACTER_CALL, (whole, code: string) => {
    const point = Number(code)
    return point > 0 && point <= 0x10ffff ? `"${String.fromCodePoint(point).replace('"', '""')}"` : whole
  })
  const texts: string[] = []
  let pieces: string[] = []
  let isOpen = false
  const end = () => {
    if (pieces.length > 1) texts.push(pieces.join(''))
    pieces = []
  }
  for (const [token] of plain.matchAll(TOKEN)) {
    if (token.trim() === '') continue
    const isConstant = token.startsWith('"') || /^\d/.test(token)
    if (isConstant) {
      if (!isOpen) end()
      pieces.push(
        token.startsWith('"') ? token.slice(1, token.endsWith('"') ? -1 : undefined).replaceAll('""', '"') : token,
      )
    } else if (!/^[&,;]$/.test(token)) end()
    isOpen = !isConstant && /^[&,;]$/.test(token)
  }
  end()
  return texts
}
