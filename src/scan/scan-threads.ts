/**
 * Worker threads that share one set of detectors: hands out places on them, starts more threads while there are fewer
 * than allowed, lets those go that have long had nothing to do, and replaces what died. It knows nothing of jobs but
 * whether they are small.
 */
import { asError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { ScanReport } from '../core/report.ts'
import { type ScanSlot, ScanThread, type ScanThreadOptions } from './scan-thread.ts'

export interface ScanThreadsOptions extends Omit<ScanThreadOptions, 'onRoom' | 'onEnd'> {
  readonly threadsMax: number
  /** A thread died without a job to tell of it. */
  readonly onCrash: (error: Error) => void
}

interface Waiter {
  readonly small: boolean
  readonly resolve: (slot: ScanSlot) => void
  readonly reject: (error: Error) => void
}

const IDLE_MS = 60_000

export class ScanThreads {
  readonly #options: ScanThreadsOptions
  readonly #threads = new Set<ScanThread>()
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
    const slot = await this.take(false)
    slot.giveBack()
    if (!slot.thread.revisions) throw new Error('a thread was handed out before it was ready')
    return slot.thread.revisions
  }

  /**
   * A place for one job: on an idle thread, or for a small job behind other small ones. Rejects when no thread can be
   * started, when too many wait, or with the end of all.
   */
  take(small: boolean): Promise<ScanSlot> {
    if (this.#closed) return Promise.reject(ended())
    const thread = this.#leastLoaded()
    if (thread?.load === 0) return Promise.resolve(thread.reserve(small))
    const failed = this.#threads.size < this.#options.threadsMax ? this.#spawn() : null
    if (failed && this.#threads.size === 0) return Promise.reject(failed)
    if (thread && small && thread.takesMore && this.#waiting.length === 0) return Promise.resolve(thread.reserve(true))
    if (this.#waiting.length >= limits.scanWaitingMax) return Promise.reject(new Error('too many wait for a scan'))
    return new Promise((resolve, reject) => this.#waiting.push({ small, resolve, reject }))
  }

  /** Breaks off whatever is running. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#trimmer)
    for (const waiter of this.#waiting.splice(0)) waiter.reject(ended())
    await Promise.all([...this.#threads].map((thread) => thread.close()))
  }

  /** Returns what kept the system from giving another thread. */
  #spawn(): Error | null {
    const { data, deadlineMs, memoryMaxBytes } = this.#options
    try {
      this.#threads.add(
        new ScanThread({
          data,
          deadlineMs,
          memoryMaxBytes,
          onRoom: (thread) => this.#fill(thread),
          onEnd: (thread, error, told) => this.#forget(thread, error, told),
        }),
      )
      return null
    } catch (thrown) {
      return asError(thrown)
    }
  }

  /** Of those equally loaded the one used last, so that those too many fall idle for good. */
  #leastLoaded(): ScanThread | null {
    let least: ScanThread | null = null
    for (const thread of this.#threads) {
      if (!thread.revisions) continue
      if (!least || thread.load < least.load || (thread.load === least.load && thread.idleSince > least.idleSince))
        least = thread
    }
    return least
  }

  #fill(thread: ScanThread): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (thread.load > 0 && !(next.small && thread.takesMore)) return
      this.#waiting.shift()
      next.resolve(thread.reserve(next.small))
    }
  }

  #forget(thread: ScanThread, error: Error | null, told: boolean): void {
    this.#threads.delete(thread)
    if (this.#closed) return
    if (error && !told && (thread.revisions || this.#threads.size > 0)) this.#options.onCrash(error)
    const isWanted = this.#threads.size === 0 || this.#waiting.length > 0
    // One that never began is not replaced: another try would end the same way.
    const failed = thread.revisions ? isWanted && this.#spawn() : asError(error)
    if (failed && this.#threads.size === 0) for (const waiter of this.#waiting.splice(0)) waiter.reject(failed)
  }

  /** All but one may go. */
  #trim(): void {
    const before = performance.now() - IDLE_MS
    for (const thread of this.#threads) {
      if (this.#threads.size > 1 && thread.load === 0 && thread.revisions && thread.idleSince < before)
        void thread.close()
    }
  }
}

function ended(): Error {
  return new Error('the scan threads were told to end')
}
