import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BullmqDispatcher } from '../../src/dispatch/bullmq/bullmq-dispatcher.ts'
import { EmbeddedDispatcher } from '../../src/dispatch/embedded/embedded-dispatcher.ts'
import { dispatcherContract } from '../contract/dispatcher.contract.ts'
import { TestRedis } from '../support/redis.ts'
import { waitFor } from '../support/wait-for.ts'

let redis: TestRedis

beforeAll(async () => {
  redis = await TestRedis.start()
})

afterAll(async () => {
  await redis.stop()
})

const bullmq = (options: { activeMax: number; queue?: string; problems?: string[] }) =>
  new BullmqDispatcher({
    url: redis.url,
    queue: options.queue ?? `test-${randomUUID()}`,
    activeMax: options.activeMax,
    works: ['inspect', 'act'],
    onProblem: (problem) => options.problems?.push(problem),
  })

dispatcherContract('embedded', async () => ({
  open: async ({ activeMax }) => new EmbeddedDispatcher({ activeMax, waitingMax: 1000 }),
  close: async () => undefined,
}))

dispatcherContract('bullmq', async () => ({ open: async (options) => bullmq(options), close: async () => undefined }))

describe('embedded dispatcher', () => {
  it('drops ids past its bound, which the sweep then finds', async () => {
    const dispatcher = new EmbeddedDispatcher({ activeMax: 1, waitingMax: 2 })
    for (const id of ['a', 'b', 'c']) await dispatcher.enqueue(id, { step: 'inspect', size: 1 })
    expect((await dispatcher.stats()).waiting).toBe(2)
    await dispatcher.stop(0)
  })

  it('lets whoever enqueues answer its client before the work begins', async () => {
    const dispatcher = new EmbeddedDispatcher({ activeMax: 1, waitingMax: 10 })
    const order: string[] = []
    const worked = new Promise<void>((resolve) => {
      void dispatcher.start(async () => {
        order.push('work')
        resolve()
      })
    })
    await dispatcher.enqueue('a', { step: 'inspect', size: 1 })
    order.push('answer')
    await worked
    expect(order).toEqual(['answer', 'work'])
    await dispatcher.stop(1000)
  })

  it('goes round once more for an id that is asked for while it is worked on', async () => {
    const dispatcher = new EmbeddedDispatcher({ activeMax: 1, waitingMax: 10 })
    let rounds = 0
    const twice = new Promise<void>((resolve) => {
      void dispatcher.start(async (id) => {
        rounds++
        if (rounds === 1) await dispatcher.enqueue(id, { step: 'act', size: 1 })
        else resolve()
      })
    })
    await dispatcher.enqueue('a', { step: 'inspect', size: 1 })
    await twice
    expect(rounds).toBe(2)
    await dispatcher.stop(1000)
  })
})

describe('bullmq dispatcher and a Redis that fails', () => {
  it('swallows an enqueue while Redis is away, says so once, and works again when it is back', async () => {
    const problems: string[] = []
    const dispatcher = bullmq({ activeMax: 2, problems })
    const seen = new Set<string>()
    await dispatcher.start(async (id) => void seen.add(id))
    await redis.kill()
    await dispatcher.enqueue('lost', { step: 'inspect', size: 1 })
    await dispatcher.enqueue('lost-too', { step: 'inspect', size: 1 })
    expect((await dispatcher.stats()).healthy).toBe(false)
    expect(problems.length).toBeGreaterThanOrEqual(1)
    await redis.restart()
    // The sweep's part: it asks again until the work is done.
    await waitFor('the work to be done', async () => {
      await dispatcher.enqueue('lost', { step: 'inspect', size: 1 })
      return seen.has('lost')
    })
    await dispatcher.stop(5000)
  })

  it('has its fallback do meanwhile what Redis does not take, and stops without it', async () => {
    const fallback = new EmbeddedDispatcher({ activeMax: 1, waitingMax: 10 })
    const dispatcher = new BullmqDispatcher({
      url: redis.url,
      queue: `test-${randomUUID()}`,
      activeMax: 1,
      works: ['act'],
      onProblem: () => undefined,
      fallback,
    })
    await redis.kill()
    const done = new Promise<string>((resolve) => void dispatcher.start(async (id) => resolve(id)))
    await dispatcher.enqueue('meanwhile', { step: 'inspect', size: 1 })
    expect(await done).toBe('meanwhile')
    await dispatcher.stop(5000)
    await redis.restart()
  })

  it('holds nothing but ids', async () => {
    const queue = `test-${randomUUID()}`
    const dispatcher = bullmq({ activeMax: 1, queue })
    await dispatcher.enqueue('01ABC', { step: 'inspect', size: 12_345 })
    const { Redis } = await import('ioredis')
    const client = new Redis(redis.url)
    const job = await client.hgetall(`bull:${queue}-inspect:01ABC`)
    client.disconnect()
    expect(JSON.parse(job.data ?? '')).toEqual({ id: '01ABC' })
    await dispatcher.stop(1000)
  })
})
