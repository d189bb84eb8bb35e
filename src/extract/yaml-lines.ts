/**
 * Text that YAML writes over several lines and that its readers see in one: folded block scalars (`>`) and quoted
 * scalars (YAML 1.2, 8.1.3 and 7.3). Lines are joined by a blank; everything else stays as it is written. Linear.
 */
const FOLDED = /^(\s*)(?:[^#\s].*)?(?:[:?-]|![\w!./:-]*|&\S+)[ \t]+>[-+\d]{0,2}[ \t]*(?:#.*)?$/
const OPEN_QUOTE = /(?:[:,[{-][ \t]+)(["'])((?:(?!\1)[^\\]|\\.|'')*)(\\?)$/

/** Lines that one scalar may go on for. */
const JOINED_MAX_LINES = 10_000

export function joinYamlLines(text: string): string {
  if (!text.includes('>') && !/["']/.test(text)) return text
  const lines = text.split(/\r?\n/)
  const out: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    out.push(line)
    if (FOLDED.test(line)) at = fold(lines, at, out)
    else {
      const quote = OPEN_QUOTE.exec(line)
      if (quote) at = joinQuoted(lines, at, quote[1] ?? '"', out)
    }
  }
  return out.join('\n')
}

/** More indented than the line that opens it; a line without text stays a break. Returns the last line taken. */
function fold(lines: readonly string[], opening: number, out: string[]): number {
  const indent = indentOf(lines[opening] ?? '')
  let paragraph = ''
  let at = opening + 1
  for (; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '') {
      if (paragraph !== '') out.push(paragraph)
      paragraph = ''
      continue
    }
    if (indentOf(line) <= indent) break
    paragraph += (paragraph === '' ? '' : ' ') + line.trim()
  }
  if (paragraph !== '') out.push(paragraph)
  return at - 1
}

/** A backslash at the end of a line leaves no blank. Nothing is joined where the quotation mark never comes again. */
function joinQuoted(lines: readonly string[], opening: number, quote: string, out: string[]): number {
  let joined = lines[opening] ?? ''
  const end = Math.min(lines.length, opening + JOINED_MAX_LINES)
  for (let at = opening + 1; at < end; at++) {
    const line = (lines[at] ?? '').trim()
    joined = joined.endsWith('\\') ? joined.slice(0, -1) + line : `${joined} ${line}`
    if (line.includes(quote)) {
      out[out.length - 1] = joined
      return at
    }
  }
  return opening
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}
