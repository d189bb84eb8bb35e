import type { Severity } from './decision.ts'

/** A held submission plus its review. `held`: inspection failed; `quarantine`: a policy decided. */
export interface QuarantineItem {
  readonly id: string
  readonly cause: 'quarantine' | 'held'
  readonly severity: Severity
  readonly sender: string
  readonly recipients: readonly string[]
  readonly size: number
  readonly heldAt: number
  /** When retention deletes the content, milliseconds since the epoch. */
  readonly expiresAt: number
  readonly status: 'open' | 'released' | 'rejected' | 'expired'
  readonly review: { readonly reviewer: string; readonly reason: string; readonly at: number } | null
}
