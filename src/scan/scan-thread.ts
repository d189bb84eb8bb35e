/**
 * The pool's end of one worker thread: one job at a time, under a deadline that begins with the job, never while the
 * thread is still compiling its detectors. A thread that runs past it, dies or can't be started is ended for good; the
 * job it had fails with what happened, and the thread reports its end. It never retries.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { asError, unreachable } from '../core/errors.ts'
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

export interface ScanThreadOptions {
  readonly data: Omit<ScanWorkerData, 'sandboxes'>
  readonly deadlineMs: number
  /** JavaScript heap. */
  readonly memoryMaxBytes: number
  /** It can take a job: it has compiled everything, or the one before is done. */
  readonly onIdle: (thread: ScanThread) => void
  /** It is gone. `error` is null when it was told to end. Called once, after its job has failed. */
  readonly onEnd: (thread: ScanThread, error: Error | null) => void
}

interface Running {
  readonly resolve: (result: ScanResults[keyof ScanResults]) => void
  readonly reject: (error: Error) => void
}

export class ScanThread {
  /** Of the detectors inside; null until they are compiled. */
  revisions: ScanReport['revisions'] | null = null
  /** Monotonic milliseconds. */
  idleSince = 0
  readonly #options: ScanThreadOptions
  readonly #worker: Worker
  /** Bounds the start first, then each job; it runs on between two jobs and finds nothing to do. */
  #timer: NodeJS.Timeout
  #running: Running | null = null
  #ended = false

  constructor(options: ScanThreadOptions) {
    this.#options = options
    const here = import.meta.url
    const sandboxes = sandboxPort(options.data)
    this.#worker = new Worker(new URL(here.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', here), {
      workerData: { ...options.data, sandboxes } satisfies ScanWorkerData,
      transferList: sandboxes ? [sandboxes] : [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(options.memoryMaxBytes / 1024 / 1024) },
    })
    this.#worker.on('message', (message: FromScanWorker) => this.#take(message))
    this.#worker.on('error', (thrown: unknown) => this.#end(asError(thrown)))
    this.#worker.on('exit', () => this.#end(new Error('the scan worker ended')))
    const { scanWorkerStartMaxMs } = limits
    this.#timer = setTimeout(() => this.#end(new ScanTimeout(scanWorkerStartMaxMs)), scanWorkerStartMaxMs)
  }

  /** Only while idle. Hands `job.bytes` over. Rejects with ScanTimeout, or with what the job or its thread died of. */
  run<K extends keyof ScanResults>(task: K, job: ScanJob): Promise<ScanResults[K]> {
    return new Promise((resolve, reject) => {
      this.#running = { resolve: resolve as Running['resolve'], reject }
      this.#timer.refresh()
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
    switch (message.kind) {
      case 'ready': {
        this.revisions = message.revisions
        clearTimeout(this.#timer)
        const { deadlineMs } = this.#options
        this.#timer = setTimeout(() => {
          if (this.#running) this.#end(new ScanTimeout(deadlineMs))
        }, deadlineMs).unref()
        break
      }
      case 'done':
        this.#running?.resolve(message.result)
        break
      case 'failed':
        this.#running?.reject(message.error)
        break
      default:
        unreachable(message)
    }
    this.#running = null
    // A thread without a job must not keep the process alive.
    this.#worker.unref()
    this.idleSince = performance.now()
    this.#options.onIdle(this)
  }

  #end(error: Error | null): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    void this.#worker.terminate()
    this.#running?.reject(error ?? new Error('the scan worker was told to end'))
    this.#running = null
    this.#options.onEnd(this, error)
  }
}

/** What a worker starts its sandbox through. The port closes with the worker, and that ends its sandbox. */
function sandboxPort({ settings }: ScanThreadOptions['data']): MessagePort | null {
  if (!settings.sandbox) return null
  const { port1, port2 } = new MessageChannel()
  hostSandboxes(port1, openProcesses(settings.sandbox))
  return port2
}
