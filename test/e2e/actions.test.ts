import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificate, CertificateFolder } from '../support/certificates.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { GnupgHome } from '../support/gnupg.ts'
import { type Mail, type MailReply, sendMail } from '../support/mail-client.ts'
import { type SinkMessage, SmtpSink } from '../support/smtp-sink.ts'
import { swaks } from '../support/swaks.ts'
import { traceId } from '../support/trace-id.ts'
import { waitFor } from '../support/wait-for.ts'

/** One gateway; real clients in front, a next hop behind that records every byte, and every action in between. */
const CHANGES = `policy: changes
name: Changes on the way
rules:
  - id: tag
    when: { finding: { detector: tag_word, confidence: high } }
    action: pass
    tag_subject: '[checked]'
    add_header: { name: X-Classification, value: internal }
  - { id: strip, when: { attachment: { extension: exe } }, action: pass, strip_attachments: matched }
  - { id: label, when: { recipient: { address: 'labelled@*' } }, action: pass, write_label: { unlabelled: public } }
  - { id: redirect, when: { recipient: { address: 'elsewhere@*' } }, action: pass, redirect: officer@example.com }
  - id: told
    when: { recipient: { address: 'told@*' } }
    action: quarantine
    message: told people
    notify: [sender, reviewers, { addresses: dpo@example.com, template: default }]
  - { id: unknown-formats, mode: monitor, when: { uninspected: unsupported }, action: quarantine, message: watched }
`
const LABELS = `levels: [public, secret]
headers: [X-House]
map: [{ header: x-house, name: top, level: secret }]
write: { header: X-Class, values: { secret: TOP SECRET } }
`
const RSS_MAX_KB = 600 * 1024
const PASSWORD = 'correct horse battery'
const sink = new SmtpSink()
const certificates = new CertificateFolder()
const gnupg = new GnupgHome()
let gateway: GatewayProcess
let holder: Certificate
let serverCertificate: Certificate

beforeAll(async () => {
  await sink.start()
  holder = certificates.make({
    key: 'rsa',
    altName: 'email:smime@secure.example',
    extensions: ['basicConstraints=critical,CA:FALSE'],
  })
  serverCertificate = certificates.make({ altName: 'DNS:dlp.example.com' })
  const tls = { mode: 'starttls', certificate: './tls/cert.pem', key: './tls/key.pem' }
  gateway = await GatewayProcess.prepare({
    config: {
      listeners: [
        { name: 'relay', port: 0 },
        { name: 'inline', port: 0, reply: 'after-decision' },
        { name: 'hasty', port: 0, reply: 'after-decision', decision_deadline: '1ms' },
        { name: 'submission', kind: 'submission', port: 0, tls, users_file: './users' },
      ],
      delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
      encryption: { keys: './recipient-keys' },
      labels: './labels.yaml',
    },
  })
  for (const folder of ['tls', 'recipient-keys']) await mkdir(join(gateway.dir, folder))
  await useServerCertificate(serverCertificate)
  await copyFile(holder.certFile, join(gateway.dir, 'recipient-keys/smime.pem'))
  await writeFile(join(gateway.dir, 'recipient-keys/pgp.asc'), gnupg.makeKey('P <pgp@secure.example>'))
  await writeFile(join(gateway.dir, 'policies/changes.yaml'), CHANGES)
  await writeFile(join(gateway.dir, 'labels.yaml'), LABELS)
  expect((await gateway.command(['users', 'add', './users', 'alice'], `${PASSWORD}\n`)).code).toBe(0)
  await gateway.start()
})

afterAll(async () => {
  await gateway?.remove()
  await sink.stop()
  certificates.remove()
  gnupg.remove()
})

async function useServerCertificate({ certFile, keyFile }: Certificate): Promise<void> {
  await copyFile(keyFile, join(gateway.dir, 'tls/key.pem'))
  await copyFile(certFile, join(gateway.dir, 'tls/cert.pem'))
}

const send = (mail: Mail, listener = 'relay'): Promise<MailReply> => sendMail(gateway.port(listener), mail)

/** What the next hop got of one submission. */
async function arrived(id: string, count = 1): Promise<SinkMessage[]> {
  const found = () => sink.messages.filter(({ content }) => traceId(content) === id)
  await waitFor(`${count} deliveries of ${id}`, () => found().length >= count)
  return found()
}

async function only(id: string): Promise<{ message: SinkMessage; text: string; below: Buffer }> {
  const [message] = await arrived(id)
  if (!message) throw new Error(`nothing arrived of ${id}`)
  const text = message.content.toString('latin1')
  const below = message.content.subarray(text.indexOf('\r\n', text.indexOf('X-Sluice-Trace:')) + 2)
  return { message, text, below }
}

/** The gateway's own mail about one submission, by its reference. */
async function noticesAbout(id: string, count: number): Promise<SinkMessage[]> {
  const found = () => sink.messages.filter((m) => m.sender === '' && m.content.toString('latin1').includes(id))
  await waitFor(`${count} notices about ${id}`, () => found().length >= count)
  return found()
}

async function show(
  id: string,
): Promise<{ item: { status: string }; decision: unknown; results: unknown; audit: unknown }> {
  const { stdout } = await gateway.command(['quarantine', 'show', id, '--json'])
  return JSON.parse(stdout)
}

describe('pass', () => {
  it('leaves every byte below the trace headers as it came: 8-bit, long lines, dots, a missing last newline', async () => {
    const raw = `Subject: =?utf-8?q?a?= odd  spacing \r\nX-Empty:\r\n\r\n.\r\n..\r\nGr\u00fc\u00dfe\t \r\n${'x'.repeat(5_000)}\r\nend`
    const { id } = await send({
      raw,
      envelope: { from: 'a@example.com', to: 'b@partner.example', use8BitMime: true } as never,
    })
    const { message, below } = await only(id)
    expect(below.toString('utf8')).toBe(`${raw}\r\n`)
    expect(message.parameters).toContain('BODY=8BITMIME')
  })

  it('carries DSN parameters to the next hop', async () => {
    const dsn = { id: 'env+1', return: 'headers', notify: ['failure', 'delay'], recipient: 'first@partner.example' }
    const { id } = await send({ text: 'dsn', dsn } as Mail)
    const { message } = await only(id)
    expect(message.parameters).toEqual(expect.arrayContaining(['RET=HDRS', expect.stringMatching(/^ENVID=/)]))
    expect(message.recipients[0]?.parameters).toEqual(
      expect.arrayContaining(['NOTIFY=FAILURE,DELAY', expect.stringMatching(/^ORCPT=rfc822;first@partner\.example$/)]),
    )
  })

  it('carries SMTPUTF8', async () => {
    const { id } = await send({ to: 'j\u00f6rg@partner.example', text: 'smtputf8' })
    const { message } = await only(id)
    expect(message.parameters).toContain('SMTPUTF8')
    expect(message.recipients[0]?.address).toBe('j\u00f6rg@partner.example')
  })

  it('takes mail from swaks over a pipelined connection', async () => {
    const { code, output } = await swaks(gateway.port(), { body: 'from swaks', more: ['--pipeline'] })
    expect({ code, output }).toMatchObject({ code: 0 })
    await only(/queued as ([0-9A-Z]{26})/.exec(output)?.[1] ?? '')
  })
})

describe('changes on the way', () => {
  it('tags the subject and adds a header, and leaves the rest', async () => {
    const raw = 'From: a@example.com\r\nSubject: hello\r\n\r\nTAGME please\r\n'
    const { text } = await only((await send({ raw, envelope: { from: 'a@example.com', to: 'b@partner.example' } })).id)
    expect(text).toMatch(/^Subject: \[checked\] hello\r$/m)
    expect(text).toMatch(/^X-Classification: internal\r$/m)
    expect(text.endsWith('\r\n\r\nTAGME please\r\n')).toBe(true)
  })

  it('writes the highest label in place of what stood there, and leaves every other byte', async () => {
    const envelope = { from: 'a@example.com', to: 'labelled@partner.example' }
    const sent = async (head: string) => {
      const raw = `From: a@example.com\r\n${head}Subject:  odd  spacing\r\n\r\nText \t\r\n`
      return (await only((await send({ raw, envelope })).id)).below.toString('latin1')
    }
    const rest = 'Subject:  odd  spacing\r\n\r\nText \t\r\n'
    expect(await sent('X-Class: nothing\r\nX-House: top\r\n')).toBe(
      `X-Class: TOP SECRET\r\nFrom: a@example.com\r\nX-House: top\r\n${rest}`,
    )
    expect(await sent('')).toBe(`X-Class: public\r\nFrom: a@example.com\r\n${rest}`)
  })

  it('takes an attachment out and says so in its place', async () => {
    const attachments = [
      { filename: 'tool.exe', content: 'MZ-not-really' },
      { filename: 'keep.txt', content: 'kept' },
    ]
    const { text } = await only((await send({ text: 'two files', attachments })).id)
    expect(text).not.toContain(Buffer.from('MZ-not-really').toString('base64'))
    expect(text).toContain('filename=keep.txt')
    const note = /Content-Disposition: inline\r\n\r\n(\S+)/.exec(text)?.[1] ?? ''
    expect(Buffer.from(note, 'base64').toString()).toContain('taken out')
  })

  it('redirects one recipient to another and sends the rest on', async () => {
    const { id } = await send({ to: ['elsewhere@partner.example', 'b@partner.example'], text: 'redirected' })
    const got = (await arrived(id, 2)).flatMap(({ recipients }) => recipients.map(({ address }) => address))
    expect(got.sort()).toEqual(['b@partner.example', 'officer@example.com'])
  })

  it('notifies sender, reviewers and whom a policy names', async () => {
    const { id } = await send({ to: 'told@partner.example', subject: 'private words', text: 'very private words' })
    const notices = await noticesAbout(id, 3)
    const to = notices.flatMap(({ recipients }) => recipients.map(({ address }) => address)).sort()
    expect(to).toEqual(['a@example.com', 'dpo@example.com', 'security@example.com'])
    for (const { content } of notices) expect(content.toString()).not.toContain('private words')
  })
})

describe('encrypt', () => {
  const entity = 'Content-Type: text/plain; charset=utf-8\r\n\r\nplease ENCRYPTME\r\nGr=C3=BC\u00df\r\n'
  const raw = `From: a@example.com\r\nSubject: s\r\nMIME-Version: 1.0\r\n${entity}`
  const to = (address: string) => ({
    raw,
    envelope: { from: 'a@example.com', to: address, use8BitMime: true } as never,
  })

  it('S/MIME, opened by OpenSSL', async () => {
    const { text, message } = await only((await send(to('smime@secure.example'))).id)
    expect(text).not.toContain('ENCRYPTME')
    const args = ['cms', '-decrypt', '-inform', 'SMIME', '-inkey', holder.keyFile, '-recip', holder.certFile]
    expect(execFileSync('openssl', args, { input: message.content }).toString()).toBe(entity)
  })

  it('OpenPGP, opened by GnuPG', async () => {
    const { text } = await only((await send(to('pgp@secure.example'))).id)
    expect(text).not.toContain('ENCRYPTME')
    const armored = /-----BEGIN PGP MESSAGE-----[\s\S]+-----END PGP MESSAGE-----/.exec(text)?.[0] ?? ''
    expect(gnupg.decrypt(Buffer.from(armored)).toString()).toContain(entity)
  })

  it('holds for a recipient without a key and sends to those who have one', async () => {
    const { id } = await send(to(['smime@secure.example', 'nobody@secure.example'] as never))
    expect((await only(id)).message.recipients.map(({ address }) => address)).toEqual(['smime@secure.example'])
    const shown = await waitFor('the hold', async () => {
      const { code, stdout } = await gateway.command(['quarantine', 'show', id, '--json'])
      return code === 0 ? JSON.parse(stdout) : null
    })
    expect(shown.item).toMatchObject({ recipients: ['nobody@secure.example'], status: 'open' })
  })
})

describe('quarantine', () => {
  async function held(text: string, to: string | string[] = 'b@partner.example'): Promise<string> {
    const { id } = await send({ text, to })
    await waitFor('the hold', async () =>
      (await gateway.admin('/metrics')).body.includes('sluice_submissions{state="received"} 0'),
    )
    return id
  }

  it('shows why, releases byte for byte, and is final only then', async () => {
    const id = await held('QUARANTINEME for a while')
    expect(await show(id)).toMatchObject({
      item: { status: 'open', cause: 'quarantine' },
      decision: { action: 'quarantine', reasons: [{ policy: 'test', rule: 'quarantine' }] },
    })
    expect(sink.messages.some(({ content }) => traceId(content) === id)).toBe(false)
    const released = await gateway.command(['quarantine', 'release', id, '--reason', 'fine', '--reviewer', 'rita'])
    expect(released).toMatchObject({ code: 0 })
    const { message } = await only(id)
    expect(message.content.toString()).toContain('QUARANTINEME for a while')
    const after = await waitFor('the release to be final', async () => {
      const shown = await show(id)
      return shown.item.status === 'released' ? shown : null
    })
    expect(JSON.stringify(after.audit)).toContain('"actor":"rita"')
    expect((await gateway.command(['quarantine', 'release', id, '--reason', 'again'])).code).toBe(1)
  })

  it('rejects with a bounce to the sender that does not say why', async () => {
    const id = await held('QUARANTINEME for good')
    expect(await gateway.command(['quarantine', 'reject', id, '--reason', 'secret reason'])).toMatchObject({ code: 0 })
    const [bounce] = await noticesAbout(id, 1)
    expect(bounce).toMatchObject({ sender: '', recipients: [{ address: 'a@example.com' }] })
    expect(bounce?.content.toString()).not.toMatch(/secret reason|quarantine_word|QUARANTINEME/)
    expect((await show(id)).item.status).toBe('rejected')
  })
})

describe('block', () => {
  it('is refused while the client waits', async () => {
    expect((await send({ text: 'BLOCKME' }, 'inline')).text).toMatch(
      /^550 5\.7\.1 Message refused by policy \(ref [0-9A-Z]{26}\)$/,
    )
  })

  it('is bounced where it was taken over first', async () => {
    const { id } = await send({ text: 'BLOCKME' })
    const [bounce] = await noticesAbout(id, 1)
    expect(bounce).toMatchObject({ sender: '', recipients: [{ address: 'a@example.com' }] })
    expect(bounce?.content.toString()).toMatch(/multipart\/report[\s\S]*Action: failed[\s\S]*Status: 5\.7\.1/i)
  })

  it('of one recipient among several is bounced for that one, the others get their mail', async () => {
    const { id, code } = await send({ to: ['in@example.com', 'b@partner.example'], text: 'BLOCKME' }, 'inline')
    expect(code).toBe(250)
    expect((await only(id)).message.recipients.map(({ address }) => address)).toEqual(['in@example.com'])
    const [bounce] = await noticesAbout(id, 1)
    expect(bounce?.content.toString()).toContain('b@partner.example')
    expect(bounce?.content.toString()).not.toContain('Final-Recipient: rfc822;in@example.com')
  })

  it('falls back to a bounce when the decision comes after the deadline', async () => {
    const reply = await send({ text: `BLOCKME ${'late '.repeat(50_000)}` }, 'hasty')
    expect(reply.text).toMatch(/^250 2\.0\.0 Ok: queued as/)
    await noticesAbout(reply.id, 1)
  })

  it('never bounces to the null sender', async () => {
    const { id } = await send({ raw: 'Subject: x\r\n\r\nBLOCKME\r\n', envelope: { from: '', to: 'b@partner.example' } })
    const events = await waitFor('the end of it', async () => {
      const { stdout } = await gateway.command(['audit', 'export', '--submission', id])
      return stdout.includes('"event":"done"') ? stdout : null
    })
    expect(events).not.toContain('"bounced"')
  })
})

describe('submission', () => {
  const secure = { ignoreTLS: false, requireTLS: true, tls: { rejectUnauthorized: false } }

  it('takes mail from who authenticates over TLS, and from nobody else', async () => {
    const auth = { user: 'alice', pass: PASSWORD }
    const { id, code } = await send({ text: 'submitted', smtp: { ...secure, auth } }, 'submission')
    expect(code).toBe(250)
    expect((await only(id)).text).toContain('with ESMTPSA')
    expect((await send({ text: 'x', smtp: secure }, 'submission')).code).toBe(530)
    const wrong = { ...secure, auth: { user: 'alice', pass: 'wrong' } }
    expect((await send({ text: 'x', smtp: wrong }, 'submission')).code).toBe(535)
  })

  it('uses a new certificate without a restart', async () => {
    const before = await fingerprint()
    expect(before).toBe(certificateFingerprint(serverCertificate))
    const next = certificates.make({ altName: 'DNS:dlp.example.com' })
    await useServerCertificate(next)
    await waitFor('the new certificate', async () => (await fingerprint()) === certificateFingerprint(next))
  })

  function certificateFingerprint({ certFile }: Certificate): string {
    return (
      execFileSync('openssl', ['x509', '-in', certFile, '-noout', '-fingerprint', '-sha256'])
        .toString()
        .trim()
        .split('=')[1] ?? ''
    )
  }

  /** What the listener shows after STARTTLS. */
  async function fingerprint(): Promise<string> {
    const { createConnection } = await import('node:net')
    const socket = createConnection({ port: gateway.port('submission'), host: '127.0.0.1' })
    const line = () => new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))
    await line()
    socket.write('EHLO x\r\n')
    await line()
    socket.write('STARTTLS\r\n')
    await line()
    const secured = connect({ socket, rejectUnauthorized: false })
    const peer = await new Promise<PeerCertificate>((resolve, reject) => {
      secured.once('secureConnect', () => resolve(secured.getPeerCertificate()))
      secured.once('error', reject)
    })
    secured.destroy()
    return peer.fingerprint256
  }
})

describe('a message of 48 MB', () => {
  it('goes through whole, in bounded memory', async () => {
    const content = randomBytes(34 * 1024 * 1024)
    const { id, text } = await send({ text: 'large', attachments: [{ filename: 'data.bin', content }] })
    expect(text).toMatch(/^250/)
    const { message } = await only(id)
    expect(message.content.length).toBeGreaterThan(45 * 1024 * 1024)
    const base64 = message.content.toString('latin1').split('\r\n\r\n').at(-1)?.split('\r\n--')[0] ?? ''
    expect(Buffer.from(base64, 'base64').equals(content)).toBe(true)
    const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8')
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(RSS_MAX_KB)
  })
})
