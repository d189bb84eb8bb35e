import { PdfReader, type PdfValue } from './pdf-value.ts'

/**
 * What can be told of a content stream (a page's program, a form, a pattern, a glyph) without running it: whether it
 * shows text, what it draws by name, and words that are in it beside shown text. Input has one character for each byte.
 * Pure; linear.
 */
export interface ContentProgram {
  readonly showsText: boolean
  /** Names of the external objects that it draws. */
  readonly draws: readonly string[]
}

/** Null for what is no content stream. */
export function contentProgram(text: string): ContentProgram | null {
  const showsText = text.includes('BT') && /(?:[)\]>]\s*T[jJ]|\)\s*['"])(?![A-Za-z])/.test(text)
  const draws = text.includes('Do')
    ? [...text.matchAll(/\/([^\s/()<>[\]{}%]+)\s+Do(?![A-Za-z])/g)].map((match) => match[1] ?? '')
    : []
  if (!showsText && draws.length === 0 && !isDrawing(text)) return null
  return { showsText, draws }
}

/** Operators of content streams (ISO 32000-2, annex A). */
const OPERATORS: ReadonlySet<string> = new Set(
  (
    'b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l m M MP n q Q re RG ' +
    'rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y \' "'
  ).split(' '),
)
const DRAWING_HEAD_CHARS = 4096
/** Most operands of an operator, and some. */
const OPERANDS_MAX = 32

/** Nothing but operators with numbers and names before them, up to the data of an inline picture. */
function isDrawing(text: string): boolean {
  const [head = ''] = text.slice(0, DRAWING_HEAD_CHARS).split(/\bID\s/, 1)
  const words = head.split(/[\s[\]]+/).filter((word) => word !== '')
  const operators = words.filter((word) => OPERATORS.has(word)).length
  const operands = words.filter((word) => /^(?:[+-]?\d*\.?\d+\.?|\/\S+|<<|>>|true|false)$/.test(word)).length
  return (operators + operands) * 10 >= words.length * 9 && operators * OPERANDS_MAX >= words.length
}

/** Words in a content stream beside the text that it shows. */
export interface Beside {
  /** Property lists, as in `/Span << /ActualText (…) >> BDC`. */
  readonly properties: readonly PdfValue[]
  readonly comments: readonly string[]
  /** Data of inline pictures. */
  readonly pictures: readonly string[]
}

export function besideText(text: string): Beside {
  const properties: PdfValue[] = []
  for (let at = text.indexOf('<<'); at >= 0; ) {
    const close = text.indexOf('>>', at)
    const end = close < 0 ? text.length : close
    // Most hold a number alone; what may hold a string is read in full.
    const inner = text.slice(at + 2, end)
    let next = end + 2
    if (/[(<#]/.test(inner)) {
      const reader = new PdfReader(text, at)
      properties.push(reader.value())
      next = Math.max(next, reader.at)
    }
    at = text.indexOf('<<', next)
  }
  const { rest, pictures } = withoutInlinePictures(text)
  return { properties, pictures, comments: text.includes('%') ? commentsOf(rest) : [] }
}

/** Comments stand outside of strings. */
export function commentsOf(text: string): readonly string[] {
  const reader = new PdfReader(text)
  for (;;) {
    reader.skipBlanks()
    if (reader.isAtEnd) return reader.comments
    const before = reader.at
    reader.value()
    if (reader.at === before) return reader.comments
  }
}

function withoutInlinePictures(text: string): { rest: string; pictures: string[] } {
  const pictures: string[] = []
  const begin = /\bID[\s]/g
  let rest = ''
  let last = 0
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const end = text.indexOf('EI', begin.lastIndex)
    if (end < 0) break
    pictures.push(text.slice(begin.lastIndex, end))
    rest += text.slice(last, match.index)
    last = end + 2
    begin.lastIndex = last
  }
  return { rest: rest + text.slice(last), pictures }
}
