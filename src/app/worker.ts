/**
 * Composition of a scan worker: takes ids from BullMQ, inspects, persists the decision, leaves acting to the gateway of
 * this host. It reads the spool and writes the state; it never writes the spool and never delivers. Its own admin port
 * tells whether it can work and what it inspected.
 */
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { PipelineDependencies } from '../pipeline/dependencies.ts'
import { processSubmission } from '../pipeline/process.ts'
import { systemClock } from '../platform/clock.ts'
import { createLog } from '../platform/log.ts'
import { createMetrics, type Metrics } from '../platform/metrics.ts'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import { loadCatalog } from './catalog-snapshot.ts'
import { createDispatcher } from './create-dispatcher.ts'
import { workerChecks } from './gateway-checks.ts'
import { Health } from './health.ts'
import { directoryOf, loadDefinitions } from './installation.ts'
import { PolicyJudge } from './judge.ts'
import { pipelineObserver } from './observe.ts'
import { openState } from './open-state.ts'
import { pipelineScanner } from './pipeline-scanner.ts'
import { pipelineSettings } from './settings.ts'
import { detectorSources, startScanPool } from './start-scan-pool.ts'
import { definitionPaths, watchDefinitions } from './watch-definitions.ts'

const HEALTH_INTERVAL_MS = 2_000
const WATCH_INTERVAL_MS = 2_000

export interface Worker {
  /** Null when `worker.admin.port` is off. */
  readonly adminPort: number | null
  /** Finishes what is in hand up to `graceMs`, closes everything. */
  close(graceMs: number): Promise<void>
}

/** Throws GatewayError or DiagnosticsError with what to mend; nothing is left running then. */
export async function startWorker(config: Config): Promise<Worker> {
  const closers: (() => Promise<void>)[] = []
  try {
    return await compose(config, closers)
  } catch (thrown) {
    for (const close of closers.reverse()) await close().catch(() => undefined)
    throw thrown
  }
}

async function compose(config: Config, closers: (() => Promise<void>)[]): Promise<Worker> {
  const log = createLog({ level: config.log.level, process: 'worker' })
  const metrics = createMetrics({ processMetrics: true })
  const state = await openState(config)
  closers.push(() => state.close())
  const catalog = await loadCatalog(config)
  const definitions = await loadDefinitions(config, catalog.known)
  const pool = await startScanPool(config, definitions, catalog, log)
  closers.push(() => pool.close())
  const judge = new PolicyJudge(definitions.policies, pool.revisions, directoryOf(config))
  const dispatcher = await createDispatcher(config, log, ['inspect'])
  closers.push(() => dispatcher.stop(0))
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
    observe: pipelineObserver(metrics),
    settings: pipelineSettings(config, state.keys.trace, false),
  }
  const watch = await watchDefinitions({
    paths: () => definitionPaths(config),
    intervalMs: WATCH_INTERVAL_MS,
    log,
    load: async () => {
      const fresh = await loadCatalog(config)
      const changed = await loadDefinitions(config, fresh.known)
      await pool.reload(detectorSources(changed, fresh))
      judge.replace(changed.policies, pool.revisions)
    },
  })
  closers.push(async () => watch.stop())
  await dispatcher.start(async (id) => void (await processSubmission(deps, id)))
  const health = new Health({
    intervalMs: HEALTH_INTERVAL_MS,
    timeoutMs: limits.healthCheckTimeoutMs,
    checks: workerChecks(deps, watch),
  })
  closers.push(async () => health.stop())
  await health.start()
  const admin = await startAdmin(config, deps, health, metrics)
  log.info({ policies: judge.revision, ...pool.revisions, adminPort: admin?.port ?? 'off' }, 'worker ready')
  return {
    adminPort: admin?.port ?? null,
    close: async (graceMs) => {
      health.drain()
      watch.stop()
      await dispatcher.stop(graceMs)
      await pool.close()
      health.stop()
      await admin?.close()
      await state.close()
    },
  }
}

async function startAdmin(
  { worker }: Config,
  deps: PipelineDependencies,
  health: Health,
  metrics: Metrics,
): Promise<AdminServer | null> {
  const { host, port } = worker.admin
  if (port === 'off') return null
  const refresh = async () => {
    const stats = await deps.dispatcher.stats()
    metrics.dispatch.set({ state: 'waiting' }, stats.waiting)
    metrics.dispatch.set({ state: 'active' }, stats.active)
    metrics.ready.set(health.problems().length === 0 ? 1 : 0)
  }
  return await startAdminServer({ host, port, section: 'worker.admin', health, metrics, refresh })
}

/** With `settings.acts` false the pipeline never gets here; if it ever does, the sweep of the gateway takes over. */
function notHere(): GatewayError {
  return new GatewayError('not-in-worker', { temporary: true, publicMessage: 'Only the gateway acts on decisions.' })
}
