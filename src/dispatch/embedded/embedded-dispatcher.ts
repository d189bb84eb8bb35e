/**
 * In-process dispatch: a bounded set of active submissions, the waiting ones ordered by size so that small mail does
 * not queue behind large, with age lifting what has waited long. Holds ids only; losing it loses nothing.
 */
import type { Dispatcher, DispatchHint, DispatchStats } from '../../ports/dispatcher.ts'

export interface EmbeddedDispatcherOptions {
  /** How many submissions are worked on at once. */
  readonly activeMax: number
  /** How many ids may wait; more are dropped, for the sweep finds them. */
  readonly waitingMax: number
}

/** Classes by powers of four from 16 KB: within one, first come first served. */
const SIZE_CLASSES = 8
const SIZE_CLASS_FIRST_BYTES = 16 * 1024
/** Every so many hand-outs the longest-waiting class goes first, so that large mail is never starved. */
const FAIR_EVERY = 4

export class EmbeddedDispatcher implements Dispatcher {
  readonly #options: EmbeddedDispatcherOptions
  readonly #classes: Map<string, number>[] = Array.from({ length: SIZE_CLASSES }, () => new Map())
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #active = new Set<string>()
  /** Asked for again while being worked on: goes round once more. */
  readonly #again = new Map<string, number>()
  #handler: ((id: string) => Promise<void>) | null = null
  #handedOut = 0
  #pumping = false
  #stopped = false
  #idle: (() => void)[] = []

  constructor(options: EmbeddedDispatcherOptions) {
    this.#options = options
  }

  async start(handler: (id: string) => Promise<void>): Promise<void> {
    this.#handler = handler
    this.#pump()
  }

  async enqueue(id: string, hint: DispatchHint): Promise<void> {
    if (this.#stopped || this.#isWaiting(id)) return
    if (this.#active.has(id)) {
      this.#again.set(id, hint.size)
      return
    }
    if (this.#waiting() >= this.#options.waitingMax) return
    if (hint.delayMs && hint.delayMs > 0) {
      const timer = setTimeout(() => {
        this.#timers.delete(id)
        this.#put(id, hint.size)
      }, hint.delayMs)
      timer.unref()
      this.#timers.set(id, timer)
      return
    }
    this.#put(id, hint.size)
  }

  async stats(): Promise<DispatchStats> {
    return { waiting: this.#waiting(), active: this.#active.size, healthy: true }
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    for (const queue of this.#classes) queue.clear()
    if (this.#active.size === 0) return
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      new Promise<void>((resolve) => this.#idle.push(resolve)),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs)
      }),
    ])
    clearTimeout(timer)
  }

  #put(id: string, size: number): void {
    this.#classes[sizeClass(size)]?.set(id, this.#handedOut)
    this.#pumpSoon()
  }

  /** After this turn of the event loop, so that whoever enqueues answers its client before the work begins. */
  #pumpSoon(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
      this.#pumping = false
      this.#pump()
    })
  }

  #isWaiting(id: string): boolean {
    return this.#timers.has(id) || this.#classes.some((queue) => queue.has(id))
  }

  #waiting(): number {
    return this.#timers.size + this.#classes.reduce((sum, queue) => sum + queue.size, 0)
  }

  #pump(): void {
    while (this.#handler && !this.#stopped && this.#active.size < this.#options.activeMax) {
      const id = this.#take()
      if (id === undefined) return
      this.#active.add(id)
      void this.#run(id, this.#handler)
    }
  }

  async #run(id: string, handler: (id: string) => Promise<void>): Promise<void> {
    try {
      await handler(id)
    } catch {
      // A handler must not throw; one that does has left its submission to the sweep, and must not end the process.
    } finally {
      this.#active.delete(id)
      const again = this.#again.get(id)
      this.#again.delete(id)
      if (again !== undefined && !this.#stopped) this.#put(id, again)
      if (this.#active.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
      this.#pump()
    }
  }

  #take(): string | undefined {
    this.#handedOut++
    const filled = this.#classes.filter((queue) => queue.size > 0)
    const oldest = (queue: Map<string, number>) => queue.values().next().value ?? Number.POSITIVE_INFINITY
    const queue = this.#handedOut % FAIR_EVERY === 0 ? filled.sort((a, b) => oldest(a) - oldest(b))[0] : filled[0]
    const id = queue?.keys().next().value
    if (id !== undefined) queue?.delete(id)
    return id
  }
}

function sizeClass(size: number): number {
  const index = Math.ceil(Math.log2(Math.max(size, 1) / SIZE_CLASS_FIRST_BYTES) / 2)
  return Math.min(Math.max(index, 0), SIZE_CLASSES - 1)
}
