import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { CertificateFolder } from '../support/certificates.ts'
import { deliveryJob, readAll, TRACE } from '../support/delivery-job.ts'
import { nextHops } from '../support/next-hop.ts'

const { deliverer } = nextHops()
const folder = new CertificateFolder()
afterAll(() => folder.remove())

it('a server that is not ours takes TLS, AUTH, several recipients and dots, one of them refused', async () => {
  const { key, cert, pin } = folder.make()
  const received: { readonly recipients: readonly string[]; readonly content: Buffer; readonly user: unknown }[] = []
  const server = new SMTPServer({
    key,
    cert,
    onAuth: ({ username, password }, _session, done) =>
      done(password === 'secret' ? null : new Error('no'), { user: username }),
    onRcptTo: ({ address }, _session, done) => done(address.startsWith('gone') ? new Error('no such user') : null),
    onData(stream, session, done) {
      readAll(stream).then((content) => {
        received.push({
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          content,
          user: session.user,
        })
        done()
      }, done)
    },
  })
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const port = await new Promise<number>((resolve) => {
    const listener = server.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port))
  })
  const passwordFile = join(folder.path, 'password')
  writeFileSync(passwordFile, 'secret\n')
  const made = deliverer([port], { hop: { tls: { verified: { pin } }, auth: { user: 'relay', passwordFile } } })
  const content = `Subject: x\r\n\r\n.\r\n..\r\n${'long line '.repeat(90)}\r\n.end\r\n`
  const recipients = ['b@x.example', 'gone@x.example', 'c@x.example']
  for (let round = 1; round <= 2; round++) {
    const outcomes = await made.deliver(deliveryJob({ recipients, content }))
    expect(outcomes.map(({ status }) => status)).toEqual(['delivered', 'failed', 'delivered'])
    expect(received).toHaveLength(round)
    expect(received.at(-1)).toMatchObject({ recipients: ['b@x.example', 'c@x.example'], user: 'relay' })
    expect(received.at(-1)?.content.toString()).toBe(TRACE + content)
  }
})
