/**
 * The gateway's own mail: bounces, delay notices, notifications. Each is a submission like any other, born decided,
 * under an id derived from what it speaks of, so that acting again after a crash makes no second one. Nothing is ever
 * sent about the gateway's own mail, and no bounce to the null sender (RFC 5321 section 6.1).
 */
import type { Decision, NotifyRequest } from '../core/decision.ts'
import type { DsnNotify, Envelope } from '../core/envelope.ts'
import type { Origin, RecipientResult, SubmissionRecord } from '../core/submission.ts'
import type { DsnRequest } from '../ports/composer.ts'
import type { SpawnedSubmission } from '../ports/submission-store.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { derivedId } from './ids.ts'
import { transition } from './transition.ts'

/** A delivery status notification to the sender about those of `results` that asked for this kind; none if nobody did. */
export async function spawnDsn(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  kind: DsnRequest['kind'],
  results: readonly RecipientResult[],
  now: number,
): Promise<SpawnedSubmission[]> {
  const { submission } = record
  if (submission.origin !== 'peer' || submission.envelope.sender === '') return []
  const asked = results.filter((result) => wantsDsn(submission.envelope, result.recipient, kind))
  if (asked.length === 0) return []
  const expiresAt = submission.receivedAt + deps.settings.deliveryExpireMs
  const bytes = await deps.composer.dsn({
    kind,
    record,
    results: asked,
    content: () => deps.blobs.read(submission.blob),
    at: now,
    ...(kind === 'delayed' ? { expiresAt } : {}),
  })
  const purpose = `${kind} ${asked.map((result) => result.recipient).join(' ')}`
  return [await spawn(deps, record, 'bounce', purpose, [submission.envelope.sender], bytes, now)]
}

/** RFC 3461 section 4.1: without NOTIFY the sender hears of failures (and of delays); NEVER silences everything. */
function wantsDsn(envelope: Envelope, recipient: string, kind: DsnRequest['kind']): boolean {
  const notify = envelope.recipients.find((r) => r.address === recipient)?.notify
  const wanted: Record<DsnRequest['kind'], DsnNotify> = {
    failed: 'FAILURE',
    blocked: 'FAILURE',
    delayed: 'DELAY',
    delivered: 'SUCCESS',
    relayed: 'SUCCESS',
  }
  if (!notify || notify.length === 0) return kind !== 'delivered' && kind !== 'relayed'
  return notify.includes(wanted[kind])
}

/** The notifications that a decision group asks for. */
export async function spawnNotifications(
  deps: PipelineDependencies,
  record: SubmissionRecord,
  about: readonly string[],
  requests: readonly NotifyRequest[],
  now: number,
): Promise<SpawnedSubmission[]> {
  const { submission } = record
  if (submission.origin !== 'peer') return []
  const spawned: SpawnedSubmission[] = []
  for (const request of requests) {
    const to = notifyAddresses(deps, submission.envelope, request)
    if (to.length === 0) continue
    const { template, audience } = request
    const bytes = await deps.composer.notification({ template, record, about, to, audience, at: now })
    const purpose = `${template} ${audience} ${to.join(' ')} ${about.join(' ')}`
    spawned.push(await spawn(deps, record, 'notification', purpose, to, bytes, now))
  }
  return spawned
}

function notifyAddresses(deps: PipelineDependencies, envelope: Envelope, request: NotifyRequest): readonly string[] {
  switch (request.audience) {
    case 'sender':
      return envelope.sender === '' ? [] : [envelope.sender]
    case 'reviewers':
      return request.addresses.length > 0 ? request.addresses : deps.settings.reviewers
    case 'manager':
    case 'address':
      return request.addresses
  }
}

/** Tells the reviewers once that a message waits for them because inspecting or acting on it failed. */
export async function tellReviewers(
  deps: PipelineDependencies,
  record: SubmissionRecord,
): Promise<SubmissionRecord | null> {
  const now = deps.clock.now()
  const untold = record.results.filter((result) => result.status === 'quarantined' && result.attempts === 0)
  const about = untold.map((result) => result.recipient)
  const request: NotifyRequest = { audience: 'reviewers', addresses: [], template: 'reviewer-held' }
  return await transition(deps, record, {
    to: record.submission.state,
    nextAttemptAt: null,
    results: untold.map((result) => ({ ...result, attempts: 1, updatedAt: now })),
    spawn: await spawnNotifications(deps, record, about, [request], now),
    audit: { event: 'notified', actor: 'system', details: { audience: 'reviewers' } },
  })
}

async function spawn(
  deps: PipelineDependencies,
  parent: SubmissionRecord,
  origin: Origin,
  purpose: string,
  to: readonly string[],
  bytes: Uint8Array,
  now: number,
): Promise<SpawnedSubmission> {
  const writer = await deps.blobs.create()
  await writer.write(bytes)
  const blob = await writer.commit()
  const id = derivedId(parent.submission.id, purpose)
  const needsUtf8 = !isAscii(bytes)
  const envelope: Envelope = {
    channel: 'mail',
    sender: '',
    recipients: to.map((address) => ({ address, notify: ['NEVER'] })),
    client: { address: '127.0.0.1', helo: deps.settings.hostname, listener: 'internal', protocol: 'local' },
    body: needsUtf8 ? '8BITMIME' : '7BIT',
    smtpUtf8: to.some((address) => !isAscii(Buffer.from(address))),
    dsn: {},
    receivedAt: now,
  }
  const decision: Decision = {
    action: 'pass',
    groups: [{ recipients: [...to], action: 'pass', modifications: [], notify: [] }],
    reasons: [],
    revisions: { policies: '', rules: '', catalog: '' },
    decidedBy: { kind: 'system', reason: origin },
    decidedAt: now,
  }
  return {
    create: { id, origin, parent: parent.submission.id, envelope, blob, replyMode: 'after-spool', receivedAt: now },
    decision,
    results: to.map((recipient) => ({
      recipient,
      status: 'pending',
      attempts: 0,
      nextAttemptAt: now,
      lastReply: null,
      nextHop: null,
      updatedAt: now,
      delayNotifiedAt: null,
    })),
    audit: {
      event: origin === 'bounce' ? 'bounced' : 'notified',
      actor: 'system',
      details: { parent: parent.submission.id, recipients: to },
    },
  }
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80)
}
