/**
 * Composition of the gateway: every role in one process tree on embedded defaults. The one place, with `worker.ts`,
 * that names concrete adapters. Nothing here decides anything.
 *
 *   role      process           may write          keys
 *   gateway   this              spool, state       all
 *   scan      worker threads    nothing            finding key
 *   state     worker thread     state              audit key, row key
 *   worker    `sluice worker`   state              all but writes no spool
 */
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { limits } from '../core/limits.ts'
import { createComposer } from '../delivery/composer/create-composer.ts'
import { createDeliverer } from '../delivery/create-deliverer.ts'
import { createSmtpIngress, type SmtpIngress } from '../ingress/smtp/smtp-ingress.ts'
import type { BoundAddress, SmtpListenerOptions } from '../ingress/smtp/smtp-options.ts'
import { createIntake } from '../pipeline/accept.ts'
import type { PipelineDependencies } from '../pipeline/dependencies.ts'
import { processSubmission } from '../pipeline/process.ts'
import { withRecentContent } from '../pipeline/recent-content.ts'
import { type Sweep, startSweep } from '../pipeline/sweep.ts'
import { isOwnTrace, TRACE_HEADER } from '../pipeline/trace.ts'
import { systemClock } from '../platform/clock.ts'
import { collectYoungEarly } from '../platform/collect-young-early.ts'
import { loadKeys } from '../platform/keys.ts'
import { createLog, type Log } from '../platform/log.ts'
import { createMetrics, type Metrics } from '../platform/metrics.ts'
import { PasswordFile } from '../platform/password-file.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import { createProtector } from '../protect/protector.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import { openDiskBlobStore } from '../store/blob-disk/disk-blob-store.ts'
import { openSqliteState } from '../store/sqlite/open-sqlite-state.ts'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import type { HttpApi } from './api/http-api.ts'
import { startApi } from './api/start-api.ts'
import { loadCatalog } from './catalog-snapshot.ts'
import { keysDir } from './commands/keys-command.ts'
import { createDispatcher } from './create-dispatcher.ts'
import { Doors } from './doors.ts'
import { gatewayChecks } from './gateway-checks.ts'
import { Health } from './health.ts'
import { directoryOf, loadDefinitions } from './installation.ts'
import { PolicyJudge } from './judge.ts'
import { pipelineObserver, smtpObserver } from './observe.ts'
import { spoolDir } from './open-state.ts'
import { pipelineScanner } from './pipeline-scanner.ts'
import { hostnameOf, pipelineSettings } from './settings.ts'
import { deliveryRoutes, listenerOptions, smtpLimits } from './smtp-listeners.ts'
import { detectorSources, startScanPool } from './start-scan-pool.ts'
import { type DefinitionWatch, definitionPaths, watchDefinitions } from './watch-definitions.ts'

export interface Gateway {
  readonly smtp: readonly BoundAddress[]
  readonly adminPort: number
  /** Where mail goes that no route takes, when that is a local Maildir. */
  readonly localMaildir: string | null
  readonly log: Log
  /** Stops intake, finishes what is in hand up to `graceMs`, closes everything. What is left is still on disk. */
  close(graceMs: number): Promise<void>
}

const HEALTH_INTERVAL_MS = 2_000
const WATCH_INTERVAL_MS = 2_000

/** Throws GatewayError or DiagnosticsError with what to mend; nothing is left running then. */
export async function startGateway(config: Config): Promise<Gateway> {
  collectYoungEarly()
  const log = createLog({ level: config.log.level, process: 'gateway' })
  const metrics = createMetrics({ processMetrics: true })
  const closers: (() => Promise<void>)[] = []
  try {
    return await compose(config, log, metrics, closers)
  } catch (thrown) {
    for (const close of closers.reverse()) await close().catch(() => undefined)
    throw thrown
  }
}

async function compose(config: Config, log: Log, metrics: Metrics, closers: (() => Promise<void>)[]): Promise<Gateway> {
  const keys = await loadKeys(keysDir(config.keys_dir))
  const blobs = await openDiskBlobStore({
    dir: spoolDir(config),
    keys: keys.keyEncryption,
    clock: systemClock,
    limits: { spoolFreeBytesMin: config.limits.spool_free },
  })
  closers.push(() => blobs.close())
  const { store, audit } = await openSqliteState({ dir: join(config.data_dir, 'state'), keys, clock: systemClock })
  closers.push(() => store.close())
  if (config.dispatch.kind === 'embedded') await store.forgetClaims()
  const orphans = await blobs.retainOnly(await store.liveBlobs())
  // After `sluice keys rotate` nothing stays under a former key-encryption key.
  const [rewrapped, resealed] = [await blobs.rewrap(), await store.reseal()]
  log.info({ ...blobs.recovery, orphans, rewrapped, resealed }, 'spool opened')

  const catalog = await loadCatalog(config)
  const composer = await createComposer({
    hostname: hostnameOf(config),
    ...(config.organisation.contact ? { contact: config.organisation.contact } : {}),
    ...(config.delivery.templates ? { templatesDir: config.delivery.templates } : {}),
  })
  const templates = composer.templateNames
  const definitions = await loadDefinitions(config, { ...catalog.known, templates })
  const pool = await startScanPool(config, definitions, catalog, log)
  closers.push(() => pool.close())
  const judge = new PolicyJudge(definitions.policies, pool.revisions, directoryOf(config))
  const { routes, localMaildir } = deliveryRoutes(config)
  const deliverer = createDeliverer({
    routes,
    protector: createProtector({
      clock: systemClock,
      ...(config.encryption.keys ? { keyDirectory: config.encryption.keys } : {}),
    }),
    clock: systemClock,
    hostname: hostnameOf(config),
  })
  closers.push(() => deliverer.close())
  const dispatcher = await createDispatcher(config, log, ['inspect', 'act'])
  closers.push(() => dispatcher.stop(0))
  const deps: PipelineDependencies = {
    store,
    blobs: withRecentContent(blobs),
    dispatcher,
    deliverer,
    composer,
    clock: systemClock,
    scanner: pipelineScanner(pool),
    judge,
    log,
    observe: pipelineObserver(metrics),
    settings: pipelineSettings(config, keys.trace, true),
  }
  const watch = await watchDefinitions({
    paths: () => definitionPaths(config),
    intervalMs: WATCH_INTERVAL_MS,
    log,
    load: () => reload(config, { pool, judge, audit, templates }),
  })
  const health = new Health({
    intervalMs: HEALTH_INTERVAL_MS,
    timeoutMs: limits.healthCheckTimeoutMs,
    checks: gatewayChecks(config, deps, watch),
  })
  await health.start()
  const ingress = smtpIngress(config, deps, health, keys.trace, metrics, log)
  const smtp = await ingress.listen()
  closers.push(() => ingress.close(0))
  const doors = new Doors({ health, ingress, patienceMs: limits.notReadyPatienceMs, now: systemClock.now, log })
  health.onRound(() => doors.look())
  const api = config.admin.api ? await startApi(config, audit, log) : null
  if (api) closers.push(() => api.close())
  const admin = await startAdminServer({
    host: config.admin.host,
    port: config.admin.port,
    section: 'admin',
    ...(api ? { api } : {}),
    health,
    metrics,
    refresh: () => refresh(deps, metrics, health),
  })
  closers.push(() => admin.close())
  await dispatcher.start(async (id) => void (await processSubmission(deps, id)))
  const sweep = startSweep(deps, {
    store,
    audit,
    clock: systemClock,
    recordsMs: config.retention.records,
    auditMs: config.retention.audit,
  })
  await sweep.once()
  log.info(
    {
      smtp: smtp.map((address) => `${address.listener} ${address.host}:${address.port}`),
      policies: judge.revision,
      ...pool.revisions,
    },
    'gateway ready',
  )
  const parts = { ingress, admin, api, sweep, watch, health, deps, pool, blobs }
  return { smtp, adminPort: admin.port, localMaildir, log, close: (graceMs) => closeInOrder(parts, graceMs) }
}

interface Reloadable {
  readonly pool: ScanPool
  readonly judge: PolicyJudge
  readonly audit: AuditLog
  /** Read at the start alone, so policies may name no others. */
  readonly templates: readonly string[]
}

async function reload(config: Config, { pool, judge, audit, templates }: Reloadable): Promise<void> {
  const catalog = await loadCatalog(config)
  const definitions = await loadDefinitions(config, { ...catalog.known, templates })
  await pool.reload(detectorSources(definitions, catalog))
  judge.replace(definitions.policies, pool.revisions)
  const details = { policies: judge.revision, rules: pool.revisions.rules, catalog: pool.revisions.catalog }
  await audit.append({ event: 'configuration', actor: 'system', details }, systemClock.now())
}

function smtpIngress(
  config: Config,
  deps: PipelineDependencies,
  health: Health,
  traceKey: Uint8Array,
  metrics: Metrics,
  log: Log,
): SmtpIngress {
  // Who may submit on one listener may not on another, unless both name the same file.
  const users = new Map(
    config.listeners.flatMap((l) => (l.users_file ? [[l.name, new PasswordFile(l.users_file)]] : [])),
  )
  const deadlines = new Map(config.listeners.map((listener) => [listener.name, listener.decision_deadline]))
  const intake = createIntake(deps, () => health.refusal())
  return createSmtpIngress({
    listeners: listenerOptions(config),
    intakeFor: (listener: SmtpListenerOptions) => ({
      refusal: intake.refusal,
      begin: (envelope) =>
        intake.begin(envelope, {
          mode: listener.replyMode,
          decisionDeadlineMs: deadlines.get(listener.name) ?? limits.smtpDecisionDeadlineMs,
        }),
    }),
    authenticate: async (name, password, listener) =>
      (await users.get(listener.name)?.authenticate(name, password)) ?? null,
    trace: { header: TRACE_HEADER.toLowerCase(), isOwnTrace: (value) => isOwnTrace(value, traceKey) },
    limits: smtpLimits(config),
    log,
    metrics: smtpObserver(metrics),
  })
}

async function refresh(deps: PipelineDependencies, metrics: Metrics, health: Health): Promise<void> {
  const [counts, stats, usage] = await Promise.all([deps.store.counts(), deps.dispatcher.stats(), deps.blobs.usage()])
  for (const [state, count] of Object.entries(counts)) metrics.submissions.set({ state }, count)
  metrics.dispatch.set({ state: 'waiting' }, stats.waiting)
  metrics.dispatch.set({ state: 'active' }, stats.active)
  metrics.spoolBytes.set({ kind: 'used' }, usage.usedBytes)
  metrics.spoolBytes.set({ kind: 'free' }, usage.freeBytes)
  for (const hop of deps.deliverer.health()) metrics.nextHopHealthy.set({ next_hop: hop.nextHop }, hop.healthy ? 1 : 0)
  metrics.ready.set(health.problems().length === 0 ? 1 : 0)
}

interface GatewayParts {
  readonly ingress: SmtpIngress
  readonly admin: AdminServer
  readonly api: HttpApi | null
  readonly sweep: Sweep
  readonly watch: DefinitionWatch
  readonly health: Health
  readonly deps: PipelineDependencies
  readonly pool: ScanPool
  readonly blobs: { close(): Promise<void> }
}

/** From the outside in: doors first, then the work, then what the work needs. */
async function closeInOrder(parts: GatewayParts, graceMs: number): Promise<void> {
  const { ingress, admin, api, sweep, watch, health, deps, pool, blobs } = parts
  health.drain()
  watch.stop()
  await ingress.close(graceMs)
  await sweep.stop()
  await deps.dispatcher.stop(graceMs)
  await deps.deliverer.close()
  await pool.close()
  health.stop()
  await admin.close()
  await api?.close()
  await blobs.close()
  await deps.store.close()
  deps.log.info({}, 'gateway stopped')
}
