/**
 * Listeners follow readiness. Trouble is answered with 4xx at once; when it lasts, listening stops, so that clients and
 * load balancers turn to another gateway without asking, and begins again by itself when the trouble is over.
 */
import { asError } from '../core/errors.ts'
import type { PipelineLog } from '../pipeline/dependencies.ts'
import type { Health } from './health.ts'

export interface DoorsOptions {
  readonly health: Pick<Health, 'problems'>
  readonly ingress: { pause(): Promise<void>; resume(): Promise<void> }
  /** How long the gateway may be not ready before listening stops. */
  readonly patienceMs: number
  readonly now: () => number
  readonly log: PipelineLog
}

export class Doors {
  readonly #options: DoorsOptions
  #troubleSince: number | null = null
  #closed = false

  constructor(options: DoorsOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Call after each round of health checks. Never throws: what could not be opened is tried again at the next. */
  async look(): Promise<void> {
    const { health, ingress, patienceMs, now, log } = this.#options
    const problems = health.problems()
    if (problems.length === 0) {
      this.#troubleSince = null
      if (this.#closed) await this.#open()
      return
    }
    this.#troubleSince ??= now()
    if (this.#closed || now() - this.#troubleSince < patienceMs) return
    this.#closed = true
    await ingress.pause()
    const checks = problems.map(({ check }) => check)
    log.warn({ checks }, 'not ready for too long: listening stops until the trouble is over')
  }

  async #open(): Promise<void> {
    try {
      await this.#options.ingress.resume()
      this.#closed = false
      this.#options.log.info({}, 'ready again: listening')
    } catch (thrown) {
      this.#options.log.error({ error: asError(thrown) }, 'listening could not begin again; it is tried again')
    }
  }
}
