/**
 * Records and audit entries end by age: what nobody needs any more would otherwise fill the disk, and it names people.
 * Removes nothing that is not finished; a failure leaves everything as it was, for the next sweep.
 */
import { limits } from '../core/limits.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { SubmissionStore } from '../ports/submission-store.ts'

export interface Retention {
  readonly store: Pick<SubmissionStore, 'forgetRecords'>
  readonly audit: Pick<AuditLog, 'trim'>
  readonly clock: Clock
  /** Of a finished message's record, from its last change on. */
  readonly recordsMs: number
  /** Of audit entries; null: for ever. */
  readonly auditMs: number | null
}

const DAY_MS = 24 * 3_600_000

/** One batch of each. Audit entries go by whole days, so that few entries have to tell of it. */
export async function retain({ store, audit, clock, recordsMs, auditMs }: Retention): Promise<void> {
  const now = clock.now()
  await store.forgetRecords(now - recordsMs, limits.sweepBatchMax)
  if (auditMs === null) return
  await audit.trim(Math.floor((now - auditMs) / DAY_MS) * DAY_MS, limits.auditTrimBatchMax, now)
}
