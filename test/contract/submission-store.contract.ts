import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/core/audit.ts'
import type { QuarantineItem } from '../../src/core/quarantine.ts'
import type { AuditLog } from '../../src/ports/audit-log.ts'
import type { SubmissionStore, Transition } from '../../src/ports/submission-store.ts'
import { creation, result, sampleDecision, sampleReport, sampleSubmission } from './sample-submissions.ts'

/** What every SubmissionStore does, with the audit log that shares its transactions. */
export interface SubmissionStoreHarness {
  readonly store: SubmissionStore
  readonly audit: AuditLog
  reopen(): Promise<{ readonly store: SubmissionStore; readonly audit: AuditLog }>
  /** Every byte that the store keeps. */
  storedBytes(): Promise<Buffer>
  dispose(): Promise<void>
}

export async function entriesOf(audit: AuditLog, submission?: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for await (const entry of audit.entries(submission === undefined ? {} : { submission })) entries.push(entry)
  return entries
}

function decide(id: string, override: Partial<Transition> = {}): Transition {
  return {
    id,
    from: 'received',
    version: 1,
    to: 'decided',
    at: 2_000,
    audit: { event: 'decided', actor: 'policy', details: { action: 'pass' } },
    nextAttemptAt: 2_000,
    ...override,
  }
}

function item(id: string, override: Partial<QuarantineItem> = {}): QuarantineItem {
  return {
    id,
    cause: 'quarantine',
    severity: 'high',
    sender: 'sender@example.com',
    recipients: ['one@example.net'],
    size: 1_234,
    heldAt: 2_000,
    expiresAt: 9_000,
    status: 'open',
    review: null,
    ...override,
  }
}

export function submissionStoreContract(name: string, open: () => Promise<SubmissionStoreHarness>): void {
  describe(`submission store: ${name}`, () => {
    let harness: SubmissionStoreHarness
    let store: SubmissionStore
    let audit: AuditLog

    beforeEach(async () => {
      harness = await open()
      store = harness.store
      audit = harness.audit
    })
    afterEach(() => harness.dispose())

    async function reopen(): Promise<void> {
      const again = await harness.reopen()
      store = again.store
      audit = again.audit
    }

    describe('transition', () => {
      it('250-means-durable: a created submission is there after the store is opened again', async () => {
        expect(await store.transition(creation('a'))).toBe('applied')
        await reopen()
        const record = await store.get('a')
        const { blob, envelope } = sampleSubmission('a')
        expect(record?.submission).toEqual({
          id: 'a',
          origin: 'peer',
          parent: null,
          envelope,
          blob,
          replyMode: 'after-spool',
          state: 'received',
          version: 1,
          inspectAttempts: 0,
          nextAttemptAt: 1_000,
          receivedAt: 1_000,
          updatedAt: 1_000,
          decision: null,
        })
        expect(record?.results).toEqual([])
        expect(record?.report).toBeNull()
        expect(await store.get('b')).toBeNull()
      })

      it('creates an id once', async () => {
        await store.transition(creation('a'))
        expect(await store.transition(creation('a', { at: 7_000 }))).toBe('exists')
        expect((await store.get('a'))?.submission.updatedAt).toBe(1_000)
        expect(await entriesOf(audit)).toHaveLength(1)
      })

      it('keeps decision, report and results of one change together', async () => {
        await store.transition(creation('a'))
        const decision = sampleDecision()
        const report = sampleReport('… **** 1111 …')
        const results = [result('two@example.org', 'pending'), result('one@example.net', 'quarantined')]
        expect(
          await store.transition(
            decide('a', { to: 'quarantined', decision, report, results, inspectAttempts: 2, nextAttemptAt: null }),
          ),
        ).toBe('applied')
        const record = await store.get('a')
        expect(record?.submission).toMatchObject({
          state: 'quarantined',
          version: 2,
          inspectAttempts: 2,
          nextAttemptAt: null,
          updatedAt: 2_000,
        })
        expect(record?.submission.decision).toEqual(decision)
        expect(record?.report).toEqual(report)
        expect(record?.results).toEqual(results)
      })

      it('updates results by recipient and keeps the others, in the order they were first told', async () => {
        await store.transition(creation('a', { results: [result('b@x', 'pending'), result('a@x', 'pending')] }))
        await store.transition(decide('a', { results: [result('a@x', 'delivered', 1), result('c@x', 'failed', 1)] }))
        expect((await store.get('a'))?.results).toEqual([
          result('b@x', 'pending'),
          result('a@x', 'delivered', 1),
          result('c@x', 'failed', 1),
        ])
      })

      it.each([
        ['another state', { from: 'held' as const }],
        ['an old version', { version: 0 }],
        ['a version to come', { version: 2 }],
        ['an unknown id', { id: 'nobody' }],
      ])('conflicts on %s, and then writes nothing', async (_, override) => {
        await store.transition(creation('a'))
        const change = decide('a', {
          results: [result('one@example.net', 'delivered')],
          quarantine: item('a'),
          spawn: [spawned('child')],
          ...override,
        })
        expect(await store.transition(change)).toBe('conflict')
        expect((await store.get('a'))?.submission).toMatchObject({ state: 'received', version: 1, decision: null })
        expect((await store.get('a'))?.results).toEqual([])
        expect(await store.get('child')).toBeNull()
        expect(await store.quarantine({ limit: 10 })).toEqual([])
        expect(await entriesOf(audit)).toHaveLength(1)
      })

      it('one-writer: of many that try the same step, one wins, and one audit entry is written', async () => {
        await store.transition(creation('a'))
        const outcomes = await Promise.all(Array.from({ length: 25 }, () => store.transition(decide('a'))))
        expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(24)
        expect((await entriesOf(audit, 'a')).map(({ event }) => event)).toEqual(['accepted', 'decided'])
        expect((await store.get('a'))?.submission.version).toBe(2)
      })

      it('does not let one bad change hurt those that share its moment', async () => {
        await store.transition(creation('a'))
        const broken = { ...creation('no-content'), create: undefined } as unknown as Transition
        const outcomes = await Promise.allSettled([
          store.transition(creation('b')),
          store.transition(broken),
          store.transition(decide('a', { version: 9 })),
          store.transition(creation('c')),
        ])
        expect(outcomes.map((o) => (o.status === 'fulfilled' ? o.value : 'refused'))).toEqual([
          'applied',
          'refused',
          'conflict',
          'applied',
        ])
        expect(await store.get('b')).not.toBeNull()
        expect(await store.get('c')).not.toBeNull()
        expect(await audit.verify()).toMatchObject({ ok: true, entries: 3 })
      })

      it('takes many at once and keeps the chain whole', async () => {
        const ids = Array.from({ length: 300 }, (_, i) => `m${i}`)
        await Promise.all(ids.map((id) => store.transition(creation(id))))
        expect(await audit.verify()).toMatchObject({ ok: true, entries: 300 })
        expect((await store.counts()).received).toBe(300)
      })
    })

    describe('spawn', () => {
      it('is born decided, in the same transaction, with results and an audit entry of its own', async () => {
        await store.transition(creation('a'))
        await store.transition(decide('a', { spawn: [spawned('bounce-of-a')] }))
        const child = await store.get('bounce-of-a')
        expect(child?.submission).toMatchObject({
          state: 'decided',
          origin: 'bounce',
          parent: 'a',
          version: 1,
          nextAttemptAt: 2_000,
        })
        expect(child?.submission.decision?.action).toBe('pass')
        expect(child?.results).toEqual([result('sender@example.com', 'pending')])
        expect((await entriesOf(audit, 'bounce-of-a')).map(({ event }) => event)).toEqual(['bounced'])
      })

      it('leaves an id alone that is there already', async () => {
        await store.transition(creation('a', { spawn: [spawned('child')] }))
        await store.transition(decide('a', { spawn: [spawned('child', 'again@example.com')] }))
        expect((await store.get('child'))?.results).toEqual([result('sender@example.com', 'pending')])
        expect(await entriesOf(audit, 'child')).toHaveLength(1)
      })
    })

    describe('due and claims', () => {
      it('gives what is due, oldest first, up to the limit', async () => {
        await store.transition(creation('late', { nextAttemptAt: 3_000 }))
        await store.transition(creation('early', { nextAttemptAt: 1_000 }))
        await store.transition(creation('middle', { nextAttemptAt: 2_000 }))
        await store.transition(creation('never', { nextAttemptAt: null }))
        expect(await store.due(999, 10)).toEqual([])
        expect(await store.due(2_000, 10)).toEqual([
          { id: 'early', state: 'received', size: 1_234 },
          { id: 'middle', state: 'received', size: 1_234 },
        ])
        expect((await store.due(9_000, 2)).map(({ id }) => id)).toEqual(['early', 'middle'])
      })

      it('leaves out what is under a live claim, until it ends or is released', async () => {
        await store.transition(creation('a'))
        await store.transition(creation('b'))
        expect(await store.claim('a', 'worker-1', 5_000, 6_000)).toBe(true)
        expect((await store.due(5_000, 10)).map(({ id }) => id)).toEqual(['b'])
        expect((await store.due(6_000, 10)).map(({ id }) => id)).toEqual(['a', 'b'])
        await store.release('a', 'worker-1')
        expect((await store.due(5_000, 10)).map(({ id }) => id)).toEqual(['a', 'b'])
      })

      it('gives a claim to one owner at a time', async () => {
        expect(await store.claim('a', 'one', 1_000, 2_000)).toBe(true)
        expect(await store.claim('a', 'two', 1_999, 3_000)).toBe(false)
        expect(await store.claim('a', 'one', 1_500, 2_500), 'the owner may extend it').toBe(true)
        expect(await store.claim('a', 'two', 2_500, 3_000), 'it has ended').toBe(true)
        await store.release('a', 'one')
        expect(await store.claim('a', 'one', 2_600, 4_000), 'only the owner releases').toBe(false)
        await store.release('a', 'two')
        expect(await store.claim('a', 'one', 2_600, 4_000)).toBe(true)
      })

      it('counts owners that were lost, until one gives the claim back', async () => {
        expect(await store.ownersLost('a', 1_000)).toBe(0)
        await store.claim('a', 'one', 1_000, 2_000)
        expect(await store.ownersLost('a', 1_999), 'it may be at work').toBe(0)
        expect(await store.ownersLost('a', 2_000), 'its claim ran out').toBe(1)
        await store.claim('a', 'two', 2_000, 3_000)
        expect(await store.ownersLost('a', 2_500)).toBe(1)
        await store.forgetClaims()
        expect(await store.ownersLost('a', 2_500)).toBe(2)
        await store.forgetClaims()
        expect(await store.ownersLost('a', 9_000), 'nobody was lost since').toBe(2)
        await store.claim('a', 'three', 9_000, 9_500)
        expect(await store.ownersLost('a', 9_000)).toBe(2)
        await store.claim('a', 'three', 9_100, 9_900)
        expect(await store.ownersLost('a', 9_100), 'extending is no loss').toBe(2)
        await store.release('a', 'three')
        expect(await store.ownersLost('a', 9_100)).toBe(0)
      })
    })

    describe('quarantine', () => {
      beforeEach(async () => {
        for (const [id, heldAt, expiresAt] of [
          ['a', 2_000, 9_000],
          ['b', 3_000, 5_000],
          ['c', 4_000, 7_000],
        ] as const) {
          await store.transition(creation(id))
          await store.transition(
            decide(id, { to: 'quarantined', nextAttemptAt: null, quarantine: item(id, { heldAt, expiresAt }) }),
          )
        }
      })

      it('lists newest first, by page, by status, by id', async () => {
        expect((await store.quarantine({ limit: 2 })).map(({ id }) => id)).toEqual(['c', 'b'])
        expect((await store.quarantine({ limit: 2, offset: 2 })).map(({ id }) => id)).toEqual(['a'])
        expect(await store.quarantine({ id: 'b', limit: 1 })).toEqual([item('b', { heldAt: 3_000, expiresAt: 5_000 })])
        expect(await store.quarantine({ status: 'released', limit: 9 })).toEqual([])
      })

      it('finds what retention ended for, the longest overdue first', async () => {
        const expired = await store.quarantine({ status: 'open', expiredBy: 7_000, limit: 9 })
        expect(expired.map(({ id }) => id)).toEqual(['b', 'c'])
      })

      it('keeps the review that closed an item', async () => {
        const review = { reviewer: 'rita', reason: 'customer asked for it', at: 4_500 }
        const closed = item('a', { status: 'released', review })
        await store.transition({
          ...decide('a', { from: 'quarantined', version: 2, quarantine: closed }),
          audit: { event: 'released', actor: 'rita', details: {} },
        })
        expect(await store.quarantine({ id: 'a', limit: 1 })).toEqual([closed])
        expect((await store.quarantine({ status: 'open', limit: 9 })).map(({ id }) => id)).toEqual(['c', 'b'])
      })
    })

    describe('content', () => {
      it('offers the content of done submissions for removal, and keeps their rows and audit', async () => {
        await store.transition(creation('a'))
        await store.transition(creation('b'))
        await store.transition(decide('a', { to: 'done', nextAttemptAt: null }))
        expect(await store.removable(10)).toEqual([{ id: 'a', blob: 'blob-of-a' }])
        expect(await store.liveBlobs()).toEqual(new Set(['blob-of-a', 'blob-of-b']))
        await store.contentRemoved(['a', 'b', 'unknown'])
        expect(await store.removable(10)).toEqual([])
        expect(await store.liveBlobs(), 'b is not done: its content stays needed').toEqual(new Set(['blob-of-b']))
        expect((await store.get('a'))?.submission.state).toBe('done')
        expect(await entriesOf(audit, 'a')).toHaveLength(2)
      })

      it('does not offer content that another submission still needs', async () => {
        const { blob } = sampleSubmission('a')
        await store.transition(creation('a'))
        await store.transition(creation('b', { create: sampleSubmission('b', { blob }) }))
        await store.transition(decide('a', { to: 'done', nextAttemptAt: null }))
        expect(await store.removable(10)).toEqual([])
        await store.transition(decide('b', { to: 'done', nextAttemptAt: null }))
        expect((await store.removable(10)).map(({ id }) => id)).toEqual(['a', 'b'])
      })
    })

    it('counts by state', async () => {
      await store.transition(creation('a'))
      await store.transition(creation('b', { spawn: [spawned('child')] }))
      await store.transition(decide('a', { to: 'held' }))
      await store.transition(decide('a', { from: 'held', version: 9 }))
      expect(await store.counts()).toEqual({ received: 1, decided: 1, quarantined: 0, held: 1, done: 0 })
      await reopen()
      expect(await store.counts()).toEqual({ received: 1, decided: 1, quarantined: 0, held: 1, done: 0 })
    })

    it('no-raw-value-outside-blobs: excerpts, reasons and request lines are not readable at rest', async () => {
      const secret = 'PLANTED-VALUE-4111111111111111'
      const { envelope } = sampleSubmission('a')
      const request = { method: 'PUT', url: `/upload?card=${secret}`, headers: { cookie: secret } }
      await store.transition(creation('a', { create: sampleSubmission('a', { envelope: { ...envelope, request } }) }))
      const decision = sampleDecision({ decidedBy: { kind: 'system', reason: secret } })
      await store.transition(decide('a', { report: sampleReport(secret), decision }))
      await store.close()
      const stored = await harness.storedBytes()
      expect(stored.includes('blob-of-a'), 'the rows themselves are there').toBe(true)
      expect(stored.includes(secret)).toBe(false)
    })

    it('answers a ping, and refuses once it is closed', async () => {
      await store.ping()
      await store.close()
      await store.close()
      await expect(store.ping()).rejects.toMatchObject({ temporary: true })
    })
  })
}

function spawned(id: string, recipient = 'sender@example.com') {
  const { envelope } = sampleSubmission(id)
  return {
    create: sampleSubmission(id, {
      origin: 'bounce',
      parent: 'a',
      envelope: { ...envelope, sender: '', recipients: [{ address: recipient }] },
    }),
    decision: sampleDecision({ action: 'pass', groups: [] }),
    results: [result(recipient, 'pending')],
    audit: { event: 'bounced', actor: 'system', details: { of: 'a' } },
  } as const
}
