/**
 * What a reviewer may do to a held submission. A release is another Decision into the same `act`, final only on the
 * next hop's reply; a rejection tells the sender and ends it. Both are compare-and-set and on the audit record.
 */
import type { Decision, DecisionGroup } from '../core/decision.ts'
import { GatewayError } from '../core/errors.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { SubmissionRecord } from '../core/submission.ts'
import { withClaim } from './claim.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { spawnDsn } from './notices.ts'
import { transition } from './transition.ts'

export interface ReviewAct {
  readonly id: string
  readonly reviewer: string
  readonly reason: string
  /** Only these of the held recipients; absent: all of them. */
  readonly recipients?: readonly string[]
}

/** Throws GatewayError `not-found`, `not-held`, `unknown-recipient` or `conflict`. */
export async function release(deps: PipelineDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  return (await withClaim(deps, request.id, () => releaseClaimed(deps, request))) ?? fail(request.id)
}

/** Throws as `release` does. */
export async function reject(deps: PipelineDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  return (await withClaim(deps, request.id, () => rejectClaimed(deps, request))) ?? fail(request.id)
}

async function releaseClaimed(deps: PipelineDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  const { record, item, held } = await heldRecord(deps, request)
  const now = deps.clock.now()
  const chosen = new Set(held)
  const before = record.submission.decision?.groups ?? []
  const rest = before
    .map((group) => ({ ...group, recipients: group.recipients.filter((recipient) => !chosen.has(recipient)) }))
    .filter((group) => group.recipients.length > 0)
  const released: DecisionGroup = { recipients: held, action: 'pass', modifications: [], notify: [] }
  const decision: Decision = {
    action: record.submission.decision?.action ?? 'quarantine',
    groups: [...rest, released],
    reasons: record.submission.decision?.reasons ?? [],
    revisions: record.submission.decision?.revisions ?? { policies: '', rules: '', catalog: '' },
    decidedBy: { kind: 'reviewer', name: request.reviewer, reason: request.reason },
    decidedAt: now,
  }
  const after = await transition(deps, record, {
    to: 'decided',
    nextAttemptAt: now,
    decision,
    quarantine: { ...item, review: { reviewer: request.reviewer, reason: request.reason, at: now } },
    results: record.results
      .filter((result) => chosen.has(result.recipient))
      .map((result) => ({ ...result, status: 'pending', attempts: 0, nextAttemptAt: now, updatedAt: now })),
    audit: { event: 'released', actor: request.reviewer, details: { reason: request.reason, recipients: held } },
  })
  if (!after) return fail(request.id)
  await deps.dispatcher.enqueue(request.id, { size: record.submission.blob.size })
  return after
}

async function rejectClaimed(deps: PipelineDependencies, request: ReviewAct): Promise<SubmissionRecord> {
  const { record, item, held } = await heldRecord(deps, request)
  const now = deps.clock.now()
  const chosen = new Set(held)
  const results = record.results.map((result) =>
    chosen.has(result.recipient)
      ? { ...result, status: 'rejected' as const, nextAttemptAt: null, updatedAt: now }
      : result,
  )
  const changed = results.filter((result) => chosen.has(result.recipient))
  const stillHeld = results.filter((result) => result.status === 'quarantined').map((result) => result.recipient)
  const pending = results.some((result) => result.status === 'pending')
  const review = { reviewer: request.reviewer, reason: request.reason, at: now }
  const after = await transition(deps, record, {
    to: stillHeld.length > 0 ? record.submission.state : pending ? 'decided' : 'done',
    nextAttemptAt: pending ? record.submission.nextAttemptAt : null,
    results: changed,
    quarantine: stillHeld.length > 0 ? { ...item, recipients: stillHeld } : { ...item, status: 'rejected', review },
    spawn: await spawnDsn(deps, record, 'blocked', changed, now),
    audit: { event: 'rejected', actor: request.reviewer, details: { reason: request.reason, recipients: held } },
  })
  if (!after) return fail(request.id)
  return after
}

async function heldRecord(
  deps: PipelineDependencies,
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
