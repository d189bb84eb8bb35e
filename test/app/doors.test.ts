import { describe, expect, it } from 'vitest'
import { Doors } from '../../src/app/doors.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

function setUp() {
  const calls: string[] = []
  const state = { now: 0, ready: true, canListen: true }
  const doors = new Doors({
    health: {
      problems: () => (state.ready ? [] : [{ check: 'spool', code: 'spool-full', problem: 'full' }]),
    },
    ingress: {
      pause: async () => void calls.push('pause'),
      resume: async () => {
        calls.push('resume')
        if (!state.canListen) throw new Error('the port is taken')
      },
    },
    patienceMs: 1_000,
    now: () => state.now,
    log: quiet,
  })
  return { doors, calls, state }
}

describe('doors', () => {
  it('stay open through short trouble, which is answered 4xx', async () => {
    const { doors, calls, state } = setUp()
    state.ready = false
    await doors.look()
    state.now = 999
    await doors.look()
    expect(calls).toEqual([])
    state.ready = true
    await doors.look()
    state.ready = false
    state.now = 1_500
    await doors.look()
    expect(calls, 'trouble is counted anew').toEqual([])
  })

  it('close once when it lasts, and open when it is over', async () => {
    const { doors, calls, state } = setUp()
    state.ready = false
    for (const now of [0, 1_000, 5_000]) {
      state.now = now
      await doors.look()
    }
    expect(calls).toEqual(['pause'])
    expect(doors.closed).toBe(true)
    state.ready = true
    await doors.look()
    await doors.look()
    expect(calls).toEqual(['pause', 'resume'])
    expect(doors.closed).toBe(false)
  })

  it('are tried again when they can not be opened', async () => {
    const { doors, calls, state } = setUp()
    state.ready = false
    await doors.look()
    state.now = 1_000
    await doors.look()
    state.ready = true
    state.canListen = false
    await doors.look()
    expect(doors.closed).toBe(true)
    state.canListen = true
    await doors.look()
    expect(calls).toEqual(['pause', 'resume', 'resume'])
    expect(doors.closed).toBe(false)
  })
})
