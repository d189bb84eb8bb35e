import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { createTransport } from 'nodemailer'
import { expect, it } from 'vitest'
import { makeCertificate, startIngress, temporaryFolder } from './harness.ts'

const run = promisify(execFile)
const onPath = (name: string): boolean =>
  (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin')
    .some((folder) => existsSync(`${folder}/${name}`))

it.skipIf(!onPath('swaks'))('swaks sends', async () => {
  const { port, intake } = await startIngress()
  const mail = ['--from', 'a@example.org', '--to', 'b@example.net,c@example.net', '--body', '.one dot\n..two']
  await run('swaks', ['--server', `127.0.0.1:${port}`, ...mail])
  expect(intake.messages[0]?.envelope.recipients.map((r) => r.address)).toEqual(['b@example.net', 'c@example.net'])
  expect(intake.messages[0]?.content.toString()).toContain('\r\n.one dot\r\n..two\r\n')
})

it('nodemailer sends over STARTTLS, and over TLS with AUTH, with DSN and SMTPUTF8', async () => {
  const files = makeCertificate(temporaryFolder(), 'gw.example.com')
  const { ports, intake } = await startIngress(
    [
      { name: 'starttls', tls: 'starttls', ...files },
      { name: 'submission', kind: 'submission', clients: [], tls: 'implicit', ...files },
    ],
    { authenticate: async (name, password) => (password === 'right' ? name : null), limits: { authDelayMs: 1 } },
  )
  const tls = { rejectUnauthorized: false }
  const mail = { from: 'a@example.org', to: ['b@example.net', 'ü@example.net'], subject: 'x', text: '.one dot' }
  const host = '127.0.0.1'
  const dsn = { id: 'id 1', return: 'headers', notify: ['success', 'failure'], recipient: 'a@example.org' } as const
  await createTransport({ host, port: ports[0], requireTLS: true, tls }).sendMail({ ...mail, dsn } as never)
  const login = (pass: string) =>
    createTransport({ host, port: ports[1], secure: true, tls, auth: { user: 'alice', pass } })
  await login('right').sendMail(mail)
  await expect(login('wrong').sendMail(mail)).rejects.toMatchObject({ responseCode: 535 })
  const [first, second] = intake.messages
  expect(first?.envelope).toMatchObject({
    smtpUtf8: true,
    client: { protocol: 'UTF8SMTPS' },
    dsn: { ret: 'HDRS', envid: 'id+201' },
    recipients: [
      { address: 'b@example.net', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;a@example.org' },
      { address: 'ü@example.net', notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;a@example.org' },
    ],
  })
  expect(second?.envelope.client).toMatchObject({ authenticated: 'alice', protocol: 'UTF8SMTPSA' })
  expect(second?.content.toString()).toContain('\r\n.one dot')
})

it.skipIf(!onPath('smtp-source'))("Postfix's load generator gets every message through, ten at a time", async () => {
  const { port, intake } = await startIngress()
  const load = ['-s', '10', '-m', '100', '-l', '10240', '-f', 'a@example.org', '-t', 'b@example.net']
  const binary = existsSync('/usr/sbin/smtp-source') ? '/usr/sbin/smtp-source' : 'smtp-source'
  await run(binary, [...load, `127.0.0.1:${port}`])
  await run(binary, ['-d', ...load, `127.0.0.1:${port}`])
  expect(intake.messages.length).toBe(200)
})
