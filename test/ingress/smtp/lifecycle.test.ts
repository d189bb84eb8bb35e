import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createSmtpIngress } from '../../../src/ingress/smtp/smtp-ingress.ts'
import { Client, FakeIntake, Recorder, readyForData, relay, startIngress } from './harness.ts'

function refusedConnection(port: number): Promise<boolean> {
  return Client.open(port, { greeting: false }).then((client) =>
    client.closed().then(() => client.socket.bytesRead === 0),
  )
}

describe('close', () => {
  it('tells idle clients, lets a message in DATA finish, and resolves when all are gone', async () => {
    const { port, intake, ingress } = await startIngress()
    const idle = await Client.open(port)
    const between = await readyForData(port)
    const sending = await readyForData(port)
    await sending.ask('DATA')
    sending.send('first half, ')
    const closing = ingress.close(10_000)
    expect(await idle.reply()).toMatch(/^421 4\.3\.2/)
    expect(await between.reply()).toMatch(/^421 4\.3\.2/)
    expect(await refusedConnection(port)).toBe(true)
    sending.send('second half\r\n.\r\n')
    expect(await sending.reply()).toMatch(/^250/)
    expect(await sending.reply()).toMatch(/^421 4\.3\.2/)
    await closing
    expect(intake.messages[0]?.content.toString()).toBe('first half, second half\r\n')
    expect(ingress.connections()).toBe(0)
  })

  it('cuts what is left after the grace', async () => {
    const { port, intake, ingress } = await startIngress()
    const sending = await readyForData(port)
    await sending.ask('DATA')
    sending.send('half')
    await vi.waitFor(() => expect(intake.begun).toBe(1))
    await ingress.close(20)
    expect(await sending.closed()).toMatch(/^421 4\.3\.2/)
    expect([intake.messages.length, intake.aborted]).toEqual([0, 1])
  })

  it('a second time, without grace, ends the first at once', async () => {
    const { port, ingress } = await startIngress()
    const sending = await readyForData(port)
    await sending.ask('DATA')
    const first = ingress.close(3_600_000)
    await Promise.all([first, ingress.close(0)])
    expect(await sending.closed()).toMatch(/^421 4\.3\.2/)
  })

  it('without connections is done at once, and may be called twice', async () => {
    const { ingress } = await startIngress()
    await ingress.close(60_000)
    await ingress.close(60_000)
  })
})

describe('pause and resume', () => {
  it('stop listening and listen again on the same port, connections go on', async () => {
    const { port, ingress } = await startIngress()
    const client = await Client.open(port)
    await ingress.pause()
    await ingress.pause()
    expect(await refusedConnection(port)).toBe(true)
    expect(await client.ask('EHLO c')).toMatch(/^250/)
    await ingress.resume()
    await ingress.resume()
    expect(await (await Client.open(port)).ask('EHLO c')).toMatch(/^250/)
  })
})

describe('a listener that can not be', () => {
  it('says which key to change when its port is taken, and leaves no other one open', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      blocker.close()
    })
    const address = blocker.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    const ingress = createSmtpIngress({
      listeners: [
        { ...relay, name: 'free' },
        { ...relay, name: 'taken', port: taken, configKey: 'smtp.listeners.1' },
      ],
      intakeFor: () => new FakeIntake(),
      log: new Recorder().log,
      metrics: new Recorder().metrics,
    })
    await expect(ingress.listen()).rejects.toMatchObject({
      code: 'port-in-use',
      temporary: false,
      message: `another process listens on 127.0.0.1:${taken}; stop it or change smtp.listeners.1.port`,
    })
    expect(ingress.connections()).toBe(0)
  })

  it('says so for an address that is not ours', async () => {
    await expect(startIngress([{ host: '192.0.2.1' }])).rejects.toMatchObject({
      code: 'host-not-available',
      message: expect.stringContaining('smtp.listeners.0.host'),
    })
  })

  it.each([
    [{ tls: 'starttls' }, /TLS needs a certificate file/],
    [{ kind: 'submission' }, /passwords over TLS only/],
    [{ kind: 'submission', tls: 'implicit', certificateFile: 'a', keyFile: 'b' }, /submission needs users/],
    [{ clients: [] }, /refuses everybody/],
    [{ requireTls: true }, /TLS can not be required/],
    [{ clients: ['10.0.0.0/99'] }, /smtp\.listeners\.0\.clients: "10\.0\.0\.0\/99" is no network/],
  ] as const)('%j', async (listener, message) => {
    await expect(startIngress([listener])).rejects.toThrow(message)
  })

  it('two of one name', async () => {
    await expect(startIngress([{}, {}])).rejects.toThrow(/given to two listeners/)
  })
})
