import { limits } from '../../core/limits.ts'
import type { PdfPage } from './pdf-document.ts'

/**
 * What the program of a page draws, wherever it draws it: text that pdf.js leaves out of its page text because it lies
 * off the page, and that of the appearances of annotations and form fields.
 */
export interface Drawn {
  readonly lines: readonly string[]
  /** Lines and curves: letters drawn as outlines are many of them. */
  readonly paths: number
}

export async function drawnOn(page: PdfPage): Promise<Drawn> {
  const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const { fnArray, argsArray } = await page.getOperatorList({ intent: 'any' })
  const lines: string[] = []
  let line = ''
  let paths = 0
  let baseline: number | null = null
  let length = 0
  const flush = () => {
    if (line.trim() !== '') lines.push(line.trim())
    line = ''
  }
  for (let i = 0; i < fnArray.length && length < limits.extractTextMaxBytes; i++) {
    const args: unknown[] = Array.isArray(argsArray[i]) ? argsArray[i] : []
    switch (fnArray[i]) {
      case OPS.showText:
        if (Array.isArray(args[0])) line += args[0].map(glyphText).join('')
        length += line.length
        break
      case OPS.moveText:
      case OPS.setLeadingMoveText:
        if (args[1] !== 0) flush()
        else if (line !== '') line += ' '
        break
      case OPS.setTextMatrix: {
        const next = baselineOf(args)
        if (next === null || next !== baseline) flush()
        baseline = next
        break
      }
      case OPS.nextLine:
      case OPS.endText:
      case OPS.beginAnnotation:
      case OPS.endAnnotation:
        flush()
        break
      case OPS.constructPath:
        paths += 1
        break
      default:
    }
  }
  flush()
  return { lines, paths }
}

/** The height of a text matrix on the page; null where it can't be told. */
function baselineOf(args: readonly unknown[]): number | null {
  const matrix = args[0]
  const value = ArrayBuffer.isView(matrix) || Array.isArray(matrix) ? (matrix as ArrayLike<unknown>)[5] : args[5]
  return typeof value === 'number' ? value : null
}

/** A glyph with its characters, or a shift in thousandths of the font's size. */
function glyphText(glyph: unknown): string {
  if (typeof glyph === 'number') return glyph < -200 ? ' ' : ''
  const unicode = (glyph as { unicode?: unknown } | null)?.unicode
  return typeof unicode === 'string' ? unicode : ''
}

/** Looking each line up in the page text may cost this many characters; beyond it words are compared. */
const LOOKUP_CHARS_MAX = 50_000_000

/** Lines that the page text does not have. */
export function linesBeyond(text: string, lines: readonly string[]): string[] {
  const squeezed = squeeze(text)
  if (squeezed.length * lines.length <= LOOKUP_CHARS_MAX) {
    return lines.filter((line) => !squeezed.includes(squeeze(line)))
  }
  const words = new Set(text.split(/\s+/))
  return lines.filter((line) => line.split(/\s+/).some((word) => !words.has(word)))
}

function squeeze(text: string): string {
  return text.normalize('NFKC').replace(/\s+/g, '')
}
