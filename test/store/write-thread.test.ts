import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WriteThread } from '../../src/store/sqlite/write-thread.ts'
import { temporaryDirectory } from './harnesses.ts'

describe('the writing thread', () => {
  let root: string
  let dir: string
  let thread: WriteThread

  beforeEach(async () => {
    root = await temporaryDirectory('thread')
    dir = join(root, 'state')
    const data = { path: join(dir, 'state.sqlite'), auditKey: Buffer.alloc(32, 7), busyTimeoutMs: 100, batchMax: 10 }
    thread = new WriteThread(data, 100)
  })
  afterEach(async () => {
    await thread.close()
    await rm(root, { recursive: true, force: true })
  })

  it('refuses temporarily while the database cannot be opened, and starts again with the next change', async () => {
    await expect(thread.start()).rejects.toMatchObject({ code: 'store-failed', message: expect.stringContaining(dir) })
    await expect(thread.submit({ kind: 'ping' })).rejects.toMatchObject({ code: 'store-failed', temporary: true })
    await mkdir(dir)
    await expect.poll(() => thread.submit({ kind: 'ping' }).catch(() => 'refused'), { timeout: 10_000 }).toBe('applied')
  })

  it('takes more than fits into one transaction', async () => {
    await mkdir(dir)
    await thread.submit({ kind: 'ping' })
    const outcomes = await Promise.all(Array.from({ length: 35 }, () => thread.submit({ kind: 'ping' })))
    expect(outcomes).toEqual(Array.from({ length: 35 }, () => 'applied'))
  })

  it('lets a change that fails hurt none of those it shares a transaction with', async () => {
    await mkdir(dir)
    await thread.submit({ kind: 'ping' })
    const audit = { event: 'configuration', actor: 'test', details: {} } as const
    const broken = {
      kind: 'transition',
      id: 'no content',
      from: null,
      version: 0,
      to: 'received',
      at: 1,
      audit,
      create: null,
      documents: [],
      results: [],
      quarantine: null,
      nextAttemptAt: null,
      inspectAttempts: null,
      spawn: [],
    } as const
    const outcomes = await Promise.allSettled([
      thread.submit({ kind: 'audit', draft: audit, at: 1, submission: null }),
      thread.submit(broken),
      thread.submit({ kind: 'audit', draft: audit, at: 2, submission: null }),
    ])
    expect(outcomes).toMatchObject([{ value: 'applied' }, { reason: { code: 'store-misuse' } }, { value: 'applied' }])
    await thread.close()
    const db = new Database(join(dir, 'state.sqlite'), { readonly: true })
    expect(db.prepare('SELECT sequence, at FROM audit_entries').all()).toEqual([
      { sequence: 1, at: 1 },
      { sequence: 2, at: 2 },
    ])
    db.close()
  })

  it('lets a change that can wait ride along with an urgent one, and go by itself when none comes', async () => {
    await mkdir(dir)
    await thread.submit({ kind: 'ping' })
    const settled: string[] = []
    const patient = thread.submit({ kind: 'ping' }, false).then(() => settled.push('patient'))
    await thread.submit({ kind: 'ping' }).then(() => settled.push('urgent'))
    expect(settled).toEqual(['patient', 'urgent'])
    await patient
    expect(await thread.submit({ kind: 'ping' }, false)).toBe('applied')
  })

  it('finishes what it was given before it closes, and takes nothing after', async () => {
    await mkdir(dir)
    await thread.start()
    const last = thread.submit({ kind: 'ping' })
    await thread.close()
    expect(await last).toBe('applied')
    await expect(thread.submit({ kind: 'ping' })).rejects.toMatchObject({ code: 'store-closed', temporary: true })
  })
})
