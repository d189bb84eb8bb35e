import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { deliveryJob } from '../support/delivery-job.ts'
import { nextHops } from '../support/next-hop.ts'
import type { SinkAnswer, SinkCommand, SinkOptions } from '../support/smtp-sink.ts'

const { sink, deliverer, deadPort } = nextHops()
const quick = { timeouts: { connectMs: 500, commandMs: 300, dataMs: 300 } }

/** A sink that answers one command in a way of its own. */
function at(command: SinkCommand, answer: SinkAnswer, options: SinkOptions = {}): SinkOptions {
  return { ...options, script: (step) => (step.command === command ? answer : undefined) }
}

describe('what a next hop does becomes an outcome', () => {
  const long = '2'.repeat(limits.deliveryReplyMaxBytes)
  const manyLines = `${'250-x\r\n'.repeat(limits.deliveryReplyLinesMax)}250 end\r\n`
  const table: [string, SinkOptions, 'deferred' | 'failed', RegExp][] = [
    ['450 to RCPT', at('rcpt', '450 4.2.1 later'), 'deferred', /^450 4\.2\.1 later$/],
    ['550 to RCPT', at('rcpt', '550 5.1.1 no such user'), 'failed', /^550 5\.1\.1 no such user$/],
    ['451 to MAIL', at('mail', '451 4.3.0 busy'), 'deferred', /^451 4\.3\.0 busy$/],
    ['550 to MAIL', at('mail', '550 5.7.1 not you'), 'failed', /^550 5\.7\.1 not you$/],
    ['452 to DATA', at('data', '452 4.3.1 full'), 'deferred', /^452 4\.3\.1 full$/],
    ['554 to DATA', at('data', '554 5.7.0 no'), 'failed', /^554 5\.7\.0 no$/],
    ['451 to the final dot', at('dot', '451 4.3.0 later'), 'deferred', /^451 4\.3\.0 later$/],
    ['550 to the final dot', at('dot', '550 5.7.1 spam'), 'failed', /^550 5\.7\.1 spam$/],
    ['421 as greeting', at('connect', { thenClose: '421 4.3.2 closing' }), 'deferred', /421 4\.3\.2 closing/],
    ['554 as greeting', at('connect', { thenClose: '554 5.3.2 go away' }), 'deferred', /554 5\.3\.2 go away/],
    ['421 to EHLO', at('ehlo', { thenClose: '421 4.3.2 closing' }), 'deferred', /421 4\.3\.2 closing/],
    ['421 to MAIL', at('mail', { thenClose: '421 4.7.0 slow down' }), 'deferred', /^421 4\.7\.0 slow down$/],
    ['421 to RCPT', at('rcpt', { thenClose: '421 4.7.0 slow down' }), 'deferred', /^421 4\.7\.0 slow down$/],
    ['421 to DATA', at('data', { thenClose: '421 4.7.0 slow down' }), 'deferred', /^421 4\.7\.0 slow down$/],
    ['421 to the final dot', at('dot', { thenClose: '421 4.3.2 closing' }), 'deferred', /^421 4\.3\.2 closing$/],
    ['a closed connection instead of a greeting', at('connect', 'close'), 'deferred', /^4\.4\.2 /],
    ['a reset connection at MAIL', at('mail', 'reset'), 'deferred', /^4\.4\.2 /],
    ['a closed connection at DATA', at('data', 'close'), 'deferred', /^4\.4\.2 /],
    ['a closed connection in the content', at('content', 'close'), 'deferred', /^4\.4\.2 /],
    ['a closed connection after the final dot', at('dot', 'close'), 'deferred', /may have been delivered/],
    ['a reset connection after the final dot', at('dot', 'reset'), 'deferred', /may have been delivered/],
    ['no greeting', at('connect', 'hang'), 'deferred', /^4\.4\.2 no reply to the connection/],
    ['no answer to EHLO', at('ehlo', 'hang'), 'deferred', /^4\.4\.2 no reply to EHLO/],
    ['no answer to RCPT', at('rcpt', 'hang'), 'deferred', /^4\.4\.2 no reply to RCPT/],
    ['no answer to the final dot', at('dot', 'hang'), 'deferred', /no reply to the end of data.*may have been/],
    [
      'one byte at a time',
      at('mail', { trickle: '250 2.1.0 ok, slowly', everyMs: 100 }),
      'deferred',
      /^4\.4\.2 no reply/,
    ],
    ['garbage', at('mail', { raw: '\u0000\u0001HTTP/1.1 400 Bad\r\n' }), 'deferred', /^4\.5\.0 not an SMTP reply$/],
    ['a code outside 2xx to 5xx', at('mail', '650 what'), 'deferred', /^4\.5\.0 not an SMTP reply$/],
    ['two codes in one reply', at('ehlo', { raw: '250-a\r\n550 b\r\n' }), 'deferred', /^4\.5\.0 reply with two codes$/],
    [
      'a line past its limit',
      at('mail', { raw: `${long}2` }),
      'deferred',
      /^4\.5\.0 (reply too long|not an SMTP reply)$/,
    ],
    ['too many lines', at('ehlo', { raw: manyLines }), 'deferred', /^4\.5\.0 reply with too many lines$/],
    ['354 to the final dot', at('dot', '354 go on'), 'deferred', /^354 go on$/],
    [
      'a success code to DATA',
      at('data', '250 2.0.0 fine'),
      'deferred',
      /^4\.5\.0 unexpected reply: 250 2\.0\.0 fine$/,
    ],
  ]
  it.each(table)('%s', async (_name, options, status, reply) => {
    const server = await sink(options)
    const made = deliverer([server], quick)
    const [outcome] = await made.deliver(deliveryJob())
    expect(outcome).toMatchObject({ status, reply: expect.stringMatching(reply), nextHop: `127.0.0.1:${server.port}` })
    expect(server.messages).toEqual([])
  })

  it('a reply at the limit of its lines is taken', async () => {
    const raw = `${'250-x\r\n'.repeat(limits.deliveryReplyLinesMax - 1)}250 end\r\n`
    const server = await sink(at('ehlo', { raw }))
    expect((await deliverer([server]).deliver(deliveryJob()))[0]?.status).toBe('delivered')
  })

  it('replies are taken up to what can be asked at once, not one more', async () => {
    const recipients = Array.from({ length: limits.deliveryRecipientsPerTransactionMax }, (_, i) => `r${i}@x.example`)
    const burst = (extra: number) =>
      `${'250 ok\r\n'.repeat(recipients.length + 1)}354 go\r\n${'250 more\r\n'.repeat(extra)}`
    const server = await sink({
      script: ({ command }) =>
        command === 'mail' ? { raw: burst(0) } : command === 'rcpt' || command === 'data' ? { raw: '' } : undefined,
    })
    const [first] = await deliverer([server], quick).deliver(deliveryJob({ recipients }))
    expect(first?.reply).not.toContain('nobody asked')
    server.script = ({ command }) => (command === 'mail' ? { raw: burst(2) } : undefined)
    const [outcome] = await deliverer([server], quick).deliver(deliveryJob({ recipients }))
    expect(outcome?.reply).toBe('4.5.0 replies that nobody asked for')
  })

  it('a server that takes DATA for refused recipients gets no content', async () => {
    const server = await sink({
      script: ({ command }) => (command === 'rcpt' ? '550 5.1.1 no' : command === 'data' ? '354 go' : undefined),
    })
    expect((await deliverer([server]).deliver(deliveryJob()))[0]?.status).toBe('failed')
    await server.until((it) => it.open === 0)
    expect(server.attempts).toEqual([])
  })

  it('a reply in the middle of the content ends it', async () => {
    const server = await sink()
    server.script = ({ command }) => (command === 'data' ? { raw: '354 go\r\n552 5.3.4 too big\r\n' } : undefined)
    const content = `Subject: x\r\n\r\n${'0123456789'.repeat(100)}\r\n`.repeat(10_000)
    const [outcome] = await deliverer([server]).deliver(deliveryJob({ content }))
    expect(outcome).toMatchObject({ status: 'failed', reply: '552 5.3.4 too big' })
    expect(server.attempts).toEqual([])
  })

  it('replies are kept as one bounded line without controls', async () => {
    const server = await sink(at('rcpt', `550-5.1.1 a\tb\u0007\u202ec\r\n550 ${'x'.repeat(2_000)}`))
    const [outcome] = await deliverer([server]).deliver(deliveryJob())
    expect(outcome?.reply).toMatch(/^550 5\.1\.1 a b c x+$/)
    expect(outcome?.reply).toHaveLength(limits.deliveryReplyKeptMaxChars)
  })

  it('refuses some recipients and takes the others', async () => {
    const server = await sink({
      script: ({ command, line }) =>
        command !== 'rcpt'
          ? undefined
          : line.includes('gone')
            ? '550 5.1.1 no'
            : line.includes('later')
              ? '452 4.5.3 too many'
              : undefined,
    })
    const outcomes = await deliverer([server]).deliver(
      deliveryJob({ recipients: ['a@x.example', 'gone@x.example', 'later@x.example', 'b@x.example'] }),
    )
    expect(outcomes.map(({ recipient, status, dsnRelayed }) => [recipient, status, dsnRelayed])).toEqual([
      ['a@x.example', 'delivered', true],
      ['gone@x.example', 'failed', false],
      ['later@x.example', 'deferred', false],
      ['b@x.example', 'delivered', true],
    ])
    expect(server.messages[0]?.recipients.map(({ address }) => address)).toEqual(['a@x.example', 'b@x.example'])
  })
})

describe('kept connections', () => {
  it('are used again, and left after their last message', async () => {
    const server = await sink()
    const made = deliverer([server], { messagesPerConnectionMax: 2 })
    for (let i = 0; i < 5; i++) expect((await made.deliver(deliveryJob()))[0]?.status).toBe('delivered')
    expect(server.messages.map(({ session }) => session)).toEqual([1, 1, 2, 2, 3])
    await server.until((it) => it.commands.filter((line) => line.endsWith('QUIT')).length === 2)
  })

  it('say QUIT when idle for long', async () => {
    const server = await sink()
    await deliverer([server], { poolIdleMs: 20 }).deliver(deliveryJob())
    await server.until((it) => it.commands.includes('1 QUIT') && it.open === 0)
  })

  it('that died are replaced once', async () => {
    const server = await sink()
    const made = deliverer([server])
    await made.deliver(deliveryJob())
    server.dropConnections()
    const outcomes = await Promise.all([made.deliver(deliveryJob()), made.deliver(deliveryJob())])
    expect(outcomes.flat().map(({ status }) => status)).toEqual(['delivered', 'delivered'])
  })

  it.each(['mail', 'rcpt', 'data'] as const)(
    'that break at %s are replaced by one fresh connection',
    async (command) => {
      const server = await sink()
      server.script = (step) =>
        step.session === 1 && step.transaction === 2 && step.command === command ? 'close' : undefined
      const made = deliverer([server])
      await made.deliver(deliveryJob())
      expect((await made.deliver(deliveryJob()))[0]?.status).toBe('delivered')
      expect(server.messages.map(({ session }) => session)).toEqual([1, 2])
    },
  )

  it('that announce 421 when used again are replaced', async () => {
    const server = await sink()
    server.script = ({ session, transaction, command }) =>
      session === 1 && transaction === 2 && command === 'mail' ? { thenClose: '421 4.3.2 bye' } : undefined
    const made = deliverer([server])
    await made.deliver(deliveryJob())
    expect((await made.deliver(deliveryJob()))[0]?.status).toBe('delivered')
    expect(server.sessions).toBe(2)
  })

  it('that break after the final dot are not followed by a second sending', async () => {
    const server = await sink()
    server.script = ({ transaction, command }) => (transaction === 2 && command === 'dot' ? 'close' : undefined)
    const made = deliverer([server])
    await made.deliver(deliveryJob())
    expect((await made.deliver(deliveryJob()))[0]).toMatchObject({ status: 'deferred' })
    expect(server.attempts).toHaveLength(2)
    expect(server.sessions).toBe(1)
  })

  it('that break twice end in a deferral', async () => {
    const server = await sink()
    const made = deliverer([server])
    await made.deliver(deliveryJob())
    server.script = ({ command }) => (command === 'mail' ? 'close' : undefined)
    expect((await made.deliver(deliveryJob()))[0]?.status).toBe('deferred')
    expect(server.sessions).toBe(2)
  })

  it('never outnumber the maximum of the hop, and everybody gets a turn', async () => {
    const server = await sink()
    const made = deliverer([server], { hop: { connectionsMax: 2 }, messagesPerConnectionMax: 3 })
    let most = 0
    server.script = () => {
      most = Math.max(most, server.open)
      return undefined
    }
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => made.deliver(deliveryJob())))
    expect(outcomes.flat().every(({ status }) => status === 'delivered')).toBe(true)
    // The server may still see the closing of one that we have left already.
    expect(most).toBeLessThanOrEqual(4)
    expect(server.sessions).toBe(10)
  })

  it('waiting is bounded, and whoever waits is told when the gateway closes', async () => {
    const server = await sink(at('mail', 'hang'))
    const made = deliverer([server], { hop: { connectionsMax: 1 } })
    const jobs = Array.from({ length: limits.deliveryWaitersPerHopMax + 2 }, () => made.deliver(deliveryJob()))
    const last = (await jobs.at(-1))?.[0]
    expect(last?.reply).toBe('4.3.2 too many messages wait for this next hop')
    await server.until((it) => it.commands.some((line) => line.includes('MAIL')))
    await made.close()
    server.dropConnections()
    const outcomes = (await Promise.all(jobs)).flat()
    expect(outcomes.filter(({ status }) => status !== 'deferred')).toEqual([])
    expect(outcomes.filter(({ reply }) => reply === '4.3.2 the gateway is shutting down')).toHaveLength(
      limits.deliveryWaitersPerHopMax,
    )
  })
})

describe('several hosts of a route', () => {
  it('take over from one that cannot be reached, which then goes last', async () => {
    const server = await sink()
    const dead = await deadPort()
    const made = deliverer([dead, server])
    for (let i = 0; i < 2; i++) expect((await made.deliver(deliveryJob()))[0]?.nextHop).toBe(`127.0.0.1:${server.port}`)
    expect(made.health()).toEqual([
      {
        nextHop: `127.0.0.1:${dead}`,
        healthy: false,
        lastProblem: '4.4.1 connect failed: ECONNREFUSED',
        lastSuccessAt: null,
      },
      { nextHop: `127.0.0.1:${server.port}`, healthy: true, lastProblem: null, lastSuccessAt: 1_700_000_000_000 },
    ])
  })

  it.each(['connect', 'ehlo', 'mail', 'rcpt', 'data'] as const)(
    'take over from one that says 421 at %s',
    async (command) => {
      const sick = await sink(at(command, { thenClose: '421 4.3.2 not now' }))
      const server = await sink()
      expect((await deliverer([sick, server]).deliver(deliveryJob()))[0]).toMatchObject({
        status: 'delivered',
        nextHop: `127.0.0.1:${server.port}`,
      })
    },
  )

  it.each([
    ['a refusal of the message', at('mail', '550 5.7.1 no'), 'failed'],
    ['a loss after the final dot', at('dot', 'close'), 'deferred'],
  ])('are not asked after %s', async (_name, options, status) => {
    const first = await sink(options)
    const second = await sink()
    expect((await deliverer([first, second]).deliver(deliveryJob()))[0]?.status).toBe(status)
    expect(second.sessions).toBe(0)
  })

  it('are all tried before a deferral', async () => {
    const dead = [await deadPort(), await deadPort()]
    expect((await deliverer(dead).deliver(deliveryJob()))[0]).toEqual({
      recipient: 'b@partner.example',
      status: 'deferred',
      reply: '4.4.1 connect failed: ECONNREFUSED',
      nextHop: `127.0.0.1:${dead[1]}`,
      dsnRelayed: false,
    })
  })
})
