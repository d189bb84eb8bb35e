/** What `/readyz` stands for: spool writable with room, store answering, a canary message scanned lately. */
import type { Config } from '../config/schema.ts'
import { limits } from '../core/limits.ts'
import type { PipelineDependencies } from '../pipeline/dependencies.ts'
import type { HealthCheck } from './health.ts'
import type { DefinitionWatch } from './watch-definitions.ts'

const CANARY_INTERVAL_MS = 30_000
const CANARY = Buffer.from(
  'From: canary@sluice.invalid\r\nTo: canary@sluice.invalid\r\nSubject: canary\r\n\r\nAll is well.\r\n',
)

export function gatewayChecks(config: Config, deps: PipelineDependencies, watch: DefinitionWatch): HealthCheck[] {
  let lastCanaryAt = 0
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
    {
      name: 'store',
      effect: 'refuse',
      code: 'store-sick',
      run: async () => {
        await deps.store.ping()
        return null
      },
    },
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
    {
      name: 'canary',
      effect: 'refuse',
      code: 'scan-sick',
      run: async () => {
        if (deps.clock.now() - lastCanaryAt < CANARY_INTERVAL_MS) return null
        const { uninspected } = await deps.scanner.scan({
          bytes: Uint8Array.from(CANARY),
          envelope: canaryEnvelope(deps.clock.now()),
        })
        if (uninspected.length > 0) return `a canary message was not inspected: ${uninspected[0]?.reason}`
        lastCanaryAt = deps.clock.now()
        return null
      },
    },
    {
      name: 'dispatch',
      effect: 'warn',
      code: 'dispatch-sick',
      run: async () => {
        const { healthy, problem } = await deps.dispatcher.stats()
        return healthy ? null : (problem ?? 'the dispatcher does not answer')
      },
    },
    { name: 'definitions', effect: 'warn', code: 'definitions-broken', run: async () => watch.problem() },
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
