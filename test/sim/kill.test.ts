import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/app/installation.ts'
import { openState } from '../../src/app/open-state.ts'
import type { AuditEntry } from '../../src/core/audit.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { type LoadMessage, SmtpLoad } from '../support/smtp-load.ts'
import { type SinkMessage, SmtpSink } from '../support/smtp-sink.ts'
import { waitFor } from '../support/wait-for.ts'

/**
 * The gateway is killed at random moments under load, while it starts, takes in, inspects and delivers. Afterwards
 * nothing that was acknowledged may be lost, changed or delivered against its verdict; what was delivered twice must
 * have been in flight at a kill (RFC 1047). `SLUICE_KILLS` sets how often.
 */
const KILLS = Number(process.env.SLUICE_KILLS ?? 10)
const SETTLE_MS = 120_000
const SECONDS_PER_KILL_MAX = 30

type Kind = 'pass' | 'quarantine' | 'block' | 'mixed'

interface TestMessage extends LoadMessage {
  readonly kind: Kind
}

const TRACE =
  /^Received: from [^\r]*\r\n\tby dlp\.example\.com [^\r]*\r\n\t[^\r]*\r\nX-Sluice-Trace: v1; id=([0-9A-Z]{26}); mac=[0-9a-f]{32}\r\n/
const WORDS: Record<Kind, string> = {
  pass: 'nothing',
  quarantine: 'QUARANTINEME',
  block: 'BLOCKME',
  mixed: 'QUARANTINEME',
}
const KINDS: readonly Kind[] = ['pass', 'pass', 'quarantine', 'pass', 'block', 'pass', 'mixed', 'pass']

let sent = 0

function nextMessage(): TestMessage {
  const n = ++sent
  const kind = KINDS[n % KINDS.length] ?? 'pass'
  const listener = n % 3 === 0 ? 'inline' : 'relay'
  // Words that nothing takes for an encoding or a number.
  const noise = randomBytes(n % 10 === 0 ? 150_000 : 1_500)
    .toString('base64')
    .replace(/[^a-z]/g, ' ')
    .replace(/(.{70})/g, '$1\r\n')
  const content = `From: a@example.com\r\nSubject: message ${n}\r\n\r\n${WORDS[kind]} ${n}\r\n${noise}\r\n`
  const recipients = kind === 'mixed' ? ['in@example.com', 'out@partner.example'] : ['b@partner.example']
  return { kind, listener, sender: 'a@example.com', recipients, content: Buffer.from(content) }
}

/** A message that the next hop took, with the moment it did and the gateway run it came from. */
interface Taken {
  readonly message: SinkMessage
  readonly id: string
  readonly body: Buffer
  readonly run: number
  readonly at: number
}

const sink = new SmtpSink()
const moments: { run: number; at: number }[] = []
let gateway: GatewayProcess
let run = 0
let up = false
let load: SmtpLoad<TestMessage>
let audit: AuditEntry[] = []
let taken: Taken[] = []

beforeAll(
  async () => {
    // Replies that take their time widen the gap in which a delivery is done but not recorded.
    sink.script = ({ command }) => {
      if (command !== 'dot') return undefined
      moments.push({ run, at: Date.now() })
      return moments.length % 4 === 0 ? { trickle: '250 2.0.0 queued', everyMs: 5 } : undefined
    }
    await sink.start()
    gateway = await GatewayProcess.prepare({
      config: {
        listeners: [
          { name: 'relay', port: 0 },
          { name: 'inline', port: 0, reply: 'after-decision' },
        ],
        delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
        log: { level: 'warn' },
      },
    })
    load = new SmtpLoad({
      connections: 6,
      messagesPerConnection: 5,
      next: nextMessage,
      port: (listener) => (up ? gateway.port(listener) : null),
    })
    load.start()
    for (let kill = 1; kill <= KILLS; kill++) await runUntilKilled(kill % 5 === 0)
    run++
    await gateway.start()
    up = true
    await load.stop()
    await waitFor('everything to settle', settled, SETTLE_MS)
    const exported = await gateway.command(['audit', 'export'])
    audit = exported.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEntry]))
    taken = sink.messages.map((message, i) => {
      const [head = '', id = ''] = TRACE.exec(message.content.toString('latin1')) ?? []
      const moment = moments[i] ?? { run: 0, at: 0 }
      return { message, id, body: message.content.subarray(head.length), ...moment }
    })
  },
  KILLS * SECONDS_PER_KILL_MAX * 1000 + SETTLE_MS,
)

afterAll(async () => {
  await gateway?.remove()
  await sink.stop()
})

/** One life of the gateway; every fifth ends before it is ready. */
async function runUntilKilled(early: boolean): Promise<void> {
  run++
  const started = gateway.start()
  if (early) {
    await wait(Math.random() * 2_000)
    await gateway.stop('SIGKILL')
    await started.catch(() => undefined)
    return
  }
  await started
  up = true
  await wait(150 + Math.random() * 900)
  await gateway.stop('SIGKILL')
  up = false
}

/** The moment of a kill is what this test is about: it is drawn, not waited for. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function settled(): Promise<boolean> {
  const { body } = await gateway.admin('/metrics')
  return ['received', 'decided'].every((state) => body.includes(`sluice_submissions{state="${state}"} 0\n`))
}

const acknowledged = () =>
  load.outcomes.flatMap(({ message, reply }) =>
    reply?.startsWith('250') ? [{ message, id: /[0-9A-Z]{26}/.exec(reply)?.[0] ?? '' }] : [],
  )
const about = (id: string, event: AuditEntry['event']) =>
  audit.filter((entry) => entry.submission === id && entry.event === event)
const history = (id: string) =>
  `${id}: ${audit.flatMap((entry) => (entry.submission === id ? [`${entry.event} ${JSON.stringify(entry.details)}`] : [])).join(', ')}`
const held = (id: string) => about(id, 'held').length > 0

describe(`after ${KILLS} kills under load`, () => {
  it('there was something to lose', () => {
    expect(acknowledged().length).toBeGreaterThan(KILLS * 2)
    for (const kind of KINDS) expect(acknowledged().some(({ message }) => message.kind === kind)).toBe(true)
  })

  it('every acknowledged message that passes was delivered', () => {
    const arrived = new Set(taken.map(({ id }) => id))
    const passing = acknowledged().filter(({ message }) => message.kind === 'pass' || message.kind === 'mixed')
    const lost = passing.filter(({ id }) => !arrived.has(id) && !held(id)).map(({ id }) => history(id))
    expect(lost).toEqual([])
  })

  it('every acknowledged message that is held can be read back, byte for byte', async () => {
    const { config } = await loadConfiguration({ config: join(gateway.dir, 'sluice.yaml') })
    const state = await openState(config)
    try {
      for (const { message, id } of acknowledged()) {
        if (message.kind !== 'quarantine' && message.kind !== 'mixed') continue
        const record = await state.store.get(id)
        expect(record?.submission.state, id).toMatch(/^(quarantined|held)$/)
        const chunks: Uint8Array[] = []
        if (record) for await (const chunk of state.content.read(record.submission.blob)) chunks.push(chunk)
        expect(Buffer.concat(chunks).equals(message.content), id).toBe(true)
        expect(await state.store.quarantine({ id, limit: 1 })).toMatchObject([{ status: 'open' }])
      }
    } finally {
      await state.close()
    }
  })

  it('every acknowledged message that is blocked was bounced once, and the bounce delivered', () => {
    for (const { message, id } of acknowledged()) {
      if (message.kind !== 'block' || held(id)) continue
      const bounces = audit.filter((entry) => entry.event === 'bounced' && entry.details.parent === id)
      expect(bounces, id).toHaveLength(1)
      const delivered = taken.filter((copy) => copy.id === bounces[0]?.submission)
      expect(delivered.length, id).toBeGreaterThanOrEqual(1)
      expect(delivered[0]?.message, id).toMatchObject({ sender: '', recipients: [{ address: 'a@example.com' }] })
    }
  })

  it('no body was changed, and nothing was delivered to anyone whom the verdict kept it from', () => {
    const sentBodies = new Map(load.outcomes.map(({ message }) => [message.content.toString('latin1'), message]))
    for (const { message, id, body } of taken) {
      expect(id, message.content.toString('latin1').slice(0, 300)).not.toBe('')
      if (message.sender === '') continue
      const original = sentBodies.get(body.toString('latin1'))
      expect(original, id).toBeDefined()
      expect(original?.kind, id).toMatch(/^(pass|mixed)$/)
      const allowed = original?.kind === 'mixed' ? ['in@example.com'] : original?.recipients
      expect(message.recipients.map(({ address }) => address)).toEqual(allowed)
    }
  })

  it('nothing was delivered before its decision was durable', () => {
    for (const { id, message, at } of taken) {
      const [decided] = about(id, message.sender === '' ? 'bounced' : 'decided')
      if (!decided) expect(about(id, 'notified'), id).toHaveLength(1)
      else expect(decided.at, id).toBeLessThanOrEqual(at)
    }
  })

  it('what was delivered twice was in flight at a kill, and is recorded once', () => {
    const copies = Map.groupBy(taken, ({ id }) => id)
    let duplicates = 0
    for (const [id, all] of copies) {
      const runs = all.map((copy) => copy.run)
      duplicates += all.length - 1
      expect(new Set(runs).size, `${id} was delivered twice within one run: ${runs}`).toBe(runs.length)
      const recorded = about(id, 'delivery').flatMap(({ details }) =>
        (details.results as { status: string; recipient: string }[]).filter(({ status }) => status === 'delivered'),
      )
      expect(new Set(recorded.map(({ recipient }) => recipient)).size, id).toBe(recorded.length)
      expect(recorded.length, id).toBeGreaterThanOrEqual(1)
    }
    console.log(
      `${KILLS} kills: ${load.outcomes.length} sent, ${acknowledged().length} acknowledged, ${taken.length} deliveries, ` +
        `${duplicates} duplicates (each in flight at a kill), ${audit.filter(({ event }) => event === 'held').length} held`,
    )
  })

  it('the audit chain is whole', async () => {
    expect(await gateway.command(['audit', 'verify'])).toMatchObject({ code: 0 })
    expect(await gateway.stop()).toBe(0)
  })
})
