import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { EmbeddedDispatcher } from '../dispatch/embedded/embedded-dispatcher.ts'
import type { Log } from '../platform/log.ts'
import type { Dispatcher, DispatchHint } from '../ports/dispatcher.ts'

/** The configured dispatcher, working on the given steps. Only one that acts can stand in for Redis. */
export async function createDispatcher(
  config: Config,
  log: Log,
  works: readonly DispatchHint['step'][],
): Promise<Dispatcher> {
  const activeMax = config.limits.active_messages
  const embedded = new EmbeddedDispatcher({ activeMax, waitingMax: limits.spoolSubmissionsMax })
  if (config.dispatch.kind === 'embedded') return embedded
  // A gateway of one process need not load what talks to Redis.
  const { BullmqDispatcher } = await import('../dispatch/bullmq/bullmq-dispatcher.ts')
  return new BullmqDispatcher({
    url: redisUrl(config.dispatch),
    queue: config.dispatch.queue,
    activeMax,
    works,
    onProblem: (problem) =>
      log.warn({ problem }, 'Redis is in trouble; nothing is lost, the gateway does the work itself meanwhile'),
    ...(works.includes('act') ? { fallback: embedded } : {}),
  })
}

export function redisUrl(dispatch: {
  readonly redis?: string | undefined
  readonly redis_file?: string | undefined
}): string {
  const url = dispatch.redis ?? readSecret(dispatch.redis_file ?? '')
  if (/^rediss?:\/\//.test(url)) return url
  throw new GatewayError('config-redis', {
    temporary: false,
    publicMessage: 'dispatch.redis must be a URL such as redis://127.0.0.1:6379/0',
    message: 'dispatch.redis (or the file dispatch.redis_file) must hold a URL such as redis://127.0.0.1:6379/0',
  })
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    const message = `dispatch.redis_file ${file} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`
    throw new GatewayError('config-redis', { temporary: false, publicMessage: message, message, cause: thrown })
  }
}
