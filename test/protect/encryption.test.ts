import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { EncryptPlan, Modification } from '../../src/core/decision.ts'
import { limits } from '../../src/core/limits.ts'
import { openKeyDirectory } from '../../src/protect/key-directory.ts'
import { createProtector, type Protected, type ProtectorOptions } from '../../src/protect/protector.ts'
import { type Certificate, CertificateFolder } from '../support/certificates.ts'
import { pieces, readAll, TRACE } from '../support/delivery-job.ts'
import { GnupgHome } from '../support/gnupg.ts'

const certificates = new CertificateFolder()
const gnupg = new GnupgHome()
const keyDirectory = mkdtempSync(join(tmpdir(), 'sluice-keys-'))
afterAll(() => {
  certificates.remove()
  gnupg.remove()
  rmSync(keyDirectory, { recursive: true, force: true })
})

const holders: Record<string, Certificate> = {}
beforeAll(() => {
  const make = (file: string, options: Parameters<CertificateFolder['make']>[0]) => {
    const certificate = certificates.make({ extensions: ['basicConstraints=critical,CA:FALSE'], ...options })
    writeFileSync(join(keyDirectory, file), certificate.cert)
    return certificate
  }
  holders.rsa = make('rsa.pem', { key: 'rsa', altName: 'email:rsa@x.example' })
  holders.p256 = make('p256.crt', { key: 'P-256', altName: 'email:P256@x.example' })
  holders.p384 = make('p384.crt', { key: 'P-384', subject: '/CN=P/emailAddress=p384@x.example' })
  writeFileSync(join(keyDirectory, 'pgp.asc'), gnupg.makeKey('Curve <pgp@x.example>'))
  writeFileSync(join(keyDirectory, 'rsa4.asc'), gnupg.makeKey('RSA <pgprsa@x.example>', 'default'))
  writeFileSync(join(keyDirectory, 'both.asc'), gnupg.makeKey('Both <rsa@x.example>'))
})

const ENTITY =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe\r\n.\r\nFrom here\r\n-- \r\n'
const MESSAGE = `Received: from a\r\n\tby b\r\nFrom: a@x.example\r\nSubject: Secret plan\r\nMIME-Version: 1.0\r\n${ENTITY}`

interface Options extends ProtectorOptions {
  readonly message?: string
  readonly modifications?: readonly Modification[]
  readonly fallback?: EncryptPlan['fallback']
}

async function protect(
  recipients: readonly string[],
  methods: EncryptPlan['methods'],
  options: Options = {},
): Promise<Protected> {
  const { message = MESSAGE, modifications = [], fallback = 'quarantine', ...more } = options
  const bytes = Buffer.from(message)
  return createProtector({ keyDirectory, ...more }).prepare({
    recipients,
    content: () => pieces(bytes, 1000),
    size: bytes.length,
    traceHeaders: TRACE,
    modifications,
    encrypt: { methods, fallback },
  })
}

async function onlyVariant(made: Protected): Promise<Buffer> {
  expect(made.variants).toHaveLength(1)
  const [variant] = made.variants
  return variant ? readAll(variant.content()) : Buffer.alloc(0)
}

/** Header block and body of a message. */
function split(message: Buffer): { head: string; body: string } {
  const text = message.toString('latin1')
  const at = text.indexOf('\r\n\r\n')
  return { head: text.slice(0, at + 2), body: text.slice(at + 4) }
}

function openCms(message: Buffer, holder: Certificate | undefined): Buffer {
  const { keyFile, certFile } = holder ?? { keyFile: '', certFile: '' }
  const args = ['cms', '-decrypt', '-inform', 'SMIME', '-inkey', keyFile, '-recip', certFile]
  return execFileSync('openssl', args, {
    input: message,
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

function openPgpMime(message: Buffer): Buffer {
  const { head, body } = split(message)
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1] ?? 'none'
  const parts = body.split(`--${boundary}`)
  expect(parts).toHaveLength(4)
  expect(parts[1]).toBe(
    '\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n\r\n',
  )
  expect(parts[3]).toBe('--\r\n')
  return gnupg.decrypt(Buffer.from(parts[2]?.split('\r\n\r\n').slice(1).join('\r\n\r\n') ?? '', 'latin1'))
}

function expectSevenBitLines(message: Buffer): void {
  expect(message.every((byte) => byte < 0x80)).toBe(true)
  const lines = message.toString('latin1').split('\r\n')
  expect(lines.every((line) => line.length <= 998 && !/[\r\n]/.test(line))).toBe(true)
}

describe('S/MIME', () => {
  it('is opened by OpenSSL with any of the recipients\u2019 keys, the MIME entity byte for byte', async () => {
    const made = await protect(['rsa@x.example', 'p256@X.example', 'p384@x.example'], ['smime'])
    expect(made.noKey).toEqual([])
    expect(made.variants[0]).toMatchObject({
      recipients: ['rsa@x.example', 'p256@X.example', 'p384@x.example'],
      sevenBit: true,
    })
    const message = await onlyVariant(made)
    expectSevenBitLines(message)
    for (const holder of [holders.rsa, holders.p256, holders.p384])
      expect(openCms(message, holder).toString()).toBe(ENTITY)
    const { head } = split(message)
    expect(head).toBe(
      `${TRACE}Received: from a\r\n\tby b\r\nFrom: a@x.example\r\nSubject: Secret plan\r\nMIME-Version: 1.0\r\n` +
        'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n' +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n',
    )
    expect(message.toString('latin1')).not.toContain('From here')
  })

  it.each([
    ['pkcs1', /rsaEncryption/],
    ['oaep', /rsaesOaep[\s\S]*sha256/],
  ] as const)('RSA by %s', async (rsaPadding, shown) => {
    const message = await onlyVariant(await protect(['rsa@x.example'], ['smime'], { rsaPadding }))
    expect(openCms(message, holders.rsa).toString()).toBe(ENTITY)
    const der = Buffer.from(split(message).body, 'base64')
    const printed = execFileSync('openssl', ['cms', '-cmsout', '-print', '-inform', 'DER'], { input: der }).toString()
    expect(printed).toMatch(shown)
    expect(printed).toMatch(/aes-256-cbc/)
  })

  it('is not opened by another key', async () => {
    const message = await onlyVariant(await protect(['rsa@x.example'], ['smime']))
    const other = certificates.make({ key: 'rsa', altName: 'email:rsa@x.example' })
    expect(() => openCms(message, other)).toThrow()
  })

  it('never uses a content key twice', async () => {
    const made = await protect(['p256@x.example'], ['smime'])
    expect((await onlyVariant(made)).equals(await onlyVariant(made))).toBe(false)
  })

  it.each([0, 1, 15, 16, 17, 32_767, 32_768, 3_000_000])('an entity of %d bytes comes back whole', async (size) => {
    const body = randomBytes(Math.ceil(size / 2))
      .toString('hex')
      .slice(0, size)
    const message = await onlyVariant(
      await protect(['p256@x.example'], ['smime'], { message: `Content-Type: text/x\r\n\r\n${body}` }),
    )
    expect(openCms(message, holders.p256).toString()).toBe(`Content-Type: text/x\r\n\r\n${body}`)
  })

  it('a message without MIME fields gets a type inside', async () => {
    const message = await onlyVariant(
      await protect(['p256@x.example'], ['smime'], { message: 'From: a@x.example\r\n\r\nHi\r\n' }),
    )
    expect(openCms(message, holders.p256).toString()).toBe('Content-Type: text/plain\r\n\r\nHi\r\n')
  })

  it('a raw 8-bit header outside is said to be 8-bit', async () => {
    const made = await protect(['p256@x.example'], ['smime'], { message: `X: \u00fc\r\n${MESSAGE}` })
    expect(made.variants[0]?.sevenBit).toBe(false)
  })

  it('modifications are made before it', async () => {
    const message = await onlyVariant(
      await protect(['p256@x.example'], ['smime'], {
        modifications: [
          { kind: 'tag-subject', tag: '[EXT]' },
          { kind: 'strip-attachment', paths: ['mail/[1]'], note: 'gone' },
        ],
      }),
    )
    expect(split(message).head).toContain('Subject: [EXT] Secret plan\r\n')
    expect(openCms(message, holders.p256).toString()).toMatch(/base64\r\nContent-Disposition: inline\r\n\r\nZ29uZQ0K$/)
  })

  it('with a substitute subject keeps the real header inside, and no trace of it outside', async () => {
    const message = await onlyVariant(await protect(['p256@x.example'], ['smime'], { encryptedSubject: '[\u2026]' }))
    const { head } = split(message)
    expect(head).not.toContain('Secret plan')
    expect(head).toContain('Subject: =?utf-8?B?W+KApl0=?=\r\n')
    expect(openCms(message, holders.p256).toString()).toBe(
      'From: a@x.example\r\nSubject: Secret plan\r\n' +
        'HP-Outer: From: a@x.example\r\nHP-Outer: Subject: =?utf-8?B?W+KApl0=?=\r\n' +
        'Content-Type: text/plain; charset=utf-8; hp="cipher"; protected-headers="v1"\r\n' +
        ENTITY.slice(ENTITY.indexOf('Content-Transfer')),
    )
  })
})

describe('OpenPGP', () => {
  it('is opened by GnuPG, the MIME entity byte for byte', async () => {
    for (const recipients of [['pgp@x.example'], ['pgprsa@x.example'], ['PGP@x.example', 'pgprsa@x.example']]) {
      const made = await protect(recipients, ['openpgp'])
      expect(made.variants[0]).toMatchObject({ recipients, sevenBit: true })
      const message = await onlyVariant(made)
      expectSevenBitLines(message)
      expect(openPgpMime(message).toString()).toBe(ENTITY)
      expect(split(message).head).toContain(
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n',
      )
    }
  })

  it('a large entity comes back whole', async () => {
    const body = randomBytes(1_500_000).toString('hex')
    const message = await onlyVariant(
      await protect(['pgp@x.example'], ['openpgp'], { message: `Content-Type: text/x\r\n\r\n${body}` }),
    )
    expectSevenBitLines(message)
    expect(openPgpMime(message).toString()).toBe(`Content-Type: text/x\r\n\r\n${body}`)
  })
})

describe('whose key', () => {
  it('nobody\u2019s: no-key for them, the others are sent', async () => {
    const made = await protect(['none@x.example', 'p256@x.example'], ['smime'])
    expect(made.noKey).toEqual(['none@x.example'])
    expect(made.variants.map(({ recipients }) => recipients)).toEqual([['p256@x.example']])
  })

  it('nobody\u2019s at all, or no key directory', async () => {
    expect(await protect(['none@x.example'], ['smime', 'openpgp'])).toEqual({ variants: [], noKey: ['none@x.example'] })
    const bare = await createProtector().prepare({
      recipients: ['p256@x.example'],
      content: () => pieces(Buffer.from(MESSAGE), 1000),
      size: MESSAGE.length,
      traceHeaders: TRACE,
      modifications: [],
      encrypt: { methods: ['smime'], fallback: 'block' },
    })
    expect(bare).toEqual({ variants: [], noKey: ['p256@x.example'] })
  })

  it('nobody\u2019s and the policy lets it pass: in the clear for them alone', async () => {
    const made = await protect(['none@x.example', 'p256@x.example'], ['smime'], { fallback: 'pass' })
    expect(made.noKey).toEqual([])
    expect(made.variants.map(({ recipients }) => recipients)).toEqual([['p256@x.example'], ['none@x.example']])
    const clear = made.variants[1]
    expect(clear && (await readAll(clear.content())).toString()).toBe(TRACE + MESSAGE)
  })

  it('the first method that has one for everybody', async () => {
    const made = await protect(['rsa@x.example', 'pgp@x.example'], ['smime', 'openpgp'])
    expect(made.variants.map(({ recipients }) => recipients)).toEqual([['rsa@x.example', 'pgp@x.example']])
    expect((await onlyVariant(made)).toString()).toContain('application/pgp-encrypted')
  })

  it('else each recipient\u2019s first method', async () => {
    const made = await protect(
      ['rsa@x.example', 'p256@x.example', 'pgp@x.example', 'none@x.example'],
      ['smime', 'openpgp'],
    )
    expect(made.variants.map(({ recipients }) => recipients)).toEqual([
      ['rsa@x.example', 'p256@x.example'],
      ['pgp@x.example'],
    ])
    expect(made.noKey).toEqual(['none@x.example'])
  })
})

describe('the key directory', () => {
  it('takes only keys that may encrypt mail now, and says what is wrong with the others', async () => {
    const folder = join(keyDirectory, 'odd')
    mkdirSync(folder)
    const put = (file: string, content: string) => writeFileSync(join(folder, file), content)
    const cert = (options: Parameters<CertificateFolder['make']>[0]) =>
      certificates.make({
        altName: 'email:odd@x.example',
        extensions: ['basicConstraints=critical,CA:FALSE'],
        ...options,
      }).cert
    const leaf = 'basicConstraints=critical,CA:FALSE'
    put('authority.pem', cert({ extensions: ['basicConstraints=critical,CA:TRUE'] }))
    put('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    put('empty.crt', 'nothing')
    put('signing-ec.pem', cert({ extensions: [leaf, 'keyUsage=digitalSignature'] }))
    put('signing-rsa.pem', cert({ key: 'rsa', extensions: [leaf, 'keyUsage=digitalSignature'] }))
    put('server.pem', cert({ extensions: [leaf, 'extendedKeyUsage=serverAuth'] }))
    put('nameless.pem', cert({ altName: 'DNS:x.example' }))
    put(
      'fine.pem',
      cert({
        altName: 'email:fine@x.example',
        key: 'rsa',
        extensions: [leaf, 'keyUsage=keyEncipherment', 'extendedKeyUsage=emailProtection'],
      }),
    )
    put('fine-ec.pem', cert({ altName: 'email:fine-ec@x.example', extensions: [leaf, 'keyUsage=keyAgreement'] }))
    put('secret.asc', gnupg.exportSecret('pgp@x.example'))
    put('nobody.asc', gnupg.makeKey('Nobody at all'))
    put('text.asc', 'hello')
    put('readme.md', 'ignored')
    const protector = createProtector({ keyDirectory: folder })
    expect(await protector.keyProblems()).toEqual([
      { file: 'authority.pem', problem: 'the certificate of an authority' },
      { file: 'broken.pem', problem: 'not a readable certificate' },
      { file: 'empty.crt', problem: 'no certificate in this file' },
      { file: 'nameless.pem', problem: 'no mail address in the certificate' },
      { file: 'nobody.asc', problem: 'no valid user id with a mail address' },
      { file: 'secret.asc', problem: 'a private key: only public keys belong here' },
      { file: 'server.pem', problem: 'its extended key usage lacks e-mail protection' },
      { file: 'signing-ec.pem', problem: 'its key usage lacks key agreement' },
      { file: 'signing-rsa.pem', problem: 'its key usage lacks key encipherment' },
      { file: 'text.asc', problem: 'not a readable OpenPGP key' },
    ])
    const made = await protect(
      ['odd@x.example', 'fine@x.example', 'fine-ec@x.example', 'pgp@x.example'],
      ['smime', 'openpgp'],
      { keyDirectory: folder },
    )
    expect(made.noKey).toEqual(['odd@x.example', 'pgp@x.example'])
  })

  it('looks at the validity of a key at the time of sending', async () => {
    const folder = join(keyDirectory, 'short')
    mkdirSync(folder)
    writeFileSync(
      join(folder, 'short.pem'),
      certificates.make({
        altName: 'email:short@x.example',
        days: 1,
        extensions: ['basicConstraints=critical,CA:FALSE'],
      }).cert,
    )
    writeFileSync(join(folder, 'short.asc'), gnupg.makeKey('Short <shortpgp@x.example>', 'future-default', '1d'))
    const day = 24 * 3_600_000
    const noKeyAt = async (offset: number) => {
      const clock = { now: () => Date.now() + offset }
      return (
        await protect(['short@x.example', 'shortpgp@x.example'], ['smime', 'openpgp'], { keyDirectory: folder, clock })
      ).noKey
    }
    expect(await noKeyAt(10_000)).toEqual([])
    expect(await noKeyAt(2 * day)).toEqual(['short@x.example', 'shortpgp@x.example'])
    expect(await noKeyAt(-2 * day)).toEqual(['short@x.example', 'shortpgp@x.example'])
  })

  it('is read again when its files change, at most once in a while', async () => {
    const folder = join(keyDirectory, 'changing')
    mkdirSync(folder)
    const protector = createProtector({ keyDirectory: folder })
    let now = 0
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now)
    onTestFinished(() => spy.mockRestore())
    expect(await protector.keyProblems()).toEqual([])
    writeFileSync(join(folder, 'a.pem'), 'nothing')
    now = limits.keyDirectoryCheckMs - 1
    expect(await protector.keyProblems()).toEqual([])
    now = limits.keyDirectoryCheckMs
    expect(await protector.keyProblems()).toHaveLength(1)
    writeFileSync(join(folder, 'a.pem'), holders.p256?.cert ?? '')
    now *= 2
    expect(await protector.keyProblems()).toEqual([])
  })

  it('refuses a file past its limit and takes one at it', async () => {
    const folder = join(keyDirectory, 'large')
    mkdirSync(folder)
    const { cert } = holders.p256 ?? { cert: '' }
    writeFileSync(join(folder, 'fits.pem'), cert.padEnd(limits.keyFileMaxBytes, '\n'))
    writeFileSync(join(folder, 'large.pem'), cert.padEnd(limits.keyFileMaxBytes + 1, '\n'))
    expect(await createProtector({ keyDirectory: folder }).keyProblems()).toEqual([
      { file: 'large.pem', problem: `larger than ${limits.keyFileMaxBytes} bytes` },
    ])
  })

  it('holds files up to its limit, not one more', async () => {
    const folder = join(keyDirectory, 'many')
    mkdirSync(folder)
    for (let i = 0; i < 4; i++) writeFileSync(join(folder, `${i}.pem`), '')
    await expect(openKeyDirectory(folder, Date, 3).problems()).rejects.toMatchObject({ code: 'key-directory' })
    expect(await openKeyDirectory(folder, Date, 4).problems()).toHaveLength(4)
  })

  it('that can not be read stops the message, which is tried again', async () => {
    await expect(
      protect(['p256@x.example'], ['smime'], { keyDirectory: join(keyDirectory, 'none') }),
    ).rejects.toMatchObject({
      code: 'key-directory',
      temporary: true,
    })
  })
})
