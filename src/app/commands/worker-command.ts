import { limits } from '../../core/limits.ts'
import { loadConfiguration } from '../installation.ts'
import { startWorker } from '../worker.ts'
import { stopRequest, untilStopped } from './until-stopped.ts'

/** Runs until SIGTERM or Ctrl-C; what is in hand is finished first. */
export async function runWorker(flags: { readonly config?: string }): Promise<number> {
  const { config } = await loadConfiguration(flags)
  if (config.dispatch.kind !== 'bullmq') {
    process.stderr.write(
      'sluice worker: `dispatch.kind` is embedded, so the gateway does all the work itself; set `dispatch: { kind: bullmq, redis: … }` first\n',
    )
    return 2
  }
  const stop = stopRequest()
  const worker = await startWorker(config)
  process.stderr.write(`Worker ready: inspecting for the gateway over the queue ${config.dispatch.queue}\n`)
  await untilStopped(stop, async () => {
    process.stderr.write('Stopping: what is in hand is finished. Once more stops at once.\n')
    await worker.close(limits.drainTimeoutMs)
  })
  return 0
}
