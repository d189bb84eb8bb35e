/** What the pipeline is given by the composition root: ports, the scan service, the policies in force, settings. */
import type { Decision } from '../core/decision.ts'
import type { Envelope } from '../core/envelope.ts'
import type { ScanReport } from '../core/report.ts'
import type { RecipientResult } from '../core/submission.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Composer } from '../ports/composer.ts'
import type { Deliverer } from '../ports/deliverer.ts'
import type { Dispatcher } from '../ports/dispatcher.ts'
import type { SubmissionStore } from '../ports/submission-store.ts'

export interface PipelineDependencies {
  readonly store: SubmissionStore
  readonly blobs: BlobStore
  readonly dispatcher: Dispatcher
  readonly deliverer: Deliverer
  readonly composer: Composer
  readonly clock: Clock
  readonly scanner: Scanner
  readonly judge: Judge
  readonly log: PipelineLog
  readonly observe: PipelineObserver
  readonly settings: PipelineSettings
}

/** The scan pool as the pipeline sees it. Throws a GatewayError only when it could not do its job at all. */
export interface Scanner {
  scan(request: ScanRequest): Promise<ScanReport>
}

export interface ScanRequest {
  /** Asked for once a worker is free, so that what waits holds no memory; the buffer is handed over. */
  readonly content: () => Promise<Uint8Array<ArrayBuffer>>
  readonly envelope: Envelope
  /** Of the content, in bytes. */
  readonly size?: number
  /** Of the content, lower-case hex, where it is known already. */
  readonly sha256?: string
}

/** The policies in force. Pure: same envelope and report, same Decision. Throws when it can't decide. */
export interface Judge {
  decide(envelope: Envelope, report: ScanReport, now: number): Decision
}

export interface PipelineLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** For metrics; must not throw. */
export interface PipelineObserver {
  accepted(envelope: Envelope, bytes: number): void
  scanned(report: ScanReport): void
  decided(decision: Decision): void
  held(reason: string): void
  delivery(result: RecipientResult): void
}

export interface PipelineSettings {
  /** Name in Received headers and as reporting MTA. */
  readonly hostname: string
  readonly traceKey: Uint8Array
  /** Unique to this process: owner of claims. */
  readonly owner: string
  /** False in a scan worker, which can't write the spool: it inspects and leaves acting to the gateway. */
  readonly acts: boolean
  /** Addresses told when something is held. */
  readonly reviewers: readonly string[]
  readonly inspectAttemptsMax: number
  readonly inspectRetryFirstMs: number
  readonly inspectOwnersLostMax: number
  readonly claimTtlMs: number
  readonly deliveryExpireMs: number
  readonly deliveryDelayNoticeMs: number
  readonly deliveryRetryFirstMs: number
  readonly deliveryRetryMaxMs: number
  readonly quarantineRetentionMs: number
  readonly sweepIntervalMs: number
  readonly sweepBatchMax: number
}
