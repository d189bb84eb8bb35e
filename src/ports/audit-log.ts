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
  /**
   * Removes at most `limit` entries from the beginning of the chain: those made before `before`, up to the first one of a
   * submission that still has a record. An entry says so, and the chain stays provable. Resolves with how many went.
   */
  trim(before: number, limit: number, at: number): Promise<number>
  /** Walks the whole chain and compares its head with the anchor kept beside it. */
  verify(): Promise<AuditVerdict>
}
