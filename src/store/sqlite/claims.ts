import { closeSync, openSync, rmSync } from 'node:fs'
import Database, { type Statement } from 'better-sqlite3'
import { type Db, sqliteCode } from './open-database.ts'

/**
 * Who is working on what, in a small database of its own without syncing: losing it loses nothing, since taking a
 * claim again is harmless. Shared by the processes of one host. A claim that ended without being given back counts as
 * the loss of its owner: that is how a submission which kills whoever inspects it is told from others. What is asked for
 * in one turn of the event loop shares a transaction, in the order it was asked for.
 */
export function claimsPath(databasePath: string): string {
  return `${databasePath}-claims`
}

interface Asked {
  readonly id: string
  readonly run: () => boolean
  readonly resolve: (done: boolean) => void
  readonly reject: (error: unknown) => void
}

/** Claims that nobody came back to are forgotten after this long. */
const FORGET_MS = 24 * 3_600_000

export class Claims {
  readonly #db: Db
  readonly #take: Statement<unknown[]>
  readonly #release: Statement<unknown[]>
  readonly #lost: Statement<unknown[]>
  readonly #begin: Statement<unknown[]>
  readonly #commit: Statement<unknown[]>
  #queue: Asked[] = []

  /** Claims that ended long before `now` are dropped. A damaged file (power loss) is begun anew. */
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
        `CREATE TABLE IF NOT EXISTS claims (id TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, until_ms INTEGER NOT NULL,
           lost INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID`,
      )
      this.#db.prepare('DELETE FROM claims WHERE until_ms <= ?').run(now - FORGET_MS)
      this.#take = this.#db.prepare(
        `INSERT INTO claims (id, owner, until_ms) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms,
           lost = claims.lost + (claims.owner NOT IN (excluded.owner, ''))
         WHERE claims.owner IN (excluded.owner, '') OR claims.until_ms <= ?`,
      )
      this.#release = this.#db.prepare('DELETE FROM claims WHERE id = ? AND owner = ?')
      this.#begin = this.#db.prepare('BEGIN IMMEDIATE')
      this.#commit = this.#db.prepare('COMMIT')
      this.#lost = this.#db.prepare("SELECT lost + (owner <> '' AND until_ms <= ?) AS lost FROM claims WHERE id = ?")
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  take(id: string, owner: string, now: number, untilMs: number): Promise<boolean> {
    return this.#ask(id, () => this.#take.run(id, owner, untilMs, now).changes === 1)
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#ask(id, () => this.#release.run(id, owner).changes === 1)
  }

  /** Carries out now what has been asked for in this turn. */
  flush(): void {
    const asked = this.#queue
    if (asked.length === 0) return
    this.#queue = []
    try {
      this.#begin.run()
      const answers = asked.map(({ run }) => run())
      this.#commit.run()
      asked.forEach(({ resolve }, i) => {
        resolve(answers[i] ?? false)
      })
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      // Another process is writing claims: whoever lost this race is asked again by the next hint or sweep, and what
      // was not given back ends by its time.
      const busy = sqliteCode(error)?.startsWith('SQLITE_BUSY') ?? false
      for (const { resolve, reject } of asked) {
        if (busy) resolve(false)
        else reject(error)
      }
    }
  }

  /** Ends every claim: for the only process that works on submissions, before it begins. Their owners count as lost. */
  forgetAll(now: number): void {
    this.flush()
    this.#db.prepare("UPDATE claims SET lost = lost + 1, owner = '', until_ms = ? WHERE owner <> ''").run(now)
  }

  /** How many owners were lost while they had this claim, since it was last given back. */
  ownersLost(id: string, now: number): number {
    if (this.#queue.some((asked) => asked.id === id)) this.flush()
    const row = this.#lost.get(now, id) as { readonly lost: number } | undefined
    return row?.lost ?? 0
  }

  close(): void {
    this.flush()
    this.#db.close()
  }

  #ask(id: string, run: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ id, run, resolve, reject })
      if (this.#queue.length === 1) setImmediate(() => this.flush())
    })
  }
}
