import type { AuditDraft, AuditEntry, AuditVerdict } from '../core/audit.ts'

/** Append-only, chained under a key. Submissions write it through `SubmissionStore.transition`; the rest through here. */
export interface AuditLog {
  /**
   * For what changes no submission: a configuration change, a bypass, somebody looking into a held message (then
   * `submission` is its id). Durable when it resolves.
   */
  append(draft: AuditDraft, at: number, submission?: string): Promise<void>
  /** In sequence order. */
  entries(filter: { readonly submission?: string; readonly after?: number }): AsyncIterable<AuditEntry>
  /** Walks the whole chain and compares its head with the anchor kept beside it. */
  verify(): Promise<AuditVerdict>
}
