import type { RecipientResult, SubmissionRecord } from '../core/submission.ts'

/** Writes the gateway's own mail: RFC 3464 delivery status notifications, and notifications by template. Pure bytes. */
export interface Composer {
  /**
   * A multipart/report (RFC 6522, RFC 3464). `content` is the original; how much of it comes along follows RET and
   * named limits. Returns complete RFC 5322 bytes with CRLF line ends.
   */
  dsn(request: DsnRequest): Promise<Uint8Array>
  /** A notification from a named template. Never says which pattern fired to anyone outside. */
  notification(request: NotificationRequest): Promise<Uint8Array>
}

export interface DsnRequest {
  readonly kind: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'blocked'
  readonly record: SubmissionRecord
  readonly results: readonly RecipientResult[]
  readonly content: () => AsyncIterable<Uint8Array>
  /** When delivery will be given up, for delay notices. */
  readonly expiresAt?: number
  readonly at: number
}

export interface NotificationRequest {
  readonly template: string
  readonly record: SubmissionRecord
  /** Recipients the notification is about. */
  readonly about: readonly string[]
  readonly to: readonly string[]
  readonly audience: 'sender' | 'manager' | 'reviewers' | 'address'
  readonly at: number
}
