import type { Statement } from 'better-sqlite3'
import type { AuditDraft } from '../../core/audit.ts'
import { GatewayError, unreachable } from '../../core/errors.ts'
import type { QuarantineItem } from '../../core/quarantine.ts'
import type { RecipientResult } from '../../core/submission.ts'
import type { TransitionOutcome } from '../../ports/submission-store.ts'
import { CHAIN_START, type ChainHead, nextEntry, startMac } from '../audit-chain.ts'
import type { Db } from './open-database.ts'
import type { NewRow, SealedDocument, SpawnRow, TransitionChange, WriteChange } from './write-protocol.ts'

/**
 * Applies changes inside a transaction that its caller opens and commits. A change writes its rows and its audit entry
 * or, on a conflict, nothing. The only code that writes states.
 */
export class StateWriter {
  readonly #auditKey: Uint8Array
  readonly #sql: Statements
  #head: ChainHead = CHAIN_START

  constructor(db: Db, auditKey: Uint8Array) {
    this.#auditKey = auditKey
    this.#sql = prepare(db)
  }

  /** Call first in each transaction: another process may have lengthened the chain. */
  readHead(): ChainHead {
    const row = this.#sql.head.get() as ChainHead | undefined
    this.#head = row ?? CHAIN_START
    return this.#head
  }

  get head(): ChainHead {
    return this.#head
  }

  /** After a rollback of what came later. */
  restoreHead(head: ChainHead): void {
    this.#head = head
  }

  apply(change: WriteChange): TransitionOutcome {
    switch (change.kind) {
      case 'transition':
        return this.#transition(change)
      case 'audit':
        this.#audit(change.draft, change.at, change.submission)
        return 'applied'
      case 'reanchor':
        this.#audit(change.draft, change.at, null)
        return 'applied'
      case 'content-removed':
        for (const id of change.ids) this.#sql.contentRemoved.run(change.at, id)
        return 'applied'
      case 'forget':
        for (const id of change.ids) this.#forget(id)
        return 'applied'
      case 'trim':
        return this.#trim(change.through, change.draft, change.at)
      case 'reseal': {
        const { submission, document, old } = change
        const { changes } = this.#sql.reseal.run(document.keyId, document.body, submission, document.kind, old)
        return changes === 1 ? 'applied' : 'conflict'
      }
      case 'ping':
        this.#sql.ping.run()
        return 'applied'
      default:
        return unreachable(change)
    }
  }

  #transition(change: TransitionChange): TransitionOutcome {
    if (change.from === null) {
      if (!change.create) {
        throw new GatewayError('store-misuse', {
          temporary: false,
          publicMessage: 'local error',
          message: `submission ${change.id}: a creation without its content`,
        })
      }
      if (!this.#insert(change.create, change.to, change.nextAttemptAt, change.at)) return 'exists'
    } else {
      const { changes } = this.#sql.update.run(
        change.to,
        change.inspectAttempts,
        change.nextAttemptAt,
        change.at,
        change.id,
        change.from,
        change.version,
      )
      if (changes === 0) return 'conflict'
    }
    this.#documents(change.id, change.documents)
    this.#results(change.id, change.results)
    if (change.quarantine) this.#quarantine(change.quarantine)
    this.#audit(change.audit, change.at, change.id)
    for (const spawned of change.spawn) this.#spawn(spawned, change.at)
    return 'applied'
  }

  /** Looks again: somebody may have taken the submission up since it was read. */
  #forget(id: string): void {
    if (!this.#sql.forgettable.get(id)) return
    this.#sql.forgetDocuments.run(id)
    this.#sql.forgetResults.run(id)
    this.#sql.forgetQuarantine.run(id)
    this.#sql.forgetSubmission.run(id)
  }

  #trim(through: number, draft: AuditDraft, at: number): TransitionOutcome {
    const start = this.#sql.entry.get(through) as ChainHead | undefined
    // Another process has trimmed further already.
    if (!start) return 'conflict'
    this.#sql.start.run(start.sequence, start.mac, startMac(this.#auditKey, start))
    this.#sql.trim.run(through)
    this.#audit({ ...draft, details: { ...draft.details, through, head: start.mac } }, at, null)
    return 'applied'
  }

  #spawn(spawned: SpawnRow, at: number): void {
    const { create, documents, results, audit } = spawned
    if (!this.#insert(create, 'decided', at, at)) return
    this.#documents(create.id, documents)
    this.#results(create.id, results)
    this.#audit(audit, at, create.id)
  }

  #insert(row: NewRow, state: string, nextAttemptAt: number | null, at: number): boolean {
    const { changes } = this.#sql.insert.run(
      row.id,
      row.origin,
      row.parent,
      row.blobId,
      row.blobSize,
      row.blobSha256,
      row.replyMode,
      state,
      nextAttemptAt,
      row.receivedAt,
      at,
    )
    return changes === 1
  }

  #documents(submission: string, documents: readonly SealedDocument[]): void {
    for (const { kind, keyId, body } of documents) this.#sql.document.run(submission, kind, keyId, body)
  }

  #results(submission: string, results: readonly RecipientResult[]): void {
    for (const r of results) {
      this.#sql.result.run(
        submission,
        r.recipient,
        r.status,
        r.attempts,
        r.nextAttemptAt,
        r.lastReply,
        r.nextHop,
        r.updatedAt,
        r.delayNotifiedAt,
      )
    }
  }

  #quarantine(item: QuarantineItem): void {
    this.#sql.quarantine.run(
      item.id,
      item.cause,
      item.severity,
      item.sender,
      JSON.stringify(item.recipients),
      item.size,
      item.heldAt,
      item.expiresAt,
      item.status,
      item.review?.reviewer ?? null,
      item.review?.reason ?? null,
      item.review?.at ?? null,
    )
  }

  #audit(draft: AuditDraft, at: number, submission: string | null): void {
    const entry = nextEntry(this.#auditKey, this.#head, draft, at, submission)
    this.#sql.audit.run(
      entry.sequence,
      entry.at,
      entry.submission,
      entry.event,
      entry.actor,
      entry.details,
      entry.previous,
      entry.mac,
    )
    this.#head = { sequence: entry.sequence, mac: entry.mac }
  }
}

type Statements = Record<keyof typeof STATEMENTS, Statement<unknown[]>>

const STATEMENTS = {
  head: 'SELECT sequence, mac FROM audit_entries ORDER BY sequence DESC LIMIT 1',
  insert: `INSERT INTO submissions (id, origin, parent, blob_id, blob_size, blob_sha256, reply_mode, state, version,
      inspect_attempts, next_attempt_at, received_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  update: `UPDATE submissions SET state = ?, version = version + 1, inspect_attempts = coalesce(?, inspect_attempts),
      next_attempt_at = ?, updated_at = ? WHERE id = ? AND state = ? AND version = ?`,
  document: `INSERT INTO sealed_documents (submission, kind, key_id, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (submission, kind) DO UPDATE SET key_id = excluded.key_id, body = excluded.body`,
  reseal: 'UPDATE sealed_documents SET key_id = ?, body = ? WHERE submission = ? AND kind = ? AND body = ?',
  result: `INSERT INTO recipient_results (submission, recipient, status, attempts, next_attempt_at, last_reply,
      next_hop, updated_at, delay_notified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (submission, recipient) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
      next_attempt_at = excluded.next_attempt_at, last_reply = excluded.last_reply, next_hop = excluded.next_hop,
      updated_at = excluded.updated_at, delay_notified_at = excluded.delay_notified_at`,
  quarantine: `INSERT INTO quarantine_items (id, cause, severity, sender, recipients, size, held_at, expires_at,
      status, reviewer, review_reason, reviewed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, severity = excluded.severity, sender = excluded.sender,
      recipients = excluded.recipients, size = excluded.size, held_at = excluded.held_at,
      expires_at = excluded.expires_at, status = excluded.status, reviewer = excluded.reviewer,
      review_reason = excluded.review_reason, reviewed_at = excluded.reviewed_at`,
  audit: `INSERT INTO audit_entries (sequence, at, submission, event, actor, details, previous, mac)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  contentRemoved: `UPDATE submissions SET content_removed_at = ?
    WHERE id = ? AND state = 'done' AND content_removed_at IS NULL`,
  forgettable: `SELECT 1 FROM submissions WHERE id = ? AND state = 'done' AND content_removed_at IS NOT NULL`,
  forgetDocuments: 'DELETE FROM sealed_documents WHERE submission = ?',
  forgetResults: 'DELETE FROM recipient_results WHERE submission = ?',
  forgetQuarantine: 'DELETE FROM quarantine_items WHERE id = ?',
  forgetSubmission: 'DELETE FROM submissions WHERE id = ?',
  entry: 'SELECT sequence, mac FROM audit_entries WHERE sequence = ?',
  trim: 'DELETE FROM audit_entries WHERE sequence <= ?',
  start: `INSERT INTO audit_start (only_row, sequence, mac, sealed) VALUES (1, ?, ?, ?)
    ON CONFLICT (only_row) DO UPDATE SET sequence = excluded.sequence, mac = excluded.mac, sealed = excluded.sealed`,
  ping: 'UPDATE heartbeat SET beats = beats + 1',
} as const

function prepare(db: Db): Statements {
  const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, db.prepare(sql)])
  return Object.fromEntries(prepared) as Statements
}
