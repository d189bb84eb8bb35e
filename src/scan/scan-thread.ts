/**
 * The pool's end of one worker thread, which does its jobs in order, each under a deadline that begins with it, never
 * while the thread is still compiling its detectors. A thread that runs past it, dies or can't be started is ended for
 * good; the job it was at fails with what happened, those behind it with ScanNotBegun, and the thread reports its end.
 * It never retries.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { asError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { ScanReport } from '../core/report.ts'
import { openProcesses } from './sandbox-process.ts'
import { hostSandboxes } from './sandbox-relay.ts'
import type { ScanJob } from './scan-job.ts'
import type { FromScanWorker, ScanResults, ScanWorkerData, ToScanWorker } from './scan-protocol.ts'

/** A job ran past its deadline. */
export class ScanTimeout extends Error {
  constructor(deadlineMs: number) {
    super(`killed after ${deadlineMs} ms`)
    this.name = 'ScanTimeout'
  }
}

/** The thread ended before this job's turn: it says nothing about the job, and its content is gone. */
export class ScanNotBegun extends Error {
  constructor() {
    super('the scan worker ended before it came to this')
    this.name = 'ScanNotBegun'
  }
}

/** A place on a thread: used for one job, or given back. */
export interface ScanSlot {
  readonly thread: ScanThread
  /** Hands `job.bytes` over. `extraMs`: what it may take past the deadline of all jobs. Rejects with ScanTimeout, ScanNotBegun, or what the job or its thread died of. */
  run<K extends keyof ScanResults>(task: K, job: ScanJob, extraMs?: number): Promise<ScanResults[K]>
  giveBack(): void
}

export interface ScanThreadOptions {
  readonly data: Omit<ScanWorkerData, 'sandboxes'>
  readonly deadlineMs: number
  /** JavaScript heap. */
  readonly memoryMaxBytes: number
  /** It has compiled everything, or has a job less than before. */
  readonly onRoom: (thread: ScanThread) => void
  /** It is gone. `error` is null when it was told to end; `told` when a job failed with it. Called once. */
  readonly onEnd: (thread: ScanThread, error: Error | null, told: boolean) => void
}

interface Running {
  /** Milliseconds that it may take past the deadline and has not been given yet. */
  extraMs: number
  readonly resolve: (result: ScanResults[keyof ScanResults]) => void
  readonly reject: (error: Error) => void
}

export class ScanThread {
  /** Of the detectors inside; null until they are compiled. */
  revisions: ScanReport['revisions'] | null = null
  /** Monotonic milliseconds of its last change. */
  idleSince = 0
  /** Jobs it has, and places that were handed out for more. */
  load = 0
  #largeJobs = 0
  readonly #options: ScanThreadOptions
  readonly #worker: Worker
  /** Bounds the start first, then each job; it runs on between two jobs and finds nothing to do. */
  #timer: NodeJS.Timeout
  /** Monotonic milliseconds; null while no sandbox is being started. */
  #startingSince: number | null = null
  /** In order; it is at the first. */
  readonly #jobs: Running[] = []
  #diedOf: Error | null = null
  #ended = false

  constructor(options: ScanThreadOptions) {
    this.#options = options
    const here = import.meta.url
    const sandboxes = sandboxPort(options.data)
    this.#worker = new Worker(new URL(here.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', here), {
      workerData: { ...options.data, sandboxes } satisfies ScanWorkerData,
      transferList: sandboxes ? [sandboxes] : [],
      env: {},
      // What libraries print goes nowhere: it may be content, and the command line's own output must stay clean.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memoryMaxBytes / 1024 / 1024) },
    })
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) stream.resume()
    this.#worker.on('message', (message: FromScanWorker) => this.#take(message))
    // The end waits for `exit`: until then answers that were given before may still come in.
    this.#worker.on('error', (thrown: unknown) => {
      this.#diedOf = asError(thrown)
    })
    this.#worker.on('exit', () => this.#end(this.#diedOf ?? new Error('the scan worker ended')))
    const { scanWorkerStartMaxMs } = limits
    this.#timer = setTimeout(() => this.#end(new ScanTimeout(scanWorkerStartMaxMs)), scanWorkerStartMaxMs)
  }

  /** Whether a small job may be put behind what it has: never behind a large one, which may take its time. */
  get takesMore(): boolean {
    return this.#largeJobs === 0 && this.load < limits.scanAheadMax
  }

  /** A place behind what it has. */
  reserve(small: boolean): ScanSlot {
    this.load++
    if (!small) this.#largeJobs++
    const giveBack = () => {
      this.load--
      if (!small) this.#largeJobs--
      if (this.#ended) return
      // A thread without a job must not keep the process alive.
      if (this.load === 0) this.#worker.unref()
      this.idleSince = performance.now()
      this.#options.onRoom(this)
    }
    return { thread: this, giveBack, run: (task, job, extraMs = 0) => this.#run(task, job, extraMs).finally(giveBack) }
  }

  #run<K extends keyof ScanResults>(task: K, job: ScanJob, extraMs: number): Promise<ScanResults[K]> {
    if (this.#ended) return Promise.reject(new ScanNotBegun())
    return new Promise((resolve, reject) => {
      this.#jobs.push({ extraMs, resolve: resolve as Running['resolve'], reject })
      if (this.#jobs.length === 1) this.#timer.refresh()
      this.#worker.ref()
      this.#worker.postMessage({ task, job } satisfies ToScanWorker, [job.bytes.buffer as ArrayBuffer])
    })
  }

  /** Ends it, whatever it is doing. */
  async close(): Promise<void> {
    this.#end(null)
    await this.#worker.terminate()
  }

  #take(message: FromScanWorker): void {
    if (this.#ended) return
    if (message.kind === 'ready') {
      this.#begin(message.revisions)
      return
    }
    if (message.kind === 'sandbox') {
      this.#startingSince = message.isStarting ? performance.now() : null
      this.#timer.refresh()
      return
    }
    const job = this.#jobs.shift()
    // The next one begins now.
    if (this.#jobs.length > 0) this.#timer.refresh()
    if (message.kind === 'done') job?.resolve(message.result)
    else job?.reject(message.error)
  }

  #begin(revisions: ScanReport['revisions']): void {
    this.revisions = revisions
    clearTimeout(this.#timer)
    const { deadlineMs } = this.#options
    this.#timer = setTimeout(() => {
      const startsFor = this.#startingSince === null ? Infinity : performance.now() - this.#startingSince
      const [job] = this.#jobs
      if (startsFor < limits.sandboxStartMaxMs * limits.sandboxStartAttemptsMax) this.#timer.refresh()
      else if (job && job.extraMs > 0) {
        // As many more deadlines as the job may have.
        job.extraMs -= deadlineMs
        this.#timer.refresh()
      } else if (job) this.#end(new ScanTimeout(deadlineMs))
    }, deadlineMs).unref()
    this.#worker.unref()
    this.#options.onRoom(this)
  }

  #end(error: Error | null): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    void this.#worker.terminate()
    const [first, ...behind] = this.#jobs.splice(0)
    first?.reject(error ?? new Error('the scan worker was told to end'))
    for (const job of behind) job.reject(new ScanNotBegun())
    this.#options.onEnd(this, error, first !== undefined)
  }
}

/** What a worker starts its sandbox through. The port closes with the worker, and that ends its sandbox. */
function sandboxPort({ settings }: ScanThreadOptions['data']): MessagePort | null {
  if (!settings.sandbox) return null
  const { port1, port2 } = new MessageChannel()
  hostSandboxes(port1, openProcesses(settings.sandbox))
  return port2
}
