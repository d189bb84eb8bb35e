import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { creation } from '../contract/sample-submissions.ts'
import { sqliteHarness } from './harnesses.ts'

let harness: Awaited<ReturnType<typeof sqliteHarness>>

beforeEach(async () => {
  harness = await sqliteHarness()
})
afterEach(() => harness.dispose())

const databasePath = () => join(harness.dir, 'state.sqlite')

async function finish(ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => harness.store.transition(creation(id))))
  const details = { note: 'x'.repeat(2_000) }
  await Promise.all(
    ids.map((id) =>
      harness.store.transition({
        id,
        from: 'received',
        version: 1,
        to: 'done',
        at: 2_000,
        audit: { event: 'done', actor: 'system', details },
        nextAttemptAt: null,
      }),
    ),
  )
  await harness.store.contentRemoved(ids)
}

/** What someone with access to the file, and without the keys, can do to it. */
function intrude(sql: string): void {
  const db = new Database(databasePath())
  db.prepare(sql).run()
  db.close()
}

describe('a trimmed chain: tampering is noticed', () => {
  beforeEach(async () => {
    await finish(['a', 'b', 'c'])
    await harness.store.forgetRecords(9_000, 10)
    await harness.audit.trim(9_000, 2, 9_000)
    expect(await harness.audit.verify()).toMatchObject({ ok: true, first: 3, entries: 5 })
  })

  it.each([
    ['more entries taken from its beginning', 'DELETE FROM audit_entries WHERE sequence <= 4', 3],
    ['its beginning taken away', 'DELETE FROM audit_start', 1],
    ['its beginning moved', 'UPDATE audit_start SET sequence = 4', 4],
    ['its beginning made up', "UPDATE audit_start SET mac = replace(mac, substr(mac, 1, 1), 'x')", 2],
    ['its end cut off', 'DELETE FROM audit_entries WHERE sequence >= 7', 7],
    ['everything deleted', 'DELETE FROM audit_entries', 3],
  ])('%s', async (_, sql, brokenAt) => {
    intrude(sql)
    expect(await harness.audit.verify()).toMatchObject({ ok: false, brokenAt })
    const { audit } = await harness.reopen()
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt })
  })
})

describe('a chain that is trimmed while it is verified', () => {
  it('is whole', async () => {
    await finish(['a', 'b', 'c'])
    await harness.store.forgetRecords(9_000, 10)
    const entries = harness.audit.entries.bind(harness.audit)
    vi.spyOn(harness.audit, 'entries').mockImplementationOnce(async function* (filter) {
      await harness.audit.trim(9_000, 2, 9_000)
      yield* entries(filter)
    })
    expect(await harness.audit.verify()).toMatchObject({ ok: true, first: 3, entries: 5 })
  })
})

describe('space', () => {
  it('that records and entries took is given back', async () => {
    const pages = limits.storeFreePagesKept + limits.storeVacuumPagesMax
    const bytesEach = 2_500
    const count = Math.ceil((pages * 4_096) / bytesEach)
    for (let i = 0; i < count; i += 1_000)
      await finish(Array.from({ length: Math.min(1_000, count - i) }, (_, j) => `s${i + j}`))
    const db = new Database(databasePath())
    db.pragma('wal_checkpoint(TRUNCATE)')
    const before = (await stat(databasePath())).size
    while ((await harness.store.forgetRecords(9_000, 1_000)) > 0) {}
    while ((await harness.audit.trim(9_000, 10_000, 9_000)) > 0) {}
    // It is given back after the answer, and before the next change.
    await harness.store.ping()
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    const after = (await stat(databasePath())).size
    expect(before).toBeGreaterThan(pages * 4_096)
    expect(before - after).toBeGreaterThanOrEqual(limits.storeVacuumPagesMax * 4_096)
    expect(await harness.audit.verify()).toMatchObject({ ok: true })
  }, 30_000)
})
