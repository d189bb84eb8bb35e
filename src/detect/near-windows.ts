/**
 * Where patterns that want a keyword nearby have to be looked for: about each keyword as far as the rule's distance and
 * the pattern's length reach, and in the rows below a header that has it. Pure; linear in the keywords found.
 */
import { isAscii } from 'node:buffer'
import type { CompiledGroup, CompiledPattern, CompiledRuleSet } from './compile-rules.ts'
import type { EvidenceFinder } from './evidence/evidence-finder.ts'

export interface Window {
  readonly start: number
  readonly end: number
}

export type Windows = Map<CompiledPattern, Window[]>

/** Windows of one pattern come in order and don't overlap. `atLiterals`: windows that are known already. */
export function nearWindows(
  rules: CompiledRuleSet,
  text: Buffer,
  finder: EvidenceFinder,
  atLiterals: Windows,
): Windows {
  const windows = atLiterals
  // Distances count characters, of which UTF-8 has up to four bytes each.
  const bytesPerCharacter = isAscii(text) ? 1 : 4
  const add = (pattern: CompiledPattern, window: Window) => addWindow(windows, pattern, window)
  finder.eachKeyword((keyword, start, end) => {
    for (const index of rules.groupsOfKeyword[keyword] as Int32Array) {
      for (const pattern of rules.patternsNearGroup[index] as readonly CompiledPattern[]) {
        const group = pattern.requires.find((required) => required.index === index) as CompiledGroup
        add(pattern, reach(group, pattern, start, end, bytesPerCharacter))
        const rows = group.column ? finder.headedBy(start) : null
        if (rows) add(pattern, rows)
      }
    }
  })
  for (const [pattern, own] of windows) if (own.length > 1) windows.set(pattern, mergeWindows(own))
  return windows
}

export function addWindow(windows: Windows, pattern: CompiledPattern, window: Window): void {
  const own = windows.get(pattern)
  if (own) own.push(window)
  else windows.set(pattern, [window])
}

/** Starts of matches whose value can be within the group's distance of the keyword at `[start, end)`. */
function reach(group: CompiledGroup, pattern: CompiledPattern, start: number, end: number, bytesPerCharacter: number) {
  const distance = group.within * bytesPerCharacter
  const length = pattern.sole.bytesMax
  // The value may be a part of the match only, so the match may begin before the keyword in either case.
  const before = group.side === 'before' ? start - length : start - distance - length
  return { start: Math.max(0, before), end: group.side === 'after' ? start : end + distance + 1 }
}

/** In order, those that touch made one. */
export function mergeWindows(windows: readonly Window[]): Window[] {
  const out: Window[] = []
  for (const window of [...windows].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1)
    if (last && window.start <= last.end) {
      if (window.end > last.end) out[out.length - 1] = { start: last.start, end: window.end }
    } else out.push(window)
  }
  return out
}
