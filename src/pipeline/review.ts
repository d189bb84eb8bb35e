/**
 * What a reviewer may do to a held submission. A release is another Decision into the same `act`, final only on the
 * next hop's reply; a rejection tells the sender and ends it. Both are compare-and-set and on the audit record.
 */
import { type Decision, type DecisionGroup, strictest } from '../core/decision.ts'
import { GatewayError } from '../core/errors.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { SubmissionRecord } from '../core/submission.ts'
import { withClaim } from './claim.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { spawnDsn } from './notices.ts'
import { transition } from './transition.ts'

/** What a review needs: no spool, no scanner, no delivery. It may be another process than the gateway. */
export type ReviewDependencies = Pick<PipelineDependencies, 'store' | 'clock' | 'log' | 'settings'> & {
  readonly dispatcher: Pick<PipelineDependencies['dispatcher'], 'enqueue'>
}

export interface ReviewAct {
  readonly id: string
  readonly reviewer: string
  readonly reason: string
  /** Only these of the held recipients; absent: all of them. */
  readonly recipients?: readonly string[]
}

/** Throws GatewayError `not-found`, `not-held`, `unknown-recipient` or `conflict`. */
export async function release(deps: ReviewDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  return (await withClaim(deps, request.id, () => releaseClaimed(deps, request))) ?? fail(request.id)
}

/** Throws as `release` does. */
export async function reject(deps: ReviewDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  return (await withClaim(deps, request.id, () => rejectClaimed(deps, request))) ?? fail(request.id)
}

async function releaseClaimed(deps: ReviewDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  const { record, item, held } = await heldRecord(deps, request)
  const now = deps.clock.now()
  const chosen = new Set(held)
  const after = await transition(deps, record, {
    to: 'decided',
    nextAttemptAt: now,
    decision: reviewedDecision(record, request, now, [
      ...withoutRecipients(record, chosen),
      ...releasedGroups(record, held),
    ]),
    quarantine: { ...item, review: { reviewer: request.reviewer, reason: request.reason, at: now } },
    results: record.results
      .filter((result) => chosen.has(result.recipient))
      .map((result) => ({ ...result, status: 'pending', attempts: 0, nextAttemptAt: now, updatedAt: now })),
    audit: { event: 'released', actor: request.reviewer, details: { reason: request.reason, recipients: held } },
  })
  if (!after) return fail(request.id)
  await deps.dispatcher.enqueue(request.id, { step: 'act', size: record.submission.blob.size })
  return after
}

/** The bounce to the sender is `act`'s work: whoever rejects needs no spool, and a crash in between loses nothing. */
async function rejectClaimed(deps: ReviewDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  const { record, item, held } = await heldRecord(deps, request)
  const now = deps.clock.now()
  const chosen = new Set(held)
  const rest = withoutRecipients(record, chosen)
  const changed = record.results
    .filter((result) => chosen.has(result.recipient))
    .map((result) => ({ ...result, status: 'rejected' as const, attempts: 0, nextAttemptAt: null, updatedAt: now }))
  const stillHeld = record.results.filter((r) => r.status === 'quarantined' && !chosen.has(r.recipient))
  const review = { reviewer: request.reviewer, reason: request.reason, at: now }
  const after = await transition(deps, record, {
    to: 'decided',
    nextAttemptAt: now,
    decision: reviewedDecision(record, request, now, [
      ...rest,
      { recipients: held, action: 'block', modifications: [], notify: [] },
    ]),
    results: changed,
    quarantine:
      stillHeld.length > 0
        ? { ...item, recipients: stillHeld.map((result) => result.recipient) }
        : { ...item, status: 'rejected', review },
    audit: { event: 'rejected', actor: request.reviewer, details: { reason: request.reason, recipients: held } },
  })
  if (!after) return fail(request.id)
  await deps.dispatcher.enqueue(request.id, { step: 'act', size: record.submission.blob.size })
  return after
}

/** What goes out is what the policy asked of it, had it passed: its headers and tags, and encrypted where it said so. */
function releasedGroups(record: SubmissionRecord, held: readonly string[]): DecisionGroup[] {
  const before = record.submission.decision?.groups ?? []
  const decided = before
    .map((group) => ({ ...group, recipients: group.recipients.filter((recipient) => held.includes(recipient)) }))
    .filter((group) => group.recipients.length > 0)
    .map((group): DecisionGroup => ({ ...group, action: group.encrypt ? 'encrypt' : 'pass', notify: [] }))
  const known = new Set(decided.flatMap((group) => group.recipients))
  const rest = held.filter((recipient) => !known.has(recipient))
  return rest.length > 0 ? [...decided, { recipients: rest, action: 'pass', modifications: [], notify: [] }] : decided
}

function withoutRecipients(record: SubmissionRecord, chosen: ReadonlySet<string>): DecisionGroup[] {
  return (record.submission.decision?.groups ?? [])
    .map((group) => ({ ...group, recipients: group.recipients.filter((recipient) => !chosen.has(recipient)) }))
    .filter((group) => group.recipients.length > 0)
}

function reviewedDecision(
  record: SubmissionRecord,
  request: ReviewAct,
  now: number,
  groups: readonly DecisionGroup[],
): Decision {
  const before = record.submission.decision
  return {
    action: groups.map((group) => group.action).reduce(strictest, 'pass'),
    groups,
    reasons: before?.reasons ?? [],
    revisions: before?.revisions ?? { policies: '', rules: '', catalog: '' },
    decidedBy: { kind: 'reviewer', name: request.reviewer, reason: request.reason },
    decidedAt: now,
  }
}

async function heldRecord(
  deps: ReviewDependencies,
  request: ReviewAct,
): Promise<{ record: SubmissionRecord; item: QuarantineItem; held: readonly string[] }> {
  const record = await deps.store.get(request.id)
  const [item] = await deps.store.quarantine({ id: request.id, limit: 1 })
  if (!record || !item) {
    throw new GatewayError('not-found', { temporary: false, publicMessage: `Nothing is held under ${request.id}.` })
  }
  const all = record.results.filter((result) => result.status === 'quarantined').map((result) => result.recipient)
  if (item.status !== 'open' || all.length === 0) {
    const why = item.review && item.status === 'open' ? 'is being delivered' : `is ${item.status}`
    throw new GatewayError('not-held', {
      temporary: false,
      publicMessage: `${request.id} ${why}, there is nothing to review.`,
    })
  }
  const strangers = (request.recipients ?? []).filter((recipient) => !all.includes(recipient))
  if (strangers.length > 0) {
    throw new GatewayError('unknown-recipient', {
      temporary: false,
      publicMessage: `${request.id} is not held for ${strangers.join(', ')}.`,
    })
  }
  return { record, item, held: request.recipients ?? all }
}

function fail(id: string): never {
  throw new GatewayError('conflict', {
    temporary: true,
    publicMessage: `${id} has just been changed by somebody else; look again.`,
  })
}

/** Ends what nobody reviewed in time: the sender is told, the content goes, the record stays. */
export async function expireQuarantine(deps: PipelineDependencies): Promise<void> {
  const now = deps.clock.now()
  const items = await deps.store.quarantine({ status: 'open', expiredBy: now, limit: deps.settings.sweepBatchMax })
  for (const item of items) {
    const record = await deps.store.get(item.id)
    if (!record || (record.submission.state !== 'quarantined' && record.submission.state !== 'held')) continue
    const changed = record.results
      .filter((result) => result.status === 'quarantined')
      .map((result) => ({ ...result, status: 'expired' as const, nextAttemptAt: null, updatedAt: now }))
    await withClaim(deps, item.id, async () =>
      transition(deps, record, {
        to: 'done',
        nextAttemptAt: null,
        results: changed,
        quarantine: { ...item, status: 'expired' },
        spawn: await spawnDsn(deps, record, 'blocked', changed, now),
        audit: { event: 'expired', actor: 'system', details: { recipients: changed.map((r) => r.recipient) } },
      }),
    )
  }
}
