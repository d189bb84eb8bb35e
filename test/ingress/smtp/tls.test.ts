import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { Client, makeCertificate, relay, startIngress, temporaryFolder } from './harness.ts'

function subject(client: Client): string {
  return String((client.socket as TLSSocket).getPeerCertificate().subject.CN)
}

async function message(client: Client): Promise<string> {
  await client.ask('MAIL FROM:<a@x>')
  await client.ask('RCPT TO:<b@x>')
  await client.ask('DATA')
  client.send('x\r\n.\r\n')
  return client.reply()
}

describe('STARTTLS', () => {
  it('is announced, upgrades, forgets what was said in clear, and is recorded', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, intake } = await startIngress([{ tls: 'starttls', ...files }])
    const client = await Client.open(port)
    expect(await client.ask('EHLO c')).toContain('STARTTLS')
    await client.ask('MAIL FROM:<clear@x>')
    expect(await client.ask('STARTTLS now')).toMatch(/^501 5\.5\.4/)
    expect(await client.ask('STARTTLS')).toMatch(/^220 /)
    await client.secure()
    expect(subject(client)).toBe('one.example')
    expect(await client.ask('RCPT TO:<b@x>')).toMatch(/^503/)
    const features = await client.ask('EHLO c')
    expect(features).not.toContain('STARTTLS')
    expect(await client.ask('STARTTLS')).toMatch(/^503 5\.5\.1/)
    expect(await message(client)).toMatch(/^250/)
    const { envelope } = intake.messages[0] ?? {}
    expect(envelope?.client).toMatchObject({ protocol: 'ESMTPS', tls: { protocol: 'TLSv1.3' } })
    expect(envelope?.client.tls?.cipher).toMatch(/^TLS_/)
    expect(envelope?.sender).toBe('a@x')
  })

  it('never runs what was pipelined behind it in clear', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, intake } = await startIngress([{ tls: 'starttls', ...files }])
    const client = await Client.open(port)
    await client.ask('EHLO c')
    const injected = `${'NOOP\r\n'.repeat(250)}EHLO evil\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<v@x>\r\nDATA\r\ninjected\r\n.\r\n`
    client.send(`STARTTLS\r\n${injected}`)
    expect(await client.reply()).toMatch(/^220 /)
    // What follows the clear octets may be no TLS at all for the server: either it ends the connection, or TLS comes
    // up with nothing remembered. In no case does one of the commands run.
    await client.secure().then(
      async () => {
        expect(await client.ask('EHLO c')).toMatch(/^250-gw/)
        expect(await client.ask('RCPT TO:<b@x>')).toMatch(/^503/)
      },
      () => {},
    )
    expect(intake.begun).toBe(0)
  })

  it('required: no mail before it', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port } = await startIngress([{ tls: 'starttls', requireTls: true, ...files }])
    const client = await Client.open(port)
    await client.ask('EHLO c')
    expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^530 5\.7\.0/)
    expect(await client.ask('NOOP')).toMatch(/^250/)
    await client.ask('STARTTLS')
    await client.secure()
    await client.ask('EHLO c')
    expect(await message(client)).toMatch(/^250/)
  })

  it('with a client that talks no TLS ends the connection and nothing else', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, ingress } = await startIngress([{ tls: 'starttls', ...files }])
    const client = await Client.open(port)
    await client.ask('EHLO c')
    await client.ask('STARTTLS')
    client.send('this is no TLS at all\r\n')
    await client.closed()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
    expect((await Client.open(port)).ended).toBe(false)
  })

  it('that stalls is cut', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, ingress } = await startIngress([{ tls: 'starttls', ...files }], {
      limits: { tlsHandshakeTimeoutMs: 30 },
    })
    const client = await Client.open(port)
    await client.ask('EHLO c')
    await client.ask('STARTTLS')
    await client.closed()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
  })
})

describe('implicit TLS', () => {
  it('takes mail, counts connections and lets them go', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, intake, ingress, seen } = await startIngress([{ tls: 'implicit', ...files }])
    const client = await Client.openTls(port)
    expect(ingress.connections()).toBe(1)
    expect(await client.ask('EHLO c')).not.toContain('STARTTLS')
    expect(await message(client)).toMatch(/^250/)
    expect(intake.messages[0]?.envelope.client.protocol).toBe('ESMTPS')
    await client.ask('QUIT')
    await client.closed()
    client.socket.destroy()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
    expect(seen.get('closed relay')).toBe(1)
  })

  it('refuses clear text, and a handshake that stalls is cut', async () => {
    const files = makeCertificate(temporaryFolder(), 'one.example')
    const { port, ingress } = await startIngress([{ tls: 'implicit', ...files }], {
      limits: { tlsHandshakeTimeoutMs: 30 },
    })
    const clear = await Client.open(port, { greeting: false })
    clear.send('EHLO c\r\n')
    await clear.closed()
    const silent = await Client.open(port, { greeting: false })
    await silent.closed()
    await vi.waitFor(() => expect(ingress.connections()).toBe(0))
  })
})

describe('certificates', () => {
  it('are reloaded when they change, for new connections', async () => {
    const folder = temporaryFolder()
    const first = makeCertificate(folder, 'one.example')
    const second = makeCertificate(folder, 'two.example')
    const { port, seen } = await startIngress([{ tls: 'implicit', ...first }], { limits: { certificatePollMs: 5 } })
    const early = await Client.openTls(port)
    expect(subject(early)).toBe('one.example')
    copyFileSync(second.keyFile, first.keyFile)
    copyFileSync(second.certificateFile, first.certificateFile)
    await vi.waitFor(() => expect(seen.lines.some((l) => l.message === 'certificate reloaded')).toBe(true))
    expect(subject(await Client.openTls(port))).toBe('two.example')
    expect(await early.ask('NOOP')).toMatch(/^250/)
  })

  it('that are broken are logged once and the old one stays', async () => {
    const folder = temporaryFolder()
    const files = makeCertificate(folder, 'one.example')
    const other = makeCertificate(folder, 'two.example')
    const { port, seen, ingress } = await startIngress([{ tls: 'implicit', ...files }])
    const problems = (): number => seen.lines.filter((l) => l.level === 'error').length
    writeFileSync(files.certificateFile, 'no certificate')
    await ingress.reloadCertificates()
    await ingress.reloadCertificates()
    expect(problems()).toBe(1)
    copyFileSync(other.certificateFile, files.certificateFile)
    await ingress.reloadCertificates()
    expect(problems()).toBe(2)
    expect(subject(await Client.openTls(port))).toBe('one.example')
    copyFileSync(other.keyFile, files.keyFile)
    await ingress.reloadCertificates()
    expect(subject(await Client.openTls(port))).toBe('two.example')
  })

  it.each([
    ['missing', (folder: string) => ({ certificateFile: join(folder, 'none.crt'), keyFile: join(folder, 'none.key') })],
    [
      'of another key',
      (folder: string) => ({
        certificateFile: makeCertificate(folder, 'one.example').certificateFile,
        keyFile: makeCertificate(folder, 'two.example').keyFile,
      }),
    ],
  ])('%s stop the start, with key and file', async (_, files) => {
    const folder = temporaryFolder()
    await expect(startIngress([{ ...relay, tls: 'starttls', ...files(folder) }])).rejects.toMatchObject({
      code: 'certificate-unusable',
      message: expect.stringMatching(/^smtp\.listeners\.0: certificate .*\.crt/),
    })
  })
})
