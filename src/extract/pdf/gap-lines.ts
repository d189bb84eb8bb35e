import { isDict, PdfReader } from './pdf-value.ts'

/**
 * Words in what stands between the objects of a PDF: comments and bytes that no reader looks at. The marks of the format
 * (cross-reference tables, trailers, ends) are left out. Pure; linear.
 */
export function gapLines(gap: string): string[] {
  const lines: string[] = []
  for (const line of withoutTrailers(gap).split(/[\r\n]+/)) {
    const words = line
      .replace(MARKS, ' ')
      .replace(/^\s*%+/, '')
      .trim()
    if (words !== '' && !TABLE_LINE.test(words) && !BINARY_MARK.test(words)) lines.push(words)
  }
  return lines
}

const MARKS = /%%EOF|%PDF-\d\.\d|\b(?:xref|startxref|endobj|endstream|trailer)\b|\b\d{10} \d{5} [nf]\b/g
/** Head of a section of a cross-reference table, or the place of one. */
const TABLE_LINE = /^(?:\d{1,10}|\d{1,8} \d{1,8})$/

/** The line behind the header that tells file transfer programs that a PDF is binary. */
const BINARY_MARK = /^[\x80-\xff]{2,16}$/

/** Strings of trailers are read with those of all objects; what is no dictionary behind the word is text as any other. */
function withoutTrailers(gap: string): string {
  let out = ''
  let last = 0
  let next = 0
  for (let at = gap.indexOf('trailer'); at >= 0; at = gap.indexOf('trailer', next)) {
    const reader = new PdfReader(gap, at + 'trailer'.length)
    const isTrailer = isDict(reader.value())
    next = reader.at
    if (!isTrailer) continue
    out += `${gap.slice(last, at)}\n${reader.comments.join('\n')}\n`
    last = next
  }
  return out + gap.slice(last)
}
