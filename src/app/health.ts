/**
 * Whether the gateway may take mail in, and why not: spool writable with room to spare, store answering, a canary
 * message scanned lately, not draining. Intake asks `refusal` for each message, so it is a plain look at the last
 * round of checks; trouble found in between is reported by whoever meets it.
 */
import { asError, GatewayError } from '../core/errors.ts'

export interface HealthChecks {
  readonly intervalMs: number
  /** A check that takes longer has found a problem: what it asks does not answer. */
  readonly timeoutMs: number
  /** Each resolves with a problem in words, or null. Run every round. */
  readonly checks: readonly HealthCheck[]
}

/** Told after each round; must not throw. */
export type AfterRound = () => Promise<void>

export interface HealthCheck {
  readonly name: string
  /** `refuse`: intake stops. `warn`: shown, mail goes on being accepted. */
  readonly effect: 'refuse' | 'warn'
  /** Code of the refusal: `spool-full` answers 452, the rest 451. */
  readonly code: string
  run(): Promise<string | null>
}

export interface HealthProblem {
  readonly check: string
  readonly code: string
  readonly problem: string
}

export class Health {
  readonly #options: HealthChecks
  #problems: readonly HealthProblem[] = [{ check: 'start', code: 'starting', problem: 'still starting' }]
  #warnings: readonly HealthProblem[] = []
  #draining = false
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null
  #afterRound: AfterRound = async () => undefined

  constructor(options: HealthChecks) {
    this.#options = options
  }

  onRound(afterRound: AfterRound): void {
    this.#afterRound = afterRound
  }

  /** First round now, then by timer. */
  async start(): Promise<void> {
    await this.check()
    this.#timer = setInterval(() => void this.check(), this.#options.intervalMs)
    this.#timer.unref()
  }

  /** One round; overlapping calls share it. */
  check(): Promise<void> {
    this.#round ??= this.#run().finally(() => {
      this.#round = null
    })
    return this.#round
  }

  problems(): readonly HealthProblem[] {
    const draining = { check: 'shutdown', code: 'draining', problem: 'shutting down, no new mail is taken' }
    return this.#draining ? [draining, ...this.#problems] : this.#problems
  }

  warnings(): readonly HealthProblem[] {
    return this.#warnings
  }

  refusal(): GatewayError | null {
    const [first] = this.problems()
    if (!first) return null
    return new GatewayError(first.code, {
      temporary: true,
      publicMessage: 'Service temporarily unavailable, try again later',
      message: `${first.check}: ${first.problem}`,
    })
  }

  drain(): void {
    this.#draining = true
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async #run(): Promise<void> {
    const results = await Promise.all(
      this.#options.checks.map(async (check) => {
        const problem = await inTime(check, this.#options.timeoutMs).catch((thrown: unknown) => asError(thrown).message)
        return problem === null ? [] : [{ check: check.name, code: check.code, problem, effect: check.effect }]
      }),
    )
    const found = results.flat()
    this.#problems = found.filter((problem) => problem.effect === 'refuse')
    this.#warnings = found.filter((problem) => problem.effect === 'warn')
    await this.#afterRound()
  }
}

async function inTime(check: HealthCheck, timeoutMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs)
  })
  try {
    return await Promise.race([check.run(), late])
  } finally {
    clearTimeout(timer)
  }
}
