import type { EvidenceNote, NearMiss } from '../../core/finding.ts'
import type { ScanReport } from '../../core/report.ts'
import { formatExplanation, type PolicyExplanation } from '../../policy/explain-evaluation.ts'

/** Why every policy rule did or didn't match, what lifted each finding, and what was silenced: for a terminal. */
export function renderExplanation(explanation: readonly PolicyExplanation[], report: ScanReport): string[] {
  const lines = [
    '  policy rules:',
    ...explanation.flatMap((rule) => formatExplanation(rule).map((line) => `    ${line}`)),
  ]
  for (const finding of report.findings) {
    lines.push(`  evidence of ${finding.id} ${finding.detector}:`)
    for (const match of finding.matches) {
      const via = match.via.length > 0 ? ` via ${match.via.join(' > ')}` : ''
      lines.push(`    ${match.part} at ${match.start}-${match.end}${via}`)
      for (const note of match.evidence) lines.push(`      ${noteLine(note)}: ${note.effect}`)
    }
  }
  for (const [where, misses] of Map.groupBy([...report.nearMisses, ...(report.explained ?? [])], placeAndReason))
    lines.push(`  near miss: ${misses.map(({ detector }) => detector).join(', ')} in ${where}`)
  return lines
}

/** Many a number is nearly one of several rules, for the same reason. */
function placeAndReason({ part, start, end, value, silencedBy }: NearMiss): string {
  const by = silencedBy.effect === 'missing' ? 'missing' : `${silencedBy.effect} by`
  return `${part} at ${start}-${end}${value === undefined ? '' : ` (${value})`}: ${by} ${noteLine(silencedBy)}`
}

/** Keywords are the rule's own words, not the message's. */
function noteLine({ kind, name, keyword, distance }: EvidenceNote): string {
  const word = keyword === undefined ? '' : ` "${keyword}"`
  return `${kind} ${name}${word}${distance === undefined ? '' : ` at distance ${distance}`}`
}
