/**
 * Near misses that only an explanation asks for: what a pattern matches and one thing alone holds back, a validator, or
 * the keyword near which it is looked for. A scan sees neither, since it looks no further than it has to; this looks at
 * all of the text again, which takes its time. Bounded; what is found it neither changes nor knows. Pure.
 */
import type { EvidenceNote } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import type { CompiledPattern, CompiledRuleSet } from './compile-rules.ts'
import type { EvidenceFinder } from './evidence/evidence-finder.ts'
import { scanBudget } from './match/scanner.ts'
import { matchValue } from './match-value.ts'
import type { SilencedClaim } from './scan-text.ts'

export interface Missed extends SilencedClaim {
  readonly pattern: CompiledPattern
}

/** Up to `limits.detectMissesSeenMax`. `pickMisses` says which are worth telling. */
export function explainMisses(rules: CompiledRuleSet, text: Buffer, finder: EvidenceFinder): Missed[] {
  const missed: Missed[] = []
  const look = (pattern: CompiledPattern, start: number, end: number): boolean => {
    const note = pattern.term ? null : heldBackBy(pattern, text, start, end, finder)
    if (note && missed.length < limits.detectMissesSeenMax) missed.push(note)
    // As in a scan, another reading of a place that doesn't stand is looked for.
    return note === null
  }
  const budget = scanBudget(text.length)
  const { items, scanner, lines, lineScanner } = rules
  scanner.scan(
    text,
    (index, start, end) => {
      const item = items[index]
      return item?.kind === 'pattern' ? look(item.pattern, start, end) : true
    },
    budget,
  )
  lineScanner.scanLines(text, (index, start, end) => look(lines[index] as CompiledPattern, start, end), budget)
  for (const pattern of rules.patterns)
    if (pattern.plan.by === 'keyword' || pattern.plan.by === 'literal')
      pattern.sole.scanner.scan(text, (_, start, end) => look(pattern, start, end), budget)
  return missed
}

/** Null where nothing does, where two things do, or where a scan tells of it anyway. */
function heldBackBy(
  pattern: CompiledPattern,
  text: Buffer,
  start: number,
  end: number,
  finder: EvidenceFinder,
): Missed | null {
  const found = matchValue(pattern, text, start, end)
  const wanted = pattern.requires[0]
  const isAlone =
    wanted !== undefined && !pattern.requires.some((group) => finder.near(group, found.start, found.end) !== null)
  const miss = (silencedBy: EvidenceNote): Missed => ({
    pattern,
    start: found.start,
    end: found.end,
    silencedBy,
  })
  const rejection = found.notes.at(-1)
  if (found.normalized === null && rejection) return isAlone ? null : miss(rejection)
  return isAlone && pattern.plan.by === 'keyword'
    ? miss({ kind: 'keyword', name: wanted.name, effect: 'missing' })
    : null
}

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The first `limits.detectNearMissesMax` by position, without what says nothing new: a part of what was found, or of what
 * check digits tell to be a whole, lacks its keyword because it is none; and a rule's other readings of a place are
 * missed as the longest is.
 */
export function pickMisses(misses: readonly Missed[], found: readonly Span[]): Missed[] {
  const wholes = new Cover()
  const readings = new Map<string, Cover>()
  const told = new Set<string>()
  const spans = [
    ...misses.map((miss) => ({ miss, ...spanOf(miss) })),
    ...found.map((one) => ({ miss: null, ...spanOf(one) })),
  ]
  return spans
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .flatMap(({ miss, ...span }) => {
      const isPart = wholes.covers(span)
      if (!miss || miss.pattern.validators.length > 0) wholes.add(span)
      if (!miss || told.size >= limits.detectNearMissesMax) return []
      const { kind } = miss.silencedBy
      const reason = `${miss.pattern.rule.rule.id} ${kind}`
      const own = readings.get(reason) ?? new Cover()
      readings.set(reason, own)
      if (own.covers(span) || (isPart && kind !== 'validator')) return []
      own.add(span)
      const key = `${reason} ${span.start} ${span.end}`
      return told.size < told.add(key).size ? [miss] : []
    })
}

function spanOf({ start, end }: Span): Span {
  return { start, end }
}

/** Spans that come in order of their start, the longest first. */
class Cover {
  #widest: Span = { start: -1, end: -1 }

  add(span: Span): void {
    if (span.end > this.#widest.end) this.#widest = span
  }

  /** Whether the span is a part of one that was added. */
  covers(span: Span): boolean {
    const { start, end } = this.#widest
    return end >= span.end && (start < span.start || end > span.end)
  }
}
