import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { creation, result, sampleDecision, sampleReport } from './sample-submissions.ts'
import { entriesOf, type SubmissionStoreHarness } from './submission-store.contract.ts'

/** What every store forgets, and what it must not. */
export function retentionContract(name: string, open: () => Promise<SubmissionStoreHarness>): void {
  describe(`retention: ${name}`, () => {
    let harness: SubmissionStoreHarness

    beforeEach(async () => {
      harness = await open()
    })
    afterEach(() => harness.dispose())

    /** Created at 1000, done at `doneAt`, without content then. */
    async function finish(id: string, doneAt: number): Promise<void> {
      const { store } = harness
      await store.transition(creation(id, { results: [result('one@example.net', 'delivered')] }))
      await store.transition({
        id,
        from: 'received',
        version: 1,
        to: 'done',
        at: doneAt,
        decision: sampleDecision(),
        report: sampleReport('…'),
        audit: { event: 'done', actor: 'system', details: {} },
        nextAttemptAt: null,
      })
      await store.contentRemoved([id])
    }

    describe('records', () => {
      it('go when they are done and old enough, oldest first, and their audit entries stay', async () => {
        const { store, audit } = harness
        for (const [id, doneAt] of [
          ['b', 2_000],
          ['a', 3_000],
          ['c', 4_000],
        ] as const)
          await finish(id, doneAt)
        expect(await store.forgetRecords(4_000, 1)).toBe(1)
        expect([await store.get('b'), (await store.get('a'))?.submission.id]).toEqual([null, 'a'])
        expect(await store.forgetRecords(4_000, 10), 'c is of 4000, and not before it').toBe(1)
        expect(await store.forgetRecords(4_000, 10)).toBe(0)
        expect((await store.get('c'))?.report).toEqual(sampleReport('…'))
        expect(await store.counts()).toMatchObject({ done: 1 })
        expect(await entriesOf(audit, 'a')).toHaveLength(2)
        expect(await audit.verify()).toMatchObject({ ok: true, entries: 6 })
      })

      it('take their quarantine item along', async () => {
        const { store } = harness
        await finish('a', 2_000)
        const item = { id: 'a', cause: 'quarantine', severity: 'high', sender: 's@example.com' } as const
        await store.transition({
          id: 'a',
          from: 'done',
          version: 2,
          to: 'done',
          at: 2_500,
          quarantine: { ...item, recipients: [], size: 1, heldAt: 1, expiresAt: 2, status: 'expired', review: null },
          audit: { event: 'expired', actor: 'system', details: {} },
          nextAttemptAt: null,
        })
        expect(await store.quarantine({ limit: 9 })).toHaveLength(1)
        await store.forgetRecords(9_000, 10)
        expect(await store.quarantine({ limit: 9 })).toEqual([])
      })

      it('stay while anything is to be done or kept, whatever their age', async () => {
        const { store } = harness
        await store.transition(creation('received'))
        for (const to of ['decided', 'quarantined', 'held', 'done'] as const) {
          await store.transition(creation(to))
          const audit = { event: 'decided', actor: 'policy', details: {} } as const
          await store.transition({ id: to, from: 'received', version: 1, to, at: 1_000, audit, nextAttemptAt: null })
        }
        // `done` still has its content.
        await store.contentRemoved(['received', 'decided', 'quarantined', 'held'])
        expect(await store.forgetRecords(Number.MAX_SAFE_INTEGER, 10)).toBe(0)
        expect(await store.counts()).toEqual({ received: 1, decided: 1, quarantined: 1, held: 1, done: 1 })
      })
    })

    describe('the audit chain', () => {
      const forget = async (before: number) => void (await harness.store.forgetRecords(before, 10))

      it('loses its oldest entries, says so in an entry, and still proves itself', async () => {
        await finish('a', 2_000)
        await finish('b', 3_000)
        await forget(9_000)
        expect(await harness.audit.trim(3_000, 100, 9_000), 'the next is of 3000').toBe(3)
        const verdict = { ok: true, first: 4, entries: 2 }
        expect(await harness.audit.verify()).toMatchObject(verdict)
        const entries = await entriesOf(harness.audit)
        expect(entries.map(({ sequence, event }) => `${sequence} ${event}`)).toEqual(['4 done', '5 trimmed'])
        const told = { entries: 3, through: 3, head: entries[0]?.previous, before: '1970-01-01T00:00:03.000Z' }
        expect(entries[1]?.details).toEqual(told)
        harness = { ...harness, ...(await harness.reopen()) }
        expect(await harness.audit.verify()).toMatchObject(verdict)
        await finish('c', 10_000)
        expect(await harness.audit.verify()).toMatchObject({ ok: true, first: 4, entries: 4 })
      })

      it('goes by batches, one entry telling of each', async () => {
        for (const id of ['a', 'b', 'c']) await finish(id, 2_000)
        await forget(9_000)
        expect([await harness.audit.trim(3_000, 4, 9_000), await harness.audit.trim(3_000, 4, 9_000)]).toEqual([4, 2])
        expect(await harness.audit.trim(3_000, 4, 9_000), 'what tells of it is of 9000').toBe(0)
        expect(await harness.audit.verify()).toMatchObject({ ok: true, first: 7, entries: 2 })
      })

      it('keeps every entry of a submission that has a record, and all that came after it', async () => {
        await finish('a', 2_000)
        await harness.store.transition(creation('open'))
        await finish('b', 2_000)
        await forget(9_000)
        expect(await harness.audit.trim(9_000, 100, 9_000)).toBe(2)
        expect(await harness.audit.trim(9_000, 100, 9_000)).toBe(0)
        expect(await entriesOf(harness.audit, 'open')).toHaveLength(1)
      })

      it('proves itself when everything but what tells of it is gone', async () => {
        await finish('a', 2_000)
        await forget(9_000)
        expect(await harness.audit.trim(9_000, 100, 9_000)).toBe(2)
        expect(await harness.audit.verify()).toMatchObject({ ok: true, first: 3, entries: 1 })
      })

      it('has nothing to lose when it is empty or young', async () => {
        expect(await harness.audit.trim(9_000, 100, 9_000)).toBe(0)
        await finish('a', 2_000)
        await forget(9_000)
        expect(await harness.audit.trim(1_000, 100, 9_000)).toBe(0)
        const verdict = await harness.audit.verify()
        expect(verdict).toEqual({ ok: true, entries: 2, head: expect.any(String) })
      })
    })
  })
}
