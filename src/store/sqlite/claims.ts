import { closeSync, openSync, rmSync } from 'node:fs'
import Database, { type Statement } from 'better-sqlite3'
import { type Db, sqliteCode } from './open-database.ts'

/**
 * Who is working on what, in a small database of its own without syncing: losing it loses nothing, since taking a
 * claim again is harmless. Shared by the processes of one host.
 */
export function claimsPath(databasePath: string): string {
  return `${databasePath}-claims`
}

export class Claims {
  readonly #db: Db
  readonly #take: Statement<unknown[]>
  readonly #release: Statement<unknown[]>

  /** Claims that ended before `now` are dropped. A damaged file (power loss) is begun anew. */
  static open(path: string, busyTimeoutMs: number, now: number): Claims {
    try {
      return new Claims(path, busyTimeoutMs, now)
    } catch (error) {
      const code = sqliteCode(error)
      if (!code?.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB') throw error
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
      return new Claims(path, busyTimeoutMs, now)
    }
  }

  private constructor(path: string, busyTimeoutMs: number, now: number) {
    closeSync(openSync(path, 'a', 0o600))
    this.#db = new Database(path, { timeout: busyTimeoutMs })
    try {
      this.#db.pragma('journal_mode = WAL')
      this.#db.pragma('synchronous = OFF')
      this.#db.exec(
        'CREATE TABLE IF NOT EXISTS claims (id TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID',
      )
      this.#db.prepare('DELETE FROM claims WHERE until_ms <= ?').run(now)
      this.#take = this.#db.prepare(
        `INSERT INTO claims (id, owner, until_ms) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
         WHERE claims.owner = excluded.owner OR claims.until_ms <= ?`,
      )
      this.#release = this.#db.prepare('DELETE FROM claims WHERE id = ? AND owner = ?')
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  take(id: string, owner: string, now: number, untilMs: number): boolean {
    try {
      return this.#take.run(id, owner, untilMs, now).changes === 1
    } catch (error) {
      // Another process is writing claims: whoever lost this race is asked again by the next hint or sweep.
      if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) return false
      throw error
    }
  }

  release(id: string, owner: string): void {
    try {
      this.#release.run(id, owner)
    } catch (error) {
      // It then ends by its time.
      if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error
    }
  }

  /** Drops every claim: for the only process that works on submissions, before it begins. */
  forgetAll(): void {
    this.#db.exec('DELETE FROM claims')
  }

  close(): void {
    this.#db.close()
  }
}
