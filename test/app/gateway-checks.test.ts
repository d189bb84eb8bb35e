import { describe, expect, it } from 'vitest'
import { gatewayChecks, workerChecks } from '../../src/app/gateway-checks.ts'
import type { HealthCheck } from '../../src/app/health.ts'
import { parseConfig } from '../../src/config/load-config.ts'
import type { PipelineDependencies } from '../../src/pipeline/dependencies.ts'

const { config } = parseConfig(
  's.yaml',
  JSON.stringify({ listeners: [{ name: 'a', port: 25 }], limits: { spool_free: 1000, spool_messages: 10 } }),
  {},
)
if (!config) throw new Error('the configuration is bad')

/** Everything is well until a test says otherwise. */
function installation() {
  const state = {
    now: 1_000_000,
    usage: { usedBytes: 0, freeBytes: 1000, healthy: true, problem: undefined as string | undefined },
    counts: { received: 4, decided: 5, quarantined: 99, held: 99, done: 99 },
    stats: { waiting: 0, active: 0, healthy: true, problem: undefined as string | undefined },
    ping: async () => {},
    definitions: null as string | null,
    hops: [] as { nextHop: string; healthy: boolean; lastProblem?: string }[],
    scans: 0,
    scan: async (): Promise<object> => ({ uninspected: [] }),
  }
  const deps = {
    blobs: { usage: async () => state.usage },
    store: { ping: () => state.ping(), counts: async () => state.counts },
    dispatcher: { stats: async () => state.stats },
    deliverer: { health: () => state.hops },
    clock: { now: () => state.now },
    scanner: {
      scan: () => {
        state.scans++
        return state.scan()
      },
    },
  } as unknown as PipelineDependencies
  const watch = { problem: () => state.definitions, check: async () => undefined, stop: () => undefined }
  return { state, gateway: gatewayChecks(config as never, deps, watch), worker: workerChecks(deps, watch) }
}

function named(checks: readonly HealthCheck[], name: string): HealthCheck {
  const found = checks.find((check) => check.name === name)
  if (!found) throw new Error(`no check ${name}`)
  return found
}

describe('what readiness stands for', () => {
  it('nothing is said of what is well', async () => {
    const { gateway, worker } = installation()
    for (const check of [...gateway, ...worker]) expect(await check.run(), check.name).toBeNull()
  })

  it('bounded: free space and backlog, at the limit and one past it', async () => {
    const { state, gateway } = installation()
    state.usage.freeBytes = 999
    expect(await named(gateway, 'spool').run()).toBe('999 bytes free, limits.spool_free asks for 1000')
    state.counts.decided = 6
    expect(await named(gateway, 'backlog').run()).toBe('10 messages are waiting, limits.spool_messages allows 10')
  })

  it('a spool that cannot be written, a store and a dispatcher that do not answer', async () => {
    const { state, gateway, worker } = installation()
    state.usage = { ...state.usage, healthy: false, problem: 'EIO' }
    expect(await named(gateway, 'spool').run()).toBe('EIO')
    state.ping = () => Promise.reject(new Error('locked'))
    await expect(named(gateway, 'store').run()).rejects.toThrow('locked')
    state.stats = { ...state.stats, healthy: false, problem: 'ECONNREFUSED' }
    for (const checks of [gateway, worker]) expect(await named(checks, 'dispatch').run()).toBe('ECONNREFUSED')
    // The gateway does the work itself then; a worker has none.
    expect([named(gateway, 'dispatch').effect, named(worker, 'dispatch').effect]).toEqual(['warn', 'refuse'])
  })

  it('broken definitions and next hops are warnings', async () => {
    const { state, gateway } = installation()
    state.definitions = 'a.yaml:1:1 broken'
    state.hops = [
      { nextHop: 'a:25', healthy: true },
      { nextHop: 'b:25', healthy: false, lastProblem: '421 busy' },
    ]
    const told = [named(gateway, 'definitions'), named(gateway, 'next-hop')]
    expect(await Promise.all(told.map((check) => check.run()))).toEqual(['a.yaml:1:1 broken', 'b:25: 421 busy'])
    expect(told.map((check) => check.effect)).toEqual(['warn', 'warn'])
  })
})

describe('fail-closed: the canary', () => {
  it.each([
    [
      'is not inspected',
      async () => ({ uninspected: [{ path: 'mail', reason: 'timeout' }] }),
      'a canary message was not inspected: timeout',
    ],
    ['kills its scan', () => Promise.reject(new Error('the worker died')), 'the worker died'],
  ])('that %s stops intake, and the next one starts it again', async (_, scan, problem) => {
    const { state, gateway } = installation()
    const canary = named(gateway, 'canary')
    const well = state.scan
    state.scan = scan
    expect(await canary.run()).toBe(problem)
    state.scan = well
    await canary.run()
    expect(await canary.run()).toBeNull()
    expect(canary).toMatchObject({ effect: 'refuse', code: 'scan-sick' })
  })

  it('that does not come back stops intake a minute after the last one did, and nobody waits for it', async () => {
    const { state, gateway } = installation()
    const canary = named(gateway, 'canary')
    expect(await canary.run()).toBeNull()
    state.scan = () => new Promise(() => {})
    state.now += 30_000
    expect(await canary.run()).toBeNull()
    state.now += 30_000
    expect(await canary.run(), 'at a minute').toBeNull()
    state.now += 1
    expect(await canary.run(), 'past it').toBe('no canary message was scanned for 60 s')
    expect(state.scans, 'no second one while the first is out').toBe(2)
  })

  it('is sent every half minute, not at every look', async () => {
    const { state, gateway } = installation()
    const canary = named(gateway, 'canary')
    for (const ahead of [0, 10_000, 19_999, 1]) {
      state.now += ahead
      await canary.run()
    }
    expect(state.scans).toBe(2)
  })
})
