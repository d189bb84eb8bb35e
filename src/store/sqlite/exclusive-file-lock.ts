import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { GatewayError } from '../../core/errors.ts'
import { sqliteCode } from './open-database.ts'

/**
 * A lock between processes that the kernel gives back when its holder dies, however it dies. Node has no flock, so an
 * empty SQLite file with an exclusive transaction held open lends us its record locks (which also hold between
 * containers that share a volume on one host).
 */
export interface FileLock {
  release(): void
}

/** Takes the lock at once or throws GatewayError `locked`. `holder` says what the lock is for, in the message. */
export function acquireFileLock(path: string, holder: string): FileLock {
  // Created here, so that its permissions are ours.
  closeSync(openSync(path, 'a', 0o600))
  const database = new Database(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!sqliteCode(cause)?.startsWith('SQLITE_BUSY')) throw cause
    throw new GatewayError('locked', {
      temporary: true,
      publicMessage: 'local error',
      message: `another process is ${holder} (it holds ${path}). Stop it, or configure another folder`,
      cause,
    })
  }
  return {
    release() {
      if (database.open) database.close()
    },
  }
}
