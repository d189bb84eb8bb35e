import { setImmediate } from 'node:timers/promises'
import type { AuditDraft, AuditEntry, AuditVerdict } from '../../core/audit.ts'
import { asError, GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { QuarantineItem } from '../../core/quarantine.ts'
import type { NewSubmission, SubmissionRecord, SubmissionState } from '../../core/submission.ts'
import { keyIdOf, RecordSealer } from '../../platform/at-rest.ts'
import type { KeyEncryptionKeys } from '../../platform/keys.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  DueSubmission,
  QuarantineQuery,
  SubmissionStore,
  Transition,
  TransitionOutcome,
} from '../../ports/submission-store.ts'
import { CHAIN_START, type ChainHead, linkProblem, startMac } from '../audit-chain.ts'
import { toRecordBytes } from '../record-bytes.ts'
import { anchorPath, readAnchor } from './audit-anchor.ts'
import { type Claims, claimsPath } from './claims.ts'
import { type Db, sqliteCode } from './open-database.ts'
import { type AuditStart, documentRowId, StateReader } from './state-reader.ts'
import type { DocumentKind, NewRow, SealedDocument, TransitionChange } from './write-protocol.ts'
import type { WriteThread } from './write-thread.ts'

/**
 * Submissions and audit over one SQLite file: writes go through the writing thread, reads use a connection of this
 * thread. Envelopes, decisions and reports are sealed here, before they reach a row.
 */
export interface SqliteStoreParts {
  readonly path: string
  readonly keys: KeyEncryptionKeys
  readonly auditKey: Buffer
  readonly clock: Clock
  readonly thread: WriteThread
  readonly claims: Claims
  readonly db: Db
}

const AUDIT_PAGE = 500
/** Retention removes a bounded batch at a time, seconds apart. */
const VERIFY_ATTEMPTS_MAX = 10
const RESEAL_PAGE = 200

export class SqliteStore implements SubmissionStore, AuditLog {
  readonly #parts: SqliteStoreParts
  readonly #sealer: RecordSealer
  readonly #reader: StateReader
  /** What was created here a moment ago and is about to be inspected, so that it needn't be read and unsealed. */
  readonly #created = new Map<string, SubmissionRecord>()
  #closed = false

  constructor(parts: SqliteStoreParts) {
    this.#parts = parts
    this.#sealer = new RecordSealer(parts.keys)
    this.#reader = new StateReader(parts.db, claimsPath(parts.path), this.#sealer)
  }

  async transition(change: Transition): Promise<TransitionOutcome> {
    this.#created.delete(change.id)
    const outcome = await this.#submit(change)
    if (outcome === 'applied' && change.create && change.from === null) this.#remember(change, change.create)
    return outcome
  }

  #submit(change: Transition): Promise<TransitionOutcome> {
    const documents: SealedDocument[] = []
    if (change.create && change.from === null) documents.push(this.#seal(change.id, 'envelope', change.create.envelope))
    if (change.decision) documents.push(this.#seal(change.id, 'decision', change.decision))
    if (change.report) documents.push(this.#seal(change.id, 'report', change.report))
    const urgent = change.from === null || change.clientWaits === true
    const transition: TransitionChange = {
      kind: 'transition',
      id: change.id,
      from: change.from,
      version: change.version,
      to: change.to,
      at: change.at,
      audit: change.audit,
      create: change.create ? rowOf(change.create) : null,
      documents,
      results: change.results ?? [],
      quarantine: change.quarantine ?? null,
      nextAttemptAt: change.nextAttemptAt,
      inspectAttempts: change.inspectAttempts ?? null,
      spawn: (change.spawn ?? []).map(({ create, decision, results, audit }) => ({
        create: rowOf(create),
        documents: [this.#seal(create.id, 'envelope', create.envelope), this.#seal(create.id, 'decision', decision)],
        results,
        audit,
      })),
    }
    return this.#parts.thread.submit(transition, urgent)
  }

  async get(id: string): Promise<SubmissionRecord | null> {
    return this.#read((reader) => {
      const created = this.#created.get(id)
      this.#created.delete(id)
      // Another process may have taken it on meanwhile: every change raises the version.
      return created && reader.version(id) === created.submission.version ? created : reader.get(id)
    })
  }

  async due(now: number, limit: number): Promise<readonly DueSubmission[]> {
    this.#parts.claims.flush()
    return this.#read((reader) => reader.due(now, limit))
  }

  async claim(id: string, owner: string, now: number, untilMs: number): Promise<boolean> {
    return await this.#parts.claims.take(id, owner, now, untilMs)
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#parts.claims.release(id, owner)
  }

  /**
   * Ends all claims: at the start of the only process that works on submissions, what a killed predecessor held is
   * free at once instead of by its time.
   */
  async forgetClaims(): Promise<void> {
    this.#parts.claims.forgetAll(this.#parts.clock.now())
  }

  async ownersLost(id: string, now: number): Promise<number> {
    return this.#parts.claims.ownersLost(id, now)
  }

  async quarantine(query: QuarantineQuery): Promise<readonly QuarantineItem[]> {
    return this.#read((reader) => reader.quarantine(query))
  }

  async removable(limit: number): Promise<readonly { readonly id: string; readonly blob: string }[]> {
    return this.#read((reader) => reader.removable(limit))
  }

  async contentRemoved(ids: readonly string[]): Promise<void> {
    await this.#parts.thread.submit({ kind: 'content-removed', ids, at: this.#parts.clock.now() })
  }

  async forgetRecords(before: number, limit: number): Promise<number> {
    const ids = this.#read((reader) => reader.finished(before, limit))
    if (ids.length > 0) await this.#parts.thread.submit({ kind: 'forget', ids })
    return ids.length
  }

  async trim(before: number, limit: number, at: number): Promise<number> {
    // Usually nothing is old enough: then one row tells.
    const first = this.#read((reader) => reader.trimmable(before, 1))
    const end = first && this.#read((reader) => reader.trimmable(before, limit))
    if (!end) return 0
    const details = { entries: end.entries, before: new Date(before).toISOString() }
    const draft: AuditDraft = { event: 'trimmed', actor: 'system', details }
    const outcome = await this.#parts.thread.submit({ kind: 'trim', through: end.through, draft, at })
    return outcome === 'applied' ? end.entries : 0
  }

  async liveBlobs(): Promise<ReadonlySet<string>> {
    return this.#read((reader) => reader.liveBlobs())
  }

  async counts(): Promise<Readonly<Record<SubmissionState, number>>> {
    return this.#read((reader) => reader.counts())
  }

  async ping(): Promise<void> {
    await this.#parts.thread.submit({ kind: 'ping' })
  }

  async append(draft: AuditDraft, at: number, submission?: string): Promise<void> {
    await this.#parts.thread.submit({ kind: 'audit', draft, at, submission: submission ?? null })
  }

  async *entries(filter: { readonly submission?: string; readonly after?: number }): AsyncGenerator<AuditEntry> {
    let after = filter.after ?? 0
    for (;;) {
      const from = after
      const page = this.#read((reader) => reader.auditPage(from, AUDIT_PAGE, filter.submission))
      for (const entry of page) {
        yield entry
        after = entry.sequence
      }
      if (page.length < AUDIT_PAGE) return
      // A long chain must not hold up the event loop.
      await setImmediate()
    }
  }

  async verify(): Promise<AuditVerdict> {
    for (let attempt = 1; ; attempt++) {
      const start = this.#read((reader) => reader.auditStart())
      const verdict = await this.#verifyFrom(start)
      if (verdict.ok || attempt === VERIFY_ATTEMPTS_MAX) return verdict
      // Retention may have removed what was about to be read: then the chain is walked from where it begins now.
      const now = this.#read((reader) => reader.auditStart())
      if (now?.sequence === start?.sequence) return verdict
    }
  }

  async #verifyFrom(start: AuditStart | null): Promise<AuditVerdict> {
    const key = this.#parts.auditKey
    // The anchor first: the chain may grow while it is walked, and must then be ahead of the anchor.
    const path = anchorPath(this.#parts.path)
    const anchor = readAnchor(path, key)
    if (start && startMac(key, start) !== start.sealed)
      return broken(start, start.sequence, 'where the chain begins was changed, or the audit key is another one')
    let head: ChainHead = start ?? CHAIN_START
    const first = head.sequence + 1
    // What retention removed was sealed when the chain had come further still.
    let anchored = anchor !== null && anchor.sequence <= head.sequence
    for await (const entry of this.entries({})) {
      const problem = linkProblem(key, head, entry)
      if (problem !== null) return broken(head, head.sequence + 1, problem)
      head = { sequence: entry.sequence, mac: entry.mac }
      if (entry.sequence !== anchor?.sequence) continue
      if (entry.mac !== anchor.mac)
        return broken(head, entry.sequence, `entry ${entry.sequence} is not the one that the anchor names`)
      anchored = true
    }
    if (anchored) {
      const entries = head.sequence + 1 - first
      return { ok: true, entries, ...(first > 1 ? { first } : {}), head: head.mac }
    }
    if (anchor) {
      const problem = `entries ${head.sequence + 1} to ${anchor.sequence} are missing: the chain was cut off at its end`
      return broken(head, head.sequence + 1, problem)
    }
    const problem = `the anchor ${path} is missing or not authentic: entries may have been cut off at the end`
    return broken(head, head.sequence + 1, problem)
  }

  /**
   * Makes the audit anchor follow the chain again, after a restore from backup, and records by whom. Until then a
   * missing or contradicting anchor keeps `verify` failing.
   */
  async renewAuditAnchor(actor: string, reason: string): Promise<void> {
    const details = { change: 'audit anchor renewed', reason }
    const draft: AuditDraft = { event: 'configuration', actor, details }
    await this.#parts.thread.submit({ kind: 'reanchor', draft, at: this.#parts.clock.now() })
  }

  /** Seals every document anew under the current key-encryption key. Returns how many changed. */
  async reseal(): Promise<number> {
    const { keys, thread } = this.#parts
    let changed = 0
    for (;;) {
      const page = this.#read((reader) => reader.sealedUnderOlder(keys.currentId(), RESEAL_PAGE))
      if (page.length === 0) return changed
      const outcomes = await Promise.all(
        page.map(({ submission, kind, body }) => {
          const plain = this.#sealer.open(documentRowId(submission, kind), body)
          return thread.submit({
            kind: 'reseal',
            submission,
            document: this.#sealBytes(submission, kind, plain),
            old: body,
          })
        }),
      )
      // A conflict means that a newer document took its place meanwhile, sealed under the current key.
      changed += outcomes.filter((outcome) => outcome === 'applied').length
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#parts.thread.close()
    this.#parts.db.close()
    this.#parts.claims.close()
  }

  #remember(change: Transition, create: NewSubmission): void {
    const oldest = this.#created.keys().next().value
    if (this.#created.size >= limits.storeCreatedKeptMax && oldest !== undefined) this.#created.delete(oldest)
    const { id, to: state, at: updatedAt, nextAttemptAt } = change
    const submission = {
      ...create,
      id,
      state,
      version: 1,
      inspectAttempts: 0,
      nextAttemptAt,
      updatedAt,
      decision: null,
    }
    this.#created.set(id, { submission, results: change.results ?? [], report: null })
  }

  #seal(submission: string, kind: DocumentKind, document: object): SealedDocument {
    return this.#sealBytes(submission, kind, toRecordBytes(document))
  }

  #sealBytes(submission: string, kind: DocumentKind, plain: Buffer): SealedDocument {
    const body = this.#sealer.seal(documentRowId(submission, kind), plain)
    return { kind, keyId: keyIdOf(body), body }
  }

  /** Errors of the database cross the room as ours: temporary, since nothing says that the next try must fail. */
  #read<T>(read: (reader: StateReader) => T): T {
    try {
      return read(this.#reader)
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause
      throw new GatewayError('store-failed', {
        temporary: true,
        publicMessage: 'local error in processing',
        message: `reading ${this.#parts.path} failed (${sqliteCode(cause) ?? asError(cause).name})`,
        cause,
      })
    }
  }
}

function rowOf(create: NewSubmission): NewRow {
  return {
    id: create.id,
    origin: create.origin,
    parent: create.parent,
    blobId: create.blob.id,
    blobSize: create.blob.size,
    blobSha256: create.blob.sha256,
    replyMode: create.replyMode,
    receivedAt: create.receivedAt,
  }
}

function broken(head: ChainHead, brokenAt: number, problem: string): AuditVerdict {
  return { ok: false, entries: head.sequence, brokenAt, problem }
}
