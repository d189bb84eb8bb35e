import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditDraft } from '../../src/core/audit.ts'
import type { AuditLog } from '../../src/ports/audit-log.ts'
import { creation } from './sample-submissions.ts'
import { entriesOf, type SubmissionStoreHarness } from './submission-store.contract.ts'

/** What every AuditLog does. Tampering is done to the implementation's own rows, so those tests stand with it. */
export function auditLogContract(name: string, open: () => Promise<SubmissionStoreHarness>): void {
  describe(`audit log: ${name}`, () => {
    let harness: SubmissionStoreHarness
    let audit: AuditLog

    beforeEach(async () => {
      harness = await open()
      audit = harness.audit
    })
    afterEach(() => harness.dispose())

    const draft = (n: number): AuditDraft => ({
      event: 'configuration',
      actor: `operator ${n}`,
      details: { zeta: [n, 'ü', null], alpha: { nested: true, left: undefined }, beta: 1.5 },
    })

    it('begins whole and empty', async () => {
      expect(await audit.verify()).toMatchObject({ ok: true, entries: 0 })
      expect(await entriesOf(audit)).toEqual([])
    })

    it('numbers without gaps and chains each entry to the one before', async () => {
      await audit.append(draft(1), 10)
      await harness.store.transition(creation('a'))
      await Promise.all([audit.append(draft(2), 20), audit.append(draft(3), 30)])
      const entries = await entriesOf(audit)
      expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
      expect(entries.map(({ submission }) => submission)).toEqual([null, 'a', null, null])
      for (const [i, entry] of entries.entries()) {
        expect(entry.mac).toMatch(/^[0-9a-f]{64}$/)
        expect(entry.previous).toBe(entries[i - 1]?.mac ?? '0'.repeat(64))
      }
      expect(await audit.verify()).toEqual({ ok: true, entries: 4, head: entries[3]?.mac })
    })

    it('records what concerns a submission without changing it', async () => {
      await audit.append({ event: 'viewed', actor: 'rita', details: {} }, 10, 'a')
      expect(await entriesOf(audit, 'a')).toMatchObject([{ event: 'viewed', actor: 'rita', submission: 'a' }])
      expect(await audit.verify()).toMatchObject({ ok: true, entries: 1 })
    })

    it('gives back what was recorded, of one submission or after an entry', async () => {
      await audit.append(draft(1), 10)
      await harness.store.transition(creation('a'))
      await audit.append(draft(2), 20)
      const [first] = await entriesOf(audit)
      expect(first).toMatchObject({ event: 'configuration', actor: 'operator 1', at: 10 })
      expect(first?.details).toEqual({ zeta: [1, 'ü', null], alpha: { nested: true }, beta: 1.5 })
      expect((await entriesOf(audit, 'a')).map(({ sequence }) => sequence)).toEqual([2])
      const later: number[] = []
      for await (const { sequence } of audit.entries({ after: 2 })) later.push(sequence)
      expect(later).toEqual([3])
    })

    it('goes on with the chain after it is opened again', async () => {
      await audit.append(draft(1), 10)
      const again = await harness.reopen()
      await again.audit.append(draft(2), 20)
      expect(await again.audit.verify()).toMatchObject({ ok: true, entries: 2 })
    })

    it('walks chains longer than a page', async () => {
      await Promise.all(Array.from({ length: 1_203 }, (_, i) => audit.append(draft(i), i)))
      expect(await audit.verify()).toMatchObject({ ok: true, entries: 1_203 })
      expect(await entriesOf(audit)).toHaveLength(1_203)
    })
  })
}
