import type { Envelope } from '../../core/envelope.ts'
import type { GatewayError } from '../../core/errors.ts'

/**
 * What the SMTP side needs of the pipeline; the composition root injects it. The ingress streams bytes in and passes
 * the reply out: it neither judges nor stores anything itself.
 */
export interface Intake {
  /**
   * Null when a message may be begun; else why not (disk low, spool full, store sick, draining). Asked at MAIL FROM and
   * again at DATA, so it must be cheap. Codes with a reply of their own: see `replyForError`.
   */
  refusal(): GatewayError | null
  /** Begins to store a message. Throws a temporary GatewayError when it can't. */
  begin(envelope: Envelope): Promise<IntakeWriter>
}

export interface IntakeWriter {
  /** Content in order, dot-unstuffed, CRLF line ends. Resolves when more may come: that is the back-pressure. */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves when the message is durable (after-spool) or decided (after-decision). Called once, after all writes. */
  finish(): Promise<IntakeReply>
  /** Forgets the message. Called instead of `finish`, possibly while a write is under way. */
  abort(): Promise<void>
}

/** What the client is told at the end of DATA. `text` is public: a phrase and the reference id, nothing else. */
export interface IntakeReply {
  readonly code: 250 | 421 | 450 | 451 | 452 | 550 | 552 | 554
  /** RFC 3463 enhanced status code, e.g. `2.0.0`. */
  readonly enhanced: string
  readonly text: string
}

/** The part of a pino logger that is used here. Objects carry ids, addresses and counts, never content. */
export interface SmtpLogger {
  info(details: Readonly<Record<string, unknown>>, message: string): void
  warn(details: Readonly<Record<string, unknown>>, message: string): void
  error(details: Readonly<Record<string, unknown>>, message: string): void
}

export type ConnectionRefusal = 'total-limit' | 'client-limit' | 'not-listed' | 'draining' | 'tls-failed'

export interface SmtpMetrics {
  connectionOpened(listener: string): void
  connectionClosed(listener: string): void
  connectionRefused(listener: string, reason: ConnectionRefusal): void
  /** A message was taken over; `bytes` of content. */
  messageAccepted(listener: string, bytes: number): void
  /** MAIL, RCPT, DATA or the end of DATA was answered 4xx or 5xx with this code. */
  messageRefused(listener: string, code: number): void
  authentication(listener: string, outcome: 'success' | 'failure' | 'throttled'): void
}
