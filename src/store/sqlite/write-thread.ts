import { Worker } from 'node:worker_threads'
import { GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { TransitionOutcome } from '../../ports/submission-store.ts'
import type { FromWriter, ToWriter, WriteChange, WriteFailure, WriteRequest, WriterData } from './write-protocol.ts'

/**
 * The main thread's end of the writing thread: hands changes over, matches replies to promises. Should the thread die,
 * everything waiting is refused temporarily and the next change starts a new one.
 */
interface Pending {
  readonly resolve: (outcome: TransitionOutcome) => void
  readonly reject: (error: GatewayError) => void
}

export class WriteThread {
  readonly #data: WriterData
  readonly #queueMax: number
  readonly #pending = new Map<number, Pending>()
  #outbox: WriteRequest[] = []
  #worker: Worker | null = null
  #ready: Promise<void> | null = null
  #exited: Promise<void> = Promise.resolve()
  #flushedAt = Number.NEGATIVE_INFINITY
  /** The outbox goes at the end of this turn of the event loop, and when this timer fires. */
  #flushing = false
  #timer: NodeJS.Timeout | null = null
  #next = 0
  #closed = false

  constructor(data: WriterData, queueMax: number) {
    this.#data = data
    this.#queueMax = queueMax
  }

  /** Resolves once the database is open and its schema current; rejects with what is wrong with it. */
  start(): Promise<void> {
    this.#ready ??= this.#spawn()
    return this.#ready
  }

  /** Resolves when the change is durable. One that is not urgent may wait for others, for a transaction costs more than a change. */
  submit(change: WriteChange, urgent = true): Promise<TransitionOutcome> {
    if (this.#closed) return Promise.reject(failed('store-closed', 'the store is closed'))
    if (this.#pending.size >= this.#queueMax) {
      return Promise.reject(failed('store-busy', `${this.#pending.size} changes wait for the disk`))
    }
    this.#next += 1
    const number = this.#next
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#outbox.push({ number, change })
      this.#flushSoon(urgent)
    })
  }

  /** Lets the thread finish what it has, then ends it. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#post({ kind: 'close' })
    await this.#exited
  }

  /** What is urgent takes along all that waits; what is not waits only while there was a transaction just now. */
  #flushSoon(urgent: boolean): void {
    if (this.#flushing) return
    const waitMs = urgent ? 0 : this.#flushedAt + limits.storeGroupMs - performance.now()
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => this.#flush(), Math.ceil(waitMs))
      return
    }
    this.#flushing = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const requests = this.#outbox
    if (requests.length === 0) return
    this.#outbox = []
    this.#flushedAt = performance.now()
    this.start().catch(() => undefined)
    this.#post({ kind: 'requests', requests })
  }

  #post(message: ToWriter): void {
    this.#worker?.postMessage(message)
  }

  #spawn(): Promise<void> {
    const file = import.meta.url.endsWith('.ts') ? './write-worker.ts' : './write-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.#data, execArgv: [] })
    this.#worker = worker
    const ready = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromWriter) => {
        if (message.kind === 'ready') resolve()
        else if (message.kind === 'unusable') reject(revive(message.failure))
        else this.#settle(message)
      })
      worker.once('error', (cause) => {
        this.#refuseAll(cause)
        reject(failed('store-failed', 'the thread that writes the database died', cause))
      })
      this.#exited = new Promise((exited) => {
        worker.once('exit', () => {
          if (this.#worker === worker) {
            this.#worker = null
            this.#ready = null
          }
          this.#refuseAll()
          reject(failed('store-failed', 'the thread that writes the database ended'))
          exited()
        })
      })
    })
    return ready
  }

  #settle(message: Extract<FromWriter, { kind: 'replies' }>): void {
    for (const reply of message.replies) {
      const pending = this.#pending.get(reply.number)
      this.#pending.delete(reply.number)
      if ('failure' in reply) pending?.reject(revive(reply.failure))
      else pending?.resolve(reply.outcome)
    }
  }

  #refuseAll(cause?: unknown): void {
    const refused = [...this.#pending.values()]
    this.#pending.clear()
    this.#outbox = []
    for (const pending of refused)
      pending.reject(failed('store-failed', 'the thread that writes the database died', cause))
  }
}

function failed(code: string, message: string, cause?: unknown): GatewayError {
  return new GatewayError(code, { temporary: true, publicMessage: 'local error in processing', message, cause })
}

function revive(failure: WriteFailure): GatewayError {
  return new GatewayError(failure.code, {
    temporary: failure.temporary,
    publicMessage: 'local error in processing',
    message: failure.message,
  })
}
