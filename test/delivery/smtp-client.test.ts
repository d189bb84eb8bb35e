import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { deliveryJob, MESSAGE, TRACE } from '../support/delivery-job.ts'
import { nextHops } from '../support/next-hop.ts'

const { sink, deliverer } = nextHops()

describe('untouched-pass: a message that is passed', () => {
  it('reaches the next hop byte for byte under the trace headers, with its envelope', async () => {
    const server = await sink()
    const outcomes = await deliverer([server]).deliver(
      deliveryJob({ recipients: ['b@partner.example', 'c@partner.example'] }),
    )
    expect(outcomes).toEqual(
      ['b@partner.example', 'c@partner.example'].map((recipient) => ({
        recipient,
        status: 'delivered',
        reply: '250 2.0.0 queued',
        nextHop: `127.0.0.1:${server.port}`,
        dsnRelayed: true,
      })),
    )
    const [message] = server.messages
    expect(message?.content.toString()).toBe(TRACE + MESSAGE)
    expect(message?.sender).toBe('a@example.com')
    expect(message?.recipients.map(({ address }) => address)).toEqual(['b@partner.example', 'c@partner.example'])
    expect(message?.parameters).toEqual([`SIZE=${TRACE.length + MESSAGE.length}`])
  })

  it.each([
    ['dots at line starts', '.\r\n..\r\n...x\r\nx.\r\n.'],
    ['an empty body', ''],
    ['only a dot', '.'],
    ['no final line end', 'last line'],
    ['an end-of-data inside', 'a\r\n.\r\nMAIL FROM:<x@y>\r\n.\r\nb\r\n'],
    ['8-bit and NUL bytes', '\u00e9\u0000\u00ff\r\n'],
  ])('survives %s, however the bytes are cut', async (_name, body) => {
    const server = await sink()
    const deliver = deliverer([server])
    const content = `Subject: x\r\n\r\n${body}`
    for (const chunk of [1, 2, 3, 7, 65_536]) {
      const [outcome] = await deliver.deliver(deliveryJob({ content, chunk, envelope: { body: '8BITMIME' } }))
      expect(outcome?.status).toBe('delivered')
    }
    const expected = TRACE + (content.endsWith('\r\n') ? content : `${content}\r\n`)
    expect(server.messages.map((message) => message.content.toString())).toEqual(Array(5).fill(expected))
  })

  it('of several megabytes waits for a slow reader', async () => {
    const server = await sink()
    const body = randomBytes(3_000_000).toString('base64').replace(/.{76}/g, '$&\r\n')
    const content = `Subject: big\r\n\r\n${body}\r\n`
    const [outcome] = await deliverer([server]).deliver(deliveryJob({ content }))
    expect(outcome?.status).toBe('delivered')
    expect(server.messages[0]?.content.equals(Buffer.from(TRACE + content))).toBe(true)
  })

  it.each(['a\nb\r\n', 'a\rb\r\n', 'a\r', 'a\r\n.\nb\r\n'])(
    'is refused with the lone line end in %j, nothing delivered',
    async (body) => {
      const server = await sink()
      const [outcome] = await deliverer([server]).deliver(deliveryJob({ content: `Subject: x\r\n\r\n${body}` }))
      expect(outcome).toMatchObject({ status: 'failed', reply: expect.stringMatching(/^5\.6\.0 /) })
      await server.until((it) => it.open === 0)
      expect(server.attempts).toEqual([])
    },
  )

  it('is deferred when its content cannot be read to the end, and no final dot is sent', async () => {
    const server = await sink()
    const job = {
      ...deliveryJob(),
      content: async function* () {
        yield Buffer.from('Subject: x\r\n\r\nhalf')
        throw new Error('disk')
      },
    }
    const [outcome] = await deliverer([server]).deliver(job)
    expect(outcome).toMatchObject({ status: 'deferred', reply: '4.3.0 the stored content could not be read' })
    await server.until((it) => it.open === 0)
    expect(server.attempts).toEqual([])
  })
})

describe('envelope', () => {
  it.each([
    'a b@x.example',
    'a@x.example>\r\nRCPT TO:<victim@x.example',
    'a<b@x.example',
    'a>b@x.example',
    'a\0@x.example',
    'a\r@x.example',
    'a\n@x.example',
    'a@x example',
    'grp:victim@x.example',
    'a,b@x.example',
    'u(c)@x.example',
    '@r.example:u@x.example',
    'u@',
    '@x.example',
    '',
    'u',
    'u@v@x.example',
    '"a\r\nb"@x.example',
    '"a>b"@x.example',
  ])('refuses %j and never puts it on the wire, the others go', async (address) => {
    const server = await sink()
    const outcomes = await deliverer([server]).deliver(deliveryJob({ recipients: [address, 'good@x.example'] }))
    expect(outcomes.find((outcome) => outcome.recipient === address)).toMatchObject({
      status: 'failed',
      reply: expect.stringMatching(/^5\.1\.3 /),
    })
    expect(server.messages.map((message) => message.recipients.map((r) => r.address))).toEqual([['good@x.example']])
  })

  it.each([
    '"a b"@x.example',
    '"a@b"@x.example',
    "o'hara+tag@x.example",
    'a..b.@x.example',
    'u%d@x.example',
    'u@[192.0.2.1]',
    'u@[IPv6:2001:db8::1]',
    'postmaster',
  ])('sends %j verbatim', async (address) => {
    const server = await sink()
    const [outcome] = await deliverer([server]).deliver(deliveryJob({ recipients: [address] }))
    expect(outcome?.status).toBe('delivered')
    expect(server.messages[0]?.recipients[0]?.address).toBe(address)
  })

  it('refuses a sender that is no mailbox, and takes the null sender', async () => {
    const server = await sink()
    const deliver = deliverer([server])
    expect((await deliver.deliver(deliveryJob({ sender: 'a>\r\nQUIT' })))[0]).toMatchObject({
      status: 'failed',
      reply: expect.stringMatching(/^5\.1\.7 /),
    })
    expect(server.sessions).toBe(0)
    expect((await deliver.deliver(deliveryJob({ sender: '' })))[0]?.status).toBe('delivered')
    expect(server.messages[0]?.sender).toBe('')
  })

  it('carries DSN parameters where the hop announces DSN', async () => {
    const server = await sink()
    await deliverer([server]).deliver(
      deliveryJob({
        recipients: [
          { address: 'b@x.example', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;B+2Bx@x.example' },
          { address: 'c@x.example', notify: ['NEVER'], orcpt: 'bad orcpt' },
        ],
        envelope: { dsn: { ret: 'HDRS', envid: 'id 1=+2B' } },
      }),
    )
    expect(server.messages[0]?.parameters).toContain('RET=HDRS')
    expect(server.messages[0]?.parameters).toContain('ENVID=id+201+3D+2B2B')
    expect(server.messages[0]?.recipients).toEqual([
      { address: 'b@x.example', parameters: ['NOTIFY=SUCCESS,DELAY', 'ORCPT=rfc822;B+2Bx@x.example'] },
      { address: 'c@x.example', parameters: ['NOTIFY=NEVER'] },
    ])
  })

  it('leaves them out where it does not, and says so', async () => {
    const server = await sink({ extensions: ['PIPELINING'] })
    const [outcome] = await deliverer([server]).deliver(
      deliveryJob({
        recipients: [{ address: 'b@x.example', notify: ['SUCCESS'], orcpt: 'rfc822;b@x.example' }],
        envelope: { dsn: { ret: 'FULL', envid: 'e1' } },
      }),
    )
    expect(outcome).toMatchObject({ status: 'delivered', dsnRelayed: false })
    expect(server.messages[0]?.parameters).toEqual([])
    expect(server.messages[0]?.recipients[0]?.parameters).toEqual([])
  })

  it.each([
    [
      '8-bit content without 8BITMIME',
      ['PIPELINING'],
      'Subject: x\r\n\r\n\u00e9\r\n',
      { body: '8BITMIME' as const },
      /^5\.6\.3 /,
    ],
    ['undeclared 8-bit content without 8BITMIME', ['PIPELINING'], 'Subject: x\r\n\r\n\u00e9\r\n', {}, /^5\.6\.3 /],
    [
      'an 8-bit header without SMTPUTF8',
      ['8BITMIME'],
      'Subject: \u00e9\r\n\r\nx\r\n',
      { smtpUtf8: true, body: '8BITMIME' as const },
      /^5\.6\.7 /,
    ],
    ['a message above SIZE', ['SIZE 20'], 'Subject: x\r\n\r\nlong enough\r\n', {}, /^5\.3\.4 /],
  ])('fails %s before MAIL', async (_name, extensions, content, envelope, reply) => {
    const server = await sink({ extensions })
    const [outcome] = await deliverer([server]).deliver(deliveryJob({ content, envelope }))
    expect(outcome).toMatchObject({ status: 'failed', reply: expect.stringMatching(reply) })
    expect(server.commands.filter((line) => line.includes('MAIL'))).toEqual([])
  })

  it('sends 7-bit content that was declared 8BITMIME or SMTPUTF8 to a hop with neither', async () => {
    const server = await sink({ extensions: [] })
    const [outcome] = await deliverer([server]).deliver(deliveryJob({ envelope: { body: '8BITMIME', smtpUtf8: true } }))
    expect(outcome?.status).toBe('delivered')
    expect(server.messages[0]?.parameters).toEqual([])
  })

  it('says BODY=8BITMIME and SMTPUTF8 where they are offered and needed', async () => {
    const server = await sink()
    await deliverer([server]).deliver(deliveryJob({ recipients: ['\u00fc@x.example'], envelope: { body: '8BITMIME' } }))
    expect(server.messages[0]?.parameters).toEqual(expect.arrayContaining(['BODY=8BITMIME', 'SMTPUTF8']))
    expect(server.messages[0]?.recipients[0]?.address).toBe('\u00fc@x.example')
  })

  it('fails only the recipients that need SMTPUTF8 the hop lacks', async () => {
    const server = await sink({ extensions: ['PIPELINING', '8BITMIME'] })
    const outcomes = await deliverer([server]).deliver(deliveryJob({ recipients: ['\u00fc@x.example', 'b@x.example'] }))
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'delivered'])
  })

  it('splits past the recipients limit of one transaction', async () => {
    const server = await sink()
    const recipients = Array.from(
      { length: limits.deliveryRecipientsPerTransactionMax + 1 },
      (_, i) => `r${i}@x.example`,
    )
    const outcomes = await deliverer([server]).deliver(deliveryJob({ recipients }))
    expect(outcomes.map(({ recipient, status }) => [recipient, status])).toEqual(
      recipients.map((r) => [r, 'delivered']),
    )
    expect(server.messages.map((message) => message.recipients.length)).toEqual([
      limits.deliveryRecipientsPerTransactionMax,
      1,
    ])
  })
})

describe('pipelining', () => {
  it('is one write where announced, step by step where not', async () => {
    for (const extensions of [['PIPELINING'], []]) {
      const server = await sink({ extensions })
      const [outcome] = await deliverer([server]).deliver(deliveryJob())
      expect(outcome?.status).toBe('delivered')
      expect(server.commands).toEqual([
        '1 EHLO gateway.example',
        '1 MAIL FROM:<a@example.com>',
        '1 RCPT TO:<b@partner.example>',
        '1 DATA',
      ])
    }
  })

  it('never says DATA without PIPELINING when nobody was accepted, and uses the connection again', async () => {
    const server = await sink({
      extensions: [],
      script: ({ command, transaction }) => (command === 'rcpt' && transaction === 1 ? '550 5.1.1 no' : undefined),
    })
    const deliver = deliverer([server])
    expect((await deliver.deliver(deliveryJob()))[0]?.status).toBe('failed')
    expect((await deliver.deliver(deliveryJob()))[0]?.status).toBe('delivered')
    expect(server.commands.filter((line) => line.endsWith('DATA'))).toHaveLength(1)
    expect(server.sessions).toBe(1)
  })

  it('falls back to HELO', async () => {
    const server = await sink({ script: ({ command }) => (command === 'ehlo' ? '502 no' : undefined) })
    expect((await deliverer([server]).deliver(deliveryJob()))[0]).toMatchObject({
      status: 'delivered',
      dsnRelayed: false,
    })
  })
})
