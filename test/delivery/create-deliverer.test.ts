import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { createDeliverer } from '../../src/delivery/create-deliverer.ts'
import type { RouteOptions } from '../../src/delivery/routes.ts'
import { createProtector } from '../../src/protect/protector.ts'
import { CertificateFolder } from '../support/certificates.ts'
import { deliveryJob, MESSAGE, TRACE } from '../support/delivery-job.ts'
import { nextHops } from '../support/next-hop.ts'
import type { SmtpSink } from '../support/smtp-sink.ts'

const { sink, deliverer } = nextHops()
const folder = mkdtempSync(join(tmpdir(), 'sluice-deliver-'))
const certificates = new CertificateFolder()
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  certificates.remove()
})

function to(match: string, server: SmtpSink): RouteOptions {
  return { match, target: { hosts: [{ host: '127.0.0.1', port: server.port, tls: 'none' }] } }
}

describe('routing', () => {
  it('splits a message by the recipients\u2019 domains and reports each', async () => {
    const a = await sink()
    const b = await sink({ script: ({ command }) => (command === 'rcpt' ? '550 5.1.1 no' : undefined) })
    const maildir = join(folder, 'split')
    const made = deliverer([], {
      routes: [to('a.example', a), to('*.b.example', b), { match: 'local.example', target: { maildir } }],
    })
    const outcomes = await made.deliver(
      deliveryJob({
        recipients: ['1@a.example', '2@x.b.example', '3@A.example', '4@local.example', '5@nowhere.example'],
      }),
    )
    expect(new Map(outcomes.map(({ recipient, status, nextHop }) => [recipient, [status, nextHop]]))).toEqual(
      new Map([
        ['1@a.example', ['delivered', `127.0.0.1:${a.port}`]],
        ['2@x.b.example', ['failed', `127.0.0.1:${b.port}`]],
        ['3@A.example', ['delivered', `127.0.0.1:${a.port}`]],
        ['4@local.example', ['delivered', maildir]],
        ['5@nowhere.example', ['deferred', 'local']],
      ]),
    )
    expect(a.messages.map(({ recipients }) => recipients.map(({ address }) => address))).toEqual([
      ['1@a.example', '3@A.example'],
    ])
  })

  it('a bad table is refused', () => {
    expect(() =>
      createDeliverer({
        routes: [{ match: '*', target: { hosts: [] } }],
        protector: createProtector(),
        clock: Date,
        hostname: 'g',
      }),
    ).toThrow(expect.objectContaining({ code: 'bad-routes' }))
  })
})

describe('a Maildir', () => {
  const route = (maildir: string): RouteOptions[] => [{ match: '*', target: { maildir } }]

  it('gets the envelope, the trace headers and the untouched original', async () => {
    const maildir = join(folder, 'mail dir')
    const made = deliverer([], { routes: route(maildir) })
    const [first] = await made.deliver(deliveryJob({ recipients: ['b@x.example', 'c@x.example'] }))
    await made.deliver(deliveryJob({ sender: '', content: 'no line end' }))
    expect(first).toMatchObject({
      status: 'delivered',
      nextHop: maildir,
      dsnRelayed: false,
      reply: expect.stringMatching(/^250 2\.0\.0 stored as new\//),
    })
    const files = readdirSync(join(maildir, 'new'))
    expect(files).toHaveLength(2)
    expect(files.every((name) => /^[^:/]+$/.test(name))).toBe(true)
    expect(readdirSync(join(maildir, 'tmp'))).toEqual([])
    const contents = files.map((name) => readFileSync(join(maildir, 'new', name), 'utf8'))
    expect(new Set(contents)).toEqual(
      new Set([
        `Return-Path: <a@example.com>\r\nX-Original-To: b@x.example\r\nX-Original-To: c@x.example\r\n${TRACE}${MESSAGE}`,
        `Return-Path: <>\r\nX-Original-To: b@partner.example\r\n${TRACE}no line end`,
      ]),
    )
    expect(made.health()).toEqual([
      { nextHop: maildir, healthy: true, lastProblem: null, lastSuccessAt: 1_700_000_000_000 },
    ])
  })

  it('that can not be written defers, leaves nothing behind and shows', async () => {
    const maildir = join(folder, 'file')
    writeFileSync(maildir, '')
    const made = deliverer([], { routes: route(maildir) })
    expect(await made.deliver(deliveryJob())).toMatchObject([
      { status: 'deferred', reply: expect.stringMatching(/^4\.3\.0 the Maildir could not be written: E/) },
    ])
    expect(made.health()).toMatchObject([
      { healthy: false, lastProblem: expect.stringContaining('4.3.0'), lastSuccessAt: null },
    ])
  })

  it('keeps no half message when the content breaks off', async () => {
    const maildir = join(folder, 'half')
    const content = async function* () {
      yield Buffer.from('half')
      throw new Error('disk')
    }
    expect(await deliverer([], { routes: route(maildir) }).deliver({ ...deliveryJob(), content })).toMatchObject([
      { status: 'deferred' },
    ])
    expect([...readdirSync(join(maildir, 'tmp')), ...readdirSync(join(maildir, 'new'))]).toEqual([])
  })
})

describe('redirect', () => {
  const modifications = [{ kind: 'redirect', to: ['compliance@x.example', 'second@x.example'] }] as const
  const recipients = [
    { address: 'b@partner.example', notify: ['SUCCESS'] as const, orcpt: 'rfc822;b@partner.example' },
    'c@partner.example',
  ]

  it('goes to the others alone, and every recipient has the outcome', async () => {
    const server = await sink()
    const outcomes = await deliverer([server]).deliver(deliveryJob({ recipients, modifications }))
    expect(outcomes.map(({ recipient, status }) => [recipient, status])).toEqual([
      ['b@partner.example', 'delivered'],
      ['c@partner.example', 'delivered'],
    ])
    expect(server.messages.map((message) => message.recipients)).toEqual([
      [
        { address: 'compliance@x.example', parameters: [] },
        { address: 'second@x.example', parameters: [] },
      ],
    ])
  })

  it.each([
    ['450 4.2.1 later', 'deferred'],
    ['550 5.1.1 no', 'failed'],
  ])('%s for one of them is the outcome of all', async (reply, status) => {
    const server = await sink({
      script: ({ command, line }) => (command === 'rcpt' && line.includes('second') ? reply : undefined),
    })
    const outcomes = await deliverer([server]).deliver(deliveryJob({ recipients, modifications }))
    expect(outcomes).toMatchObject([
      { recipient: 'b@partner.example', status, reply },
      { recipient: 'c@partner.example', status, reply },
    ])
  })

  it('never puts a bad address on the wire', async () => {
    const server = await sink()
    const outcomes = await deliverer([server]).deliver(
      deliveryJob({ modifications: [{ kind: 'redirect', to: ['a@x>\r\nRCPT TO:<v@x'] }] }),
    )
    expect(outcomes).toMatchObject([
      { recipient: 'b@partner.example', status: 'failed', reply: expect.stringContaining('5.1.3') },
    ])
    expect(server.sessions).toBe(0)
  })
})

describe('protection', () => {
  it('encrypts for whom there is a key, without size or 8-bit, and says no-key for the rest', async () => {
    const keyDirectory = join(folder, 'keys')
    const holder = certificates.make({
      altName: 'email:b@x.example',
      extensions: ['basicConstraints=critical,CA:FALSE'],
    })
    mkdirSync(keyDirectory)
    writeFileSync(join(keyDirectory, 'b.pem'), holder.cert)
    const server = await sink({ extensions: ['PIPELINING', 'SIZE', 'DSN'] })
    const outcomes = await deliverer([server], { protector: createProtector({ keyDirectory }) }).deliver(
      deliveryJob({
        recipients: ['b@x.example', 'none@x.example'],
        content: 'Subject: x\r\n\r\n\u00fc\r\n',
        envelope: { body: '8BITMIME' },
        encrypt: { methods: ['smime'], fallback: 'quarantine' },
      }),
    )
    expect(outcomes.map(({ recipient, status }) => [recipient, status])).toEqual([
      ['none@x.example', 'no-key'],
      ['b@x.example', 'delivered'],
    ])
    const [message] = server.messages
    expect(message?.recipients.map(({ address }) => address)).toEqual(['b@x.example'])
    expect(message?.parameters).toEqual([])
    expect(message?.content.toString()).toContain('application/pkcs7-mime')
  })

  it('that can not be done throws before anything is sent', async () => {
    const server = await sink()
    const job = deliveryJob({ modifications: [{ kind: 'strip-attachment', paths: ['mail/none.zip'], note: 'x' }] })
    await expect(deliverer([server]).deliver(job)).rejects.toMatchObject({ code: 'cannot-strip' })
    expect(server.sessions).toBe(0)
  })
})

describe('time', () => {
  it('one job has one deadline, however long each step may take', async () => {
    const server = await sink({ script: ({ command }) => (command === 'rcpt' ? 'hang' : undefined) })
    const made = deliverer([server, await sink()], {
      timeouts: { connectMs: 5_000, commandMs: 60_000, dataMs: 60_000 },
    })
    // The clock stands still until the server hangs; then the whole budget is gone.
    let gone = 0
    const real = performance.now.bind(performance)
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + gone)
    const pending = made.deliver(deliveryJob({ recipients: ['a@x.example'] }))
    gone = limits.deliveryJobMaxMs
    const outcomes = await pending
    spy.mockRestore()
    expect(outcomes).toMatchObject([{ status: 'deferred', reply: expect.stringMatching(/^4\.4\./) }])
  })
})

it('closing says QUIT to kept connections', async () => {
  const server = await sink()
  const made = deliverer([server])
  await made.deliver(deliveryJob())
  await made.close()
  await server.until((it) => it.commands.includes('1 QUIT') && it.open === 0)
  expect(await made.deliver(deliveryJob())).toMatchObject([
    { status: 'deferred', reply: '4.3.2 the gateway is shutting down' },
  ])
})
