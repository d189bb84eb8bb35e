/** What `/readyz` stands for. Of a gateway: spool writable with room, store answering, a canary message scanned lately. */
import type { Config } from '../config/schema.ts'
import { asError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { PipelineDependencies } from '../pipeline/dependencies.ts'
import type { HealthCheck } from './health.ts'
import type { DefinitionWatch } from './watch-definitions.ts'

const CANARY_INTERVAL_MS = 30_000
/** Intake stops when no canary came back for this long; it waits in line behind real messages. */
const CANARY_AGE_MAX_MS = 60_000
const CANARY = Buffer.from(
  'From: canary@sluice.invalid\r\nTo: canary@sluice.invalid\r\nSubject: canary\r\n\r\nAll is well.\r\n',
)

export function gatewayChecks(config: Config, deps: PipelineDependencies, watch: DefinitionWatch): HealthCheck[] {
  return [
    {
      name: 'spool',
      effect: 'refuse',
      code: 'spool-full',
      run: async () => {
        const usage = await deps.blobs.usage()
        if (!usage.healthy) return usage.problem ?? 'the spool cannot be written'
        if (usage.freeBytes >= config.limits.spool_free) return null
        return `${usage.freeBytes} bytes free, limits.spool_free asks for ${config.limits.spool_free}`
      },
    },
    storeCheck(deps),
    {
      name: 'backlog',
      effect: 'refuse',
      code: 'spool-full',
      run: async () => {
        const counts = await deps.store.counts()
        const waiting = counts.received + counts.decided
        if (waiting < config.limits.spool_messages) return null
        return `${waiting} messages are waiting, limits.spool_messages allows ${config.limits.spool_messages}`
      },
    },
    canaryCheck(deps),
    dispatchCheck(deps, 'warn'),
    definitionsCheck(watch),
    {
      name: 'next-hop',
      effect: 'warn',
      code: 'next-hop-down',
      run: async () => {
        const down = deps.deliverer.health().filter((hop) => !hop.healthy)
        return down.length === 0
          ? null
          : down
              .map((hop) => `${hop.nextHop}: ${hop.lastProblem ?? 'down'}`)
              .join('; ')
              .slice(0, limits.deliveryReplyKeptMaxChars)
      },
    },
  ]
}

/** What a worker needs to do its share. Without Redis it gets no work, so there that is no mere warning. */
export function workerChecks(deps: PipelineDependencies, watch: DefinitionWatch): HealthCheck[] {
  return [storeCheck(deps), canaryCheck(deps), dispatchCheck(deps, 'refuse'), definitionsCheck(watch)]
}

function storeCheck(deps: PipelineDependencies): HealthCheck {
  return {
    name: 'store',
    effect: 'refuse',
    code: 'store-sick',
    run: async () => {
      await deps.store.ping()
      return null
    },
  }
}

function canaryCheck(deps: PipelineDependencies): HealthCheck {
  const canary = new Canary(deps)
  return { name: 'canary', effect: 'refuse', code: 'scan-sick', run: () => canary.look() }
}

function dispatchCheck(deps: PipelineDependencies, effect: HealthCheck['effect']): HealthCheck {
  return {
    name: 'dispatch',
    effect,
    code: 'dispatch-sick',
    run: async () => {
      const { healthy, problem } = await deps.dispatcher.stats()
      return healthy ? null : (problem ?? 'the dispatcher does not answer')
    },
  }
}

function definitionsCheck(watch: DefinitionWatch): HealthCheck {
  return { name: 'definitions', effect: 'warn', code: 'definitions-broken', run: async () => watch.problem() }
}

/** A harmless message of our own that is scanned from time to time. Looking never waits but the first time. */
class Canary {
  readonly #deps: PipelineDependencies
  #flying: Promise<void> | null = null
  #sentAt = Number.NEGATIVE_INFINITY
  #backAt: number | null = null
  #problem: string | null = null

  constructor(deps: PipelineDependencies) {
    this.#deps = deps
  }

  async look(): Promise<string | null> {
    const now = this.#deps.clock.now()
    if (!this.#flying && now - this.#sentAt >= CANARY_INTERVAL_MS) {
      this.#sentAt = now
      this.#flying = this.#fly(now).finally(() => {
        this.#flying = null
      })
    }
    if (this.#backAt === null) await this.#flying
    if (this.#problem !== null) return this.#problem
    const age = now - (this.#backAt ?? now)
    return age > CANARY_AGE_MAX_MS ? `no canary message was scanned for ${Math.round(age / 1000)} s` : null
  }

  async #fly(now: number): Promise<void> {
    try {
      const content = async () => Uint8Array.from(CANARY)
      const { uninspected } = await this.#deps.scanner.scan({ content, envelope: canaryEnvelope(now) })
      this.#problem = uninspected.length === 0 ? null : `a canary message was not inspected: ${uninspected[0]?.reason}`
      this.#backAt = this.#deps.clock.now()
    } catch (thrown) {
      this.#problem = asError(thrown).message
    }
    // After trouble the next round tries again.
    if (this.#problem !== null) this.#sentAt = Number.NEGATIVE_INFINITY
  }
}

function canaryEnvelope(now: number) {
  return {
    channel: 'mail' as const,
    sender: 'canary@sluice.invalid',
    recipients: [{ address: 'canary@sluice.invalid' }],
    client: { address: '127.0.0.1', listener: 'internal', protocol: 'local' },
    body: '7BIT' as const,
    smtpUtf8: false,
    dsn: {},
    receivedAt: now,
  }
}
