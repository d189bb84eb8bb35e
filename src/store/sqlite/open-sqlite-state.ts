import { join } from 'node:path'
import { limits } from '../../core/limits.ts'
import type { Keys } from '../../platform/keys.ts'
import { makePrivateDirectory, syncDirectory } from '../../platform/safe-files.ts'
import type { Clock } from '../../ports/clock.ts'
import { Claims, claimsPath } from './claims.ts'
import { openForReading } from './open-database.ts'
import { SqliteStore } from './sqlite-store.ts'
import { WriteThread } from './write-thread.ts'

/**
 * The embedded state store: submissions, quarantine and the audit chain in `state.sqlite`, claims and the audit anchor
 * beside it. Several processes of one host may open the same folder. Closing the store closes the audit log too.
 */
export interface SqliteStateOptions {
  /** Created with mode 0700 when missing. */
  readonly dir: string
  readonly keys: Pick<Keys, 'keyEncryption' | 'audit'>
  readonly clock: Clock
  readonly limits?: Partial<SqliteStateLimits>
}

export interface SqliteStateLimits {
  readonly storeBatchMax: number
  readonly storeQueueMax: number
  readonly storeBusyTimeoutMs: number
  readonly claimsBusyTimeoutMs: number
}

export interface SqliteState {
  readonly store: SqliteStore
  readonly audit: SqliteStore
}

/** Throws GatewayError `store-newer` when a later version wrote the file, `store-failed` when it can't be opened. */
export async function openSqliteState(options: SqliteStateOptions): Promise<SqliteState> {
  const { dir, keys, clock } = options
  const bounds: SqliteStateLimits = { ...limits, ...options.limits }
  const path = join(dir, 'state.sqlite')
  await makePrivateDirectory(dir)
  const thread = new WriteThread(
    { path, auditKey: keys.audit, busyTimeoutMs: bounds.storeBusyTimeoutMs, batchMax: bounds.storeBatchMax },
    bounds.storeQueueMax,
  )
  await thread.start()
  let claims: Claims | null = null
  try {
    // The database may have been created just now: its name must survive power loss before anything is acknowledged.
    await syncDirectory(dir)
    claims = Claims.open(claimsPath(path), bounds.claimsBusyTimeoutMs, clock.now())
    const db = openForReading(path, bounds.storeBusyTimeoutMs)
    const store = new SqliteStore({ path, keys: keys.keyEncryption, auditKey: keys.audit, clock, thread, claims, db })
    return { store, audit: store }
  } catch (error) {
    claims?.close()
    await thread.close()
    throw error
  }
}
