import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { GatewayError } from '../../core/errors.ts'
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

  close(): void {
    const { db, anchor } = { db: this.#db, anchor: this.#anchor }
    this.#db = null
    this.#state = null
    this.#anchor = null
    anchor?.close()
    // Closing rolls back what is open; when the disk is gone even that may fail, and there is nothing left to do.
    try {
      db?.close()
    } catch {}
  }

  #transaction(requests: readonly WriteRequest[]): readonly WriteReply[] {
    const { db, state } = { db: this.#db, state: this.#state }
    if (!db || !state) throw new Error('the database is not open')
    db.exec('BEGIN IMMEDIATE')
    const before = state.readHead()
    const replies = requests.map((request) => this.#apply(db, state, request))
    db.exec('COMMIT')
    if (requests.some(({ change }) => change.kind === 'reanchor')) {
      this.#anchor?.close()
      this.#anchor = AnchorWriter.create(anchorPath(data.path), data.auditKey, state.head)
    } else if (state.head.sequence > before.sequence) {
      this.#anchor?.write(state.head)
    }
    return replies
  }

  #apply(db: Db, state: StateWriter, { number, change }: WriteRequest): WriteReply {
    const head = state.head
    db.exec('SAVEPOINT change')
    try {
      const outcome = state.apply(change)
      db.exec('RELEASE change')
      return { number, outcome }
    } catch (error) {
      // A full disk or an I/O error may have rolled everything back already: then nothing of this batch holds.
      if (!db.inTransaction) throw error
      db.exec('ROLLBACK TO change')
      db.exec('RELEASE change')
      state.restoreHead(head)
      return { number, failure: describe(error) }
    }
  }
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
    say({ kind: 'replies', replies: writer.run(queue.splice(0, data.batchMax)) })
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
