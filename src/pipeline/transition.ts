/**
 * The one way a submission's state changes. Compare-and-set on what was read, the audit entry in the same transaction.
 * Gives back the record as it stands now, or null when somebody else had moved it on: then the caller stops.
 */
import type { AuditDraft } from '../core/audit.ts'
import type { Decision } from '../core/decision.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { ScanReport } from '../core/report.ts'
import type { RecipientResult, SubmissionRecord, SubmissionState } from '../core/submission.ts'
import type { SpawnedSubmission } from '../ports/submission-store.ts'
import type { PipelineDependencies } from './dependencies.ts'

export interface Change {
  readonly to: SubmissionState
  readonly audit: AuditDraft
  readonly nextAttemptAt: number | null
  readonly decision?: Decision
  readonly report?: ScanReport
  readonly results?: readonly RecipientResult[]
  readonly quarantine?: QuarantineItem
  readonly inspectAttempts?: number
  readonly spawn?: readonly SpawnedSubmission[]
  /** A client's reply hangs on it. */
  readonly clientWaits?: boolean
}

export async function transition(
  deps: Pick<PipelineDependencies, 'store' | 'clock' | 'log'> & {
    readonly dispatcher: Pick<PipelineDependencies['dispatcher'], 'enqueue'>
  },
  record: SubmissionRecord,
  change: Change,
): Promise<SubmissionRecord | null> {
  const { submission } = record
  const at = deps.clock.now()
  const outcome = await deps.store.transition({
    id: submission.id,
    from: submission.state,
    version: submission.version,
    at,
    ...change,
  })
  if (outcome !== 'applied') {
    deps.log.warn(
      { id: submission.id, from: submission.state, to: change.to, outcome },
      'transition lost to another worker',
    )
    return null
  }
  for (const { create } of change.spawn ?? [])
    await deps.dispatcher.enqueue(create.id, { step: 'act', size: create.blob.size })
  return {
    submission: {
      ...submission,
      state: change.to,
      version: submission.version + 1,
      nextAttemptAt: change.nextAttemptAt,
      updatedAt: at,
      decision: change.decision ?? submission.decision,
      inspectAttempts: change.inspectAttempts ?? submission.inspectAttempts,
    },
    results: mergeResults(record.results, change.results ?? []),
    report: change.report ?? record.report,
  }
}

/** Later results replace earlier ones of the same recipient. */
export function mergeResults(
  before: readonly RecipientResult[],
  changed: readonly RecipientResult[],
): readonly RecipientResult[] {
  if (changed.length === 0) return before
  const byRecipient = new Map(before.map((result) => [result.recipient, result]))
  for (const result of changed) byRecipient.set(result.recipient, result)
  return [...byRecipient.values()]
}
