import { describe, expect, it, vi } from 'vitest'
import type { SmtpIngressOptions, SmtpListenerOptions } from '../../../src/ingress/smtp/smtp-options.ts'
import { Client, makeCertificate, type Rig, startIngress, temporaryFolder } from './harness.ts'

const plain = (name: string, password: string, authzid = ''): string =>
  Buffer.from(`${authzid}\0${name}\0${password}`).toString('base64')
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const authenticate = async (name: string, password: string): Promise<string | null> =>
  name === 'alice' && password === 'right' ? 'alice@example.com' : null

async function submission(
  options: Partial<SmtpIngressOptions> = {},
  listener: Partial<SmtpListenerOptions> = {},
): Promise<Rig> {
  const files = makeCertificate(temporaryFolder(), 'gw.example.com')
  return startIngress(
    [{ name: 'submission', kind: 'submission', clients: [], tls: 'implicit', ...files, ...listener }],
    { authenticate, ...options, limits: { authDelayMs: 1, ...options.limits } },
  )
}

async function greeted(port: number): Promise<Client> {
  const client = await Client.openTls(port)
  await client.ask('EHLO c')
  return client
}

describe('submission', () => {
  it('refuses mail before AUTH, takes it after, and records who it was', async () => {
    const { port, intake, seen } = await submission()
    const client = await Client.openTls(port)
    expect(await client.ask('EHLO c')).toContain('250-DSN\n250 AUTH PLAIN LOGIN')
    expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^530 5\.7\.0/)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^235 2\.7\.0/)
    expect(await client.ask('EHLO c')).not.toContain('AUTH')
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^503/)
    expect(await client.ask('MAIL FROM:<a@x> AUTH=<>')).toMatch(/^250/)
    await client.ask('RCPT TO:<b@x>')
    await client.ask('DATA')
    client.send('x\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client).toMatchObject({
      authenticated: 'alice@example.com',
      protocol: 'ESMTPSA',
    })
    expect(seen.get('auth submission success')).toBe(1)
    expect(JSON.stringify(seen.lines)).not.toContain('right')
  })

  it('knows LOGIN, PLAIN in two steps, and how to stop', async () => {
    const { port } = await submission()
    const client = await greeted(port)
    expect(await client.ask('AUTH PLAIN')).toMatch(/^334 $/)
    expect(await client.ask('*')).toMatch(/^501/)
    expect(await client.ask('AUTH CRAM-MD5')).toMatch(/^504/)
    expect(await client.ask('AUTH PLAIN')).toMatch(/^334 $/)
    expect(await client.ask(plain('alice', 'right'))).toMatch(/^235/)
    const other = await greeted(port)
    expect(await other.ask('AUTH LOGIN')).toBe(`334 ${base64('Username:')}`)
    expect(await other.ask(base64('alice'))).toBe(`334 ${base64('Password:')}`)
    expect(await other.ask(base64('right'))).toMatch(/^235/)
  })

  it('over STARTTLS hides AUTH and refuses it in clear', async () => {
    const { port } = await submission({}, { tls: 'starttls' })
    const client = await Client.open(port)
    expect(await client.ask('EHLO c')).not.toContain('AUTH')
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^538 5\.7\.11/)
    expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^530 5\.7\.0 Send STARTTLS/)
    await client.ask('STARTTLS')
    await client.secure()
    expect(await client.ask('EHLO c')).toContain('AUTH PLAIN LOGIN')
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^235/)
  })

  it('lets nobody act for somebody else', async () => {
    const { port } = await submission()
    const client = await greeted(port)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right', 'bob')}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right', 'alice')}`)).toMatch(/^235/)
  })

  it('asks for the listener that the client came in on', async () => {
    const asked: string[] = []
    const { port } = await submission({
      authenticate: async (name, _password, listener) => {
        asked.push(listener.name)
        return name
      },
    })
    expect(await (await greeted(port)).ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^235/)
    expect(asked).toEqual(['submission'])
  })

  it('may be limited to networks too', async () => {
    const { port } = await submission({}, { clients: ['192.0.2.0/24'] })
    const client = await Client.openTls(port)
    await client.closed()
    expect(client.ended).toBe(true)
  })

  it("answers 454 when nobody can tell, and counts it as nobody's fault", async () => {
    let sick = true
    const { port } = await submission({
      limits: { authFailuresPerNetworkMax: 1 },
      authenticate: async (name, password) => {
        if (sick) throw new Error('directory down')
        return authenticate(name, password)
      },
    })
    const client = await greeted(port)
    for (let i = 0; i < 4; i++)
      expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^454 4\.7\.0/)
    sick = false
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^235/)
  })
})

it('a listener that drains ends a session whose password is being judged right after the answer', async () => {
  let judged: (name: string) => void = () => {}
  const { port, ingress } = await submission({
    authenticate: () =>
      new Promise((resolve) => {
        judged = resolve
      }),
  })
  const client = await greeted(port)
  const before = judged
  client.send(`AUTH PLAIN ${plain('alice', 'right')}\r\n`)
  await vi.waitFor(() => expect(judged).not.toBe(before))
  const closing = ingress.close(3_600_000)
  judged('alice')
  expect(await client.reply()).toMatch(/^235/)
  expect(await client.reply()).toMatch(/^421 4\.3\.2/)
  client.socket.end()
  await closing
})

describe('guessing', () => {
  it('is cut at the third failure, each answered later', async () => {
    const { port, seen } = await submission()
    const client = await greeted(port)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'a')}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'b')}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'c')}`)).toMatch(/^421 4\.7\.0/)
    expect(await client.closed()).toBe('')
    expect(seen.get('auth submission failure')).toBe(3)
  })

  it('is delayed by the failures so far', async () => {
    const waits: number[] = []
    const { port } = await submission({
      limits: { authDelayMs: 7 },
      wait: async (ms) => {
        waits.push(ms)
      },
    })
    const client = await greeted(port)
    await client.ask(`AUTH PLAIN ${plain('alice', 'a')}`)
    await client.ask(`AUTH PLAIN ${plain('alice', 'b')}`)
    expect(waits).toEqual([7, 14])
  })

  it('is counted per network over connections, at the limit and one past it, until the window has passed', async () => {
    let now = 0
    const { port, seen } = await submission({
      now: () => now,
      limits: { authFailuresPerNetworkMax: 4, authFailuresMax: 2, authWindowMs: 1000 },
    })
    for (let i = 0; i < 2; i++) {
      const client = await greeted(port)
      await client.ask(`AUTH PLAIN ${plain('alice', 'a')}`)
      await client.ask(`AUTH PLAIN ${plain('alice', 'b')}`)
    }
    const client = await greeted(port)
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^454 4\.7\.0 Too many/)
    expect(seen.get('auth submission throttled')).toBe(1)
    now = 999
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^454/)
    now = 1000
    expect(await client.ask(`AUTH PLAIN ${plain('alice', 'right')}`)).toMatch(/^235/)
  })

  it('counts attempts that are still being judged', async () => {
    const waiting: (() => void)[] = []
    const { port } = await submission({
      limits: { authFailuresPerNetworkMax: 2 },
      authenticate: () => new Promise((resolve) => waiting.push(() => resolve(null))),
    })
    const clients = [await greeted(port), await greeted(port), await greeted(port)]
    clients[0]?.send(`AUTH PLAIN ${plain('alice', 'a')}\r\n`)
    clients[1]?.send(`AUTH PLAIN ${plain('alice', 'b')}\r\n`)
    await vi.waitFor(() => expect(waiting.length).toBe(2))
    expect(await clients[2]?.ask(`AUTH PLAIN ${plain('alice', 'c')}`)).toMatch(/^454/)
    for (const resolve of waiting) resolve()
    expect(await clients[0]?.reply()).toMatch(/^535/)
  })
})
