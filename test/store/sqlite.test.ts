import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeys, loadKeys, rotateKeyEncryptionKey } from '../../src/platform/keys.ts'
import { sqliteMigrations } from '../../src/store/migrations/sqlite-migrations.ts'
import { openForWriting } from '../../src/store/sqlite/open-database.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import { creation, sampleDecision, sampleReport } from '../contract/sample-submissions.ts'
import { ephemeralKeys, fixedKeyEncryptionKeys } from '../support/memory-keys.ts'
import { type SqliteHarness, sqliteHarness, TestClock, temporaryDirectory } from './harnesses.ts'

let harness: SqliteHarness

beforeEach(async () => {
  harness = await sqliteHarness()
})
afterEach(() => harness.dispose())

const databasePath = (dir = harness.dir) => join(dir, 'state.sqlite')

/** What someone with access to the file, and without the keys, can do to it. */
function intrude(sql: string, ...values: unknown[]): void {
  const db = new Database(databasePath())
  db.pragma('foreign_keys = OFF')
  db.prepare(sql).run(...values)
  db.close()
}

async function fill(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await harness.store.transition(creation(`s${i}`))
}

describe('audit chain: tampering is noticed', () => {
  beforeEach(() => fill(10))

  const tampering: Record<string, [sql: string, brokenAt: number]> = {
    'details edited': [`UPDATE audit_entries SET details = '{"size":1}' WHERE sequence = 4`, 4],
    'details made unreadable': [`UPDATE audit_entries SET details = 'no json' WHERE sequence = 4`, 4],
    'the actor edited': [`UPDATE audit_entries SET actor = 'nobody' WHERE sequence = 7`, 7],
    'the time edited': ['UPDATE audit_entries SET at = at + 1 WHERE sequence = 1', 1],
    'the submission edited': [`UPDATE audit_entries SET submission = NULL WHERE sequence = 10`, 10],
    'the MAC edited': [`UPDATE audit_entries SET mac = replace(mac, substr(mac, 1, 1), 'x') WHERE sequence = 5`, 5],
    'an entry deleted': ['DELETE FROM audit_entries WHERE sequence = 5', 5],
    'the first entry deleted': ['DELETE FROM audit_entries WHERE sequence = 1', 1],
    'two entries exchanged': [
      `UPDATE audit_entries SET sequence = CASE sequence WHEN 3 THEN -4 WHEN 4 THEN -3 END WHERE sequence IN (3, 4)`,
      3,
    ],
    'the end cut off': ['DELETE FROM audit_entries WHERE sequence > 8', 9],
    'everything deleted': ['DELETE FROM audit_entries', 1],
    'an entry made up': [
      `INSERT INTO audit_entries SELECT 11, at, submission, 'released', actor, details, mac, mac FROM audit_entries WHERE sequence = 10`,
      11,
    ],
  }
  it.each(Object.keys(tampering))('%s', async (name) => {
    const [sql, brokenAt] = tampering[name] ?? ['', 0]
    expect(await harness.audit.verify()).toMatchObject({ ok: true, entries: 10 })
    intrude(sql)
    if (name === 'two entries exchanged') intrude('UPDATE audit_entries SET sequence = -sequence WHERE sequence < 0')
    expect(await harness.audit.verify()).toMatchObject({ ok: false, brokenAt })
    // Starting again must not heal it.
    const { audit } = await harness.reopen()
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt })
  })

  it('the end cut off stays noticed when the chain grows on', async () => {
    intrude('DELETE FROM audit_entries WHERE sequence > 8')
    const { store, audit } = await harness.reopen()
    for (let i = 0; i < 5; i += 1) await store.transition(creation(`later${i}`))
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt: 10 })
  })

  it('the anchor deleted or forged', async () => {
    const anchor = `${databasePath()}-audit-anchor`
    await rm(anchor)
    expect(await harness.audit.verify()).toMatchObject({ ok: false, problem: expect.stringContaining('anchor') })
    await harness.reopen()
    expect(await harness.audit.verify()).toMatchObject({ ok: false })
    await writeFile(anchor, `${'8'.padStart(16, '0')} ${'0'.repeat(64)} ${'0'.repeat(64)}\n`.padEnd(1_024))
    expect(await harness.audit.verify()).toMatchObject({ ok: false, problem: expect.stringContaining('anchor') })
  })

  it('a lagging anchor is no alarm: a crash may come between commit and anchor', async () => {
    const anchor = `${databasePath()}-audit-anchor`
    const before = join(harness.dir, 'anchor-before')
    await copyFile(anchor, before)
    await fill(15)
    await copyFile(before, anchor)
    expect(await harness.audit.verify()).toMatchObject({ ok: true, entries: 15 })
    await harness.reopen()
    await harness.store.transition(creation('one more'))
    expect(await harness.audit.verify()).toMatchObject({ ok: true, entries: 16 })
  })

  it('after a restore from backup the anchor can be renewed, on the record', async () => {
    intrude('DELETE FROM audit_entries WHERE sequence > 8')
    await harness.reopen()
    expect(await harness.audit.verify()).toMatchObject({ ok: false })
    await harness.state.store.renewAuditAnchor('olga', 'restored the backup of Monday')
    expect(await harness.audit.verify()).toMatchObject({ ok: true, entries: 9 })
    const entries = []
    for await (const entry of harness.audit.entries({ after: 8 })) entries.push(entry)
    expect(entries).toMatchObject([{ event: 'configuration', actor: 'olga' }])
    await harness.reopen()
    await harness.store.transition(creation('one more'))
    expect(await harness.audit.verify()).toMatchObject({ ok: true, entries: 10 })
  })

  it('another audit key does not verify it', async () => {
    await harness.store.close()
    const keys = { ...harness.keys, audit: ephemeralKeys().audit }
    const { store, audit } = await openSqliteState({ dir: harness.dir, keys, clock: new TestClock() })
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt: 1 })
    await store.close()
  })
})

describe('sealed documents', () => {
  beforeEach(async () => {
    await fill(2)
    for (const id of ['s0', 's1']) {
      await harness.store.transition({
        ...creation(id),
        from: 'received',
        version: 1,
        to: 'held',
        decision: sampleDecision(),
        report: sampleReport('…'),
      })
    }
  })

  it.each([
    [
      'changed',
      `UPDATE sealed_documents SET body = CAST(body || x'00' AS BLOB) WHERE submission = 's0' AND kind = 'decision'`,
    ],
    [
      'moved from another submission',
      `UPDATE sealed_documents SET body = (SELECT body FROM sealed_documents WHERE submission = 's1' AND kind = 'report')
       WHERE submission = 's0' AND kind = 'report'`,
    ],
    [
      'put in another place',
      `UPDATE sealed_documents SET body = (SELECT body FROM sealed_documents WHERE submission = 's0' AND kind = 'report')
       WHERE submission = 's0' AND kind = 'decision'`,
    ],
    ['removed', `DELETE FROM sealed_documents WHERE submission = 's0' AND kind = 'envelope'`],
  ])('%s: refused, never acted on', async (_, sql) => {
    intrude(sql)
    await expect(harness.store.get('s0')).rejects.toMatchObject({ code: 'record-corrupt' })
    expect(await harness.store.get('s1')).not.toBeNull()
  })

  it('do not open under another key', async () => {
    await harness.store.close()
    const keys = { ...harness.keys, keyEncryption: ephemeralKeys().keyEncryption }
    const { store } = await openSqliteState({ dir: harness.dir, keys, clock: new TestClock() })
    await expect(store.get('s0')).rejects.toMatchObject({ code: 'record-corrupt' })
    await store.close()
  })

  it('are sealed anew after a rotation, so that the old key can go', async () => {
    await harness.store.close()
    const keysDir = join(harness.dir, 'keys')
    await createKeys(keysDir)
    await rm(databasePath())
    for (const name of await readdir(harness.dir))
      if (name.startsWith('state.sqlite')) await rm(join(harness.dir, name))
    const keys = await loadKeys(keysDir)
    const { store } = await openSqliteState({ dir: harness.dir, keys, clock: new TestClock() })
    for (let i = 0; i < 450; i += 1) void store.transition(creation(`s${i}`))
    await store.ping()
    await rotateKeyEncryptionKey(keysDir)
    await keys.keyEncryption.reload()
    await store.transition(creation('after'))
    expect(await store.reseal()).toBe(450)
    expect(await store.reseal()).toBe(0)
    await store.close()
    await rm(join(keysDir, 'kek-1.key'))
    const again = await openSqliteState({ dir: harness.dir, keys: await loadKeys(keysDir), clock: new TestClock() })
    expect((await again.store.get('s449'))?.submission.envelope.sender).toBe('sender@example.com')
    expect(await again.audit.verify()).toMatchObject({ ok: true, entries: 451 })
    await again.store.close()
  })

  it('say which key they need', async () => {
    await harness.store.close()
    const keys = { ...harness.keys, keyEncryption: fixedKeyEncryptionKeys(new Map([[3, Buffer.alloc(32, 1)]])) }
    const { store } = await openSqliteState({ dir: harness.dir, keys, clock: new TestClock() })
    await expect(store.get('s0')).rejects.toMatchObject({
      code: 'key-missing',
      message: expect.stringContaining('key 1'),
    })
    await store.close()
  })
})

describe('the file', () => {
  it('250-means-durable: every commit is synced before it is answered', () => {
    const db = openForWriting(join(harness.dir, 'synced.sqlite'), 1_000)
    try {
      // 2 is FULL: with a write-ahead log NORMAL syncs at checkpoints alone.
      expect(db.pragma('synchronous', { simple: true })).toBe(2)
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    } finally {
      db.close()
    }
  })

  it('is private to its owner, side files included', async () => {
    await fill(1)
    expect((await stat(harness.dir)).mode & 0o077).toBe(0)
    for (const name of await readdir(harness.dir))
      expect((await stat(join(harness.dir, name))).mode & 0o077, name).toBe(0)
  })

  it('refuses a schema from the future, and says what to do', async () => {
    await harness.store.close()
    intrudeVersion(sqliteMigrations.length + 1)
    await expect(
      openSqliteState({ dir: harness.dir, keys: harness.keys, clock: new TestClock() }),
    ).rejects.toMatchObject({
      code: 'store-newer',
      temporary: false,
      message: expect.stringMatching(/schema \d+.*knows \d+.*newer version/),
    })
    intrudeVersion(sqliteMigrations.length)
    await harness.reopen()
  })

  function intrudeVersion(version: number): void {
    const db = new Database(databasePath())
    db.pragma(`user_version = ${version}`)
    db.close()
  }

  it('says so when it is no database', async () => {
    await harness.store.close()
    const dir = await temporaryDirectory('no-database')
    await writeFile(databasePath(dir), 'this is not a database, and longer than its head would be'.repeat(50))
    await expect(openSqliteState({ dir, keys: harness.keys, clock: new TestClock() })).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(/state\.sqlite .*SQLITE_NOTADB/),
    })
    await rm(dir, { recursive: true })
  })

  it('migrations are numbered without gaps', () => {
    expect(sqliteMigrations.map(({ number }) => number)).toEqual(sqliteMigrations.map((_, i) => i + 1))
  })

  it('the claims of a killed predecessor can be dropped at start', async () => {
    await fill(1)
    await harness.store.claim('s0', 'killed', 1, 9_000_000)
    await harness.reopen()
    expect(await harness.store.claim('s0', 'other', 1, 2), 'they outlive a restart').toBe(false)
    await harness.state.store.forgetClaims()
    expect(await harness.store.claim('s0', 'other', 1, 2)).toBe(true)
  })

  it('damaged claims are begun anew: losing them loses nothing', async () => {
    await fill(1)
    await harness.store.claim('s0', 'me', 1, 9_000_000)
    await harness.store.close()
    await writeFile(`${databasePath()}-claims`, 'garbage'.repeat(2_000))
    await harness.reopen()
    expect(await harness.store.claim('s0', 'other', 1, 2)).toBe(true)
    expect((await harness.store.due(5_000, 9)).map(({ id }) => id)).toEqual(['s0'])
  })
})

describe('bounded', () => {
  it('more changes than may wait are refused temporarily, and the rest applied', async () => {
    await harness.store.close()
    const limits = { storeQueueMax: 50, storeBatchMax: 7 }
    const { store } = await openSqliteState({ dir: harness.dir, keys: harness.keys, clock: new TestClock(), limits })
    const outcomes = await Promise.allSettled(Array.from({ length: 51 }, (_, i) => store.transition(creation(`q${i}`))))
    expect(outcomes.slice(0, 50).every((o) => o.status === 'fulfilled' && o.value === 'applied')).toBe(true)
    expect(outcomes[50]).toMatchObject({ status: 'rejected', reason: { code: 'store-busy', temporary: true } })
    expect(await store.transition(creation('q50'))).toBe('applied')
    await store.close()
  })
})

describe('several processes', () => {
  it('share one file: each change is applied once, the chain is one', async () => {
    const keysDir = join(harness.dir, 'keys')
    await createKeys(keysDir)
    const keys = await loadKeys(keysDir)
    const dir = join(harness.dir, 'shared')
    const { store, audit } = await openSqliteState({ dir, keys, clock: new TestClock() })
    const script = join(import.meta.dirname, 'second-process.ts')
    const child = spawn(process.execPath, [script, dir, keysDir, '200'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const lines: string[] = []
    child.stdout.on('data', (data: Buffer) => lines.push(data.toString()))
    await vi.waitFor(() => expect(lines.join('')).toContain('ready'), { timeout: 10_000 })
    const mine: string[] = []
    for (let i = 0; i < 200; i += 1) mine.push(await store.transition(creation(`m${i}`)))
    await exited
    const theirs = JSON.parse(lines.join('').split('\n')[1] ?? '[]') as string[]
    expect(theirs).toHaveLength(200)
    for (let i = 0; i < 200; i += 1) expect([mine[i], theirs[i]].sort(), `m${i}`).toEqual(['applied', 'exists'])
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 200 })
    await store.close()
  })
})

describe('a full disk', () => {
  let mount: string | null

  beforeEach(async () => {
    const point = join(harness.dir, 'small')
    await mkdir(point)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', point], { stdio: 'ignore' })
      mount = point
    } catch {
      mount = null
    }
  })
  afterEach(() => {
    if (mount) execFileSync('umount', ['-l', mount])
  })

  it('refuses temporarily, keeps what was acknowledged, and goes on once there is room', async (context) => {
    if (!mount) return context.skip('mounting a small tmpfs needs root')
    const dir = join(mount, 'state')
    const { store, audit } = await openSqliteState({ dir, keys: harness.keys, clock: new TestClock() })
    await store.transition(creation('before'))
    const ballast = join(mount, 'ballast')
    await writeFile(ballast, Buffer.alloc(8_000_000)).catch(() => undefined)
    const acknowledged: string[] = []
    let refusal: unknown = null
    for (let i = 0; i < 5_000 && refusal === null; i += 1) {
      await store.transition(creation(`f${i}`)).then(
        () => acknowledged.push(`f${i}`),
        (error: unknown) => {
          refusal = error
        },
      )
    }
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^store-(full|failed)$/), temporary: true })
    await rm(ballast)
    expect(await store.transition(creation('after'))).toBe('applied')
    for (const id of ['before', ...acknowledged, 'after']) expect(await store.get(id), id).not.toBeNull()
    expect(await audit.verify()).toMatchObject({ ok: true, entries: acknowledged.length + 2 })
    await store.close()
  })
})
