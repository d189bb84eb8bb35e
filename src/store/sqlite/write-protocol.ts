import type { AuditDraft } from '../../core/audit.ts'
import type { QuarantineItem } from '../../core/quarantine.ts'
import type { RecipientResult, SubmissionState } from '../../core/submission.ts'
import type { TransitionOutcome } from '../../ports/submission-store.ts'

/** What the main thread and the writing thread say to each other. Content-bearing documents cross it sealed. */
export const DOCUMENT_KINDS = ['envelope', 'decision', 'report'] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

export interface SealedDocument {
  readonly kind: DocumentKind
  /** Number of the key-encryption key that it is sealed under. */
  readonly keyId: number
  readonly body: Uint8Array
}

export interface NewRow {
  readonly id: string
  readonly origin: string
  readonly parent: string | null
  readonly blobId: string
  readonly blobSize: number
  readonly blobSha256: string
  readonly replyMode: string
  readonly receivedAt: number
}

export interface TransitionChange {
  readonly kind: 'transition'
  readonly id: string
  readonly from: SubmissionState | null
  readonly version: number
  readonly to: SubmissionState
  readonly at: number
  readonly audit: AuditDraft
  readonly create: NewRow | null
  readonly documents: readonly SealedDocument[]
  readonly results: readonly RecipientResult[]
  readonly quarantine: QuarantineItem | null
  readonly nextAttemptAt: number | null
  readonly inspectAttempts: number | null
  readonly spawn: readonly SpawnRow[]
}

export interface SpawnRow {
  readonly create: NewRow
  readonly documents: readonly SealedDocument[]
  readonly results: readonly RecipientResult[]
  readonly audit: AuditDraft
}

export type WriteChange =
  | TransitionChange
  | { readonly kind: 'audit'; readonly draft: AuditDraft; readonly at: number; readonly submission: string | null }
  | { readonly kind: 'content-removed'; readonly ids: readonly string[]; readonly at: number }
  /** Records of submissions that are done and have no content. */
  | { readonly kind: 'forget'; readonly ids: readonly string[] }
  /** Audit entries up to and with `through`; `draft` says so. */
  | { readonly kind: 'trim'; readonly through: number; readonly draft: AuditDraft; readonly at: number }
  /** Swaps a sealed document for the same one under another key, if it still is what was read. */
  | {
      readonly kind: 'reseal'
      readonly submission: string
      readonly document: SealedDocument
      readonly old: Uint8Array
    }
  /** Makes the anchor follow the chain again, with an entry that says so. */
  | { readonly kind: 'reanchor'; readonly draft: AuditDraft; readonly at: number }
  | { readonly kind: 'ping' }

export interface WriteRequest {
  readonly number: number
  readonly change: WriteChange
}

/** GatewayErrors don't survive the crossing as themselves. */
export interface WriteFailure {
  readonly code: string
  readonly temporary: boolean
  readonly message: string
}

export type WriteReply =
  | { readonly number: number; readonly outcome: TransitionOutcome }
  | { readonly number: number; readonly failure: WriteFailure }

export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly failure: WriteFailure }
  | { readonly kind: 'replies'; readonly replies: readonly WriteReply[] }

export type ToWriter =
  | { readonly kind: 'requests'; readonly requests: readonly WriteRequest[] }
  | { readonly kind: 'close' }

export interface WriterData {
  readonly path: string
  readonly auditKey: Uint8Array
  readonly busyTimeoutMs: number
  readonly batchMax: number
}
