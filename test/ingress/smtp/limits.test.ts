import { describe, expect, it, vi } from 'vitest'
import { Client, readyForData, relay, sendMessage, startIngress } from './harness.ts'

describe('limits over a real socket, at the limit and one past it', () => {
  it('message size: 552 at the end, and nothing kept', async () => {
    const { port, intake } = await startIngress([{}], { limits: { messageSizeMaxBytes: 1000 } })
    expect(await sendMessage(port, 'x'.repeat(998))).toMatch(/^250/)
    expect(await sendMessage(port, 'x'.repeat(999))).toMatch(/^552 5\.3\.4/)
    expect(await sendMessage(port, 'x\r\n'.repeat(1000))).toMatch(/^552 5\.3\.4/)
    expect([intake.messages.length, intake.aborted]).toEqual([1, 2])
    const client = await Client.open(port)
    expect(await client.ask('EHLO c')).toContain('SIZE 1000')
    expect(await client.ask('MAIL FROM:<a@x> SIZE=1001')).toMatch(/^552 5\.3\.4/)
    expect(await client.ask('MAIL FROM:<a@x> SIZE=1000')).toMatch(/^250/)
  })

  it('message size: who never stops is cut', async () => {
    const { port } = await startIngress([{}], { limits: { messageSizeMaxBytes: 1000 } })
    const client = await readyForData(port)
    await client.ask('DATA')
    const line = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64))
    const pour = (): void => {
      while (!client.ended && client.socket.write(line));
    }
    client.socket.on('drain', pour)
    pour()
    expect(await client.closed()).toMatch(/^552 5\.3\.4/)
  })

  it.each([
    ['line', { dataLineMaxBytes: 100 }, `a: b\r\n\r\n${'x'.repeat(98)}`, `a: b\r\n\r\n${'x'.repeat(99)}`, '554 5.6.0'],
    ['header', { headerMaxBytes: 50 }, `a: ${'x'.repeat(43)}\r\n\r\nb`, `a: ${'x'.repeat(44)}\r\n\r\nb`, '552 5.3.4'],
    ['hops', { hopsMax: 2 }, 'Received: x\r\n'.repeat(2), 'Received: x\r\n'.repeat(3), '554 5.4.6'],
  ] as const)('%s', async (_, limits, fine, over, reply) => {
    const { port, intake } = await startIngress([{}], { limits })
    expect(await sendMessage(port, fine)).toMatch(/^250/)
    expect(await sendMessage(port, over)).toContain(reply)
    expect([intake.messages.length, intake.aborted]).toEqual([1, 1])
  })

  it('own trace headers, when authentic', async () => {
    const trace = { header: 'x-trace', isOwnTrace: (value: string) => value === 'authentic' }
    const { port } = await startIngress([{}], { trace, limits: { ownTracesMax: 1 } })
    expect(await sendMessage(port, 'X-Trace: authentic\r\n\r\nx')).toMatch(/^250/)
    expect(await sendMessage(port, 'X-Trace: authentic\r\n'.repeat(2))).toMatch(/^554 5\.4\.6/)
    expect(await sendMessage(port, 'X-Trace: forged\r\n'.repeat(9))).toMatch(/^250/)
  })

  it('command line', async () => {
    const { port } = await startIngress([{}], { limits: { commandLineMaxBytes: 100 } })
    const client = await Client.open(port)
    expect(await client.ask(`NOOP ${'x'.repeat(93)}`)).toMatch(/^250/)
    expect(await client.ask(`NOOP ${'x'.repeat(94)}`)).toMatch(/^500 5\.5\.2 Command line too long/)
    for (const piece of ['NOOP ', 'x'.repeat(300), 'x'.repeat(300), '\r']) client.send(piece)
    client.send('\nNOOP\r\n')
    expect(await client.reply()).toMatch(/^500 5\.5\.2 Command line too long/)
    expect(await client.reply()).toMatch(/^250/)
  })

  it('recipients', async () => {
    const { port, intake } = await startIngress([{}], { limits: { recipientsMax: 2 } })
    const client = await readyForData(port, ['a@x', 'b@x'])
    expect(await client.ask('RCPT TO:<c@x>')).toMatch(/^452 4\.5\.3/)
    expect(await client.ask('RCPT TO:<a@X>')).toMatch(/^250/)
    await client.ask('DATA')
    client.send('x\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.recipients.map((r) => r.address)).toEqual(['a@x', 'b@x'])
  })

  it('command errors, forgiven by an accepted message', async () => {
    const { port } = await startIngress([{}], { limits: { commandErrorsMax: 2 } })
    const client = await Client.open(port)
    await client.ask('EHLO c')
    expect(await client.ask('FOO')).toMatch(/^500/)
    expect(await client.ask('FOO')).toMatch(/^500/)
    await client.ask('MAIL FROM:<a@x>')
    await client.ask('RCPT TO:<b@x>')
    await client.ask('DATA')
    client.send('x\r\n.\r\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.ask('FOO')).toMatch(/^500/)
    expect(await client.ask('RCPT TO:<>')).toMatch(/^503/)
    expect(await client.ask('FOO')).toMatch(/^421 4\.7\.0/)
    expect(await client.closed()).toBe('')
  })

  it('refused messages are no command errors: a relay in front is not cut off for them', async () => {
    const { port, intake } = await startIngress([{}], { limits: { commandErrorsMax: 1 } })
    intake.onFinish = async () => ({ code: 550, enhanced: '5.7.1', text: 'No' })
    const client = await Client.open(port)
    await client.ask('EHLO c')
    for (let i = 0; i < 5; i++) {
      await client.ask('MAIL FROM:<a@x>')
      await client.ask('RCPT TO:<b@x>')
      await client.ask('DATA')
      client.send('x\r\n.\r\n')
      expect(await client.reply()).toMatch(/^550/)
    }
  })

  it('commands that bring no mail on', async () => {
    const { port } = await startIngress([{}], { limits: { junkCommandsMax: 3 } })
    const client = await Client.open(port)
    for (const line of ['EHLO c', 'NOOP', 'RSET']) expect(await client.ask(line)).toMatch(/^250/)
    expect(await client.ask('NOOP')).toMatch(/^421 4\.7\.0/)
  })

  it('connections per client and in all, and they come back', async () => {
    const { ports, ingress, seen } = await startIngress(
      [relay, { ...relay, name: 'proxied', xclientFrom: ['127.0.0.1'] }],
      { limits: { connectionsPerClientMax: 2, connectionsMax: 4 } },
    )
    const [port = 0, proxied = 0] = ports
    const clients = [await Client.open(port), await Client.open(port)]
    const third = await Client.open(port, { greeting: false })
    expect(await third.reply()).toMatch(/^421 4\.7\.0 Too many connections from your network/)
    expect(await third.closed()).toBe('')
    clients.push(await Client.open(proxied), await Client.open(proxied))
    expect(ingress.connections()).toBe(4)
    const fifth = await Client.open(proxied, { greeting: false })
    expect(await fifth.reply()).toMatch(/^421 4\.7\.0 Too many connections, try/)
    expect(seen.get('connection refused relay client-limit')).toBe(1)
    expect(seen.get('connection refused proxied total-limit')).toBe(1)
    for (const client of clients) client.socket.destroy()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
    expect((await Client.open(port)).ended).toBe(false)
    expect(seen.get('closed relay')).toBe(2)
  })
})

describe('time', () => {
  it('an idle client is told so, and a byte now and then does not help it', async () => {
    const { port } = await startIngress([{}], { limits: { idleTimeoutMs: 60 } })
    const client = await Client.open(port)
    const drip = setInterval(() => client.socket.write('N'), 10)
    client.socket.on('error', () => {})
    try {
      expect(await client.reply()).toMatch(/^421 4\.4\.2 Idle/)
    } finally {
      clearInterval(drip)
    }
  })

  it('a session ends, after the message under way', async () => {
    const { port, intake } = await startIngress([{}], { limits: { sessionMaxMs: 250 } })
    let finish: () => void = () => {}
    intake.onFinish = () =>
      new Promise((done) => {
        finish = () => done({ code: 250, enhanced: '2.0.0', text: 'Ok' })
      })
    const client = await Client.open(port)
    client.send('EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nx\r\n.\r\n')
    for (const code of ['250', '250', '250', '354']) expect((await client.reply()).slice(0, 3)).toBe(code)
    // Opened later, so when this one is over the other's time was up before.
    const idle = await Client.open(port)
    expect(await idle.reply()).toMatch(/^421 4\.4\.2 Session/)
    expect(client.ended).toBe(false)
    finish()
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.reply()).toMatch(/^421 4\.4\.2 Session/)
  })

  it('DATA that takes too long, or comes too slowly, is cut and forgotten', async () => {
    for (const [limits, reply] of [
      [{ dataTimeoutMs: 40, dataRateGraceMs: 10_000 }, /^421 4\.4\.2 Content took too long/],
      [{ dataRateGraceMs: 40, dataRateMinBytesPerSecond: 1_000_000 }, /^421 4\.4\.2 Content arrives too slowly/],
    ] as const) {
      const { port, intake } = await startIngress([{}], { limits })
      const client = await readyForData(port)
      await client.ask('DATA')
      const drip = setInterval(() => client.socket.write('a: b\r\n'), 10)
      client.socket.on('error', () => {})
      try {
        expect(await client.reply()).toMatch(reply)
      } finally {
        clearInterval(drip)
      }
      await vi.waitFor(() => expect(intake.aborted).toBe(1))
    }
  })

  it('the client is not to blame while the store or the decision takes its time', async () => {
    const { port, intake } = await startIngress([{}], {
      limits: { idleTimeoutMs: 500, dataTimeoutMs: 100, dataRateGraceMs: 100 },
    })
    // Others that begin meanwhile are to blame: when their time is up, so would be the client's.
    const inTime: string[] = []
    const idlerGone = async (client: Client) => inTime.push((await client.reply()).slice(0, 3))
    intake.onWrite = async () => {
      const idler = await readyForData(port)
      await idler.ask('DATA')
      await idlerGone(idler)
    }
    intake.onFinish = async () => {
      await idlerGone(await Client.open(port))
      return { code: 250, enhanced: '2.0.0', text: 'Ok' }
    }
    const client = await readyForData(port)
    await client.ask('DATA')
    client.send('a: b\r\n\r\nx\r\n.\r\n')
    expect(await client.reply()).toBe('250 2.0.0 Ok')
    expect(inTime).toEqual(['421', '421'])
  })
})
