import type { AuditDraft } from '../core/audit.ts'
import type { Decision } from '../core/decision.ts'
import type { QuarantineItem } from '../core/quarantine.ts'
import type { ScanReport } from '../core/report.ts'
import type { NewSubmission, RecipientResult, SubmissionRecord, SubmissionState } from '../core/submission.ts'

/**
 * The durable state of every submission. `transition` is the only state write: compare-and-set on state and version,
 * everything of one change and its audit entry in one transaction, durable when the promise resolves.
 */
export interface SubmissionStore {
  transition(change: Transition): Promise<TransitionOutcome>
  get(id: string): Promise<SubmissionRecord | null>
  /** Submissions whose `nextAttemptAt` is at or before `now`, oldest first, without those under a live claim. */
  due(now: number, limit: number): Promise<readonly DueSubmission[]>
  /**
   * Takes the right to work on a submission until `untilMs`, or returns false when another live owner has it. Not a
   * state change and not audited: losing every claim loses nothing.
   */
  claim(id: string, owner: string, now: number, untilMs: number): Promise<boolean>
  release(id: string, owner: string): Promise<void>
  /** Ends every claim. Only for the start of a process that knows itself to be the only one. */
  forgetClaims(): Promise<void>
  /**
   * How many owners were lost (their claim ended without being released) since the claim was last released. A hint, not
   * durable: it tells a submission that kills its workers from others.
   */
  ownersLost(id: string, now: number): Promise<number>
  quarantine(query: QuarantineQuery): Promise<readonly QuarantineItem[]>
  /** Ids of done submissions whose content is still kept, oldest first. */
  removable(limit: number): Promise<readonly { readonly id: string; readonly blob: string }[]>
  /** Records that a done submission's content is gone. */
  contentRemoved(ids: readonly string[]): Promise<void>
  /**
   * Removes the records of at most `limit` submissions that are done, have no content and last changed before `before`,
   * oldest first. Their audit entries stay. Resolves with how many went.
   */
  forgetRecords(before: number, limit: number): Promise<number>
  /** Every blob id that a submission still needs: what is not among them may be removed at start. */
  liveBlobs(): Promise<ReadonlySet<string>>
  counts(): Promise<Readonly<Record<SubmissionState, number>>>
  /** Resolves when a durable write succeeds; throws otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface DueSubmission {
  readonly id: string
  readonly state: SubmissionState
  readonly size: number
}

export interface Transition {
  readonly id: string
  /** Null creates the submission; `create` must then be given. */
  readonly from: SubmissionState | null
  /** Version that was read; ignored on creation. */
  readonly version: number
  readonly to: SubmissionState
  readonly at: number
  readonly audit: AuditDraft
  readonly create?: NewSubmission
  readonly decision?: Decision
  readonly report?: ScanReport
  /** Upserted by recipient. */
  readonly results?: readonly RecipientResult[]
  /** Opens, or closes with a review, the quarantine item of this submission. */
  readonly quarantine?: QuarantineItem
  readonly nextAttemptAt: number | null
  readonly inspectAttempts?: number
  /** Further submissions to create in the same transaction (bounces, notifications); existing ids are left alone. */
  readonly spawn?: readonly SpawnedSubmission[]
  /** A hint: a client's reply hangs on it, so it goes ahead of changes that may wait for company. Creations always do. */
  readonly clientWaits?: boolean
}

/** A submission that the gateway itself makes: already decided when it is born. */
export interface SpawnedSubmission {
  readonly create: NewSubmission
  readonly decision: Decision
  readonly results: readonly RecipientResult[]
  readonly audit: AuditDraft
}

/** `conflict`: state or version had moved on; nothing was written. `exists`: creation of an id that is there. */
export type TransitionOutcome = 'applied' | 'conflict' | 'exists'

export interface QuarantineQuery {
  readonly status?: QuarantineItem['status']
  /** Only items whose retention ended at or before this time. */
  readonly expiredBy?: number
  readonly id?: string
  readonly limit: number
  readonly offset?: number
}
