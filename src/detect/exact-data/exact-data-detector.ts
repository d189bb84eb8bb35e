/**
 * Rows of registered tables found again in a text: enough columns of one row near each other, or one that identifies
 * alone. One match a row. Values that many rows share confirm a row but never lead to one.
 */
import type { ExtractedText } from '../../core/extraction.ts'
import type { Match } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DetectOptions, Detector, TextDetection } from '../detector.ts'
import { type Candidate, eachCandidate } from './cell-values.ts'
import { type ExactDataIndex, filterHas, filterHash, rowsOf, valueHash } from './exact-data-index.ts'

interface Place {
  readonly column: number
  readonly start: number
  readonly end: number
}

export function exactDataDetector(indexes: readonly ExactDataIndex[]): Detector {
  return {
    kind: 'exact-data',
    inspectText: (text, options) => {
      const content = Buffer.from(text.utf8.buffer, text.utf8.byteOffset, text.utf8.byteLength).toString('utf8')
      const results = indexes.map((index) => search(index, text, content, options))
      return {
        matches: results.flatMap((result) => result.matches),
        nearMisses: [],
        overflow: results.some((result) => result.overflow),
      }
    },
  }
}

function search(index: ExactDataIndex, text: ExtractedText, content: string, options: DetectOptions): TextDetection {
  /** 32 bits of a value's HMAC -> where such a value stands. */
  const seen = new Map<number, Candidate[]>()
  const rows = new Set<number>()
  eachCandidate(content, index.wordsMax, (candidate) => {
    if (!filterHas(index.filter, filterHash(index.key, candidate.kind, candidate.value))) return
    const hash = valueHash(index.key, candidate.kind, candidate.value)
    const places = seen.get(hash.low)
    if (!places) seen.set(hash.low, [candidate])
    else if (places.length < limits.detectMatchesPerRuleMax) places.push(candidate)
    for (const row of rowsOf(index, hash)) if (rows.size < limits.detectCandidatesPerRuleMax) rows.add(row)
  })
  const matches: Match[] = []
  for (const row of rows) {
    const match = judgeRow(index, row, seen, text, content, options)
    if (match) matches.push(match)
    if (matches.length > limits.detectMatchesPerRuleMax) break
  }
  matches.sort((a, b) => a.start - b.start || a.end - b.end)
  const overflow = rows.size >= limits.detectCandidatesPerRuleMax || matches.length > limits.detectMatchesPerRuleMax
  return { matches: matches.slice(0, limits.detectMatchesPerRuleMax), nearMisses: [], overflow }
}

function judgeRow(
  index: ExactDataIndex,
  row: number,
  seen: ReadonlyMap<number, readonly Candidate[]>,
  text: ExtractedText,
  content: string,
  options: DetectOptions,
): Match | null {
  const places: Place[] = []
  for (const [column, { kind }] of index.columns.entries()) {
    const cell = index.cells[row * index.columns.length + column] ?? 0
    if (cell === 0) continue
    for (const { kind: seenKind, start, end } of seen.get(cell) ?? [])
      if (seenKind === kind) places.push({ column, start, end })
  }
  places.sort((a, b) => a.start - b.start)
  const alone = places.find((place) => index.columns[place.column]?.alone)
  const group = alone ? [alone] : nearest(places, index)
  if (!group) return null
  const start = Math.min(...group.map((place) => place.start))
  const end = Math.max(...group.map((place) => place.end))
  const names = [...new Set(group.map((place) => index.columns[place.column]?.name ?? ''))]
  const bytes = Buffer.from(text.utf8.buffer, text.utf8.byteOffset, text.utf8.byteLength)
  return {
    detector: index.name,
    family: index.family,
    kind: 'exact-data',
    confidence: 'high',
    part: text.part,
    start,
    end,
    value: options.reveal && content.length > 0 ? bytes.subarray(start, end).toString('utf8') : '',
    normalized: `${index.name}/${row}`,
    via: [],
    evidence: names.map((name) => ({
      kind: 'threshold',
      name,
      effect: alone ? 'identifies alone' : `one of ${names.length} columns of the same row`,
    })),
    document: index.name,
  }
}

/** The first run of places, each not overlapping the one before, with enough different columns within the distance. */
function nearest(places: readonly Place[], { columnsMin, withinBytes }: ExactDataIndex): Place[] | null {
  for (const [i, first] of places.entries()) {
    const group = [first]
    const columns = new Set([first.column])
    for (const place of places.slice(i + 1)) {
      if (place.start - first.start > withinBytes) break
      const last = group.at(-1)
      if (columns.has(place.column) || (last && place.start < last.end)) continue
      columns.add(place.column)
      group.push(place)
    }
    if (columns.size >= columnsMin) return group
  }
  return null
}
