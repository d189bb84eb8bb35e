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
      lines.push(`    ${match.part} at ${match.start}-${match.end}`)
      for (const note of match.evidence) {
        const distance = note.distance === undefined ? '' : ` at distance ${note.distance}`
        lines.push(`      ${note.kind} ${note.name}${distance}: ${note.effect}`)
      }
    }
  }
  for (const miss of report.nearMisses) {
    const { kind, name, effect } = miss.silencedBy
    lines.push(
      `  near miss: ${miss.detector} in ${miss.part} at ${miss.start}-${miss.end}: ${effect} by ${kind} ${name}`,
    )
  }
  return lines
}
