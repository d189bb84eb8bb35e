import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sendMail } from '../support/mail-client.ts'
import { waitFor } from '../support/wait-for.ts'

/** The commands that reviewers and operators use beside a running gateway; shapes and exit codes. */
const CARD = '4111 1111 1111 1111'
let gateway: GatewayProcess
const { run, answers, answer } = commandLine(() => gateway)

afterAll(() => gateway?.remove())

describe('quarantine, audit and doctor, beside a running gateway', () => {
  let id = ''

  beforeAll(async () => {
    gateway = await GatewayProcess.start()
    id = (await sendMail(gateway.port(), { text: `card ${CARD}` })).id
    await waitFor('the hold', async () => (await run(['quarantine', 'show', id])).code === 0)
  })

  it('quarantine list and show', async () => {
    expect(await answer(['quarantine', 'list', '--json'])).toMatchObject({
      id,
      cause: 'quarantine',
      severity: 'high',
      sender: 'a@example.com',
      recipients: ['b@partner.example'],
      status: 'open',
      review: null,
    })
    expect(await answer(['quarantine', 'show', id, '--json'])).toMatchObject({
      item: { id },
      envelope: { sender: 'a@example.com' },
      decision: { action: 'quarantine' },
      report: { findings: [{ detector: 'credit_card' }] },
      audit: expect.arrayContaining([
        expect.objectContaining({ event: 'accepted' }),
        expect.objectContaining({ event: 'decided' }),
      ]),
    })
    expect((await run(['quarantine', 'show', 'NOTHING'])).code).toBe(2)
    const content = await run(['quarantine', 'show', id, '--content', '--reviewer', 'rita'])
    expect(content.stdout).toContain(CARD)
    const { audit } = await answer(['quarantine', 'show', id, '--json'])
    expect(audit).toContainEqual(expect.objectContaining({ event: 'viewed', actor: 'rita' }))
  })

  it('quarantine release and reject: 0 when done, 1 when not, one object for each id', async () => {
    const mixed = ['quarantine', 'reject', id, 'NOTHING', '--reason', 'a test', '--reviewer', 'rita', '--json']
    expect(await answers(mixed, 1)).toMatchObject([
      { id, ok: true, act: 'reject' },
      { id: 'NOTHING', ok: false, code: 'not-found' },
    ])
    expect(await answer(['quarantine', 'release', id, '--reason', 'late', '--json'], 1)).toMatchObject({ ok: false })
    expect((await run(['quarantine', 'release', id, '--reason', ' '])).code).toBe(2)
    expect(await answers(['quarantine', 'list', '--json'])).toEqual([])
    expect(await answer(['quarantine', 'list', '--json', '--status', 'rejected'])).toMatchObject({
      id,
      status: 'rejected',
    })
  })

  it('audit verify and export', async () => {
    expect(await answer(['audit', 'verify', '--json'])).toMatchObject({
      ok: true,
      entries: expect.any(Number),
      head: expect.any(String),
    })
    const entries = await answers(['audit', 'export'])
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => i + 1))
    expect(entries[0]).toMatchObject({
      at: expect.any(Number),
      event: 'accepted',
      actor: 'system',
      submission: id,
      mac: expect.any(String),
    })
    // The gateway beside it may have written more by now.
    const later = await answers(['audit', 'export', '--after', '2'])
    expect(later.slice(0, entries.length - 2)).toEqual(entries.slice(2))
    expect((await answers(['audit', 'export', '--submission', id])).every(({ submission }) => submission === id)).toBe(
      true,
    )
  })

  it('doctor names each finding and how to mend it, and exits 1 while something is wrong', async () => {
    const fine = await answers(['doctor', '--json'])
    expect(fine.map(({ state }) => state)).not.toContain('problem')
    expect(fine).toContainEqual(expect.objectContaining({ check: 'keys', state: 'ok', message: expect.any(String) }))
    await chmod(join(gateway.dir, 'data/keys/audit.key'), 0o644)
    const wrong = await answers(['doctor', '--json'], 1)
    await chmod(join(gateway.dir, 'data/keys/audit.key'), 0o600)
    expect(wrong).toContainEqual(
      expect.objectContaining({ check: 'keys', state: 'problem', remedy: expect.stringContaining('chmod 600') }),
    )
  })

  it('a cut-off record is noticed, and accepted only with a reason', async () => {
    expect(await gateway.stop()).toBe(0)
    await rm(join(gateway.dir, 'data/state/state.sqlite-audit-anchor'))
    expect(await answer(['audit', 'verify', '--json'], 1)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('anchor'),
    })
    expect((await run(['audit', 'anchor'])).code).toBe(2)
    expect((await run(['audit', 'anchor', '--reason', ' '])).code).toBe(2)
    expect(await answer(['audit', 'anchor', '--reason', 'restored', '--operator', 'olga', '--json'])).toMatchObject({
      ok: true,
    })
    expect((await answers(['audit', 'export'])).at(-1)).toMatchObject({
      event: 'configuration',
      actor: 'olga',
      details: { reason: 'restored' },
    })
    expect((await answer(['audit', 'verify', '--json'])).ok).toBe(true)
  })

  it('keys can be rotated: what was stored before can be read after', async () => {
    expect((await run(['keys', 'rotate'])).code).toBe(0)
    await gateway.start()
    expect(gateway.stderr).toMatch(/"resealed":[1-9]/)
    expect(await answer(['quarantine', 'show', id, '--json'])).toMatchObject({
      decision: { action: expect.any(String) },
    })
    expect(await gateway.stop()).toBe(0)
  })
})
