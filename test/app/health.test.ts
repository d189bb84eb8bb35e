import { afterEach, describe, expect, it } from 'vitest'
import { Health, type HealthCheck } from '../../src/app/health.ts'

let health: Health | null = null

afterEach(() => health?.stop())

function healthOf(run: HealthCheck['run'], effect: HealthCheck['effect'] = 'refuse'): Health {
  const checks = [{ name: 'disk', effect, code: 'spool-full', run }]
  health = new Health({ intervalMs: 60_000, timeoutMs: 20, checks })
  return health
}

describe('health', () => {
  it('refuses until it has looked', async () => {
    const starting = healthOf(async () => null)
    expect(starting.refusal()).toMatchObject({ code: 'starting', temporary: true })
    await starting.check()
    expect(starting.refusal()).toBeNull()
  })

  it.each([
    ['says no', async () => 'full', 'full'],
    ['throws', () => Promise.reject(new Error('gone')), 'gone'],
    ['never answers', () => new Promise<string | null>(() => undefined), 'no answer within 20 ms'],
  ])('refuses while a check %s, and tells the peer no more than to come back', async (_, run, problem) => {
    const sick = healthOf(run)
    await sick.check()
    expect(sick.problems()).toMatchObject([{ check: 'disk', code: 'spool-full', problem }])
    expect(sick.refusal()?.publicMessage).toBe('Service temporarily unavailable, try again later')
  })

  it('only warns of what does not keep it from taking mail', async () => {
    const warned = healthOf(async () => 'down', 'warn')
    await warned.check()
    expect(warned.refusal()).toBeNull()
    expect(warned.warnings()).toHaveLength(1)
  })

  it('refuses while draining', async () => {
    const draining = healthOf(async () => null)
    await draining.check()
    draining.drain()
    expect(draining.refusal()).toMatchObject({ code: 'draining' })
  })

  it('tells who follows after each round', async () => {
    const followed = healthOf(async () => null)
    const seen: number[] = []
    followed.onRound(async () => void seen.push(followed.problems().length))
    await followed.check()
    expect(seen).toEqual([0])
  })
})
