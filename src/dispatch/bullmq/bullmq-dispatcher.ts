/**
 * Dispatch over BullMQ on Redis: jobs carry only the submission id (which is the job id too), Redis may be lost at any
 * time. The gateway enqueues; gateway and `sluice worker` processes work. Errors of Redis are swallowed and shown in
 * `stats`: what Redis does not take goes to the fallback in this process, and the store is the truth, so that the sweep
 * enqueues again what Redis took and lost.
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
  /** Works on what Redis does not take, so that mail moves while Redis is away. Started and stopped from here. */
  readonly fallback?: Dispatcher
}

/** A job whose worker blocks or dies is given to another after this long; claims keep two from working at once. */
const LOCK_MS = 15_000
const STALLED_INTERVAL_MS = 5_000
const STALLED_MAX = 10
const PRIORITY_MAX = 2_000_000
const BYTES_PER_PRIORITY = 1024
const ANSWER_TIMEOUT_MS = 2_000
const RECONNECT_MAX_MS = 2_000
/** After Redis failed to take a job nobody waits for it again for this long. */
const PAUSE_MS = 1_000

type IdJob = { readonly id: string }

export class BullmqDispatcher implements Dispatcher {
  readonly #options: BullmqDispatcherOptions
  readonly #queues: Readonly<Record<DispatchHint['step'], Queue<IdJob>>>
  readonly #connections: Redis[] = []
  readonly #workers: Worker<IdJob>[] = []
  #problem: string | null = null
  #pausedUntil = 0
  #active = 0
  #stopped = false
  #onIdle: (() => void) | null = null

  constructor(options: BullmqDispatcherOptions) {
    this.#options = options
    this.#queues = { inspect: this.#open('inspect'), act: this.#open('act') }
  }

  async start(handler: (id: string) => Promise<void>): Promise<void> {
    for (const step of this.#options.works) {
      const worker = new Worker<IdJob>(
        queueName(this.#options, step),
        async (job: Job<IdJob>) => await this.#work(handler, job.data.id),
        {
          connection: this.#connect({ maxRetriesPerRequest: null }),
          concurrency: this.#options.activeMax,
          lockDuration: LOCK_MS,
          stalledInterval: STALLED_INTERVAL_MS,
          maxStalledCount: STALLED_MAX,
          skipVersionCheck: true,
        },
      )
      worker.on('error', (error) => this.#fault(error))
      this.#workers.push(worker)
    }
    await this.#options.fallback?.start(handler)
  }

  async enqueue(id: string, hint: DispatchHint): Promise<void> {
    const priority = 1 + Math.min(PRIORITY_MAX, Math.floor(hint.size / BYTES_PER_PRIORITY))
    const delay = hint.delayMs ? { delay: hint.delayMs } : {}
    try {
      if (performance.now() < this.#pausedUntil) throw new Error(this.#problem ?? 'Redis is away')
      await withTimeout(this.#queues[hint.step].add('process', { id }, { jobId: id, priority, ...delay }))
      this.#problem = null
    } catch (thrown) {
      this.#fault(asError(thrown))
      if (performance.now() >= this.#pausedUntil) this.#pausedUntil = performance.now() + PAUSE_MS
      await this.#options.fallback?.enqueue(id, hint)
    }
  }

  async stats(): Promise<DispatchStats> {
    const { waiting, active } = (await this.#options.fallback?.stats()) ?? { waiting: 0, active: 0 }
    try {
      const states = ['wait', 'prioritized', 'delayed', 'active'] as const
      const counts = await withTimeout(Promise.all(this.#allQueues().map((queue) => queue.getJobCounts(...states))))
      const sum = (state: (typeof states)[number]) => counts.reduce((total, count) => total + (count[state] ?? 0), 0)
      const queued = sum('wait') + sum('prioritized') + sum('delayed')
      return { waiting: waiting + queued, active: active + sum('active'), healthy: true }
    } catch (thrown) {
      return {
        waiting,
        active: active + this.#active,
        healthy: false,
        problem: this.#problem ?? asError(thrown).message,
      }
    }
  }

  /** Redis may be away by now, so nothing here waits for it longer than its answers may take. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true
    const idle = new Promise<void>((resolve) => {
      if (this.#active === 0) resolve()
      else this.#onIdle = resolve
    })
    const inHand = withTimeout(idle, timeoutMs).catch(() => undefined)
    await Promise.all([inHand, this.#options.fallback?.stop(timeoutMs)])
    const closing = [...this.#workers.map((worker) => worker.close(true)), ...this.#allQueues().map((q) => q.close())]
    await Promise.all(closing.map((closed) => withTimeout(closed).catch(() => undefined)))
    for (const connection of this.#connections) connection.disconnect()
  }

  /** What comes after `stop` is left to the sweep: the job was only a hint. */
  async #work(handler: (id: string) => Promise<void>, id: string): Promise<void> {
    if (this.#stopped) return
    this.#active++
    try {
      await handler(id)
    } finally {
      if (--this.#active === 0) this.#onIdle?.()
    }
  }

  #allQueues(): Queue<IdJob>[] {
    return Object.values(this.#queues)
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
