/** The HTTP API as an installation has it: its token, its catalogue, and a pool for uploads that starts with the first. */
import type { Config } from '../../config/schema.ts'
import { systemClock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { AuditLog } from '../../ports/audit-log.ts'
import type { ScanPool } from '../../scan/scan-pool.ts'
import { keysDir } from '../commands/keys-command.ts'
import { openCatalog } from '../register-documents.ts'
import { startExtractPool } from '../start-scan-pool.ts'
import { apiTokenFile, ensureApiToken } from './api-token.ts'
import { createHttpApi, type HttpApi } from './http-api.ts'

export async function startApi(config: Config, audit: AuditLog, log: Log): Promise<HttpApi> {
  const tokenFile = apiTokenFile(keysDir(config.keys_dir))
  await ensureApiToken(tokenFile)
  const catalog = await openCatalog(config)
  let pool: Promise<ScanPool> | null = null
  const api = await createHttpApi({
    tokenFile,
    log,
    catalog,
    pool: () => {
      const started = pool ?? startExtractPool(config, { chunks: true, pictures: true })
      pool = started
      // What kept it from starting may be mended by the next upload.
      started.catch(() => {
        if (pool === started) pool = null
      })
      return started
    },
    audit: (details) => audit.append({ event: 'catalog', actor: 'api', details }, systemClock.now()),
    now: systemClock.now,
  })
  return {
    ...api,
    close: async () => {
      await api.close()
      await (await pool?.catch(() => null))?.close()
    },
  }
}
