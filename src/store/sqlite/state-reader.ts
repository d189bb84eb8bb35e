import type { Statement } from 'better-sqlite3'
import type { AuditEntry, JsonValue } from '../../core/audit.ts'
import type { Decision } from '../../core/decision.ts'
import type { Envelope } from '../../core/envelope.ts'
import { GatewayError } from '../../core/errors.ts'
import type { QuarantineItem } from '../../core/quarantine.ts'
import type { ScanReport } from '../../core/report.ts'
import {
  type RecipientResult,
  SUBMISSION_STATES,
  type Submission,
  type SubmissionRecord,
  type SubmissionState,
} from '../../core/submission.ts'
import type { RecordSealer } from '../../platform/at-rest.ts'
import type { DueSubmission, QuarantineQuery } from '../../ports/submission-store.ts'
import type { ChainHead } from '../audit-chain.ts'
import { fromRecordBytes } from '../record-bytes.ts'
import type { Db } from './open-database.ts'
import type { DocumentKind } from './write-protocol.ts'

/** Reads rows and turns them into domain types; opens the sealed documents. Writes nothing. */
export class StateReader {
  readonly #db: Db
  readonly #sealer: RecordSealer
  readonly #sql: Statements

  /** `claims` is the path of the claims database: due submissions leave out those under a live claim. */
  constructor(db: Db, claims: string, sealer: RecordSealer) {
    this.#db = db
    this.#sealer = sealer
    db.prepare('ATTACH DATABASE ? AS claimed').run(claims)
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, db.prepare(sql)])
    this.#sql = Object.fromEntries(prepared) as Statements
  }

  /** Null when there is no such submission. */
  version(id: string): number | null {
    const row = this.#sql.version.get(id) as { readonly version: number } | undefined
    return row?.version ?? null
  }

  get(id: string): SubmissionRecord | null {
    // One transaction, so that row, documents and results are of the same moment.
    return this.#db.transaction(() => {
      const row = this.#sql.submission.get(id) as SubmissionRow | undefined
      if (!row) return null
      const documents = this.#documents(id)
      const results = (this.#sql.results.all(id) as ResultRow[]).map(resultOf)
      const envelope = documents.get('envelope') as Envelope | undefined
      if (!envelope) {
        throw new GatewayError('record-corrupt', {
          temporary: false,
          publicMessage: 'local error',
          message: `submission ${id} has lost its envelope`,
        })
      }
      const decision = (documents.get('decision') as Decision | undefined) ?? null
      const report = (documents.get('report') as ScanReport | undefined) ?? null
      return { submission: submissionOf(row, envelope, decision), results, report }
    })()
  }

  due(now: number, limit: number): readonly DueSubmission[] {
    return this.#sql.due.all(now, now, limit) as DueSubmission[]
  }

  quarantine(query: QuarantineQuery): readonly QuarantineItem[] {
    const conditions: string[] = []
    const values: (string | number)[] = []
    if (query.id !== undefined) {
      conditions.push('id = ?')
      values.push(query.id)
    }
    if (query.status !== undefined) {
      conditions.push('status = ?')
      values.push(query.status)
    }
    if (query.expiredBy !== undefined) {
      conditions.push('expires_at <= ?')
      values.push(query.expiredBy)
    }
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
    const order = query.expiredBy === undefined ? 'held_at DESC, id DESC' : 'expires_at, id'
    const sql = `SELECT * FROM quarantine_items ${where} ORDER BY ${order} LIMIT ? OFFSET ?`
    const rows = this.#db.prepare(sql).all(...values, query.limit, query.offset ?? 0) as QuarantineRow[]
    return rows.map(quarantineItemOf)
  }

  removable(limit: number): readonly { readonly id: string; readonly blob: string }[] {
    return this.#sql.removable.all(limit) as { id: string; blob: string }[]
  }

  liveBlobs(): ReadonlySet<string> {
    return new Set(this.#sql.liveBlobs.pluck().all() as string[])
  }

  counts(): Readonly<Record<SubmissionState, number>> {
    const rows = this.#sql.counts.all() as { state: SubmissionState; submissions: number }[]
    const found = new Map(rows.map(({ state, submissions }) => [state, submissions]))
    const counts = SUBMISSION_STATES.map((state) => [state, found.get(state) ?? 0])
    return Object.fromEntries(counts) as Record<SubmissionState, number>
  }

  /** Entries after `after` in order, at most `limit`. */
  auditPage(after: number, limit: number, submission?: string): readonly AuditEntry[] {
    const rows =
      submission === undefined ? this.#sql.audit.all(after, limit) : this.#sql.auditOf.all(submission, after, limit)
    return (rows as AuditRow[]).map((row) => ({ ...row, details: parseDetails(row.details) }))
  }

  /** Null while the chain is whole. */
  auditStart(): AuditStart | null {
    return (this.#sql.auditStart.get() as AuditStart | undefined) ?? null
  }

  /** Submissions that are done, have no content and last changed before `before`, oldest first. */
  finished(before: number, limit: number): readonly string[] {
    return this.#sql.finished.pluck().all(before, limit) as string[]
  }

  /**
   * Sequence of the last of the first `limit` entries that may go: all up to it were made before `before`, and none
   * belongs to a submission that still has a record. Null when not even the first may.
   */
  trimmable(before: number, limit: number): { readonly through: number; readonly entries: number } | null {
    const rows = this.#sql.auditAges.all(limit) as { sequence: number; at: number; live: number }[]
    const end = rows.findIndex(({ at, live }) => at >= before || live === 1)
    const entries = end < 0 ? rows.length : end
    const last = rows[entries - 1]
    return last ? { through: last.sequence, entries } : null
  }

  /** Documents sealed under an older key-encryption key than `keyId`. */
  sealedUnderOlder(keyId: number, limit: number): readonly SealedRow[] {
    return this.#sql.sealedUnderOlder.all(keyId, limit) as SealedRow[]
  }

  #documents(id: string): ReadonlyMap<DocumentKind, unknown> {
    const rows = this.#sql.documents.all(id) as { kind: DocumentKind; body: Buffer }[]
    return new Map(
      rows.map(({ kind, body }) => [kind, fromRecordBytes(this.#sealer.open(documentRowId(id, kind), body))]),
    )
  }
}

/** What a sealed document is bound to, so that it can't be moved to another row. */
export function documentRowId(submission: string, kind: DocumentKind): string {
  return `submissions/${submission}/${kind}`
}

/** The last entry that retention removed, with the MAC that seals it. */
export interface AuditStart extends ChainHead {
  readonly sealed: string
}

export interface SealedRow {
  readonly submission: string
  readonly kind: DocumentKind
  readonly body: Buffer
}

type Statements = Record<keyof typeof STATEMENTS, Statement<unknown[]>>

const STATEMENTS = {
  version: 'SELECT version FROM submissions WHERE id = ?',
  submission: 'SELECT * FROM submissions WHERE id = ?',
  documents: 'SELECT kind, body FROM sealed_documents WHERE submission = ?',
  results: 'SELECT * FROM recipient_results WHERE submission = ? ORDER BY rowid',
  due: `SELECT s.id AS id, s.state AS state, s.blob_size AS size FROM submissions s
    LEFT JOIN claimed.claims c ON c.id = s.id AND c.until_ms > ?
    WHERE s.next_attempt_at <= ? AND c.id IS NULL ORDER BY s.next_attempt_at, s.id LIMIT ?`,
  removable: `SELECT s.id AS id, s.blob_id AS blob FROM submissions s
    WHERE s.state = 'done' AND s.content_removed_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM submissions o WHERE o.blob_id = s.blob_id AND o.content_removed_at IS NULL AND o.state <> 'done')
    ORDER BY s.updated_at, s.id LIMIT ?`,
  liveBlobs: 'SELECT DISTINCT blob_id FROM submissions WHERE content_removed_at IS NULL',
  counts: 'SELECT state, submissions FROM state_counts',
  audit: 'SELECT * FROM audit_entries WHERE sequence > ? ORDER BY sequence LIMIT ?',
  auditOf: 'SELECT * FROM audit_entries WHERE submission = ? AND sequence > ? ORDER BY sequence LIMIT ?',
  auditStart: 'SELECT sequence, mac, sealed FROM audit_start',
  auditAges: `SELECT sequence, at, EXISTS (SELECT 1 FROM submissions s WHERE s.id = audit_entries.submission) AS live
    FROM audit_entries ORDER BY sequence LIMIT ?`,
  finished: `SELECT id FROM submissions WHERE content_removed_at IS NOT NULL AND state = 'done' AND updated_at < ?
    ORDER BY updated_at LIMIT ?`,
  sealedUnderOlder: 'SELECT submission, kind, body FROM sealed_documents WHERE key_id < ? LIMIT ?',
} as const

interface SubmissionRow {
  readonly id: string
  readonly origin: Submission['origin']
  readonly parent: string | null
  readonly blob_id: string
  readonly blob_size: number
  readonly blob_sha256: string
  readonly reply_mode: Submission['replyMode']
  readonly state: SubmissionState
  readonly version: number
  readonly inspect_attempts: number
  readonly next_attempt_at: number | null
  readonly received_at: number
  readonly updated_at: number
}

interface ResultRow {
  readonly recipient: string
  readonly status: RecipientResult['status']
  readonly attempts: number
  readonly next_attempt_at: number | null
  readonly last_reply: string | null
  readonly next_hop: string | null
  readonly updated_at: number
  readonly delay_notified_at: number | null
}

interface QuarantineRow {
  readonly id: string
  readonly cause: QuarantineItem['cause']
  readonly severity: QuarantineItem['severity']
  readonly sender: string
  readonly recipients: string
  readonly size: number
  readonly held_at: number
  readonly expires_at: number
  readonly status: QuarantineItem['status']
  readonly reviewer: string | null
  readonly review_reason: string | null
  readonly reviewed_at: number | null
}

type AuditRow = Omit<AuditEntry, 'details'> & { readonly details: string }

function submissionOf(row: SubmissionRow, envelope: Envelope, decision: Decision | null): Submission {
  return {
    id: row.id,
    origin: row.origin,
    parent: row.parent,
    envelope,
    blob: { id: row.blob_id, size: row.blob_size, sha256: row.blob_sha256 },
    replyMode: row.reply_mode,
    state: row.state,
    version: row.version,
    inspectAttempts: row.inspect_attempts,
    nextAttemptAt: row.next_attempt_at,
    receivedAt: row.received_at,
    updatedAt: row.updated_at,
    decision,
  }
}

function resultOf(row: ResultRow): RecipientResult {
  return {
    recipient: row.recipient,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastReply: row.last_reply,
    nextHop: row.next_hop,
    updatedAt: row.updated_at,
    delayNotifiedAt: row.delay_notified_at,
  }
}

function quarantineItemOf(row: QuarantineRow): QuarantineItem {
  return {
    id: row.id,
    cause: row.cause,
    severity: row.severity,
    sender: row.sender,
    recipients: JSON.parse(row.recipients) as string[],
    size: row.size,
    heldAt: row.held_at,
    expiresAt: row.expires_at,
    status: row.status,
    review:
      row.reviewed_at === null
        ? null
        : { reviewer: row.reviewer ?? '', reason: row.review_reason ?? '', at: row.reviewed_at },
  }
}

/** Details that someone edited into something that is no JSON must show as a broken link, not as a crash. */
function parseDetails(text: string): AuditEntry['details'] {
  try {
    const parsed: JsonValue = JSON.parse(text)
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as AuditEntry['details']
  } catch {}
  return { unreadable: true }
}
