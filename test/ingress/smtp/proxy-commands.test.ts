import { describe, expect, it } from 'vitest'
import { Client, startIngress } from './harness.ts'

const behind = { clients: ['192.0.2.0/24'], xclientFrom: ['127.0.0.0/8'] }

async function send(client: Client): Promise<string> {
  const mail = await client.ask('MAIL FROM:<a@x>')
  if (!mail.startsWith('250')) return mail
  await client.ask('RCPT TO:<b@x>')
  await client.ask('DATA')
  client.send('x\r\n.\r\n')
  return client.reply()
}

describe('never an open relay', () => {
  it('a client on no list is told so at once, and cut', async () => {
    const { port, intake, seen } = await startIngress([{ clients: ['192.0.2.0/24'] }])
    const client = await Client.open(port, { greeting: false })
    client.send('EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n')
    expect(await client.reply()).toMatch(/^554 5\.7\.1 /)
    expect(await client.closed()).toBe('')
    expect(intake.begun).toBe(0)
    expect(seen.get('connection refused relay not-listed')).toBe(1)
  })

  it('IPv6 and IPv4-mapped clients are judged alike', async () => {
    const { ports } = await startIngress([
      { name: 'six', host: '::', clients: ['127.0.0.0/8'] },
      { name: 'none', host: '::', clients: ['::1'] },
    ])
    const mapped = await Client.open(ports[0] ?? 0, { host: '127.0.0.1' })
    expect(await mapped.ask('EHLO c')).toMatch(/^250/)
    const refused = await Client.open(ports[1] ?? 0, { host: '127.0.0.1', greeting: false })
    expect(await refused.reply()).toMatch(/^554/)
  })
})

describe('XCLIENT', () => {
  it('from a listed peer is announced and believed', async () => {
    const { port, intake } = await startIngress([behind])
    const client = await Client.open(port)
    expect(await client.ask('EHLO proxy')).toContain('XCLIENT NAME ADDR PORT PROTO HELO LOGIN')
    expect(await client.ask('XCLIENT ADDR=192.0.2.77 HELO=inner.example')).toMatch(/^220 gw/)
    expect(await client.ask('EHLO proxy')).not.toContain('XCLIENT')
    expect(await client.ask('XCLIENT ADDR=192.0.2.78')).toMatch(/^550 5\.7\.0/)
    expect(await send(client)).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client).toMatchObject({ address: '192.0.2.77', helo: 'inner.example' })
  })

  it('decides access: the forwarded client counts, not the peer', async () => {
    const { port } = await startIngress([behind])
    const client = await Client.open(port)
    await client.ask('EHLO proxy')
    expect(await send(client)).toMatch(/^554 5\.7\.1/)
    await client.ask('XCLIENT ADDR=203.0.113.1')
    await client.ask('EHLO proxy')
    expect(await send(client)).toMatch(/^554 5\.7\.1/)
  })

  it('without an address speaks for nobody who is listed', async () => {
    const { port } = await startIngress([{ ...behind, clients: ['127.0.0.1'] }])
    const client = await Client.open(port)
    await client.ask('EHLO proxy')
    expect(await client.ask('XCLIENT ADDR=[UNAVAILABLE]')).toMatch(/^220/)
    await client.ask('EHLO proxy')
    expect(await send(client)).toMatch(/^554 5\.7\.1/)
  })

  it('is refused within a transaction, and with bad values', async () => {
    const { port } = await startIngress([{ ...behind, clients: ['127.0.0.1'] }])
    const client = await Client.open(port)
    await client.ask('EHLO proxy')
    expect(await client.ask('XCLIENT ADDR=nonsense')).toMatch(/^501/)
    expect(await client.ask('XCLIENT')).toMatch(/^501/)
    expect(await client.ask('XCLIENT NAME=a+0D+0Ab ADDR=192.0.2.1')).toMatch(/^501/)
    await client.ask('MAIL FROM:<a@x>')
    expect(await client.ask('XCLIENT ADDR=192.0.2.77')).toMatch(/^503/)
  })

  it('LOGIN names who authenticated', async () => {
    const { port, intake } = await startIngress([behind])
    const client = await Client.open(port)
    await client.ask('EHLO proxy')
    expect(await client.ask('XCLIENT ADDR=192.0.2.77 LOGIN=alice')).toMatch(/^220/)
    await client.ask('EHLO proxy')
    expect(await send(client)).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client).toMatchObject({ authenticated: 'alice', protocol: 'ESMTPA' })
  })
})

describe('XFORWARD', () => {
  it('from a listed peer is for the record and never for access', async () => {
    const { port, intake } = await startIngress([{ xforwardFrom: ['127.0.0.1'] }])
    const client = await Client.open(port)
    expect(await client.ask('EHLO proxy')).toContain('XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE')
    expect(await client.ask('XFORWARD ADDR=203.0.113.9 NAME=outer.example HELO=outer')).toMatch(/^250/)
    expect(await send(client)).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client).toMatchObject({ address: '203.0.113.9', helo: 'outer' })
    expect(await client.ask('XFORWARD ADDR=203.0.113.10 HELO=a+29+28b')).toMatch(/^250/)
    expect(await send(client)).toMatch(/^250/)
    expect(intake.messages[1]?.envelope.client).toEqual({
      address: '203.0.113.10',
      listener: 'relay',
      protocol: 'ESMTP',
    })
  })

  it('from others is refused and not announced', async () => {
    const { port } = await startIngress([{ xforwardFrom: ['192.0.2.1'], xclientFrom: ['192.0.2.1'] }])
    const client = await Client.open(port)
    expect(await client.ask('EHLO proxy')).not.toMatch(/XFORWARD|XCLIENT/)
    expect(await client.ask('XFORWARD ADDR=203.0.113.9')).toMatch(/^550 5\.7\.0/)
    expect(await client.ask('XCLIENT ADDR=203.0.113.9')).toMatch(/^550 5\.7\.0/)
  })
})
