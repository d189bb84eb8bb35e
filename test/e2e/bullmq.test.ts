import { join } from 'node:path'
import Database from 'better-sqlite3'
import nodemailer from 'nodemailer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { TestRedis } from '../support/redis.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { traceId } from '../support/trace-id.ts'
import { waitFor } from '../support/wait-for.ts'
import { WorkerProcess } from '../support/worker-process.ts'

/** A gateway and workers over a real Redis that fails in every way it can. The tests follow on each other. */
const ORPHAN_WAIT_MS = 60_000
const sink = new SmtpSink()
let redis: TestRedis
let gateway: GatewayProcess
let worker: WorkerProcess
/** Large messages that were in hand when their worker was killed. */
const orphans: string[] = []

beforeAll(async () => {
  redis = await TestRedis.start()
  await sink.start()
  gateway = await GatewayProcess.start({
    config: {
      delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
      dispatch: { kind: 'bullmq', redis: redis.url },
      limits: { active_messages: 2 },
    },
  })
  worker = await WorkerProcess.start(gateway.dir)
})

afterAll(async () => {
  await worker?.stop('SIGKILL')
  await gateway?.remove()
  await redis?.stop()
  await sink.stop()
})

/** Sends and resolves with the id that the gateway gave. */
async function send(text: string): Promise<string> {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: gateway.port(), ignoreTLS: true })
  const { response } = await transport.sendMail({ from: 'a@example.com', to: 'b@partner.example', text })
  transport.close()
  return /queued as ([0-9A-Z]{26})/.exec(response)?.[1] ?? ''
}

const copies = (id: string) => sink.messages.filter(({ content }) => traceId(content) === id).length

async function delivered(ids: readonly string[], timeoutMs?: number): Promise<void> {
  await waitFor(`${ids.length} deliveries`, () => ids.every((id) => copies(id) > 0), timeoutMs)
}

async function readiness(): Promise<{ status: number; text: string }> {
  const { status, body } = await gateway.admin('/readyz')
  return { status, text: body }
}

/** Ids that a process has in hand, by the claims beside the state. */
function inHand(pid: number): string[] {
  const claims = new Database(join(gateway.dir, 'data/state/state.sqlite-claims'), { readonly: true })
  try {
    const rows = claims.prepare("SELECT id FROM claims WHERE owner LIKE '%-' || ? || '-%'").all(String(pid))
    return (rows as { id: string }[]).map(({ id }) => id)
  } finally {
    claims.close()
  }
}

describe('a worker beside the gateway', () => {
  it('inspects, and the gateway delivers what it decided', async () => {
    const ids: string[] = []
    await waitFor('the worker to decide', async () => {
      ids.push(await send('nothing of interest'))
      return worker.decided.length >= 3
    })
    await delivered(ids)
    expect(ids.map(copies)).toEqual(ids.map(() => 1))
    expect(worker.decided.every((id) => ids.includes(id))).toBe(true)
  })

  it('says on a port of its own that it can work, and counts what it inspected', async () => {
    expect((await worker.admin('/healthz')).status).toBe(200)
    expect(await worker.admin('/readyz')).toMatchObject({ status: 200 })
    const { body } = await worker.admin('/metrics')
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1])
    expect(value('sluice_scan_seconds_count')).toBe(worker.decided.length)
    expect(value('sluice_verdicts_total{action="pass"}')).toBe(worker.decided.length)
    expect(value('sluice_ready')).toBe(1)
  })

  it('is killed in the middle of a scan, and another takes its place', async () => {
    const large = 'all work and no play makes jack a dull boy\n'.repeat(250_000)
    await waitFor('a worker to die with a large message in hand', async () => {
      const sending = Promise.all(Array.from({ length: 4 }, () => send(large)))
      // More than the gateway may work on at once, so the worker gets some.
      await waitFor('the worker to have one in hand', () => inHand(worker.pid).length > 0)
      await worker.stop('SIGKILL')
      orphans.push(...inHand(worker.pid))
      await sending
      if (orphans.length === 0) worker = await WorkerProcess.start(gateway.dir)
      return orphans.length > 0
    })
    expect(worker.decided.filter((id) => orphans.includes(id))).toEqual([])
    worker = await WorkerProcess.start(gateway.dir)
  })
})

describe('a Redis that fails', () => {
  it('loses nothing and doubles nothing: killed, restarted and flushed in mid-flight', async () => {
    const ids: string[] = []
    const burst = async (count: number) => {
      for (let i = 0; i < count; i++) ids.push(await send(`message ${ids.length}`))
    }
    const killed = burst(10)
    await redis.kill()
    await killed
    await burst(5)
    await redis.restart()
    const flushed = burst(10)
    await redis.flush()
    await flushed
    await delivered(ids)
    expect(ids.map(copies)).toEqual(ids.map(() => 1))
  })

  it('does not keep the gateway from ending, nor from working without it', async () => {
    await redis.kill()
    expect(await gateway.stop()).toBe(0)
    await gateway.start()
    const ids = [await send('Redis is away'), await send('still away')]
    await delivered(ids)
    const away = await readiness()
    expect(away).toMatchObject({ status: 200 })
    expect(away.text).toContain('dispatch-sick')
    expect(gateway.stderr).toContain('the gateway does the work itself meanwhile')
    await waitFor('the worker to say so', async () => (await worker.admin('/readyz')).status === 503)
    await redis.restart()
    await waitFor('the gateway to see Redis again', async () => !(await readiness()).text.includes('dispatch-sick'))
  })

  it('and the worker goes on with it when it is back', async () => {
    const before = worker.decided.length
    await waitFor('the worker to decide again', async () => {
      await send('nothing of interest')
      return worker.decided.length > before
    })
    expect(await worker.stop()).toBe(0)
  })
})

describe('what a killed worker had in hand', () => {
  it(
    'is done by another, once',
    async () => {
      expect(orphans.length).toBeGreaterThanOrEqual(1)
      await delivered(orphans, ORPHAN_WAIT_MS)
      expect(orphans.map(copies)).toEqual(orphans.map(() => 1))
      expect((await gateway.command(['audit', 'verify'])).code).toBe(0)
    },
    ORPHAN_WAIT_MS + 10_000,
  )
})
