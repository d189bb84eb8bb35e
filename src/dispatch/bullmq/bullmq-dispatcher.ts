/**
 * Dispatch over BullMQ on Redis: jobs carry only the submission id (which is the job id too), Redis may be lost at any
 * time. The gateway enqueues; gateway and `sluice worker` processes work. Errors of Redis are swallowed and shown in
 * `stats`: the store is the truth, and the sweep enqueues again what was lost.
 */
import { type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Dispatcher, DispatchStats } from '../../ports/dispatcher.ts'

export interface BullmqDispatcherOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  readonly queue: string
  readonly activeMax: number
  /** False for a process that only enqueues. */
  readonly works: boolean
  readonly onProblem: (problem: string) => void
}

/** A job whose worker blocks or dies is given to another after this long. */
const LOCK_MS = 30_000
const STALLED_MAX = 10
const PRIORITY_MAX = 2_000_000
const BYTES_PER_PRIORITY = 1024
const ENQUEUE_TIMEOUT_MS = 2_000

export class BullmqDispatcher implements Dispatcher {
  readonly #options: BullmqDispatcherOptions
  readonly #queue: Queue<{ id: string }>
  readonly #connections: Redis[] = []
  #worker: Worker<{ id: string }> | null = null
  #problem: string | null = null

  constructor(options: BullmqDispatcherOptions) {
    this.#options = options
    this.#queue = new Queue<{ id: string }>(options.queue, {
      connection: this.#connect({ enableOfflineQueue: false, maxRetriesPerRequest: 1 }),
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    })
    this.#queue.on('error', (error) => this.#fault(error))
  }

  async start(handler: (id: string) => Promise<void>): Promise<void> {
    if (!this.#options.works) return
    this.#worker = new Worker<{ id: string }>(
      this.#options.queue,
      async (job: Job<{ id: string }>) => handler(job.data.id),
      {
        connection: this.#connect({ maxRetriesPerRequest: null }),
        concurrency: this.#options.activeMax,
        lockDuration: LOCK_MS,
        maxStalledCount: STALLED_MAX,
        skipVersionCheck: true,
      },
    )
    this.#worker.on('error', (error) => this.#fault(error))
    this.#worker.on('ready', () => {
      this.#problem = null
    })
  }

  async enqueue(id: string, hint: { readonly size: number; readonly delayMs?: number }): Promise<void> {
    try {
      const add = this.#queue.add(
        'process',
        { id },
        {
          jobId: id,
          priority: 1 + Math.min(PRIORITY_MAX, Math.floor(hint.size / BYTES_PER_PRIORITY)),
          ...(hint.delayMs ? { delay: hint.delayMs } : {}),
        },
      )
      await withTimeout(add, ENQUEUE_TIMEOUT_MS)
      this.#problem = null
    } catch (thrown) {
      this.#fault(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }

  async stats(): Promise<DispatchStats> {
    try {
      const counts = await withTimeout(
        this.#queue.getJobCounts('wait', 'prioritized', 'delayed', 'active'),
        ENQUEUE_TIMEOUT_MS,
      )
      const waiting = (counts.wait ?? 0) + (counts.prioritized ?? 0) + (counts.delayed ?? 0)
      return { waiting, active: counts.active ?? 0, healthy: true }
    } catch (thrown) {
      const problem = thrown instanceof Error ? thrown.message : String(thrown)
      return { waiting: 0, active: 0, healthy: false, problem: this.#problem ?? problem }
    }
  }

  async stop(timeoutMs: number): Promise<void> {
    if (this.#worker) await withTimeout(this.#worker.close(), timeoutMs).catch(() => this.#worker?.close(true))
    await withTimeout(this.#queue.close(), ENQUEUE_TIMEOUT_MS).catch(() => undefined)
    for (const connection of this.#connections) connection.disconnect()
  }

  #connect(options: { enableOfflineQueue?: boolean; maxRetriesPerRequest: number | null }): Redis {
    const connection = new Redis(this.#options.url, {
      ...options,
      retryStrategy: (times) => Math.min(2_000, 100 * times),
    })
    connection.on('error', (error) => this.#fault(error))
    this.#connections.push(connection)
    return connection
  }

  /** Told once per spell of trouble: Redis being away is said, not shouted. */
  #fault(error: Error): void {
    if (this.#problem === null) this.#options.onProblem(error.message)
    this.#problem = error.message
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis did not answer in time')), timeoutMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
