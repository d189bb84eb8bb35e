import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { open, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sendMail } from '../support/mail-client.ts'
import { freePort } from '../support/redis.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { traceId } from '../support/trace-id.ts'
import { waitFor } from '../support/wait-for.ts'

/** What an operator sees while things go wrong around a running gateway, and that it mends itself. */
interface Readiness {
  readonly status: number
  readonly problems: readonly { readonly code: string; readonly problem: string }[]
  readonly warnings: readonly { readonly code: string; readonly problem: string }[]
}

async function readiness(gateway: GatewayProcess): Promise<Readiness> {
  const { status, body } = await gateway.admin('/readyz')
  return { ...JSON.parse(body), status }
}

const metric = async (gateway: GatewayProcess, line: RegExp) =>
  Number(line.exec((await gateway.admin('/metrics')).body)?.[1] ?? Number.NaN)

describe('a running gateway', () => {
  const sink = new SmtpSink()
  let gateway: GatewayProcess
  let nextHop: number

  beforeAll(async () => {
    nextHop = await freePort()
    gateway = await GatewayProcess.start({
      config: {
        delivery: {
          default: { hosts: [{ host: '127.0.0.1', port: nextHop, tls: 'none' }] },
          retry_first: '1s',
          retry_max: '1s',
        },
      },
    })
  })

  afterAll(async () => {
    await gateway?.remove()
    await sink.stop()
  })

  const send = (text: string, to = 'b@partner.example') => sendMail(gateway.port(), { text, to })
  const policy = (file: string, text: string) => writeFile(join(gateway.dir, 'policies', file), text)

  it('is alive and ready, and says nothing else to strangers on the admin port', async () => {
    expect(await gateway.admin('/healthz')).toEqual({ status: 200, body: '{"status":"alive"}\n' })
    expect(await readiness(gateway)).toMatchObject({ status: 200, problems: [], warnings: [] })
    expect((await gateway.admin('/')).status).toBe(404)
  })

  it('keeps mail for a next hop that is down, shows it everywhere, and sends it when it is back', async () => {
    const { id, code } = await send('for later')
    expect(code).toBe(250)
    await waitFor('the warning', async () =>
      (await readiness(gateway)).warnings.some((w) => w.code === 'next-hop-down'),
    )
    expect((await readiness(gateway)).status).toBe(200)
    expect(await metric(gateway, /sluice_next_hop_healthy\{next_hop="127\.0\.0\.1:\d+"\} (\d)/)).toBe(0)
    expect(await metric(gateway, /sluice_submissions\{state="decided"\} (\d+)/)).toBe(1)
    const doctor = await gateway.command(['doctor'])
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(
      new RegExp(`next hop 127\\.0\\.0\\.1:${nextHop}[\\s\\S]*cannot be reached \\(ECONNREFUSED\\)`),
    )
    await sink.start(nextHop)
    await sink.until(() => sink.messages.length > 0)
    expect(sink.messages.map(({ content }) => traceId(content))).toEqual([id])
    await waitFor('the warning to go', async () => (await readiness(gateway)).warnings.length === 0)
    expect(await metric(gateway, /sluice_next_hop_healthy\{next_hop="127\.0\.0\.1:\d+"\} (\d)/)).toBe(1)
  })

  it('keeps the old policies while new ones are broken, says so, and takes them over once mended', async () => {
    const broken =
      'policy: fresh\nname: Fresh\nrules:\n  - { id: fresh, when: { recipient: { address: "fresh@*" } }, actoin: block }\n'
    await policy('fresh.yaml', broken)
    const warning = await waitFor('the warning', async () =>
      (await readiness(gateway)).warnings.find((w) => w.code === 'definitions-broken'),
    )
    expect(warning.problem).toMatch(/policies\/fresh\.yaml:4:\d+/)
    expect((await readiness(gateway)).status).toBe(200)
    expect(gateway.stderr).toContain('the former revision stays in force')
    expect((await gateway.command(['config', 'check'])).code).toBe(1)
    const before = sink.messages.length
    await send('not blocked yet', 'fresh@partner.example')
    await sink.until(() => sink.messages.length > before)

    await policy('fresh.yaml', broken.replace('actoin', 'action'))
    await waitFor('the warning to go', async () => (await readiness(gateway)).warnings.length === 0)
    const { id } = await send('blocked now', 'fresh@partner.example')
    await sink.until(() => sink.messages.some((m) => m.sender === '' && m.content.toString().includes(id)))
    const { stdout } = await gateway.command(['audit', 'export'])
    const changes = stdout.split('\n').filter((line) => line.includes('"event":"configuration"'))
    expect(changes).toHaveLength(1)
    expect(JSON.parse(changes[0] ?? '')).toMatchObject({ details: { policies: expect.any(String) } })
  })

  it('keeps the old rules while new ones are broken, too', async () => {
    const rules = join(gateway.dir, 'rules/more.yaml')
    await writeFile(rules, 'rules:\n  - { id: broken, patterns: [{ regex: "(" }] }\n')
    const warning = await waitFor('the warning', async () =>
      (await readiness(gateway)).warnings.find((w) => w.code === 'definitions-broken'),
    )
    expect(warning.problem).toMatch(/rules\/more\.yaml:2:\d+/)
    const { id } = await send('still looked for: QUARANTINEME')
    await waitFor('the hold', async () => (await gateway.command(['quarantine', 'show', id])).code === 0)
    await rm(rules)
    await waitFor('the warning to go', async () => (await readiness(gateway)).warnings.length === 0)
  })

  it('counts what it does', async () => {
    const { body } = await gateway.admin('/metrics')
    for (const name of [
      'smtp_connections_total',
      'messages_accepted_total{listener="relay"}',
      'messages_accepted_bytes_total',
      'verdicts_total{action="block"}',
      'scan_seconds_count',
      'deliveries_total{status="delivered"}',
      'dispatch_jobs{state="waiting"}',
      'spool_bytes{kind="free"}',
      'ready 1',
    ])
      expect(body).toContain(`sluice_${name}`)
  })

  it('logs JSON lines with ids', () => {
    const lines = gateway.stderr.split('\n').filter((line) => line.startsWith('{'))
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) })
    expect(lines.some((line) => /"id":"[0-9A-Z]{26}".*"msg":"delivery"/.test(line))).toBe(true)
  })
})

/** Mounting needs root; elsewhere the test says why it does not run. */
function mountSmallDisk(): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', dir], { stdio: 'pipe' })
    return dir
  } catch {
    rmdirSync(dir)
    return null
  }
}

const disk = mountSmallDisk()

describe.skipIf(disk === null)('a disk that fills up (skipped where nothing may be mounted)', () => {
  const sink = new SmtpSink()
  const dir = disk ?? ''
  const filler = join(dir, 'filler')
  let gateway: GatewayProcess

  beforeAll(async () => {
    await sink.start()
    gateway = await GatewayProcess.start({
      config: {
        data_dir: join(dir, 'data'),
        delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
        limits: { spool_free: '4MB' },
      },
    })
  })

  afterAll(async () => {
    await gateway?.remove()
    await sink.stop()
    execFileSync('umount', [dir])
    rmdirSync(dir)
  })

  const send = () => sendMail(gateway.port(), { text: 'x'.repeat(60_000) })

  async function fillLeaving(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(dir)
    const file = await open(filler, 'a')
    try {
      for (let left = bavail * bsize - bytes; left > 0; left -= 65_536)
        await file.write(Buffer.alloc(Math.min(left, 65_536)))
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown
    } finally {
      await file.close()
    }
  }

  it.each([
    ['runs low', 2 * 1024 * 1024],
    ['is full', 0],
  ])('%s: 452 and 503, nothing is lost, and it recovers unaided', async (_, left) => {
    expect((await send()).code).toBe(250)
    await fillLeaving(left)
    const acknowledged: string[] = []
    const refusal = await waitFor('a refusal', async () => {
      const reply = await send()
      if (reply.code === 250) acknowledged.push(reply.id)
      return reply.code === 250 ? null : reply
    })
    expect(refusal.text).toMatch(/^452 4\.3\.1 /)
    await waitFor('503', async () => (await readiness(gateway)).status === 503)
    expect((await readiness(gateway)).problems[0]).toMatchObject({
      code: expect.stringMatching(/^(spool-full|store-sick)$/),
    })
    await rm(filler)
    await waitFor('200', async () => (await readiness(gateway)).status === 200)
    const after = await send()
    expect(after.code).toBe(250)
    await waitFor('every acknowledged message', () => {
      const arrived = new Set(sink.messages.map(({ content }) => traceId(content)))
      return [...acknowledged, after.id].every((id) => arrived.has(id))
    })
    expect((await gateway.command(['audit', 'verify'])).code).toBe(0)
  })
})
