/** A scan's answer in the published JSON shape. Fields are added, never renamed. */
import type { ScanAnswer } from './scan-files.ts'

export function scanJson(answer: ScanAnswer): Record<string, unknown> {
  if ('error' in answer) return { file: answer.file, error: answer.error }
  const { envelope, report, decision } = answer
  return {
    file: answer.file,
    channel: envelope.channel,
    sender: envelope.sender,
    recipients: envelope.recipients.map((recipient) => recipient.address),
    decision: {
      action: decision.action,
      groups: decision.groups,
      reasons: decision.reasons,
      revisions: decision.revisions,
    },
    findings: report.findings,
    labels: report.labels,
    parts: report.parts.map((part) => ({
      path: part.path,
      declaredType: part.declaredType,
      sniffedType: part.sniffedType,
      size: part.size,
      sha256: part.sha256,
      filename: part.filename,
      depth: part.depth,
      traits: part.traits,
      textLength: part.textLength,
    })),
    uninspected: report.uninspected,
    ...(answer.explanation
      ? { explanation: answer.explanation, nearMisses: [...report.nearMisses, ...(report.explained ?? [])] }
      : {}),
    elapsedMs: report.elapsedMs,
  }
}
