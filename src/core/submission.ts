import type { Decision } from './decision.ts'
import type { Envelope } from './envelope.ts'
import type { ScanReport } from './report.ts'

/**
 * The unit of work, and the states it goes through. Only `transition` of the pipeline writes them.
 *
 *   received ──> decided ──> done            (every recipient final)
 *      │            └──────> quarantined ──> decided (a reviewer released) | done (rejected, expired)
 *      └──> held ──────────> decided (a reviewer released, or a re-scan succeeded) | done
 */
export const SUBMISSION_STATES = ['received', 'decided', 'quarantined', 'held', 'done'] as const
export type SubmissionState = (typeof SUBMISSION_STATES)[number]

export type ReplyMode = 'after-spool' | 'after-decision'

/** What made the submission: a peer, or the gateway itself (a bounce, a notification). */
export type Origin = 'peer' | 'bounce' | 'notification'

export interface BlobRef {
  readonly id: string
  /** Bytes of content, before encryption at rest. */
  readonly size: number
  /** Lower-case hex of the content. */
  readonly sha256: string
}

export interface Submission {
  /** Sortable by time, URL-safe, unguessable; also the reference id a peer is given. */
  readonly id: string
  readonly origin: Origin
  /** For bounces and notifications: the submission they speak of. */
  readonly parent: string | null
  readonly envelope: Envelope
  readonly blob: BlobRef
  readonly replyMode: ReplyMode
  readonly state: SubmissionState
  /** Compare-and-set counter: every write raises it by one. */
  readonly version: number
  /** Failed inspections so far. */
  readonly inspectAttempts: number
  /** When the next step is due, milliseconds since the epoch; null when nothing is. */
  readonly nextAttemptAt: number | null
  readonly receivedAt: number
  readonly updatedAt: number
  readonly decision: Decision | null
}

export const RECIPIENT_STATUSES = [
  'pending',
  'delivered',
  'failed',
  'expired',
  'quarantined',
  'blocked',
  'refused',
  'rejected',
  'redirected',
] as const
/**
 * pending: delivery due or being retried. delivered: the next hop said 2xx. failed: it said 5xx. expired: retries ran
 * out. quarantined: held by decision. blocked: refused by decision, sender told. refused: the client itself was told
 * no (inline), so it is not ours. rejected: a reviewer said no. redirected: sent elsewhere by policy.
 */
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number]

export interface RecipientResult {
  readonly recipient: string
  readonly status: RecipientStatus
  readonly attempts: number
  readonly nextAttemptAt: number | null
  /** Last reply of the next hop, bounded, e.g. `451 4.3.0 try later`. */
  readonly lastReply: string | null
  readonly nextHop: string | null
  readonly updatedAt: number
  /** When a delay notice went out, if one did. */
  readonly delayNotifiedAt: number | null
}

export interface NewSubmission {
  readonly id: string
  readonly origin: Origin
  readonly parent: string | null
  readonly envelope: Envelope
  readonly blob: BlobRef
  readonly replyMode: ReplyMode
  readonly receivedAt: number
}

/** All that is known of one submission. */
export interface SubmissionRecord {
  readonly submission: Submission
  readonly results: readonly RecipientResult[]
  readonly report: ScanReport | null
}
