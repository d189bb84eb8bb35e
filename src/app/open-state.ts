/** The durable state of an installation, for the gateway, a worker or a command: keys, submissions, audit, content. */
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import { systemClock } from '../platform/clock.ts'
import { type Keys, loadKeys } from '../platform/keys.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { SubmissionStore } from '../ports/submission-store.ts'
import { type BlobReader, openBlobReader } from '../store/blob-disk/open-blob-reader.ts'
import { openSqliteState } from '../store/sqlite/open-sqlite-state.ts'
import { keysDir } from './commands/keys-command.ts'
import { exists } from './first-start.ts'
import { type ConfigChoice, loadConfiguration } from './installation.ts'

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

/**
 * The installation that a command was started for. Makes nothing: throws GatewayError `config-no-state` where there is
 * none, and what `openState` throws.
 */
export async function openInstallation(choice: ConfigChoice): Promise<{ config: Config; state: OpenState }> {
  const { config, file } = await loadConfiguration(choice)
  if (await exists(stateDir(config))) return { config, state: await openState(config) }
  const message =
    file === null && !(await exists(config.data_dir))
      ? `there is no sluice.yaml in ${process.cwd()}, and no data folder: go to the folder of the installation, or name its file with --config`
      : `nothing is stored in ${config.data_dir} yet: start the gateway with \`sluice serve\`, or name another file with --config`
  throw new GatewayError('config-no-state', { temporary: false, publicMessage: message, message })
}

export function stateDir(config: Config): string {
  return join(config.data_dir, 'state')
}

export async function openState(config: Config): Promise<OpenState> {
  const keys = await loadKeys(keysDir(config.keys_dir))
  const { store, audit } = await openSqliteState({ dir: stateDir(config), keys, clock: systemClock })
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
