import type { Config } from '../../config/schema.ts'
import { limits } from '../../core/limits.ts'
import { loadConfiguration } from '../installation.ts'
import { startWorker } from '../worker.ts'
import { stopRequest, untilStopped } from './until-stopped.ts'

type AdminPort = Config['worker']['admin']['port']

/** Runs until SIGTERM or Ctrl-C; what is in hand is finished first. */
export async function runWorker(flags: { readonly config?: string; readonly adminPort?: AdminPort }): Promise<number> {
  const { config: configured } = await loadConfiguration(flags)
  const { admin } = configured.worker
  const config = { ...configured, worker: { admin: { ...admin, port: flags.adminPort ?? admin.port } } }
  if (config.dispatch.kind !== 'bullmq') {
    process.stderr.write(
      'sluice worker: `dispatch.kind` is embedded, so the gateway does all the work itself; set `dispatch: { kind: bullmq, redis: … }` first\n',
    )
    return 2
  }
  const stop = stopRequest()
  const worker = await startWorker(config)
  const port = worker.adminPort
  if (port !== null) process.stderr.write(`Admin http://${admin.host}:${port}/readyz, /healthz, /metrics\n`)
  process.stderr.write(`Worker ready: inspecting for the gateway over the queue ${config.dispatch.queue}\n`)
  await untilStopped(stop, async () => {
    process.stderr.write('Stopping: what is in hand is finished. Once more stops at once.\n')
    await worker.close(limits.drainTimeoutMs)
  })
  return 0
}
