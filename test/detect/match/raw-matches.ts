import type { CompiledPattern, CompiledRuleSet } from '../../../src/detect/compile-rules.ts'
import { leadStart } from '../../../src/detect/match/plan-pattern.ts'
import { addWindow, mergeWindows, type Windows } from '../../../src/detect/near-windows.ts'
import type { Span } from './reference.ts'

/** Raw matches of every pattern, before validators and evidence, found the way the engine finds them. */
export function rawMatches(rules: CompiledRuleSet, text: Buffer): Map<CompiledPattern, Span[]> {
  const found = new Map<CompiledPattern, Span[]>()
  const windows: Windows = new Map()
  const add = (pattern: CompiledPattern, start: number, end: number): true => {
    const spans = found.get(pattern)
    if (spans) spans.push([start, end])
    else found.set(pattern, [[start, end]])
    return true
  }
  const endless = { steps: Number.MAX_SAFE_INTEGER, builds: Number.MAX_SAFE_INTEGER }
  const { items, scanner, lines, lineScanner } = rules
  scanner.scan(
    text,
    (index, start, end) => {
      const item = items[index]
      if (item?.kind === 'pattern') return add(item.pattern, start, end)
      if (item?.kind === 'literal') {
        const from = leadStart(text, start, item.required)
        if (from <= start) addWindow(windows, item.pattern, { start: from, end: start + 1 })
      }
      return true
    },
    endless,
  )
  lineScanner.scanLines(text, (index, start, end) => add(lines[index] as CompiledPattern, start, end), endless)
  for (const pattern of rules.patterns)
    if (pattern.plan.by === 'keyword') windows.set(pattern, [{ start: 0, end: text.length }])
  for (const [pattern, own] of windows)
    for (const { start, end } of mergeWindows(own))
      pattern.sole.scanner.scan(
        text,
        (_, from, to) => {
          const last = found.get(pattern)?.at(-1)
          return last && from < last[1] ? false : add(pattern, from, to)
        },
        endless,
        start,
        end,
      )
  return found
}
