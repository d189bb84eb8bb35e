/** Carries submission ids to whoever works on them. A hint: the store is the truth, the sweep finds what is lost. */
export interface Dispatcher {
  /** Begins to hand out ids. The handler never throws; a second hand-out of the same id is harmless. */
  start(handler: (id: string) => Promise<void>): Promise<void>
  /** Asks for `id` to be worked on, after `delayMs`. Smaller `size` goes first. Never throws: a lost hint is swept up. */
  enqueue(id: string, hint: DispatchHint): Promise<void>
  stats(): Promise<DispatchStats>
  /** Stops handing out, waits for what is in hand up to `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>
}

/** `inspect` may be done by any scan worker; `act` only where the spool can be written, which is the gateway. */
export interface DispatchHint {
  readonly step: 'inspect' | 'act'
  readonly size: number
  readonly delayMs?: number
}

export interface DispatchStats {
  readonly waiting: number
  readonly active: number
  readonly healthy: boolean
  readonly problem?: string
}
