/**
 * Composition of a scan worker: takes ids from BullMQ, inspects, persists the decision, leaves acting to the gateway of
 * this host. It reads the spool and writes the state; it never writes the spool and never delivers.
 */
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import type { PipelineDependencies } from '../pipeline/dependencies.ts'
import { processSubmission } from '../pipeline/process.ts'
import { systemClock } from '../platform/clock.ts'
import { createLog } from '../platform/log.ts'
import { createMetrics } from '../platform/metrics.ts'
import { catalogDir, loadCatalog } from './catalog-snapshot.ts'
import { createDispatcher } from './create-dispatcher.ts'
import { directoryOf, loadDefinitions } from './installation.ts'
import { PolicyJudge } from './judge.ts'
import { pipelineObserver } from './observe.ts'
import { openState } from './open-state.ts'
import { pipelineScanner } from './pipeline-scanner.ts'
import { pipelineSettings } from './settings.ts'
import { detectorSources, startScanPool } from './start-scan-pool.ts'
import { watchDefinitions } from './watch-definitions.ts'

const WATCH_INTERVAL_MS = 2_000

export async function startWorker(config: Config): Promise<{ close(graceMs: number): Promise<void> }> {
  const log = createLog({ level: config.log.level, process: 'worker' })
  const state = await openState(config)
  const catalog = await loadCatalog(config)
  const definitions = await loadDefinitions(config, catalog.known)
  const pool = await startScanPool(config, definitions, catalog, log)
  const judge = new PolicyJudge(definitions.policies, pool.revisions, directoryOf(config))
  const dispatcher = createDispatcher(config, log, ['inspect'])
  const deps: PipelineDependencies = {
    store: state.store,
    blobs: {
      create: () => Promise.reject(notHere()),
      remove: () => Promise.reject(notHere()),
      usage: () => Promise.resolve({ usedBytes: 0, freeBytes: 0, healthy: true }),
      read: (ref) => state.content.read(ref),
    },
    dispatcher,
    deliverer: { deliver: () => Promise.reject(notHere()), health: () => [], close: () => Promise.resolve() },
    composer: { dsn: () => Promise.reject(notHere()), notification: () => Promise.reject(notHere()) },
    clock: systemClock,
    scanner: pipelineScanner(pool),
    judge,
    log,
    observe: pipelineObserver(createMetrics({ processMetrics: false })),
    settings: pipelineSettings(config, state.keys.trace, false),
  }
  const watch = await watchDefinitions({
    paths: [...config.rules, ...config.policies, catalogDir(config), ...(config.labels ? [config.labels] : [])],
    intervalMs: WATCH_INTERVAL_MS,
    log,
    load: async () => {
      const fresh = await loadCatalog(config)
      const changed = await loadDefinitions(config, fresh.known)
      await pool.reload(detectorSources(changed, fresh))
      judge.replace(changed.policies, pool.revisions)
    },
  })
  await dispatcher.start(async (id) => void (await processSubmission(deps, id)))
  log.info({ policies: judge.revision, ...pool.revisions }, 'worker ready')
  return {
    close: async (graceMs) => {
      watch.stop()
      await dispatcher.stop(graceMs)
      await pool.close()
      await state.close()
    },
  }
}

/** With `settings.acts` false the pipeline never gets here; if it ever does, the sweep of the gateway takes over. */
function notHere(): GatewayError {
  return new GatewayError('not-in-worker', { temporary: true, publicMessage: 'Only the gateway acts on decisions.' })
}
