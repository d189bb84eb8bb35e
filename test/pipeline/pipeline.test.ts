import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { reject, release } from '../../src/pipeline/review.ts'
import { startSweep } from '../../src/pipeline/sweep.ts'
import { decision, MESSAGE, PipelineHarness } from './pipeline-harness.ts'

let h: PipelineHarness

beforeEach(async () => {
  h = await PipelineHarness.open()
})

afterEach(async () => {
  await h.close()
})

const temporary = () => new GatewayError('scan-unavailable', { temporary: true, publicMessage: 'later' })

describe('250-means-durable', () => {
  it('answers with the reference id of a stored submission whose content reads back', async () => {
    const { id, reply } = await h.accept(['b@partner.example'])
    expect(reply).toEqual({ code: 250, enhanced: '2.0.0', text: `Ok: queued as ${id}` })
    expect((await h.record(id)).submission).toMatchObject({ state: 'received', origin: 'peer', version: 1 })
    await h.process(id)
    expect(h.delivered[0]?.bytes).toBe(MESSAGE)
  })
})

describe('one message, from accept to done', () => {
  it('is inspected, decided, delivered and on the record, in that order', async () => {
    const { id } = await h.accept(['b@partner.example', 'c@partner.example'])
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('done')
    expect(await h.statuses(id)).toEqual({ 'b@partner.example': 'delivered', 'c@partner.example': 'delivered' })
    expect(await h.auditEvents(id)).toEqual(['accepted', 'decided', 'delivery'])
    expect(await h.store.verify()).toMatchObject({ ok: true, entries: 3 })
  })

  it('untouched-pass: hands over the stored bytes and trace headers apart', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    const { job, bytes } = h.delivered[0] ?? {}
    expect(bytes).toBe(MESSAGE)
    expect(job?.traceHeaders).toMatch(
      /^Received: from client\.example \(\[192\.0\.2\.1\]\)\r\n\tby dlp\.example\.com \(Sluice\) with ESMTP id [0-9A-Z]{26};\r\n\tSun, 1 Nov 2026 00:00:00 \+0000\r\nX-Sluice-Trace: v1; id=[0-9A-Z]{26}; mac=[0-9a-f]{32}\r\n$/,
    )
  })

  it('does nothing twice: a second hint finds it done', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    await h.process(id)
    expect(h.delivered).toHaveLength(1)
  })

  it('gives two workers on one submission to only one of them', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await Promise.all([h.process(id), h.process(id), h.process(id)])
    expect(h.delivered).toHaveLength(1)
    expect(await h.auditEvents(id)).toEqual(['accepted', 'decided', 'delivery'])
  })
})

describe('no-delivery-without-decision', () => {
  it('delivers nothing while the judge can not decide', async () => {
    h.decide = () => {
      throw new Error('a policy is broken')
    }
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    expect(h.delivered).toEqual([])
    expect((await h.record(id)).submission.state).toBe('held')
  })

  it('holds a message whose decision forgets a recipient', async () => {
    h.decide = (given) => decision({ ...given, recipients: given.recipients.slice(1) }, 'pass')
    const { id } = await h.accept(['b@partner.example', 'c@partner.example'])
    await h.process(id)
    expect(h.delivered).toEqual([])
    expect((await h.record(id)).submission.state).toBe('held')
  })
})

describe('fail-closed', () => {
  it('tries a temporary failure again and holds when the attempts run out', async () => {
    h.scan = () => Promise.reject(temporary())
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    expect((await h.record(id)).submission).toMatchObject({ state: 'received', inspectAttempts: 1 })
    await h.process(id)
    expect((await h.record(id)).submission.inspectAttempts).toBe(1)
    for (let i = 0; i < 2; i++) {
      h.now += 3_600_000
      await h.process(id)
    }
    expect((await h.record(id)).submission).toMatchObject({ state: 'held', inspectAttempts: 3 })
    expect(h.delivered).toEqual([])
  })

  it('recovers when the trouble passes in time', async () => {
    h.scan = () => Promise.reject(temporary())
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    h.scan = () => Promise.resolve({ ...emptyScan })
    h.now += 60_000
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('done')
  })

  it('holds at once for anything else, tells the reviewers once, and shows it in the quarantine', async () => {
    h.scan = () => Promise.reject(new TypeError('a bug'))
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    await h.process(id)
    expect(await h.auditEvents(id)).toEqual(['accepted', 'held', 'notified'])
    expect(h.composed).toEqual(['reviewer-held to security@example.com about b@partner.example'])
    expect(await h.store.quarantine({ status: 'open', limit: 10 })).toMatchObject([{ id, cause: 'held' }])
  })

  it('holds what cannot be read back from the spool', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.blobs.remove((await h.record(id)).submission.blob.id)
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('held')
    expect(h.delivered).toEqual([])
  })

  it('holds what processes keep dying of, without another look', async () => {
    const { id } = await h.accept(['b@partner.example'])
    let looks = 0
    h.scan = () => {
      looks++
      return Promise.resolve({ ...emptyScan })
    }
    for (let i = 1; i <= 3; i++) {
      await h.store.claim(id, `process ${i}`, h.now, h.now + 1)
      await h.store.forgetClaims()
    }
    await h.process(id)
    expect(looks).toBe(0)
    expect((await h.record(id)).submission.state).toBe('held')
    expect(await h.auditEvents(id)).toEqual(['accepted', 'held', 'notified'])
  })

  it('looks again at what a process died with fewer times, one at a time, and forgets it then', async () => {
    const ids = [(await h.accept(['b@partner.example'])).id, (await h.accept(['c@partner.example'])).id]
    let looking = 0
    let most = 0
    h.scan = async () => {
      most = Math.max(most, ++looking)
      await new Promise((resolve) => setImmediate(resolve))
      looking--
      return { ...emptyScan }
    }
    for (const id of ids) await h.store.claim(id, 'a process', h.now, h.now + 1)
    await h.store.forgetClaims()
    await Promise.all(ids.map((id) => h.process(id)))
    expect(most).toBe(1)
    for (const id of ids) {
      expect((await h.record(id)).submission.state).toBe('done')
      expect(await h.store.ownersLost(id, h.now)).toBe(0)
    }
  })
})

describe('per recipient', () => {
  it('fans out groups with different verdicts', async () => {
    h.decide = (given) =>
      decision(given, (to) => (to.endsWith('@example.com') ? 'pass' : to.startsWith('x') ? 'block' : 'quarantine'))
    const { id } = await h.accept(['in@example.com', 'b@partner.example', 'x@partner.example'])
    await h.process(id)
    expect(await h.statuses(id)).toEqual({
      'in@example.com': 'delivered',
      'b@partner.example': 'quarantined',
      'x@partner.example': 'blocked',
    })
    expect(h.delivered.map(({ job }) => job.recipients.map((r) => r.address))).toEqual([['in@example.com']])
    expect(h.composed).toEqual(['dsn blocked x@partner.example'])
    expect((await h.record(id)).submission.state).toBe('quarantined')
  })

  it('retries only who was deferred', async () => {
    h.nextHop = (to) => (to.startsWith('slow') ? 'deferred' : 'delivered')
    const { id } = await h.accept(['fast@partner.example', 'slow@partner.example'])
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('decided')
    h.now += 120_000
    h.nextHop = () => 'delivered'
    await h.process(id)
    expect(h.delivered.map(({ job }) => job.recipients.map((r) => r.address))).toEqual([
      ['fast@partner.example', 'slow@partner.example'],
      ['slow@partner.example'],
    ])
    expect((await h.record(id)).submission.state).toBe('done')
  })

  it('does not retry before it is due', async () => {
    h.nextHop = () => 'deferred'
    const { id } = await h.accept(['slow@partner.example'])
    await h.process(id)
    await h.process(id)
    expect(h.delivered).toHaveLength(1)
    const sweep = startSweep(h.deps, h.retention)
    h.dispatched.length = 0
    await sweep.once()
    expect(h.dispatched).toEqual([])
    h.now += 120_000
    await sweep.once()
    await sweep.stop()
    expect(h.dispatched).toEqual([id])
  })

  it('tells the sender of a delay once, bounces at the end, and never bounces to the null sender', async () => {
    h.nextHop = () => 'deferred'
    const { id } = await h.accept(['slow@partner.example'])
    const silent = await h.accept(['slow@partner.example'], { sender: '' })
    for (let i = 0; i < 12; i++) {
      await h.process(id)
      await h.process(silent.id)
      h.now += 700_000
    }
    expect(h.composed).toEqual(['dsn delayed slow@partner.example', 'dsn failed slow@partner.example'])
    expect(await h.statuses(id)).toEqual({ 'slow@partner.example': 'expired' })
    expect((await h.record(id)).submission.state).toBe('done')
  })

  it.each([
    [undefined, ['dsn failed b@partner.example']],
    [['FAILURE'] as const, ['dsn failed b@partner.example']],
    [['SUCCESS', 'DELAY'] as const, []],
    [['NEVER'] as const, []],
  ])('honours NOTIFY %j on failure', async (notify, composed) => {
    h.nextHop = () => 'failed'
    const { id } = await h.accept([{ address: 'b@partner.example', ...(notify ? { notify } : {}) }])
    await h.process(id)
    expect(h.composed).toEqual(composed)
  })

  it('reports success when asked and the next hop did not take that over', async () => {
    const { id } = await h.accept([{ address: 'b@partner.example', notify: ['SUCCESS'] }])
    await h.process(id)
    expect(h.composed).toEqual(['dsn relayed b@partner.example'])
  })

  it('quarantines whom it has no key for, and tells', async () => {
    h.decide = (given) =>
      decision(given, 'encrypt', {
        encrypt: { methods: ['smime'], fallback: 'quarantine' },
        notify: [{ audience: 'sender', addresses: [], template: 'held' }],
      })
    h.nextHop = (to) => (to.startsWith('keyless') ? 'no-key' : 'delivered')
    const { id } = await h.accept(['keyless@partner.example', 'b@partner.example'])
    await h.process(id)
    expect(await h.statuses(id)).toEqual({ 'keyless@partner.example': 'quarantined', 'b@partner.example': 'delivered' })
    expect(h.composed).toContain('held to a@example.com about keyless@partner.example')
    expect(await h.store.quarantine({ status: 'open', limit: 10 })).toMatchObject([
      { id, recipients: ['keyless@partner.example'] },
    ])
  })
})

describe('acting that fails', () => {
  const failWith = (error: Error) => {
    Object.assign(h.deps.deliverer, { deliver: () => Promise.reject(error) })
  }

  it('is tried again while the trouble may pass, and held when the message would have expired', async () => {
    failWith(new GatewayError('key-directory', { temporary: true, publicMessage: 'later' }))
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    h.now += 1_000_000
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('decided')
    h.now += 3_600_000
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('held')
  })

  it('is held once it is clear that it will not pass, and a reviewer is told', async () => {
    failWith(new GatewayError('cannot-strip', { temporary: false, publicMessage: 'no' }))
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    h.now += 1_000_000
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('held')
    expect(h.composed).toEqual(['reviewer-held to security@example.com about b@partner.example'])
  })
})

describe("the gateway's own mail", () => {
  it('is a submission like any other, made once however often a step is repeated, and starts no mail of its own', async () => {
    h.decide = (given) => decision(given, 'block')
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    const bounce = h.dispatched.find((other) => other !== id) ?? ''
    h.nextHop = () => 'failed'
    await h.process(bounce)
    const record = await h.record(bounce)
    expect(record.submission).toMatchObject({ origin: 'bounce', parent: id, state: 'done' })
    expect(record.submission.envelope.sender).toBe('')
    expect(h.composed).toEqual(['dsn blocked b@partner.example'])
  })
})

describe('after-decision', () => {
  it('answers 250 when delivered, 550 5.7.1 when blocked, and says no more than an id', async () => {
    const passed = await h.accept(['b@partner.example'], { mode: 'after-decision' })
    expect(passed.reply).toEqual({ code: 250, enhanced: '2.0.0', text: `Ok: delivered as ${passed.id}` })
    h.decide = (given) => decision(given, 'block')
    const blocked = await h.accept(['b@partner.example'], { mode: 'after-decision' })
    expect(blocked.reply).toEqual({
      code: 550,
      enhanced: '5.7.1',
      text: `Message refused by policy (ref ${blocked.id})`,
    })
    expect(await h.statuses(blocked.id)).toEqual({ 'b@partner.example': 'refused' })
    expect(h.composed).toEqual([])
  })

  it('takes over what is held, and a mixed verdict', async () => {
    h.decide = (given) => decision(given, 'quarantine')
    expect((await h.accept(['b@partner.example'], { mode: 'after-decision' })).reply.code).toBe(250)
    h.decide = (given) => decision(given, (to) => (to.startsWith('x') ? 'block' : 'pass'))
    const mixed = await h.accept(['b@partner.example', 'x@partner.example'], { mode: 'after-decision' })
    expect(mixed.reply.code).toBe(250)
    expect(h.composed).toEqual(['dsn blocked x@partner.example'])
  })

  it('passes on a next hop that refuses everyone, without a bounce', async () => {
    h.nextHop = () => 'failed'
    const { reply, id } = await h.accept(['b@partner.example'], { mode: 'after-decision' })
    expect(reply).toEqual({ code: 554, enhanced: '5.0.0', text: `Message refused by the next hop (ref ${id})` })
    expect(h.composed).toEqual([])
  })

  it('refuses with 451 what it can not inspect, so that the client keeps it', async () => {
    h.scan = () => Promise.reject(new Error('broken'))
    const { reply, id } = await h.accept(['b@partner.example'], { mode: 'after-decision' })
    expect(reply.code).toBe(451)
    expect((await h.record(id)).submission.state).toBe('done')
    expect(await h.store.quarantine({ limit: 10 })).toEqual([])
  })

  it('falls back to after-spool at the deadline, and then a block is a bounce', async () => {
    const scanned = Promise.withResolvers<typeof emptyScan>()
    h.scan = () => scanned.promise
    h.decide = (given) => decision(given, 'block')
    const { reply, id } = await h.accept(['b@partner.example'], { mode: 'after-decision', deadlineMs: 1 })
    expect(reply.text).toBe(`Ok: queued as ${id}`)
    scanned.resolve(emptyScan)
    while ((await h.record(id)).submission.state !== 'done') await new Promise((resolve) => setImmediate(resolve))
    expect(await h.statuses(id)).toEqual({ 'b@partner.example': 'blocked' })
    expect(h.composed).toEqual(['dsn blocked b@partner.example'])
  })
})

describe('review', () => {
  const act = { reviewer: 'rita', reason: 'agreed' }

  beforeEach(() => {
    h.decide = (given) => decision(given, 'quarantine')
  })

  it('release goes through act and is final only on the next hop’s reply', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    h.nextHop = () => 'deferred'
    await release(h.deps, { id, ...act })
    await h.process(id)
    expect(await h.store.quarantine({ id, limit: 1 })).toMatchObject([{ status: 'open', review: { reviewer: 'rita' } }])
    h.nextHop = () => 'delivered'
    h.now += 120_000
    await h.process(id)
    expect(await h.store.quarantine({ id, limit: 1 })).toMatchObject([{ status: 'released' }])
    expect(h.delivered.at(-1)?.bytes).toBe(MESSAGE)
    expect(await h.auditEvents(id)).toEqual(['accepted', 'decided', 'quarantined', 'released', 'delivery', 'delivery'])
  })

  it('a release goes out as the policy would have had it: tagged, and encrypted where it said so', async () => {
    const encrypt = { methods: ['smime' as const], fallback: 'quarantine' as const }
    const modifications = [{ kind: 'tag-subject' as const, tag: '[reviewed]' }]
    h.decide = (given) => decision(given, 'quarantine', { modifications, encrypt })
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    await release(h.deps, { id, ...act })
    await h.process(id)
    expect(h.delivered[0]?.job).toMatchObject({ modifications, encrypt })
  })

  it('a release that the next hop refuses is held again', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    h.nextHop = () => 'failed'
    await release(h.deps, { id, ...act })
    await h.process(id)
    expect((await h.record(id)).submission.state).toBe('quarantined')
    expect(await h.store.quarantine({ id, limit: 1 })).toMatchObject([{ status: 'open', review: null }])
    await release(h.deps, { id, ...act })
  })

  it('releases for one recipient and rejects for another', async () => {
    const { id } = await h.accept(['b@partner.example', 'c@partner.example'])
    await h.process(id)
    await release(h.deps, { id, ...act, recipients: ['b@partner.example'] })
    await h.process(id)
    expect(await h.statuses(id)).toEqual({ 'b@partner.example': 'delivered', 'c@partner.example': 'quarantined' })
    await reject(h.deps, { id, ...act, recipients: ['c@partner.example'] })
    await h.process(id)
    expect(await h.statuses(id)).toEqual({ 'b@partner.example': 'delivered', 'c@partner.example': 'rejected' })
    expect(h.composed).toEqual(['dsn blocked c@partner.example'])
    expect((await h.record(id)).submission.state).toBe('done')
    expect(await h.store.verify()).toMatchObject({ ok: true })
  })

  it('refuses what is not held, not known, not among the recipients, or already reviewed', async () => {
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'ok',
        (error: GatewayError) => error.code,
      )
    expect(await code(release(h.deps, { id: 'nothing', ...act }))).toBe('not-found')
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    expect(await code(release(h.deps, { id, ...act, recipients: ['z@partner.example'] }))).toBe('unknown-recipient')
    await reject(h.deps, { id, ...act })
    expect(await code(release(h.deps, { id, ...act }))).toBe('not-held')
    expect(await code(reject(h.deps, { id, ...act }))).toBe('not-held')
  })

  it('ends what nobody reviewed in time, and removes its content then', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    const sweep = startSweep(h.deps, h.retention)
    h.now += 86_400_001
    await sweep.once()
    await sweep.once()
    await sweep.stop()
    expect(await h.store.quarantine({ id, limit: 1 })).toMatchObject([{ status: 'expired' }])
    expect((await h.record(id)).submission.state).toBe('done')
    const { blob } = (await h.record(id)).submission
    await expect(async () => {
      for await (const chunk of h.blobs.read(blob)) expect(chunk).toBeDefined()
    }).rejects.toThrow()
    expect(await h.store.verify()).toMatchObject({ ok: true })
  })

  it('forgets what became of a message after its time, and what was on the audit record after more', async () => {
    const { id } = await h.accept(['b@partner.example'])
    await h.process(id)
    const sweep = startSweep(h.deps, h.retention)
    const daysLater = async (days: number) => {
      h.now += days * 86_400_000
      await sweep.once()
    }
    await daysLater(1.01)
    await daysLater(6.9)
    expect(await h.store.get(id)).not.toBeNull()
    await daysLater(0.2)
    expect(await h.store.get(id)).toBeNull()
    expect(await h.store.quarantine({ id, limit: 1 })).toEqual([])
    expect(await h.auditEvents(id)).toEqual(['accepted', 'decided', 'quarantined', 'expired'])
    await daysLater(31)
    await sweep.stop()
    expect(await h.auditEvents(id)).toEqual([])
    expect(await h.store.verify()).toMatchObject({ ok: true })
  })
})

const emptyScan = {
  parts: [],
  uninspected: [],
  findings: [],
  labels: [],
  nearMisses: [],
  revisions: { rules: 'r', catalog: 'c' },
  elapsedMs: 1,
}
