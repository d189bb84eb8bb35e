import type { PdfPage } from './pdf-document.ts'

/**
 * The text of one PDF page from the pieces that pdf.js finds: in the order of the page's program, with spaces, TABs and
 * line breaks where pieces stand apart. Where pieces of one line were drawn out of order, the lines as the eye sees them
 * follow. Pure.
 */
export interface TextPiece {
  readonly str: string
  readonly transform: readonly number[]
  readonly width: number
  readonly height: number
  readonly hasEOL: boolean
}

/** Gaps in units of the height of the letters. */
const SPACE_GAP = 0.2
const CELL_GAP = 2.5
const LINE_GAP = 0.6

export async function textOfPage(page: PdfPage): Promise<string> {
  const content = await page.getTextContent({ includeMarkedContent: false })
  return pageText(content.items.filter((item): item is typeof item & TextPiece => 'str' in item))
}

export function pageText(pieces: readonly TextPiece[]): string {
  let text = ''
  let previous: TextPiece | null = null
  let isDisordered = false
  for (const piece of pieces) {
    if (piece.str === '' && !piece.hasEOL) continue
    if (previous && isUpright(piece) && isUpright(previous) && text !== '' && !/\s$/.test(text)) {
      const gap = x(piece) - right(previous)
      if (!sameLine(previous, piece)) text += '\n'
      else if (gap > size(piece) * CELL_GAP) text += '\t'
      else if (gap > size(piece) * SPACE_GAP && !piece.str.startsWith(' ')) text += ' '
    }
    if (
      previous &&
      piece.str.trim() !== '' &&
      isUpright(piece) &&
      sameLine(previous, piece) &&
      x(piece) < x(previous) - 1
    ) {
      isDisordered = true
    }
    // A run of blanks this wide is the space between the columns of a table.
    text += piece.str.trim() === '' && piece.width > size(piece) * CELL_GAP ? '\t' : piece.str
    if (piece.hasEOL) text += '\n'
    if (piece.str.trim() !== '') previous = piece
  }
  if (!isDisordered) return text.trimEnd()
  return `${text.trimEnd()}\n${asSeen(pieces)}`
}

/** Lines from top to bottom, pieces from left to right. */
function asSeen(pieces: readonly TextPiece[]): string {
  const shown = pieces.filter((piece) => piece.str.trim() !== '' && isUpright(piece))
  const sorted = [...shown].sort((a, b) => y(b) - y(a) || x(a) - x(b))
  const lines: TextPiece[][] = []
  for (const piece of sorted) {
    const line = lines.at(-1)
    const first = line?.[0]
    if (line && first && sameLine(first, piece)) line.push(piece)
    else lines.push([piece])
  }
  return lines.map((line) => joinLine(line.sort((a, b) => x(a) - x(b)))).join('\n')
}

function joinLine(line: readonly TextPiece[]): string {
  let text = ''
  let previous: TextPiece | null = null
  for (const piece of line) {
    const gap = previous ? x(piece) - right(previous) : 0
    if (gap > size(piece) * CELL_GAP) text += '\t'
    else if (gap > size(piece) * SPACE_GAP) text += ' '
    text += piece.str
    previous = piece
  }
  return text
}

function isUpright(piece: TextPiece): boolean {
  return (
    Math.abs(piece.transform[1] ?? 0) < 0.01 && Math.abs(piece.transform[2] ?? 0) < Math.abs(piece.transform[3] ?? 1)
  )
}

function sameLine(a: TextPiece, b: TextPiece): boolean {
  return Math.abs(y(a) - y(b)) < Math.max(size(a), size(b)) * LINE_GAP
}

function x(piece: TextPiece): number {
  return piece.transform[4] ?? 0
}

function y(piece: TextPiece): number {
  return piece.transform[5] ?? 0
}

function right(piece: TextPiece): number {
  return x(piece) + piece.width
}

function size(piece: TextPiece): number {
  return piece.height || Math.abs(piece.transform[3] ?? 0) || 10
}
