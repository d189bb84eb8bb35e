/**
 * inspect = scan, then decide, then persist the Decision. `inspectOrHold` is the one place that fails closed: a
 * temporary error is tried again until the attempts run out; anything else holds the message for a reviewer.
 */
import type { Decision } from '../core/decision.ts'
import { asError, GatewayError } from '../core/errors.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { RecipientResult, RecipientStatus, SubmissionRecord } from '../core/submission.ts'
import { readContent } from './content.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { maskedPath } from './masked-path.ts'
import { retryDelay } from './retry.ts'
import { transition } from './transition.ts'

/** Whether a client still waits for the verdict; it stops waiting at its deadline. */
export interface WaitingClient {
  /** Asked right before a refusal is persisted: true binds the caller to give the client that refusal. */
  takeRefusal(): boolean
}

/**
 * Returns the record after the decision, or after the hold or the postponement; null when another worker has it.
 * `ownersLost`: processes that died with this submission in hand; too many, and it is held without another look.
 */
export async function inspectOrHold(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  ownersLost: number,
  waiting?: WaitingClient,
): Promise<SubmissionRecord | null> {
  try {
    if (ownersLost >= deps.settings.inspectOwnersLostMax) throw deadly(ownersLost)
    return await inspect(deps, record, waiting)
  } catch (thrown) {
    return await holdOrRetry(deps, record, asError(thrown), waiting)
  }
}

async function inspect(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  waiting: WaitingClient | undefined,
): Promise<SubmissionRecord | null> {
  const { submission } = record
  const content = () => readContent(deps.blobs, submission.blob)
  const { size, sha256 } = submission.blob
  const report = await deps.scanner.scan({ content, envelope: submission.envelope, size, sha256 })
  deps.observe.scanned(report)
  const now = deps.clock.now()
  const decision = deps.judge.decide(submission.envelope, report, now)
  assertEveryRecipientDecided(record, decision)
  const refused = decision.groups.every((group) => group.action === 'block') && (waiting?.takeRefusal() ?? false)
  const results = initialResults(decision, now, refused)
  const holds = results.some((result) => result.status === 'quarantined')
  deps.observe.decided(decision)
  const rules = decision.reasons.map((reason) => `${reason.policy}/${reason.rule}`)
  deps.log.info({ id: submission.id, action: decision.action, rules, scanMs: report.elapsedMs }, 'decided')
  return await transition(deps, record, {
    to: refused ? 'done' : 'decided',
    nextAttemptAt: refused ? null : now,
    decision,
    report,
    results,
    clientWaits: waiting !== undefined,
    ...(holds ? { quarantine: quarantineItem(deps, record, decision, 'quarantine', now) } : {}),
    audit: {
      event: refused ? 'refused' : 'decided',
      actor: 'policy',
      details: {
        action: decision.action,
        groups: decision.groups.map((group) => ({ action: group.action, recipients: group.recipients })),
        reasons: decision.reasons.map((r) => ({ policy: r.policy, rule: r.rule, mode: r.mode, severity: r.severity })),
        findings: report.findings.map((f) => ({ detector: f.detector, confidence: f.confidence, count: f.count })),
        uninspected: report.uninspected.map((u) => ({ path: maskedPath(u.path), reason: u.reason })),
        revisions: { ...decision.revisions },
        sha256: submission.blob.sha256,
      },
    },
  })
}

function deadly(ownersLost: number): GatewayError {
  return new GatewayError('inspect-deadly', {
    temporary: false,
    publicMessage: 'The message could not be inspected.',
    message: `${ownersLost} processes ended while they had this message in hand`,
  })
}

/** A verdict that forgets a recipient would let mail sit undelivered or slip through: refuse it. */
function assertEveryRecipientDecided(record: SubmissionRecord, decision: Decision): void {
  const decided = decision.groups.flatMap((group) => group.recipients)
  const wanted = record.submission.envelope.recipients.map((recipient) => recipient.address)
  const complete = decided.length === wanted.length && new Set(decided).size === decided.length
  if (!complete || !wanted.every((address) => decided.includes(address))) {
    throw new GatewayError('decision-incomplete', {
      temporary: false,
      publicMessage: 'The message could not be inspected.',
      message: `the decision names ${decided.length} recipients, the envelope ${wanted.length}`,
    })
  }
}

function initialResults(decision: Decision, now: number, refused: boolean): RecipientResult[] {
  const status = (action: Decision['action']): RecipientStatus => {
    if (action === 'block') return refused ? 'refused' : 'blocked'
    return action === 'quarantine' ? 'quarantined' : 'pending'
  }
  return decision.groups.flatMap((group) =>
    group.recipients.map((recipient) => ({
      recipient,
      status: status(group.action),
      attempts: 0,
      nextAttemptAt: status(group.action) === 'pending' ? now : null,
      lastReply: null,
      nextHop: null,
      updatedAt: now,
      delayNotifiedAt: null,
    })),
  )
}

/** The quarantine item that a submission gets when a policy holds it or its inspection failed. */
export function quarantineItem(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  decision: Decision | null,
  cause: QuarantineItem['cause'],
  now: number,
): QuarantineItem {
  const order = ['info', 'low', 'medium', 'high', 'critical'] as const
  const severities = decision?.reasons.filter((r) => r.mode === 'enforce').map((r) => order.indexOf(r.severity)) ?? []
  const held = decision?.groups.filter((group) => group.action === 'quarantine').flatMap((group) => group.recipients)
  return {
    id: record.submission.id,
    cause,
    severity: order[Math.max(...severities, cause === 'held' ? order.indexOf('medium') : 0)] ?? 'medium',
    sender: record.submission.envelope.sender,
    recipients: cause === 'quarantine' && held ? held : record.submission.envelope.recipients.map((r) => r.address),
    size: record.submission.blob.size,
    heldAt: now,
    expiresAt: now + deps.settings.quarantineRetentionMs,
    status: 'open',
    review: null,
  }
}

async function holdOrRetry(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  error: Error,
  waiting: WaitingClient | undefined,
): Promise<SubmissionRecord | null> {
  const { submission } = record
  const code = error instanceof GatewayError ? error.code : 'inspect-failed'
  const attempts = submission.inspectAttempts + 1
  const now = deps.clock.now()
  deps.log.error({ id: submission.id, code, attempts, error }, 'inspection failed')
  if (waiting?.takeRefusal()) return await refuseWaiting(deps, record, code, now)
  const temporary = error instanceof GatewayError && error.temporary
  if (temporary && attempts < deps.settings.inspectAttemptsMax) {
    return await transition(deps, record, {
      to: submission.state,
      nextAttemptAt: now + retryDelay(attempts, deps.settings.inspectRetryFirstMs, deps.settings.deliveryRetryMaxMs),
      inspectAttempts: attempts,
      audit: { event: 'inspect-failed', actor: 'system', details: { code, attempts } },
    })
  }
  deps.observe.held(code)
  return await transition(deps, record, {
    to: 'held',
    // Due at once: the gateway's next step tells the reviewers. The hold itself must not depend on anything else.
    nextAttemptAt: now,
    inspectAttempts: attempts,
    results: submission.envelope.recipients.map((recipient) => ({
      recipient: recipient.address,
      status: 'quarantined',
      attempts: 0,
      nextAttemptAt: null,
      lastReply: null,
      nextHop: null,
      updatedAt: now,
      delayNotifiedAt: null,
    })),
    quarantine: quarantineItem(deps, record, null, 'held', now),
    audit: { event: 'held', actor: 'system', details: { code, attempts } },
  })
}

/** The client is told 451 and keeps the message: it is not ours, and it will be offered again. */
async function refuseWaiting(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  code: string,
  now: number,
): Promise<SubmissionRecord | null> {
  return await transition(deps, record, {
    to: 'done',
    nextAttemptAt: null,
    results: record.submission.envelope.recipients.map((recipient) => ({
      recipient: recipient.address,
      status: 'refused',
      attempts: 0,
      nextAttemptAt: null,
      lastReply: null,
      nextHop: null,
      updatedAt: now,
      delayNotifiedAt: null,
    })),
    clientWaits: true,
    audit: { event: 'refused', actor: 'system', details: { code } },
  })
}
