import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { checkCertificates } from '../../src/app/doctor-certificates.ts'
import { parseConfig } from '../../src/config/load-config.ts'
import { CertificateFolder } from '../support/certificates.ts'

const folder = new CertificateFolder()
afterAll(() => folder.remove())
const [first, second] = [folder.make({ days: 30 }), folder.make({ days: 30 })]
for (const { keyFile } of [first, second]) chmodSync(keyFile, 0o600)
const days = (count: number) => Date.now() + count * 24 * 3_600_000

async function findings(certificate: string, key: string, now = Date.now()): Promise<string[]> {
  const listener = { name: 'in', port: 25, tls: { mode: 'starttls', certificate, key } }
  const { config } = parseConfig('s.yaml', JSON.stringify({ listeners: [listener] }), {})
  if (!config) throw new Error('the configuration is bad')
  const found: string[] = []
  for await (const { state, message, remedy } of checkCertificates(config, now))
    found.push(`${state} ${message} -> ${remedy ?? ''}`)
  return found
}

it('says until when a pair is valid', async () => {
  expect(await findings(first.certFile, first.keyFile)).toEqual([
    expect.stringMatching(/^ok .*c1\.crt is valid until \d{4}-\d\d-\d\d -> $/),
  ])
})

it.each([
  [20, /^note .* until .*, \d days from now -> renew it and put it into .*c1\.crt/],
  [31, /^problem .* until .*, which is past -> renew it and put it into .*c1\.crt/],
])('warns when it ends soon or has ended (%i days later)', async (later, expected) => {
  expect(await findings(first.certFile, first.keyFile, days(later))).toEqual([expect.stringMatching(expected)])
})

it('notices a key of another certificate', async () => {
  expect(await findings(first.certFile, second.keyFile)).toEqual([
    `problem ${first.certFile} and ${second.keyFile} are no pair -> put the key into ${second.keyFile} that the certificate was issued for, or the other way round`,
  ])
})

it('notices what is no PEM, and quotes nothing of it', async () => {
  const bad = join(folder.path, 'bad.key')
  writeFileSync(bad, 'hunter2', { mode: 0o600 })
  const [found] = await findings(first.certFile, bad)
  expect(found).toMatch(/^problem .* is not PEM that OpenSSL can read -> look at them: openssl x509 -in /)
  expect(found).not.toContain('hunter2')
})

it('names the setting of a file that is missing, and the command for one that others can read', async () => {
  expect(await findings(join(folder.path, 'none.crt'), first.keyFile)).toEqual([
    `problem ${join(folder.path, 'none.crt')} cannot be read (ENOENT) -> correct \`listeners.0.tls.certificate\``,
  ])
  chmodSync(second.keyFile, 0o644)
  expect(await findings(second.certFile, second.keyFile)).toEqual([
    `problem ${second.keyFile} can be read by others -> chmod 600 ${second.keyFile}`,
  ])
})
