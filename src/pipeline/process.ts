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

/** A decision's own fallbacks (no key -> quarantine -> notices) are due at once; more rounds than this they never need. */
const ACT_ROUNDS_MAX = 3

/** Resolves with the record as it stands afterwards; null when another worker has it or the step failed. */
export async function processSubmission(
  deps: PipelineDependencies,
  id: string,
  waiting?: WaitingClient,
): Promise<SubmissionRecord | null> {
  try {
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
  let record = await deps.store.get(id)
  if (record?.submission.state === 'received' && isDue(record, deps.clock.now())) {
    record = await inspectOrHold(deps, record, waiting)
  }
  if (!deps.settings.acts) return await leaveToGateway(deps, record)
  for (let round = 0; round < ACT_ROUNDS_MAX && record && isDue(record, deps.clock.now()); round++) {
    if (record.submission.state === 'decided') record = await act(deps, record, waiting)
    else if (record.submission.state === 'held') record = await tellReviewers(deps, record)
    else break
  }
  return record
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
