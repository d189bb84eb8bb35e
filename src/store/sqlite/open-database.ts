import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { GatewayError } from '../../core/errors.ts'
import type { Migration } from '../migrations/migration.ts'

/**
 * Connections to the state database: write-ahead log, every commit synced (`synchronous=FULL`), waits for other
 * processes instead of failing, foreign keys enforced.
 */
export type Db = Database.Database

export function openForWriting(path: string, busyTimeoutMs: number): Db {
  // Created here, so that nobody else can read it; SQLite gives its side files the same mode.
  closeSync(openSync(path, 'a', 0o600))
  const db = new Database(path, { timeout: busyTimeoutMs })
  // Holds for a new file only; what retention frees can then be given back without rewriting everything.
  db.pragma('auto_vacuum = INCREMENTAL')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  db.pragma('wal_autocheckpoint = 2000')
  db.pragma('journal_size_limit = 67108864')
  return db
}

export function openForReading(path: string, busyTimeoutMs: number): Db {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs })
  db.pragma('query_only = ON')
  return db
}

/**
 * Brings the schema up to date, all missing steps in one transaction; another process may be doing the same. Throws
 * GatewayError `store-newer` when the database was written by a later version.
 */
export function migrate(db: Db, path: string, migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.number ?? 0
  if (schemaNumber(db) === newest) return
  db.transaction(() => {
    const found = schemaNumber(db)
    if (found > newest) {
      throw new GatewayError('store-newer', {
        temporary: false,
        publicMessage: 'local error',
        message: `${path} has schema ${found}, this version of Sluice knows ${newest}: install the newer version again, or restore the database from before the upgrade`,
      })
    }
    for (const migration of migrations) {
      if (migration.number <= found) continue
      db.exec(migration.sql)
      db.pragma(`user_version = ${migration.number}`)
    }
  }).immediate()
}

function schemaNumber(db: Db): number {
  return Number(db.pragma('user_version', { simple: true }))
}

/** SQLite's own name of what went wrong (`SQLITE_FULL`, `SQLITE_IOERR_FSYNC` …), or undefined. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code.startsWith('SQLITE_') ? error.code : undefined
}
