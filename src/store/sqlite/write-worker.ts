import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Statement } from 'better-sqlite3'
import { GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { systemErrorCode } from '../../platform/safe-files.ts'
import { sqliteMigrations } from '../migrations/sqlite-migrations.ts'
import { AnchorWriter, anchorPath, continueAnchor, readAnchor } from './audit-anchor.ts'
import { type Db, migrate, openForWriting, sqliteCode } from './open-database.ts'
import { StateWriter } from './state-writer.ts'
import type { FromWriter, ToWriter, WriteFailure, WriteReply, WriteRequest, WriterData } from './write-protocol.ts'

/**
 * The thread that writes the state database, so that waiting for the disk never stops the event loop. What has queued
 * up while one transaction was being synced becomes the next: one sync answers all of them. A change that conflicts or
 * fails is rolled back to its savepoint and doesn't hurt the others; a failed commit refuses all, temporarily, and
 * the connection is thrown away, so that no descriptor is synced again after it failed.
 */
const data = workerData as WriterData
const port = parentPort
if (!port) throw new Error('write-worker runs as a worker thread only')

class Writer {
  #db: Db | null = null
  #state: StateWriter | null = null
  #marks: Marks | null = null
  #anchor: AnchorWriter | null = null

  open(): void {
    if (this.#db) return
    const db = openForWriting(data.path, data.busyTimeoutMs)
    try {
      migrate(db, data.path, sqliteMigrations)
      const state = new StateWriter(db, data.auditKey)
      const path = anchorPath(data.path)
      // The anchor first: the chain may grow between the two looks, the anchor never leads it.
      const anchor = readAnchor(path, data.auditKey)
      this.#anchor = continueAnchor(path, data.auditKey, anchor, state.readHead())
      this.#state = state
      this.#marks = prepareMarks(db)
      this.#db = db
    } catch (error) {
      db.close()
      throw error
    }
  }

  run(requests: readonly WriteRequest[]): readonly WriteReply[] {
    try {
      this.open()
      return this.#transaction(requests)
    } catch (error) {
      const failure = describe(error)
      this.close()
      return requests.map(({ number }) => ({ number, failure }))
    }
  }

  /** After deletions, once they are answered: what was committed holds, whatever becomes of this. */
  giveBackSpace(): void {
    try {
      if (this.#db) giveBackSpace(this.#db)
    } catch {
      // No room to move pages in, or another process writes: the next deletion tries again.
      this.close()
    }
  }

  close(): void {
    const { db, anchor } = { db: this.#db, anchor: this.#anchor }
    this.#db = null
    this.#state = null
    this.#marks = null
    this.#anchor = null
    anchor?.close()
    // Closing rolls back what is open; when the disk is gone even that may fail, and there is nothing left to do.
    try {
      db?.close()
    } catch {}
  }

  #transaction(requests: readonly WriteRequest[]): readonly WriteReply[] {
    const { db, state, marks } = { db: this.#db, state: this.#state, marks: this.#marks }
    if (!db || !state || !marks) throw new Error('the database is not open')
    marks.begin.run()
    const before = state.readHead()
    const replies = this.#applyAll(db, state, marks, requests) ?? this.#applyEach(db, state, marks, requests)
    marks.commit.run()
    if (requests.some(({ change }) => change.kind === 'reanchor')) {
      this.#anchor?.close()
      this.#anchor = AnchorWriter.create(anchorPath(data.path), data.auditKey, state.head)
    } else if (state.head.sequence > before.sequence) {
      this.#anchor?.write(state.head)
    }
    return replies
  }

  /** Without savepoints, since next to nothing ever fails; null when something did, with all of it rolled back. */
  #applyAll(db: Db, state: StateWriter, marks: Marks, requests: readonly WriteRequest[]): WriteReply[] | null {
    try {
      return requests.map(({ number, change }) => ({ number, outcome: state.apply(change) }))
    } catch (error) {
      // A full disk or an I/O error may have rolled everything back already: then nothing of this batch holds.
      if (!db.inTransaction) throw error
      marks.rollbackAll.run()
      marks.begin.run()
      state.readHead()
      return null
    }
  }

  /** Each under a savepoint, so that what fails doesn't hurt the others. */
  #applyEach(db: Db, state: StateWriter, marks: Marks, requests: readonly WriteRequest[]): WriteReply[] {
    return requests.map((request) => this.#apply(db, state, marks, request))
  }

  #apply(db: Db, state: StateWriter, marks: Marks, { number, change }: WriteRequest): WriteReply {
    const head = state.head
    marks.savepoint.run()
    try {
      const outcome = state.apply(change)
      marks.release.run()
      return { number, outcome }
    } catch (error) {
      if (!db.inTransaction) throw error
      marks.rollback.run()
      marks.release.run()
      state.restoreHead(head)
      return { number, failure: describe(error) }
    }
  }
}

/** Begin and end of a transaction and of each change in it, prepared once. */
const MARKS = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollbackAll: 'ROLLBACK',
  savepoint: 'SAVEPOINT change',
  release: 'RELEASE change',
  rollback: 'ROLLBACK TO change',
} as const

type Marks = Record<keyof typeof MARKS, Statement<unknown[]>>

function prepareMarks(db: Db): Marks {
  return Object.fromEntries(Object.entries(MARKS).map(([name, sql]) => [name, db.prepare(sql)])) as Marks
}

/** Free pages beyond a reserve go back to the file system, some at a time: moving pages takes as long as writing them. */
function giveBackSpace(db: Db): void {
  const free = Number(db.pragma('freelist_count', { simple: true })) - limits.storeFreePagesKept
  if (free > 0) db.pragma(`incremental_vacuum(${Math.min(free, limits.storeVacuumPagesMax)})`)
}

function describe(error: unknown): WriteFailure {
  if (error instanceof GatewayError) return { code: error.code, temporary: error.temporary, message: error.message }
  const code = sqliteCode(error)
  const full = code === 'SQLITE_FULL'
  return {
    code: full ? 'store-full' : 'store-failed',
    temporary: true,
    message: full
      ? `the disk of ${data.path} is full; writing resumes by itself once there is room`
      : `${data.path} can't be opened or written (${code ?? systemErrorCode(error) ?? 'unknown error'})`,
  }
}

const writer = new Writer()
const queue: WriteRequest[] = []
let closing = false

function say(message: FromWriter): void {
  port?.postMessage(message)
}

function take(message: ToWriter): void {
  if (message.kind === 'close') closing = true
  else queue.push(...message.requests)
}

port.on('message', (message: ToWriter) => {
  take(message)
  while (queue.length > 0) {
    // All that arrived while the last transaction was being synced joins this one.
    for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) take(more.message)
    const requests = queue.splice(0, data.batchMax)
    say({ kind: 'replies', replies: writer.run(requests) })
    if (requests.some(({ change }) => change.kind === 'forget' || change.kind === 'trim')) writer.giveBackSpace()
  }
  if (closing) {
    writer.close()
    port.close()
  }
})

try {
  writer.open()
  say({ kind: 'ready' })
} catch (error) {
  say({ kind: 'unusable', failure: describe(error) })
  port.close()
}
