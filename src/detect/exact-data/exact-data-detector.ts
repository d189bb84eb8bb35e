/**
 * Rows of registered tables found again in a text: one match for each row, over the columns of it that stand together.
 * A table that came out in bulk is as many matches as it has rows.
 */
import type { DetectionRule } from '../../core/detection-rule.ts'
import type { ExtractedText } from '../../core/extraction.ts'
import type { Match } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DetectOptions, Detector, StreamedDetector, TextDetection } from '../detector.ts'
import { type Candidate, CandidateWalk } from './candidate-walk.ts'
import { type ExactDataIndex, hasValue, rowsOf } from './exact-data-index.ts'
import { FieldWalk } from './field-walk.ts'
import { type FoundRow, RowCollector } from './judge-rows.ts'

interface Walks {
  readonly indexes: readonly ExactDataIndex[]
  /** What is looked for everywhere; null where every column has a rule. */
  readonly plain: CandidateWalk | null
  /** What is looked for where a rule accepts a value. */
  readonly fields: FieldWalk
}

/**
 * `indexes`: at least one, all of one catalogue. `rules`: those in force, of which columns may have some as their types.
 * Throws GatewayError `exact-data-rule` when one of these is missing.
 */
export function exactDataDetector(indexes: readonly ExactDataIndex[], rules: readonly DetectionRule[] = []): Detector {
  const isPlain = indexes.some(({ columns }) => columns.some(({ rule }) => rule === undefined))
  const plain = isPlain ? new CandidateWalk(indexes) : null
  const walks: Walks = { indexes, plain, fields: new FieldWalk(indexes, rules) }
  return {
    kind: 'exact-data',
    inspectText: (text, options) => inspectText(walks, text, options),
    openStream: (options) => exactDataStream(walks, options),
  }
}

/**
 * A row is one match wherever its values stand, so it is told for the first window that has it. Values that stand further
 * apart than a window and the text about it are not put together. Rows of the text about a window are given too, since
 * excerpts mask them.
 */
function exactDataStream(walks: Walks, options: DetectOptions): StreamedDetector {
  const told = new Set<string>()
  return {
    take: (window, isOwn) => {
      const detection = inspectText(walks, window, options)
      let { overflow } = detection
      const matches = detection.matches.filter((match) => {
        if (!isOwn(match)) return true
        if (told.has(match.normalized)) return false
        const hasRoom = told.size < limits.detectRowsMax
        if (hasRoom) told.add(match.normalized)
        else overflow = true
        return hasRoom
      })
      return { ...detection, matches, overflow }
    },
  }
}

function inspectText({ indexes, plain, fields }: Walks, text: ExtractedText, options: DetectOptions): TextDetection {
  const collectors = indexes.map((index) => new RowCollector(index))
  const take = ({ field, hash, start, end }: Candidate) => {
    for (const [i, index] of indexes.entries())
      if (hasValue(index, hash)) collectors[i]?.add(field, hash, { start, end }, rowsOf(index, hash))
  }
  const typed = fields.candidates(text.utf8)
  let next = 0
  // Both in one order, as collectors want them.
  plain?.each(text.utf8, (candidate) => {
    for (let one = typed.found[next]; one && one.start <= candidate.start; one = typed.found[++next]) take(one)
    take(candidate)
  })
  for (const one of typed.found.slice(next)) take(one)
  const matches: Match[] = []
  let { overflow } = typed
  for (const [i, index] of indexes.entries()) {
    const collector = collectors[i] as RowCollector
    const own: Match[] = []
    for (const found of collector.found()) {
      if (own.length < limits.detectMatchesPerRuleMax) own.push(matchOf(index, found, text, options))
      else {
        overflow = true
        break
      }
    }
    overflow ||= collector.overflow
    matches.push(...own.sort((a, b) => a.start - b.start || a.end - b.end || (a.normalized < b.normalized ? -1 : 1)))
  }
  return { matches, nearMisses: [], overflow }
}

function matchOf(
  index: ExactDataIndex,
  { row, places, alone }: FoundRow,
  { part, utf8 }: ExtractedText,
  options: DetectOptions,
): Match {
  const start = Math.min(...places.map((place) => place.start))
  const end = Math.max(...places.map((place) => place.end))
  return {
    detector: index.name,
    family: index.family,
    kind: 'exact-data',
    confidence: 'high',
    part,
    start,
    end,
    value: options.reveal ? Buffer.from(utf8.buffer, utf8.byteOffset + start, end - start).toString('utf8') : '',
    normalized: `${index.name}/${row}`,
    via: [],
    evidence: places.map(({ column }) => ({
      kind: 'threshold',
      name: index.columns[column]?.name ?? '',
      effect: alone ? 'identifies alone' : `one of ${places.length} columns of the same row`,
    })),
    document: index.name,
  }
}
