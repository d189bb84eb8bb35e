/** What a raw match is worth: the part of it that is the value, and what the validators make of that. Pure. */
import type RE2 from 're2'
import type { EvidenceNote } from '../core/finding.ts'
import type { CompiledPattern } from './compile-rules.ts'

export interface MatchValue {
  /** Byte offsets of the value. */
  readonly start: number
  readonly end: number
  readonly value: string
  /** The canonical form; null where a validator rejected the value. */
  readonly normalized: string | null
  /** What each validator said, up to the one that rejected it. */
  readonly notes: readonly EvidenceNote[]
}

export function matchValue(pattern: CompiledPattern, text: Buffer, start: number, end: number): MatchValue {
  const span = pattern.valueOf ? valueSpan(pattern.valueOf(), text, start, end) : { start, end }
  const value = text.toString('utf8', span.start, span.end)
  const notes: EvidenceNote[] = []
  let normalized: string | null = value
  for (const { validator, argument, name } of pattern.validators) {
    normalized = validator.check(normalized, argument)
    notes.push({ kind: 'validator', name, effect: normalized === null ? 'rejected' : 'accepted' })
    if (normalized === null) return { ...span, value, normalized, notes }
  }
  const canonical = pattern.validators.length > 0 ? normalized : normalized.trim().replace(/\s+/g, ' ')
  return { ...span, value, normalized: canonical, notes }
}

function valueSpan(regex: RE2, text: Buffer, start: number, end: number): { start: number; end: number } {
  // A few bytes before the match stay in view for a pattern that begins with `\b`.
  const from = Math.max(0, start - 4)
  regex.lastIndex = start - from
  const found = regex.exec(text.subarray(from, end))
  const indices = found?.indices?.groups?.value
  return indices ? { start: from + indices[0], end: from + indices[1] } : { start, end }
}
