import type { EncryptPlan, Modification } from '../core/decision.ts'
import type { Envelope, EnvelopeRecipient } from '../core/envelope.ts'

/** Sends content on. Decides nothing: it does to the message what the decision says, and reports per recipient. */
export interface Deliverer {
  /** Resolves with one outcome per recipient, never throws for what a next hop does or fails to do. */
  deliver(job: DeliveryJob): Promise<readonly DeliveryOutcome[]>
  /** Next hops and how they are doing, for `doctor`, `/readyz` and metrics. */
  health(): readonly NextHopHealth[]
  close(): Promise<void>
}

export interface DeliveryJob {
  readonly id: string
  readonly envelope: Envelope
  /** The recipients of this group that are still due. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** The stored original; may be asked for more than once. */
  readonly content: () => AsyncIterable<Uint8Array>
  readonly size: number
  /** Complete header lines with CRLF to put on top (Received, the authenticated trace header). ASCII or UTF-8. */
  readonly traceHeaders: string
  readonly modifications: readonly Modification[]
  readonly encrypt?: EncryptPlan
}

export type DeliveryStatus = 'delivered' | 'deferred' | 'failed' | 'no-key'

export interface DeliveryOutcome {
  readonly recipient: string
  /** `no-key`: encryption was asked for and nobody has a key; the caller applies the plan's fallback. */
  readonly status: DeliveryStatus
  /** Reply of the next hop or what went wrong locally: bounded, one line. */
  readonly reply: string
  /** `host:port`, or the Maildir's path. */
  readonly nextHop: string
  /** Whether the next hop took over RFC 3461 responsibility (it announced DSN). */
  readonly dsnRelayed: boolean
}

export interface NextHopHealth {
  readonly nextHop: string
  readonly healthy: boolean
  readonly lastProblem: string | null
  readonly lastSuccessAt: number | null
}
