import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { SmtpHop } from '../../src/delivery/routes.ts'
import { CertificateFolder } from '../support/certificates.ts'
import { deliveryJob } from '../support/delivery-job.ts'
import { nextHops } from '../support/next-hop.ts'
import type { SinkOptions } from '../support/smtp-sink.ts'

const { sink, deliverer } = nextHops()
const folder = new CertificateFolder()
afterAll(() => folder.remove())
const authority = folder.make({ subject: '/CN=Test CA', extensions: ['keyUsage=critical,keyCertSign'] })
const good = folder.make({
  subject: '/CN=mx',
  altName: 'DNS:mx.example,IP:127.0.0.1',
  issuer: authority,
  extensions: ['basicConstraints=critical,CA:FALSE'],
})
const selfSigned = folder.make({ altName: 'IP:127.0.0.1' })

async function outcome(options: SinkOptions, hop: Partial<SmtpHop>) {
  const server = await sink(options)
  const [result] = await deliverer([server], { hop }).deliver(deliveryJob())
  return { server, result }
}

describe('TLS to the next hop', () => {
  const ca = authority.certFile
  it.each<[string, SinkOptions, SmtpHop['tls']]>([
    ['opportunistic with any certificate', { tls: selfSigned }, 'opportunistic'],
    ['required with any certificate', { tls: selfSigned }, 'required'],
    ['verified by CA and address', { tls: good }, { verified: { ca } }],
    ['verified by CA and another name', { tls: good }, { verified: { ca, name: 'mx.example' } }],
    ['verified by CA and pin', { tls: good }, { verified: { ca, pin: good.pin } }],
    ['verified by pin alone', { tls: selfSigned }, { verified: { pin: selfSigned.pin } }],
  ])('%s is sent encrypted', async (_name, options, tls) => {
    const { server, result } = await outcome(options, { tls })
    expect(result?.status).toBe('delivered')
    expect(server.messages[0]?.secured).toBe(true)
  })

  it.each<[string, SinkOptions, SmtpHop['tls'], RegExp]>([
    ['required without STARTTLS', {}, 'required', /^4\.7\.0 TLS is required and the server does not offer/],
    [
      'required with STARTTLS refused',
      { tls: good, script: refuse },
      'required',
      /^4\.7\.0 TLS is required and STARTTLS was refused: 454/,
    ],
    [
      'required with a broken handshake',
      { tls: good, script: breakHandshake },
      'required',
      /^4\.7\.5 TLS handshake failed/,
    ],
    ['verified without STARTTLS', {}, { verified: { ca } }, /^4\.7\.0 TLS is required/],
    [
      'verified with a self-signed certificate',
      { tls: selfSigned },
      { verified: { ca } },
      /^4\.7\.5 TLS handshake failed: /,
    ],
    [
      'verified against the system\u2019s authorities',
      { tls: good },
      { verified: {} },
      /^4\.7\.5 TLS handshake failed: /,
    ],
    [
      'verified with a wrong name',
      { tls: good },
      { verified: { ca, name: 'other.example' } },
      /^4\.7\.5 TLS handshake failed: ERR_TLS_CERT_ALTNAME_INVALID$/,
    ],
    [
      'verified with a wrong pin',
      { tls: good },
      { verified: { pin: selfSigned.pin } },
      /^4\.7\.5 the server's key is not the pinned one$/,
    ],
    [
      'verified by CA with a wrong pin',
      { tls: good },
      { verified: { ca, pin: selfSigned.pin } },
      /^4\.7\.5 the server's key is not the pinned one$/,
    ],
    [
      'verified with a missing CA file',
      { tls: good },
      { verified: { ca: '/nonexistent/ca.pem' } },
      /^4\.3\.5 the CA file/,
    ],
    [
      'clear text behind the STARTTLS reply',
      { tls: good, script: inject },
      'required',
      /^4\.7\.0 clear text after the reply to STARTTLS$/,
    ],
  ])('%s is deferred and nothing leaves in the clear', async (_name, options, tls, reply) => {
    const { server, result } = await outcome(options, { tls })
    expect(result).toMatchObject({ status: 'deferred', reply: expect.stringMatching(reply) })
    expect(server.commands.filter((line) => /MAIL|RCPT|DATA/.test(line))).toEqual([])
  })

  it.each<[string, SinkOptions, number]>([
    ['STARTTLS is not offered', {}, 1],
    ['STARTTLS is refused', { tls: good, script: refuse }, 1],
    ['the handshake breaks: a fresh connection', { tls: good, script: breakHandshake }, 2],
  ])('opportunistic goes on in the clear when %s', async (_name, options, sessions) => {
    const { server, result } = await outcome(options, { tls: 'opportunistic' })
    expect(result?.status).toBe('delivered')
    expect(server.messages[0]?.secured).toBe(false)
    expect(server.sessions).toBe(sessions)
  })

  it('opportunistic does not go on after injected clear text', async () => {
    const { server, result } = await outcome({ tls: good, script: inject }, { tls: 'opportunistic' })
    expect(result?.status).toBe('deferred')
    expect(server.sessions).toBe(1)
  })

  it('from the first byte', async () => {
    const { server, result } = await outcome(
      { tls: good, implicitTls: true },
      { tls: { verified: { ca } }, implicitTls: true },
    )
    expect(result?.status).toBe('delivered')
    expect(server.messages[0]?.secured).toBe(true)
    const wrong = await outcome(
      { tls: good, implicitTls: true },
      { tls: { verified: { pin: selfSigned.pin } }, implicitTls: true },
    )
    expect(wrong.result).toMatchObject({ status: 'deferred', reply: "4.7.5 the server's key is not the pinned one" })
    expect(wrong.server.commands).toEqual([])
  })
})

describe('AUTH', () => {
  const passwordFile = join(folder.path, 'password')
  writeFileSync(passwordFile, 'p\u00e4ss word\n')
  const auth = { user: 'relay', password: 'p\u00e4ss word' }
  const login = { user: 'relay', passwordFile }

  it('PLAIN over TLS', async () => {
    const { server, result } = await outcome({ tls: good, auth }, { tls: 'required', auth: login })
    expect(result?.status).toBe('delivered')
    expect(server.messages[0]?.authenticated).toBe('relay')
  })

  it('with a password of the environment', async () => {
    process.env.SLUICE_TEST_HOP_PASSWORD = auth.password
    const { result } = await outcome(
      { tls: good, auth },
      { tls: 'required', auth: { user: 'relay', passwordEnv: 'SLUICE_TEST_HOP_PASSWORD' } },
    )
    delete process.env.SLUICE_TEST_HOP_PASSWORD
    expect(result?.status).toBe('delivered')
  })

  it.each<[string, SinkOptions, Partial<SmtpHop>, RegExp]>([
    [
      'a wrong password',
      { tls: good, auth: { user: 'relay', password: 'other' } },
      { tls: 'required', auth: login },
      /^4\.7\.8 authentication failed: 535 /,
    ],
    ['no AUTH', { tls: good }, { tls: 'required', auth: login }, /^4\.7\.0 the server does not offer AUTH PLAIN$/],
    [
      'stripped STARTTLS',
      { auth },
      { tls: 'opportunistic', auth: login },
      /^4\.7\.0 the password is not sent in the clear/,
    ],
    [
      'a missing password file',
      { tls: good, auth },
      { tls: 'required', auth: { user: 'u', passwordFile: '/nonexistent' } },
      /^4\.3\.5 the password file/,
    ],
    [
      'an unset variable',
      { tls: good, auth },
      { tls: 'required', auth: { user: 'u', passwordEnv: 'SLUICE_TEST_UNSET' } },
      /^4\.3\.5 no password/,
    ],
  ])('with %s defers, and says why', async (_name, options, hop, reply) => {
    const { server, result } = await outcome(options, hop)
    expect(result).toMatchObject({ status: 'deferred', reply: expect.stringMatching(reply) })
    expect(server.messages).toEqual([])
    if (!options.tls) expect(server.commands.join()).not.toContain('AUTH')
  })
})

function refuse({ command }: { command: string }) {
  return command === 'starttls' ? '454 4.7.0 not now' : undefined
}

function breakHandshake({ command }: { command: string }) {
  return command === 'starttls' ? { thenClose: '220 2.0.0 go ahead' } : undefined
}

function inject({ command }: { command: string }) {
  return command === 'starttls' ? { raw: '220 2.0.0 go ahead\r\n250 injected\r\n' } : undefined
}
