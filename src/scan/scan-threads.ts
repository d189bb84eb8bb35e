/**
 * Worker threads that share one set of detectors: hands out those that are idle, starts more while there are fewer than
 * allowed, lets those go that have long had nothing to do, and replaces what died. It knows nothing of jobs.
 */
import { asError } from '../core/errors.ts'
import type { ScanReport } from '../core/report.ts'
import { ScanThread, type ScanThreadOptions } from './scan-thread.ts'

export interface ScanThreadsOptions extends Omit<ScanThreadOptions, 'onIdle' | 'onEnd'> {
  readonly threadsMax: number
  /** A thread died without a job to tell of it. */
  readonly onCrash: (error: Error) => void
}

interface Waiter {
  readonly resolve: (thread: ScanThread) => void
  readonly reject: (error: Error) => void
}

const IDLE_MS = 60_000

export class ScanThreads {
  readonly #options: ScanThreadsOptions
  readonly #threads = new Set<ScanThread>()
  /** The one used last is the first to go to work again, so that those too many fall idle for good. */
  readonly #idle: ScanThread[] = []
  readonly #waiting: Waiter[] = []
  readonly #trimmer: NodeJS.Timeout
  #closed = false

  constructor(options: ScanThreadsOptions) {
    this.#options = options
    this.#trimmer = setInterval(() => this.#trim(), IDLE_MS).unref()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Starts the first thread. Rejects with what compiling its detectors threw. */
  async start(): Promise<ScanReport['revisions']> {
    const thread = await this.take()
    this.#giveBack(thread)
    if (!thread.revisions) throw new Error('a thread was handed out before it was ready')
    return thread.revisions
  }

  /** An idle thread, for one job: it comes back by itself. Rejects when none can be started, or with the end of all. */
  take(): Promise<ScanThread> {
    if (this.#closed) return Promise.reject(ended())
    const idle = this.#idle.pop()
    if (idle) return Promise.resolve(idle)
    if (this.#threads.size < this.#options.threadsMax) this.#spawn()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Breaks off whatever is running. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#trimmer)
    for (const waiter of this.#waiting.splice(0)) waiter.reject(ended())
    await Promise.all([...this.#threads].map((thread) => thread.close()))
  }

  #spawn(): void {
    const { data, deadlineMs, memoryMaxBytes } = this.#options
    this.#threads.add(
      new ScanThread({
        data,
        deadlineMs,
        memoryMaxBytes,
        onIdle: (thread) => this.#giveBack(thread),
        onEnd: (thread, error) => this.#forget(thread, error),
      }),
    )
  }

  #giveBack(thread: ScanThread): void {
    const next = this.#waiting.shift()
    if (next) next.resolve(thread)
    else this.#idle.push(thread)
  }

  #forget(thread: ScanThread, error: Error | null): void {
    this.#threads.delete(thread)
    const index = this.#idle.indexOf(thread)
    if (index >= 0) this.#idle.splice(index, 1)
    if (this.#closed) return
    if (index >= 0 && error) this.#options.onCrash(error)
    if (thread.revisions) {
      if (this.#threads.size === 0 || this.#waiting.length > 0) this.#spawn()
    } else if (this.#threads.size === 0) {
      // It never began: another try would end the same way.
      for (const waiter of this.#waiting.splice(0)) waiter.reject(asError(error))
    }
  }

  /** All but one may go. */
  #trim(): void {
    const before = performance.now() - IDLE_MS
    for (const thread of this.#idle.filter(({ idleSince }) => idleSince < before)) {
      if (this.#threads.size > 1) void thread.close()
    }
  }
}

function ended(): Error {
  return new Error('the scan threads were told to end')
}
