import RE2 from 're2'
import { Automaton } from '../../../src/detect/match/automaton.ts'
import { BOUNDARY_BIT, type Boundary, startsAllowed } from '../../../src/detect/match/boundary.ts'
import { Program } from '../../../src/detect/match/program.ts'
import { Scanner } from '../../../src/detect/match/scanner.ts'
import { parseRegex } from '../../../src/detect/regex/parse-regex.ts'

export type Span = readonly [start: number, end: number]
export interface PatternUnderTest {
  readonly regex: string
  readonly boundary: Boundary
}

const AFTER: Readonly<Record<Boundary, string>> = {
  none: '',
  word: '(?:\\z|[^0-9A-Za-z_\\x{C0}-\\x{53F}])',
  token: '(?:\\z|[^0-9A-Za-z_+/=\\x{C0}-\\x{53F}-])',
  digit: '(?:\\z|[^0-9.,-]|[.,-](?:\\z|[^0-9]))',
}

/** What plain RE2 finds over the whole text, one pattern alone: the definition that the scanner is held to. */
export function referenceMatches({ regex, boundary }: PatternUnderTest, text: Buffer): Span[] {
  const re2 = new RE2(`(${regex})${AFTER[boundary]}`, 'gd')
  const found: Span[] = []
  for (let from = 0; from <= text.length; ) {
    re2.lastIndex = from
    const match = re2.exec(text)
    const span = (match as { indices?: [number, number][] } | null)?.indices?.[1]
    if (!span) break
    const [start, end] = span
    if ((startsAllowed(text, start) & BOUNDARY_BIT[boundary]) !== 0 && end > start) {
      found.push([start, end])
      from = end
    } else {
      from = start + 1
      while (((text[from] ?? 0) & 0xc0) === 0x80) from++
    }
  }
  return found
}

/** What the scanner finds, all patterns at once; per pattern. */
export function scannerMatches(patterns: readonly PatternUnderTest[], text: Buffer): Span[][] {
  const program = new Program()
  for (const { regex, boundary } of patterns) program.add(parseRegex(regex), boundary)
  const found: Span[][] = patterns.map(() => [])
  const scanner = new Scanner(new Automaton(program))
  const complete = scanner.scan(text, (pattern, start, end) => {
    found[pattern]?.push([start, end])
    return true
  })
  if (!complete) throw new Error('the scanner ran out of its budget')
  return found
}
