/**
 * The scan pool: worker threads that extract and detect, each job under a deadline that starts when a worker takes it.
 * A job that hangs or dies takes only its worker with it; its message gets a report that says `timeout` or `corrupt`,
 * never a clean one. What the pool itself breaks off (reload, shutdown) is no verdict: that is a temporary error. Keys
 * of the spool are not here; the one key inside is that of the finding HMACs. New rules swap all workers at once.
 */
import { hash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { asError, GatewayError } from '../core/errors.ts'
import type { Extraction, UninspectedReason } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { ScanReport } from '../core/report.ts'
import type { DetectorSources } from '../detect/detect-all.ts'
import { SANDBOX_UNAVAILABLE } from './sandbox.ts'
import type { ScanJob, ScanSettings } from './scan-job.ts'

export interface ScanPoolOptions {
  /** Worker threads; default one per core. */
  readonly threads?: number
  /** A job past it is killed with its worker. */
  readonly deadlineMs: number
  /** JavaScript heap of one worker. */
  readonly memoryMaxBytes: number
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
  /** Told when a worker had to be killed or died. */
  readonly onCrash?: (problem: 'timeout' | 'crash', detail: string) => void
}

/** What a worker is started with; all of it can be cloned or is shared memory. */
export interface ScanWorkerData {
  readonly detectors: DetectorSources
  readonly settings: ScanSettings
}

/** A job whose content may be fetched once a worker is free for it, so that jobs that wait hold none. */
export type ScanRequest = Omit<ScanJob, 'bytes'> & {
  readonly bytes: Uint8Array | (() => Promise<Uint8Array>)
  /** Of the bytes, lower-case hex, where it is known already. */
  readonly sha256?: string
}

/** Workers that share one set of detectors. */
interface Generation {
  readonly workers: Piscina
  jobs: number
  closed: boolean
  onIdle: (() => void) | null
}

/** A worker that has not begun by then, on top of the deadline, never will. */
const START_MAX_MS = 120_000
/** How often it is looked whether a worker has begun with a job. */
const START_LOOK_MS = 250

export class ScanPool {
  readonly #options: ScanPoolOptions
  #now: Generation
  #revisions: ScanReport['revisions']
  #free: number
  readonly #waiting: (() => void)[] = []
  #retiring: Promise<unknown> = Promise.resolve()

  private constructor(options: ScanPoolOptions, generation: Generation, revisions: ScanReport['revisions']) {
    this.#options = options
    this.#now = generation
    this.#revisions = revisions
    this.#free = threadsOf(options)
  }

  /** Starts the workers and waits until one has compiled everything. Throws what a bad detector source throws. */
  static async start(options: ScanPoolOptions): Promise<ScanPool> {
    const generation = open(options, options.detectors)
    return new ScanPool(options, generation, await warmUp(generation))
  }

  get revisions(): ScanReport['revisions'] {
    return this.#revisions
  }

  /** Takes over `job.bytes` (they are transferred). Throws a GatewayError when the pool can't work, or what `bytes` throws. */
  async scan(job: ScanRequest): Promise<ScanReport> {
    return await this.#run(job, 'scan', (failed) => sealedReport(job, failed, this.#revisions))
  }

  /** Extraction alone, with texts, for `sluice extract`. */
  async extract(job: ScanRequest): Promise<Extraction> {
    return await this.#run({ ...job, textsOnly: true }, 'extract', (failed) => {
      const { parts, uninspected } = sealedReport(job, failed, this.#revisions)
      return { parts, uninspected, texts: [], labels: [] }
    })
  }

  /** Compiles new detectors in new workers, then switches; jobs under way end on the old ones. On failure the old stay. */
  async reload(detectors: DetectorSources): Promise<void> {
    const fresh = open(this.#options, detectors)
    let revisions: ScanReport['revisions']
    try {
      revisions = await warmUp(fresh)
    } catch (thrown) {
      await close(fresh)
      throw thrown
    }
    const old = this.#now
    this.#now = fresh
    this.#revisions = revisions
    const idle = new Promise<void>((resolve) => {
      if (old.jobs === 0) resolve()
      else old.onIdle = resolve
    })
    this.#retiring = Promise.all([this.#retiring, idle.then(() => close(old))])
  }

  /** Breaks off what is running: whoever waits for it gets `scan-unavailable`. */
  async close(): Promise<void> {
    await close(this.#now)
    for (const resume of this.#waiting.splice(0)) resume()
  }

  async #run<T>(
    { sha256, ...request }: ScanRequest,
    name: 'scan' | 'extract',
    seal: (failed: FailedScan) => T,
  ): Promise<T> {
    await this.#enter()
    const generation = this.#now
    generation.jobs++
    try {
      const bytes = typeof request.bytes === 'function' ? await request.bytes() : request.bytes
      const identity = { size: bytes.length, sha256: sha256 ?? hash('sha256', bytes) }
      try {
        return (await this.#work(generation, { ...request, bytes }, name)) as T
      } catch (thrown) {
        if (generation.closed || asError(thrown).message === SANDBOX_UNAVAILABLE) throw unavailable(thrown)
        return seal({ ...identity, ...this.#judgeFailure(asError(thrown)) })
      }
    } finally {
      if (--generation.jobs === 0) generation.onIdle?.()
      this.#leave()
    }
  }

  /**
   * The deadline covers the work alone: a job must not time out for the jobs in front of it, nor for a worker that is
   * still compiling its detectors when the job is given to it.
   */
  async #work(generation: Generation, job: ScanJob, name: 'scan' | 'extract'): Promise<unknown> {
    if (generation.closed) throw unavailable(null)
    const controller = new AbortController()
    const started = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const { deadlineMs } = this.#options
    const givenUpAt = performance.now() + deadlineMs + START_MAX_MS
    const abort = () => controller.abort()
    const watch = (): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (Atomics.load(started, 0) === 1) timer = setTimeout(abort, deadlineMs)
          else if (performance.now() >= givenUpAt) abort()
          else timer = watch()
        },
        Math.min(START_LOOK_MS, deadlineMs),
      )
    let timer = watch()
    const whole = job.bytes.byteOffset === 0 && job.bytes.byteLength === job.bytes.buffer.byteLength
    // A Buffer’s own `slice` is a view, and what is part of a pool can’t be handed over.
    const bytes = whole ? job.bytes : Uint8Array.from(job.bytes)
    try {
      return await generation.workers.run(
        { ...job, bytes, started },
        { name, signal: controller.signal, transferList: [bytes.buffer as ArrayBuffer] },
      )
    } finally {
      clearTimeout(timer)
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    if (this.#waiting.length >= limits.scanWaitingMax) throw unavailable(null)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }

  #judgeFailure(error: Error): { reason: UninspectedReason; detail: string } {
    if (error.name === 'AbortError') {
      this.#options.onCrash?.('timeout', `killed after ${this.#options.deadlineMs} ms`)
      return { reason: 'timeout', detail: `scan killed after ${this.#options.deadlineMs} ms` }
    }
    const memory = /memory|heap/i.test(error.message)
    this.#options.onCrash?.('crash', memory ? 'out of memory' : error.name)
    return memory
      ? { reason: 'too-large', detail: 'scan ran out of memory' }
      : { reason: 'corrupt', detail: 'scan worker failed' }
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('scan-unavailable', {
    temporary: true,
    publicMessage: 'The message could not be inspected, try again later.',
    cause,
  })
}

function threadsOf(options: ScanPoolOptions): number {
  return options.threads ?? availableParallelism()
}

const IDLE_MS = 60_000

function open(options: ScanPoolOptions, detectors: DetectorSources): Generation {
  const here = import.meta.url
  const data: ScanWorkerData = { detectors, settings: options.settings }
  const workers = new Piscina({
    filename: new URL(here.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', here).href,
    workerData: data,
    minThreads: 1,
    maxThreads: threadsOf(options),
    idleTimeout: IDLE_MS,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memoryMaxBytes / 1024 / 1024) },
  })
  // A worker that dies between two jobs is replaced by the next one; unheard, this event would end the process.
  workers.on('error', (thrown: unknown) => options.onCrash?.('crash', asError(thrown).name))
  return { workers, jobs: 0, closed: false, onIdle: null }
}

async function close(generation: Generation): Promise<void> {
  generation.closed = true
  await generation.workers.destroy()
}

async function warmUp({ workers }: Generation): Promise<ScanReport['revisions']> {
  return (await workers.run(null, { name: 'revisions' })) as ScanReport['revisions']
}

interface FailedScan {
  readonly size: number
  readonly sha256: string
  readonly reason: UninspectedReason
  readonly detail: string
}

/** What is said of content whose scan did not come back: one part, not inspected. */
function sealedReport(
  job: ScanRequest,
  { size, sha256, reason, detail }: FailedScan,
  revisions: ScanReport['revisions'],
): ScanReport {
  const path = job.as === 'mail' ? 'mail' : (job.filename ?? 'upload')
  const type = job.as === 'mail' ? 'message/rfc822' : 'application/octet-stream'
  return {
    parts: [
      {
        id: 0,
        parent: null,
        path,
        filename: job.filename,
        declaredType: job.declaredType,
        sniffedType: type,
        size,
        sha256,
        depth: 0,
        via: [],
        traits: [],
        textLength: 0,
      },
    ],
    uninspected: [{ path, reason, detail }],
    findings: [],
    labels: [],
    nearMisses: [],
    revisions,
    elapsedMs: 0,
  }
}
