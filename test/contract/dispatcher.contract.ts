import { afterEach, describe, expect, it } from 'vitest'
import type { Dispatcher } from '../../src/ports/dispatcher.ts'

export interface DispatcherHarness {
  /** A dispatcher of its own (own queue), working on both steps. */
  open(options: { readonly activeMax: number }): Promise<Dispatcher>
  close(): Promise<void>
}

/** What every dispatcher must do; the pipeline relies on nothing more. */
export function dispatcherContract(name: string, makeHarness: () => Promise<DispatcherHarness>): void {
  describe(`dispatcher contract: ${name}`, () => {
    let harness: DispatcherHarness | null = null
    const dispatchers: Dispatcher[] = []
    const open = async (activeMax = 4) => {
      harness ??= await makeHarness()
      const dispatcher = await harness.open({ activeMax })
      dispatchers.push(dispatcher)
      return dispatcher
    }

    afterEach(async () => {
      for (const dispatcher of dispatchers.splice(0)) await dispatcher.stop(5_000)
      await harness?.close()
      harness = null
    })

    it('hands out every id once', async () => {
      const dispatcher = await open()
      const seen = collector()
      await dispatcher.start(seen.handler)
      const ids = Array.from({ length: 50 }, (_, i) => `id-${i}`)
      for (const id of ids) await dispatcher.enqueue(id, { step: 'inspect', size: 1000 })
      await seen.until(ids.length)
      expect([...seen.ids].sort()).toEqual(ids.sort())
    })

    it('hands out what was enqueued before it started', async () => {
      const dispatcher = await open()
      await dispatcher.enqueue('early', { step: 'act', size: 1 })
      const seen = collector()
      await dispatcher.start(seen.handler)
      await seen.until(1)
      expect(seen.ids).toEqual(['early'])
    })

    it('takes an id that waits already for one', async () => {
      const dispatcher = await open()
      for (let i = 0; i < 3; i++) await dispatcher.enqueue('same', { step: 'inspect', size: 1 })
      const seen = collector()
      await dispatcher.start(seen.handler)
      await dispatcher.enqueue('last', { step: 'inspect', size: 10_000_000 })
      await seen.until(2)
      expect(seen.ids.filter((id) => id === 'same')).toHaveLength(1)
    })

    it('never works on more than activeMax at once', async () => {
      const dispatcher = await open(3)
      let active = 0
      let most = 0
      const gate = gatedHandler(() => {
        most = Math.max(most, ++active)
      })
      await dispatcher.start(async () => {
        await gate.pass()
        active--
      })
      for (let i = 0; i < 10; i++) await dispatcher.enqueue(`id-${i}`, { step: 'inspect', size: 1 })
      await gate.waiting(3)
      expect(active).toBe(3)
      gate.openForAll()
      await gate.done(10)
      expect(most).toBe(3)
    })

    it('gives small submissions precedence', async () => {
      const dispatcher = await open(1)
      await dispatcher.enqueue('large', { step: 'inspect', size: 40_000_000 })
      await dispatcher.enqueue('small', { step: 'inspect', size: 2_000 })
      const seen = collector()
      await dispatcher.start(seen.handler)
      await seen.until(2)
      expect(seen.ids).toEqual(['small', 'large'])
    })

    it('goes on after a handler threw', async () => {
      const dispatcher = await open(1)
      const seen = collector()
      await dispatcher.start(async (id) => {
        await seen.handler(id)
        if (id === 'bad') throw new Error('handlers should not throw')
      })
      await dispatcher.enqueue('bad', { step: 'inspect', size: 1 })
      await dispatcher.enqueue('good', { step: 'inspect', size: 1 })
      await seen.until(2)
      expect(seen.ids).toContain('good')
    })

    it('stop waits for what is in hand and hands out nothing more', async () => {
      const dispatcher = await open(1)
      const seen = collector()
      const gate = gatedHandler(() => undefined)
      await dispatcher.start(async (id) => {
        await gate.pass()
        await seen.handler(id)
      })
      await dispatcher.enqueue('first', { step: 'inspect', size: 1 })
      await gate.waiting(1)
      await dispatcher.enqueue('second', { step: 'inspect', size: 1 })
      const stopped = dispatcher.stop(10_000)
      gate.openForAll()
      await stopped
      expect(seen.ids).toEqual(['first'])
    })

    it('counts what waits', async () => {
      const dispatcher = await open()
      await dispatcher.enqueue('a', { step: 'inspect', size: 1 })
      await dispatcher.enqueue('b', { step: 'act', size: 1 })
      expect(await dispatcher.stats()).toMatchObject({ waiting: 2, active: 0, healthy: true })
    })
  })
}

function collector() {
  const ids: string[] = []
  let wanted = Number.POSITIVE_INFINITY
  let resolve: () => void = () => undefined
  return {
    ids,
    handler: async (id: string) => {
      ids.push(id)
      if (ids.length >= wanted) resolve()
    },
    until: (count: number) =>
      new Promise<void>((done) => {
        wanted = count
        resolve = done
        if (ids.length >= count) done()
      }),
  }
}

function gatedHandler(entered: () => void) {
  const waiters: (() => void)[] = []
  let open = false
  let passed = 0
  let inside = 0
  const changed: (() => void)[] = []
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => changed.push(resolve))
  }
  const change = () => {
    for (const resolve of changed.splice(0)) resolve()
  }
  return {
    pass: async () => {
      entered()
      inside++
      change()
      if (!open) await new Promise<void>((resolve) => waiters.push(resolve))
      passed++
      change()
    },
    waiting: (count: number) => until(() => inside - passed >= count),
    done: (count: number) => until(() => passed >= count),
    openForAll: () => {
      open = true
      for (const waiter of waiters.splice(0)) waiter()
    },
  }
}
