/** The durable state of an installation, for the gateway, a worker or a command: keys, submissions, audit, content. */
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../platform/clock.ts'
import { type Keys, loadKeys } from '../platform/keys.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { SubmissionStore } from '../ports/submission-store.ts'
import { type BlobReader, openBlobReader } from '../store/blob-disk/open-blob-reader.ts'
import { openSqliteState } from '../store/sqlite/open-sqlite-state.ts'
import { keysDir } from './commands/keys-command.ts'

export interface OpenState {
  readonly keys: Keys
  readonly store: SubmissionStore
  readonly audit: AuditLog
  /** Reads what the gateway spooled; writes nothing. */
  readonly content: BlobReader
  /** After a restore from backup: the anchor follows the chain as it is now, and the chain says who made it so. */
  renewAuditAnchor(actor: string, reason: string): Promise<void>
  close(): Promise<void>
}

export function spoolDir(config: Config): string {
  return join(config.data_dir, 'spool')
}

export async function openState(config: Config): Promise<OpenState> {
  const keys = await loadKeys(keysDir(config.keys_dir))
  const { store, audit } = await openSqliteState({ dir: join(config.data_dir, 'state'), keys, clock: systemClock })
  const content = openBlobReader({ dir: spoolDir(config), keys: keys.keyEncryption })
  return {
    keys,
    store,
    audit,
    content,
    renewAuditAnchor: (actor, reason) => store.renewAuditAnchor(actor, reason),
    close: async () => {
      await content.close()
      await store.close()
    },
  }
}
