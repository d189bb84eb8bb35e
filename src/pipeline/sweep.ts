/**
 * Disk is the truth, the queue is a hint: at start and by timer every submission with something due is dispatched
 * again, retention is carried out, and content that nobody needs any more is removed.
 */
import { asError } from '../core/errors.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { type Retention, retain } from './retention.ts'
import { expireQuarantine } from './review.ts'

export interface Sweep {
  /** One round now; resolves when its hints are out. */
  once(): Promise<void>
  stop(): Promise<void>
}

export function startSweep(deps: PipelineDependencies, retention: Retention): Sweep {
  let running: Promise<void> | null = null
  const once = () => {
    running ??= round(deps, retention).finally(() => {
      running = null
    })
    return running
  }
  const timer = setInterval(() => {
    once().catch((thrown: unknown) => deps.log.error({ error: asError(thrown) }, 'a sweep failed'))
  }, deps.settings.sweepIntervalMs)
  timer.unref()
  return {
    once,
    stop: async () => {
      clearInterval(timer)
      await running?.catch(() => undefined)
    },
  }
}

async function round(deps: PipelineDependencies, retention: Retention): Promise<void> {
  const due = await deps.store.due(deps.clock.now(), deps.settings.sweepBatchMax)
  for (const { id, size, state } of due) {
    await deps.dispatcher.enqueue(id, { step: state === 'received' ? 'inspect' : 'act', size })
  }
  await expireQuarantine(deps)
  const removable = await deps.store.removable(deps.settings.sweepBatchMax)
  for (const { blob } of removable) await deps.blobs.remove(blob)
  if (removable.length > 0) await deps.store.contentRemoved(removable.map(({ id }) => id))
  await retain(retention)
}
