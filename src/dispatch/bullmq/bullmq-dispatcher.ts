/**
 * Dispatch over BullMQ on Redis: jobs carry only the submission id (which is the job id too), Redis may be lost at any
 * time. The gateway enqueues; gateway and `sluice worker` processes work. Errors of Redis are swallowed and shown in
 * `stats`: the store is the truth, and the sweep enqueues again what was lost.
 */
import { type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { asError } from '../../core/errors.ts'
import type { Dispatcher, DispatchHint, DispatchStats } from '../../ports/dispatcher.ts'

export interface BullmqDispatcherOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  /** Prefix of the two queues, `<queue>-inspect` and `<queue>-act`. */
  readonly queue: string
  readonly activeMax: number
  /** Steps this process works on; a scan worker only inspects. */
  readonly works: readonly DispatchHint['step'][]
  readonly onProblem: (problem: string) => void
}

/** A job whose worker blocks or dies is given to another after this long. */
const LOCK_MS = 30_000
const STALLED_MAX = 10
const PRIORITY_MAX = 2_000_000
const BYTES_PER_PRIORITY = 1024
const ANSWER_TIMEOUT_MS = 2_000
const RECONNECT_MAX_MS = 2_000

type IdJob = { readonly id: string }

export class BullmqDispatcher implements Dispatcher {
  readonly #options: BullmqDispatcherOptions
  readonly #queues: Readonly<Record<DispatchHint['step'], Queue<IdJob>>>
  readonly #connections: Redis[] = []
  readonly #workers: Worker<IdJob>[] = []
  #problem: string | null = null

  constructor(options: BullmqDispatcherOptions) {
    this.#options = options
    this.#queues = { inspect: this.#open('inspect'), act: this.#open('act') }
  }

  async start(handler: (id: string) => Promise<void>): Promise<void> {
    for (const step of this.#options.works) {
      const worker = new Worker<IdJob>(
        queueName(this.#options, step),
        async (job: Job<IdJob>) => handler(job.data.id),
        {
          connection: this.#connect({ maxRetriesPerRequest: null }),
          concurrency: this.#options.activeMax,
          lockDuration: LOCK_MS,
          maxStalledCount: STALLED_MAX,
          skipVersionCheck: true,
        },
      )
      worker.on('error', (error) => this.#fault(error))
      this.#workers.push(worker)
    }
  }

  async enqueue(id: string, hint: DispatchHint): Promise<void> {
    const priority = 1 + Math.min(PRIORITY_MAX, Math.floor(hint.size / BYTES_PER_PRIORITY))
    const delay = hint.delayMs ? { delay: hint.delayMs } : {}
    try {
      await withTimeout(this.#queues[hint.step].add('process', { id }, { jobId: id, priority, ...delay }))
      this.#problem = null
    } catch (thrown) {
      this.#fault(asError(thrown))
    }
  }

  async stats(): Promise<DispatchStats> {
    try {
      const states = ['wait', 'prioritized', 'delayed', 'active'] as const
      const counts = await withTimeout(
        Promise.all(Object.values(this.#queues).map((queue) => queue.getJobCounts(...states))),
      )
      const sum = (state: (typeof states)[number]) => counts.reduce((total, count) => total + (count[state] ?? 0), 0)
      return { waiting: sum('wait') + sum('prioritized') + sum('delayed'), active: sum('active'), healthy: true }
    } catch (thrown) {
      return { waiting: 0, active: 0, healthy: false, problem: this.#problem ?? asError(thrown).message }
    }
  }

  async stop(timeoutMs: number): Promise<void> {
    await Promise.all(
      this.#workers.map((worker) => withTimeout(worker.close(), timeoutMs).catch(() => worker.close(true))),
    )
    await Promise.all(Object.values(this.#queues).map((queue) => withTimeout(queue.close()).catch(() => undefined)))
    for (const connection of this.#connections) connection.disconnect()
  }

  #open(step: DispatchHint['step']): Queue<IdJob> {
    const queue = new Queue<IdJob>(queueName(this.#options, step), {
      connection: this.#connect({ enableOfflineQueue: false, maxRetriesPerRequest: 1 }),
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    })
    queue.on('error', (error) => this.#fault(error))
    return queue
  }

  #connect(options: { enableOfflineQueue?: boolean; maxRetriesPerRequest: number | null }): Redis {
    const connection = new Redis(this.#options.url, {
      ...options,
      retryStrategy: (times) => Math.min(RECONNECT_MAX_MS, 100 * times),
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

function queueName(options: BullmqDispatcherOptions, step: DispatchHint['step']): string {
  return `${options.queue}-${step}`
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<T> {
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
