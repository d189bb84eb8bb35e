/**
 * Text that YAML writes over several lines and that its readers see in one: folded block scalars (`>`) and quoted
 * scalars (YAML 1.2, 8.1.3 and 7.3). Lines are joined by a blank; everything else stays as it is written. Linear.
 */
const FOLDED_MARK = /[ \t]>[-+\d]{0,2}[ \t]*(?:#.*)?$/

/** Lines that one scalar may go on for. */
const JOINED_MAX_LINES = 10_000

export function joinYamlLines(text: string): string {
  if (!text.includes('>') && !/["']/.test(text)) return text
  const lines = text.split(/\r?\n/)
  const out: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    out.push(line)
    if (opensFold(line)) at = fold(lines, at, out)
    else {
      const quote = openQuote(line)
      if (quote) at = joinQuoted(lines, at, quote, out)
    }
  }
  return out.join('\n')
}

/** A `>` behind the colon of a name, the dash of an item, a tag or an anchor. */
function opensFold(line: string): boolean {
  const mark = FOLDED_MARK.exec(line)
  if (!mark) return false
  const before = line.slice(0, mark.index).trimEnd()
  const last = before.slice(Math.max(before.lastIndexOf(' '), before.lastIndexOf('\t')) + 1)
  return !before.trimStart().startsWith('#') && (/[:?-]$/.test(before) || /^[!&]/.test(last))
}

/** The quotation mark of a scalar that begins on this line and does not end on it; null: there is none. */
function openQuote(line: string): string | null {
  let before = ''
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? ''
    if ((char === '"' || char === "'") && ':,[{-'.includes(before)) {
      const end = endOfQuote(line, at, char)
      if (end < 0) return before === '' ? null : char
      at = end
    }
    if (char !== ' ' && char !== '\t') before = char
  }
  return null
}

/** Backslashes escape in double quotation marks, a doubled mark in single ones. */
function endOfQuote(line: string, from: number, quote: string): number {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\' && quote === '"') at += 1
    else if (line[at] === quote) {
      if (quote === '"' || line[at + 1] !== quote) return at
      at += 1
    }
  }
  return -1
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
