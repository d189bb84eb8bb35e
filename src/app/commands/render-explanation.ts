import type { EvidenceNote } from '../../core/finding.ts'
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
  for (const miss of report.nearMisses) {
    const by = miss.silencedBy.effect === 'missing' ? 'missing' : `${miss.silencedBy.effect} by`
    const place = `${miss.part} at ${miss.start}-${miss.end}`
    lines.push(`  near miss: ${miss.detector} in ${place}: ${by} ${noteLine(miss.silencedBy)}`)
  }
  return lines
}

/** Keywords are the rule's own words, not the message's. */
function noteLine({ kind, name, keyword, distance }: EvidenceNote): string {
  const word = keyword === undefined ? '' : ` "${keyword}"`
  return `${kind} ${name}${word}${distance === undefined ? '' : ` at distance ${distance}`}`
}
