import { describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../../src/core/errors.ts'
import { Client, readyForData, sendMessage, startIngress } from './harness.ts'

describe('greeting and EHLO', () => {
  it('announces what it keeps, and neither STARTTLS, AUTH nor XCLIENT without cause', async () => {
    const { port } = await startIngress([{ banner: 'Sluice' }])
    const client = await Client.open(port, { greeting: false })
    expect(await client.reply()).toBe('220 gw.example.com ESMTP Sluice')
    expect(await client.ask('EHLO client.example')).toBe(
      [
        '250-gw.example.com',
        '250-PIPELINING',
        '250-SIZE 52428800',
        '250-8BITMIME',
        '250-SMTPUTF8',
        '250-ENHANCEDSTATUSCODES',
        '250 DSN',
      ].join('\n'),
    )
    expect(await client.ask('HELO client.example')).toBe('250 gw.example.com')
    expect(await client.ask('QUIT')).toBe('221 2.0.0 Bye')
    expect(await client.closed()).toBe('')
  })

  it('greets without waiting for a timer', async () => {
    const { port } = await startIngress()
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const client = await Client.open(port, { greeting: false })
      expect(await client.reply()).toMatch(/^220 /)
    } finally {
      vi.useRealTimers()
    }
  })

  it.each(['HELO', 'EHLO', 'EHLO a b', 'HELO a)(b', `EHLO ${'a'.repeat(256)}`, 'EHLO [x]'])(
    'refuses %s',
    async (line) => {
      const { port } = await startIngress()
      const client = await Client.open(port)
      expect(await client.ask(line)).toMatch(/^501 5\.5\.4 /)
      expect(await client.ask('EHLO localhost')).toMatch(/^250-/)
    },
  )
})

describe('order of commands', () => {
  it.each([
    [[], 'MAIL FROM:<a@x>', '503 5.5.1'],
    [[], 'RCPT TO:<a@x>', '503 5.5.1'],
    [[], 'DATA', '503 5.5.1'],
    [['HELO c'], 'RCPT TO:<a@x>', '503 5.5.1'],
    [['HELO c'], 'DATA', '503 5.5.1'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'MAIL FROM:<a@x>', '503 5.5.1'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'DATA', '503 5.5.1'],
    [['HELO c', 'MAIL FROM:<a@x>', 'RCPT TO:<b@x>'], 'DATA now', '501 5.5.4'],
    [['HELO c', 'MAIL FROM:<a@x>', 'RCPT TO:<b@x>', 'RSET'], 'DATA', '503 5.5.1'],
    [['HELO c', 'MAIL FROM:<a@x>', 'RCPT TO:<b@x>', 'EHLO c'], 'DATA', '503 5.5.1'],
    [['HELO c'], 'STARTTLS', '502 5.5.1'],
    [['HELO c'], 'AUTH PLAIN', '502 5.5.1'],
    [['HELO c'], 'XCLIENT ADDR=192.0.2.1', '550 5.7.0'],
    [['HELO c'], 'XFORWARD ADDR=192.0.2.1', '550 5.7.0'],
    [['HELO c'], 'EXPN list', '502 5.5.1'],
    [['HELO c'], 'VRFY someone', '252 2.0.0'],
    [['HELO c'], 'VRFY', '501 5.5.4'],
    [['HELO c'], 'HELP', '214 2.0.0'],
    [['HELO c'], 'NOOP whatever', '250 2.0.0'],
    [['HELO c'], 'WIZ secret', '500 5.5.2'],
    [['HELO c'], 'SHELL', '500 5.5.2'],
    [['HELO c'], 'KILL', '500 5.5.2'],
    [['HELO c'], 'BDAT 5 LAST', '500 5.5.2'],
    [['HELO c'], 'MAIL', '501 5.5.4'],
    [['HELO c'], 'MAILFROM:<a@x>', '500 5.5.2'],
    [['HELO c'], '', '500 5.5.2'],
    [['HELO c'], 'constructor', '500 5.5.2'],
    [['HELO c'], 'mail from:<a@x>', '250 2.1.0'],
    [['HELO c'], 'MAIL FROM: <a@x>', '250 2.1.0'],
    [['HELO c'], 'MAIL FROM:<>', '250 2.1.0'],
    [['HELO c'], 'MAIL FROM:a@x', '501 5.1.7'],
    [['HELO c'], 'MAIL FROM:<@r:a@x>', '501 5.1.3'],
    [['HELO c'], 'MAIL FROM:<a@x> FOO=1', '555 5.5.4'],
    [['HELO c'], 'MAIL FROM:<a@x> SIZE=99999999999', '552 5.3.4'],
    [['HELO c'], 'MAIL FROM:<ü@x>', '553 5.6.7'],
    [['EHLO c'], 'MAIL FROM:<ü@x> SMTPUTF8', '250 2.1.0'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<ü@x>', '553 5.6.7'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<>', '501 5.1.3'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<grp:victim@x>', '501 5.1.3'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<a,b@x>', '501 5.1.3'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<u(c)@x>', '501 5.1.3'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<u%d@x>', '250 2.1.5'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<postmaster>', '250 2.1.5'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT LALA: <>', '501 5.5.4'],
    [['HELO c', 'MAIL FROM:<a@x>'], 'RCPT TO:<b@x> NOTIFY=NOW', '501 5.5.4'],
  ] as const)('after %j, %s gets %s', async (before, line, reply) => {
    const { port } = await startIngress()
    const client = await Client.open(port)
    for (const earlier of before) expect(await client.ask(earlier)).toMatch(/^250/)
    expect(await client.ask(line)).toContain(`${reply} `)
    expect(await client.ask('NOOP')).toMatch(/^250/)
  })

  it('drops a browser', async () => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    client.send('POST / HTTP/1.1\r\nHost: x\r\n\r\nHELO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n')
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    expect(await client.closed()).toBe('')
    expect(intake.begun).toBe(0)
  })
})

describe('envelopes', () => {
  it('carry everything, verbatim and frozen', async () => {
    const { port, intake } = await startIngress([{}], { now: () => 1234 })
    const client = await Client.open(port)
    await client.ask('EHLO Client.Example')
    expect(await client.ask('MAIL FROM:<A.b@Example.ORG> BODY=8BITMIME RET=HDRS ENVID=QQ+2B1')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<a@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+2Bx@y')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<A@x>')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<a@X> NOTIFY=NEVER')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<"q s"@[192.0.2.1]>')).toMatch(/^250/)
    expect(await client.ask('DATA')).toMatch(/^354/)
    client.send('Subject: x\r\n\r\nh\xe9\r\n.\r\n')
    expect(await client.reply()).toBe('250 2.0.0 Ok: ref-1')
    const envelope = intake.messages[0]?.envelope
    expect(envelope).toEqual({
      channel: 'mail',
      sender: 'A.b@Example.ORG',
      recipients: [{ address: 'a@x', notify: ['NEVER'] }, { address: 'A@x' }, { address: '"q s"@[192.0.2.1]' }],
      client: { address: '127.0.0.1', helo: 'Client.Example', listener: 'relay', protocol: 'ESMTP' },
      body: '8BITMIME',
      smtpUtf8: false,
      dsn: { ret: 'HDRS', envid: 'QQ+2B1' },
      receivedAt: 1234,
    })
    expect(
      Object.isFrozen(envelope) && Object.isFrozen(envelope?.recipients) && Object.isFrozen(envelope?.client),
    ).toBe(true)
  })

  it.each([
    ['HELO c', '', 'SMTP'],
    ['EHLO c', '', 'ESMTP'],
    ['EHLO c', ' SMTPUTF8', 'UTF8SMTP'],
  ])('%s%s is %s', async (hello, parameter, protocol) => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    await client.ask(hello)
    await client.ask(`MAIL FROM:<>${parameter}`)
    await client.ask('RCPT TO:<b@x>')
    await client.ask('DATA')
    client.send('.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client.protocol).toBe(protocol)
    expect(intake.messages[0]?.envelope.sender).toBe('')
    expect(intake.messages[0]?.content.length).toBe(0)
  })
})

describe('content', () => {
  it('passes byte for byte, whatever the chunks', async () => {
    const { port, intake } = await startIngress()
    const content = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n.dot\r\n..\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i).filter((i) => i !== 0 && i !== 10 && i !== 13)),
      Buffer.from('\r\n'),
    ])
    const client = await readyForData(port)
    await client.ask('DATA')
    const wire = Buffer.from(`${content.toString('latin1').replace(/^\./gm, '..')}.\r\n`, 'latin1')
    for (const octet of wire) client.send(Buffer.from([octet]))
    expect(await client.reply()).toMatch(/^250/)
    expect(intake.messages[0]?.content).toEqual(content)
  })

  it('is never ahead of the writer: back-pressure reaches the client', async () => {
    const { port, intake } = await startIngress()
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    let writes = 0
    intake.onWrite = async () => {
      writes++
      await gate
    }
    const client = await readyForData(port)
    await client.ask('DATA')
    const line = Buffer.from(`${'x'.repeat(998)}\r\n`)
    // Sends until the socket takes no more, which it only does while nobody reads at the other end.
    while (client.socket.write(line) || client.socket.writableLength < 8 * 1024 * 1024)
      if (client.socket.destroyed) break
    await vi.waitFor(() => expect(writes).toBe(1))
    await new Promise((resolve) => setImmediate(resolve))
    expect(writes).toBe(1)
    open()
    client.send('.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(writes).toBeGreaterThan(10)
  })

  it('several messages follow on one connection', async () => {
    const { port, intake, seen } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    for (let i = 0; i < 3; i++) {
      client.send('MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n')
      expect([await client.reply(), await client.reply(), await client.reply()].map((r) => r.slice(0, 3))).toEqual([
        '250',
        '250',
        '354',
      ])
      client.send(`n: ${i}\r\n.\r\n`)
      expect(await client.reply()).toMatch(/^250/)
    }
    expect(intake.messages.map((m) => m.content.toString())).toEqual(['n: 0\r\n', 'n: 1\r\n', 'n: 2\r\n'])
    expect(seen.get('accepted relay')).toBe(3)
  })

  it('with a pipelined next transaction stays two messages', async () => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    client.send('MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n')
    for (let i = 0; i < 3; i++) await client.reply()
    client.send('one\r\n.\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n')
    for (let i = 0; i < 4; i++) await client.reply()
    client.send('two\r\n.\r\nQUIT\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.reply()).toMatch(/^221/)
    expect(intake.messages.map((m) => [m.envelope.sender, m.content.toString()])).toEqual([
      ['a@x', 'one\r\n'],
      ['c@x', 'two\r\n'],
    ])
  })
})

describe('the intake decides', () => {
  it.each([
    [
      { code: 550, enhanced: '5.7.1', text: 'Message refused, reference r1' },
      '550 5.7.1 Message refused, reference r1',
    ],
    [{ code: 451, enhanced: '4.3.0', text: 'Try later' }, '451 4.3.0 Try later'],
    [{ code: 250, enhanced: '2.0.0', text: 'Ok: r1' }, '250 2.0.0 Ok: r1'],
  ] as const)('%j', async (reply, line) => {
    const { port, intake, seen } = await startIngress()
    intake.onFinish = async () => reply
    expect(await sendMessage(port, 'a: b\r\n\r\nx')).toBe(line)
    expect(seen.get(reply.code === 250 ? 'accepted relay' : `refused relay ${reply.code}`)).toBe(1)
  })

  const failing = (code: string, temporary = true): GatewayError =>
    new GatewayError(code, { temporary, publicMessage: 'Come back later', message: 'secret detail' })

  it.each([
    ['spool-full', true, '452 4.3.1 Come back later'],
    ['disk-low', true, '452 4.3.1 Come back later'],
    ['store-sick', true, '451 4.3.0 Come back later'],
    ['never', false, '554 5.3.0 Come back later'],
  ] as const)('%s at MAIL, DATA, begin, write and finish', async (code, temporary, line) => {
    const { port, intake } = await startIngress()
    const client = await readyForData(port)
    intake.refuse = () => failing(code, temporary)
    expect(await client.ask('DATA')).toBe(line)
    await client.ask('RSET')
    expect(await client.ask('MAIL FROM:<a@x>')).toBe(line)
    intake.refuse = () => null

    for (const step of ['onBegin', 'onWrite', 'onFinish'] as const) {
      await client.ask('MAIL FROM:<a@x>')
      await client.ask('RCPT TO:<b@x>')
      const working = { onBegin: intake.onBegin, onWrite: intake.onWrite, onFinish: intake.onFinish }
      intake[step] = async () => {
        throw failing(code, temporary)
      }
      const answer = await client.ask('DATA')
      if (step === 'onBegin') expect(answer).toBe(line)
      else {
        client.send(`a: b\r\n\r\n${'x\r\n'.repeat(100_000)}.\r\n`)
        expect(await client.reply()).toBe(line)
      }
      Object.assign(intake, working)
      await client.ask('RSET')
    }
    expect(intake.messages).toEqual([])
    expect(intake.begun - intake.aborted).toBe(1)
  })

  it('says nothing of an unexpected error', async () => {
    const { port, intake, seen } = await startIngress()
    intake.onFinish = async () => {
      throw new Error('secret detail')
    }
    expect(await sendMessage(port, 'x')).toBe('451 4.3.0 Local problem, try again later')
    expect(seen.lines.some((l) => l.level === 'error' && l.details.problem === 'secret detail')).toBe(true)
  })

  it('draining is 421', async () => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    intake.refuse = () => failing('draining')
    expect(await client.ask('MAIL FROM:<a@x>')).toBe('421 4.3.2 Come back later')
    expect(await client.closed()).toBe('')
  })

  it('a refusal that throws is temporary', async () => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    intake.refuse = () => {
      throw new Error('secret')
    }
    expect(await client.ask('MAIL FROM:<a@x>')).toBe('451 4.3.0 Local problem, try again later')
  })
})

describe('a client that leaves', () => {
  it('in DATA leaves nothing behind', async () => {
    const { port, intake } = await startIngress()
    const client = await readyForData(port)
    await client.ask('DATA')
    client.send('a: b\r\n\r\nhalf a mess')
    client.socket.destroy()
    await vi.waitFor(() => expect(intake.aborted).toBe(1))
    expect(intake.messages).toEqual([])
  })

  it('with FIN in DATA leaves nothing behind either, not even after a lone dot', async () => {
    const { port, intake } = await startIngress()
    const client = await readyForData(port)
    await client.ask('DATA')
    client.socket.end('a: b\r\n\r\nhalf\r\n.')
    await vi.waitFor(() => expect(intake.aborted).toBe(1))
    expect(intake.messages).toEqual([])
  })

  it('while the message is being begun', async () => {
    const { port, intake, ingress } = await startIngress()
    let open: (() => void) | null = null
    intake.onBegin = () =>
      new Promise<void>((resolve) => {
        open = resolve
      })
    const client = await readyForData(port)
    client.send('DATA\r\n')
    await vi.waitFor(() => expect(open).not.toBeNull())
    client.socket.resetAndDestroy()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
    ;(open as (() => void) | null)?.()
    await vi.waitFor(() => expect(intake.aborted).toBe(1))
  })

  it('while the decision is awaited changes nothing', async () => {
    const { port, intake, ingress } = await startIngress()
    let decide: () => void = () => {}
    intake.onFinish = () =>
      new Promise((resolve) => {
        decide = () => resolve({ code: 250, enhanced: '2.0.0', text: 'Ok' })
      })
    const client = await readyForData(port)
    await client.ask('DATA')
    client.send('x\r\n.\r\n')
    await vi.waitFor(() => expect(intake.begun).toBe(1))
    client.socket.resetAndDestroy()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
    decide()
    await vi.waitFor(() => expect(intake.messages.length).toBe(1))
    expect(intake.aborted).toBe(0)
  })

  it('with half a command runs nothing', async () => {
    const { port, intake } = await startIngress()
    const client = await readyForData(port)
    client.socket.end('DATA')
    await client.closed()
    expect(intake.begun).toBe(0)
  })
})
