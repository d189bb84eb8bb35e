import { Redis } from 'ioredis'

/** What Redis does when its memory is full (`noeviction` is what BullMQ needs); null where it may not say. Throws when it doesn't answer. */
export async function redisEvictionPolicy(url: string, timeoutMs: number): Promise<string | null> {
  const options = { lazyConnect: true, maxRetriesPerRequest: 0, connectTimeout: timeoutMs, retryStrategy: () => null }
  const client = new Redis(url, options)
  client.on('error', () => undefined)
  try {
    await client.connect()
    const answer = await client.config('GET', 'maxmemory-policy').catch(() => null)
    return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : null
  } finally {
    client.disconnect()
  }
}
