/**
 * One submission's next step, whoever asks for it: a dispatcher's hint, the sweep, a waiting client. Inspects what is
 * received, acts on what is decided. Never throws: what it could not do is still in the store, and the sweep comes by
 * again.
 */
import { asError } from '../core/errors.ts'
import type { SubmissionRecord } from '../core/submission.ts'
import { act } from './act.ts'
import { withClaim } from './claim.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { inspectOrHold, type WaitingClient } from './inspect.ts'
import { tellReviewers } from './notices.ts'
import { OneAtATime } from './one-at-a-time.ts'

/** A decision's own fallbacks (no key -> quarantine -> notices) are due at once; more rounds than this they never need. */
const ACT_ROUNDS_MAX = 3

/**
 * Submissions that were in hand when a process was lost. One of them may be why, so they are inspected one at a time:
 * those that are innocent never come under suspicion twice.
 */
const suspects = new OneAtATime()

/** Resolves with the record as it stands afterwards; null when another worker has it or the step failed. */
export async function processSubmission(
  deps: PipelineDependencies,
  id: string,
  waiting?: WaitingClient,
): Promise<SubmissionRecord | null> {
  try {
    const lost = await deps.store.ownersLost(id, deps.clock.now())
    if (lost > 0) await suspects.alone(() => withClaim(deps, id, () => inspectIfDue(deps, id, lost, waiting)))
    return await withClaim(deps, id, () => step(deps, id, waiting))
  } catch (thrown) {
    deps.log.error({ id, error: asError(thrown) }, 'a step failed; the sweep will come back to it')
    return null
  }
}

async function step(
  deps: PipelineDependencies,
  id: string,
  waiting: WaitingClient | undefined,
): Promise<SubmissionRecord | null> {
  let record = await inspectIfDue(deps, id, 0, waiting)
  if (!deps.settings.acts) return await leaveToGateway(deps, record)
  for (let round = 0; round < ACT_ROUNDS_MAX && record && isDue(record, deps.clock.now()); round++) {
    if (record.submission.state === 'decided') record = await act(deps, record, waiting)
    else if (record.submission.state === 'held') record = await tellReviewers(deps, record)
    else break
  }
  return record
}

async function inspectIfDue(
  deps: PipelineDependencies,
  id: string,
  ownersLost: number,
  waiting: WaitingClient | undefined,
): Promise<SubmissionRecord | null> {
  const record = await deps.store.get(id)
  if (record?.submission.state !== 'received' || !isDue(record, deps.clock.now())) return record
  return await inspectOrHold(deps, record, ownersLost, waiting)
}

async function leaveToGateway(
  deps: PipelineDependencies,
  record: SubmissionRecord | null,
): Promise<SubmissionRecord | null> {
  if (record && record.submission.state !== 'received' && isDue(record, deps.clock.now())) {
    await deps.dispatcher.enqueue(record.submission.id, { step: 'act', size: record.submission.blob.size })
  }
  return record
}

function isDue({ submission }: SubmissionRecord, now: number): boolean {
  return submission.nextAttemptAt !== null && submission.nextAttemptAt <= now
}
