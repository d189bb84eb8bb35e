/**
 * act = does what the persisted Decision says, group by group: delivers what passes, tells senders and reviewers what
 * was blocked or held. Results are per recipient and persisted after each group, so a retry never repeats a delivery
 * that is recorded. Called for a policy's Decision and a reviewer's alike: there is no second way out.
 */
import type { DecisionGroup } from '../core/decision.ts'
import { asError, GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { RecipientResult, SubmissionRecord, SubmissionState } from '../core/submission.ts'
import type { DeliveryOutcome } from '../ports/deliverer.ts'
import type { SpawnedSubmission } from '../ports/submission-store.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { quarantineItem, type WaitingClient } from './inspect.ts'
import { spawnDsn, spawnNotifications } from './notices.ts'
import { retryDelay } from './retry.ts'
import { traceHeaders } from './trace.ts'
import { mergeResults, transition } from './transition.ts'

/** Returns the record after acting; null when another worker has it. Throws nothing: what can't be acted on is held. */
export async function act(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  waiting?: WaitingClient,
): Promise<SubmissionRecord | null> {
  let current: SubmissionRecord | null = record
  try {
    for (const group of record.submission.decision?.groups ?? []) {
      if (!current) return null
      current = await actOnGroup(deps, current, group, waiting)
    }
    return current
  } catch (thrown) {
    return current ? await postponeOrHold(deps, current, asError(thrown)) : null
  }
}

async function actOnGroup(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  group: DecisionGroup,
  waiting: WaitingClient | undefined,
): Promise<SubmissionRecord | null> {
  const now = deps.clock.now()
  const mine = record.results.filter((result) => group.recipients.includes(result.recipient))
  const due = mine.filter((result) => result.status === 'pending' && (result.nextAttemptAt ?? 0) <= now)
  const untold = mine.filter(isUntold)
  const untoldPasses = group.notify.length > 0 ? due.filter((result) => result.attempts === 0) : []
  if (due.length === 0 && untold.length === 0) return record
  const spawn: SpawnedSubmission[] = []
  const about = [...untold, ...untoldPasses].map((result) => result.recipient)
  if (about.length > 0) spawn.push(...(await spawnNotifications(deps, record, about, group.notify, now)))
  const blocked = untold.filter((result) => result.status === 'blocked' || result.status === 'rejected')
  if (blocked.length > 0) spawn.push(...(await spawnDsn(deps, record, 'blocked', blocked, now)))
  const told = untold.map((result) => ({ ...result, attempts: 1, updatedAt: now }))
  const delivered = due.length > 0 ? await deliverDue(deps, record, group, due, waiting) : null
  if (delivered) spawn.push(...delivered.spawn)
  const results = [...told, ...(delivered?.results ?? [])]
  return await settle(deps, record, results, spawn, delivered?.outcomes ?? [], waiting !== undefined)
}

/** Held or refused by decision, and nobody has been told so yet. */
function isUntold(result: RecipientResult): boolean {
  const final = result.status === 'quarantined' || result.status === 'blocked' || result.status === 'rejected'
  return final && result.attempts === 0
}

interface Delivered {
  readonly results: readonly RecipientResult[]
  readonly spawn: readonly SpawnedSubmission[]
  readonly outcomes: readonly DeliveryOutcome[]
}

async function deliverDue(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  group: DecisionGroup,
  due: readonly RecipientResult[],
  waiting: WaitingClient | undefined,
): Promise<Delivered> {
  const { submission } = record
  const names = new Set(due.map((result) => result.recipient))
  const outcomes = await deps.deliverer.deliver({
    id: submission.id,
    envelope: submission.envelope,
    recipients: submission.envelope.recipients.filter((recipient) => names.has(recipient.address)),
    content: () => deps.blobs.read(submission.blob),
    size: submission.blob.size,
    traceHeaders: traceHeaders(submission, deps.settings),
    modifications: group.modifications,
    ...(group.encrypt ? { encrypt: group.encrypt } : {}),
  })
  const now = deps.clock.now()
  const byRecipient = new Map(outcomes.map((outcome) => [outcome.recipient, outcome]))
  let results = due.map((result) => nextResult(deps, record, group, result, byRecipient.get(result.recipient), now))
  const everyoneFailed =
    results.length === record.results.length && results.every((result) => result.status === 'failed')
  if (everyoneFailed && waiting?.takeRefusal()) results = results.map((result) => ({ ...result, status: 'refused' }))
  for (const result of results) {
    deps.observe.delivery(result)
    const { recipient, status, nextHop, lastReply } = result
    deps.log.info({ id: submission.id, recipient, status, nextHop, reply: lastReply }, 'delivery')
  }
  return { results, spawn: await noticesFor(deps, record, results, byRecipient, now), outcomes }
}

/** What one delivery outcome makes of a recipient. A missing outcome counts as deferred: no proof, not done. */
function nextResult(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  group: DecisionGroup,
  result: RecipientResult,
  outcome: DeliveryOutcome | undefined,
  now: number,
): RecipientResult {
  const attempts = result.attempts + 1
  const base = {
    ...result,
    attempts,
    updatedAt: now,
    nextAttemptAt: null,
    lastReply: (outcome?.reply ?? 'no outcome was reported').slice(0, limits.deliveryReplyKeptMaxChars),
    nextHop: outcome?.nextHop ?? result.nextHop,
  }
  switch (outcome?.status) {
    case 'delivered':
      return { ...base, status: 'delivered' }
    case 'failed':
      return { ...base, status: 'failed' }
    case 'no-key':
      // The notices for the fallback are the next round's: `attempts` goes back to "nobody told yet".
      return { ...base, attempts: 0, status: group.encrypt?.fallback === 'block' ? 'blocked' : 'quarantined' }
    default: {
      const since =
        record.submission.decision?.decidedBy.kind === 'reviewer'
          ? record.submission.decision.decidedAt
          : record.submission.receivedAt
      if (now - since >= deps.settings.deliveryExpireMs) return { ...base, status: 'expired' }
      const delay = retryDelay(attempts, deps.settings.deliveryRetryFirstMs, deps.settings.deliveryRetryMaxMs)
      const late = now - since >= deps.settings.deliveryDelayNoticeMs && result.delayNotifiedAt === null
      return {
        ...base,
        status: 'pending',
        nextAttemptAt: now + delay,
        delayNotifiedAt: late ? now : result.delayNotifiedAt,
      }
    }
  }
}

async function noticesFor(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  results: readonly RecipientResult[],
  outcomes: ReadonlyMap<string, DeliveryOutcome>,
  now: number,
): Promise<SpawnedSubmission[]> {
  const released = record.submission.decision?.decidedBy.kind === 'reviewer'
  const gone = results.filter((result) => result.status === 'failed' || result.status === 'expired')
  const late = results.filter((result) => result.status === 'pending' && result.delayNotifiedAt === now)
  const relayed = results.filter((r) => r.status === 'delivered' && !(outcomes.get(r.recipient)?.dsnRelayed ?? false))
  return [
    ...(gone.length > 0 && !released ? await spawnDsn(deps, record, 'failed', gone, now) : []),
    ...(late.length > 0 ? await spawnDsn(deps, record, 'delayed', late, now) : []),
    ...(relayed.length > 0 ? await spawnDsn(deps, record, 'relayed', relayed, now) : []),
  ]
}

/** Persists what a group came to, and the state that follows from all results together. */
async function settle(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  changed: readonly RecipientResult[],
  spawn: readonly SpawnedSubmission[],
  outcomes: readonly DeliveryOutcome[],
  clientWaits: boolean,
): Promise<SubmissionRecord | null> {
  const results = reopenFailedRelease(record, mergeResults(record.results, changed))
  const to = stateAfter(results)
  const review = closeReview(deps, record, results)
  if (to !== 'decided') deps.blobs.settled?.(record.submission.blob.id)
  return await transition(deps, record, {
    to,
    nextAttemptAt: to === 'decided' ? nextDue(results) : null,
    results: results.filter((result) => !record.results.includes(result)),
    spawn,
    clientWaits,
    ...(review ? { quarantine: review } : {}),
    audit: {
      event: outcomes.length > 0 ? 'delivery' : to === 'quarantined' ? 'quarantined' : 'done',
      actor: 'system',
      details: {
        state: to,
        results: changed.map((r) => ({
          recipient: r.recipient,
          status: r.status,
          reply: r.lastReply,
          nextHop: r.nextHop,
        })),
      },
    },
  })
}

/** A release is final only on the next hop's reply: what it refused for good is held again, not lost. */
function reopenFailedRelease(
  record: SubmissionRecord,
  results: readonly RecipientResult[],
): readonly RecipientResult[] {
  if (record.submission.decision?.decidedBy.kind !== 'reviewer') return results
  const before = new Map(record.results.map((result) => [result.recipient, result.status]))
  return results.map((result) =>
    (result.status === 'failed' || result.status === 'expired') && before.get(result.recipient) === 'pending'
      ? { ...result, status: 'quarantined' }
      : result,
  )
}

function stateAfter(results: readonly RecipientResult[]): SubmissionState {
  const untold = results.some(isUntold)
  if (untold || results.some((result) => result.status === 'pending')) return 'decided'
  return results.some((result) => result.status === 'quarantined') ? 'quarantined' : 'done'
}

function nextDue(results: readonly RecipientResult[]): number {
  const due = results.filter((result) => result.status === 'pending').map((result) => result.nextAttemptAt ?? 0)
  const untold = results.some(isUntold)
  return untold || due.length === 0 ? 0 : Math.min(...due)
}

/** The quarantine item's fate once nothing of the submission is under way any more. */
function closeReview(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  results: readonly RecipientResult[],
): QuarantineItem | null {
  const { decision } = record.submission
  const open = results.filter((result) => result.status === 'quarantined').map((result) => result.recipient)
  if (decision?.decidedBy.kind === 'reviewer') {
    const before = new Map(record.results.map((result) => [result.recipient, result.status]))
    const delivering = results.some((result) => before.get(result.recipient) === 'pending')
    if (!delivering || results.some((result) => result.status === 'pending')) return null
    const now = deps.clock.now()
    const item = quarantineItem(deps, record, decision, 'quarantine', now)
    const { name, reason } = decision.decidedBy
    const review = { reviewer: name, reason, at: decision.decidedAt }
    const all = record.submission.envelope.recipients.map((r) => r.address)
    return open.length > 0
      ? { ...item, recipients: open, status: 'open', review: null }
      : { ...item, recipients: all, status: 'released', review }
  }
  const fresh = results.some((r) => r.status === 'quarantined' && r.attempts === 0 && r.lastReply !== null)
  return fresh ? { ...quarantineItem(deps, record, decision, 'quarantine', deps.clock.now()), recipients: open } : null
}

/** Nothing was sent, or what was is recorded: try later while the trouble may pass, else hold for a person. */
async function postponeOrHold(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  error: Error,
): Promise<SubmissionRecord | null> {
  const { submission } = record
  const now = deps.clock.now()
  const code = error instanceof GatewayError ? error.code : 'act-failed'
  deps.log.error({ id: submission.id, code, error }, 'acting on a decision failed')
  const age = now - (submission.decision?.decidedAt ?? submission.receivedAt)
  const mayPass = error instanceof GatewayError && error.temporary && age < deps.settings.deliveryExpireMs
  if (mayPass || age < deps.settings.inspectRetryFirstMs) {
    return await transition(deps, record, {
      to: 'decided',
      nextAttemptAt: now + deps.settings.deliveryRetryFirstMs,
      audit: { event: 'inspect-failed', actor: 'system', details: { code, during: 'act' } },
    })
  }
  deps.observe.held(code)
  const stuck = record.results.filter(
    (result) => result.status === 'pending' || (result.status === 'blocked' && result.attempts === 0),
  )
  return await transition(deps, record, {
    to: 'held',
    nextAttemptAt: now,
    results: stuck.map((result) => ({
      ...result,
      status: 'quarantined',
      attempts: 0,
      nextAttemptAt: null,
      updatedAt: now,
    })),
    quarantine: quarantineItem(deps, record, null, 'held', now),
    audit: { event: 'held', actor: 'system', details: { code, during: 'act' } },
  })
}
