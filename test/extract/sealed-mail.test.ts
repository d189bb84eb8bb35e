import { deflateRawSync, deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readMail, readUpload, squeeze } from './reading.ts'

const SECRET = 'Card 4111 1111 1111 1111 of PROJECT-HERON'
const wanted = squeeze(SECRET)
const inner = `Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(SECRET).toString('base64')}`

/** DER (X.690) of a tag and its content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const length =
    body.length < 0x80 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 0xff])
  return Buffer.concat([Buffer.from([tag]), length, body])
}
const sequence = (...content: Buffer[]) => der(0x30, ...content)
const oid = (...bytes: number[]) => der(0x06, Buffer.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, ...bytes]))
const integer = (n: number) => der(0x02, Buffer.from([n]))
const contentInfo = (type: Buffer, content: Buffer) => sequence(type, der(0xa0, content))
const encapsulated = (content: Buffer) => sequence(oid(7, 1), der(0xa0, content))
const signedData = (content: Buffer) =>
  contentInfo(oid(7, 2), sequence(integer(1), der(0x31), encapsulated(content), der(0x31)))

const smime = (bytes: Buffer) =>
  `Subject: x\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64')}`

describe('S/MIME', () => {
  it('signed content is read, and the part says that it is signed', async () => {
    const read = await readMail(smime(signedData(der(0x04, Buffer.from(inner)))))
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
    expect(read.extraction.parts[1]?.traits).toContain('digitally-signed')
  })
  it('signed content in pieces of indefinite length is read', async () => {
    const half = Math.floor(inner.length / 2)
    const pieces = Buffer.concat([
      Buffer.from([0x24, 0x80]),
      der(0x04, Buffer.from(inner.slice(0, half))),
      der(0x04, Buffer.from(inner.slice(half))),
      Buffer.from([0, 0]),
    ])
    expect(squeeze((await readMail(smime(signedData(pieces)))).text)).toContain(wanted)
  })
  it('compressed content is read', async () => {
    const compressed = sequence(integer(0), sequence(oid(9, 16, 3, 8)), encapsulated(der(0x04, deflateSync(inner))))
    const read = await readMail(smime(contentInfo(oid(9, 16, 1, 9), compressed)))
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
  })
  it.each([
    ['enveloped', oid(7, 3)],
    ['authenticated and enveloped', oid(9, 16, 1, 23)],
  ])('%s content is encrypted', async (_name, type) => {
    expect((await readMail(smime(contentInfo(type, sequence(integer(0)))))).uninspected).toEqual(['encrypted S/MIME'])
  })
  it('a detached signature is nothing to report', async () => {
    const detached = contentInfo(oid(7, 2), sequence(integer(1), der(0x31), sequence(oid(7, 1)), der(0x31)))
    expect((await readMail(smime(detached))).uninspected).toEqual([])
  })
  it('cut off, it is still answered', async () => {
    const whole = signedData(der(0x04, Buffer.from(inner)))
    for (let length = 15; length < whole.length; length += 7) {
      expect((await readMail(smime(whole.subarray(0, length)))).paths.length).toBeGreaterThan(1)
    }
  })
  it('signed in clear, both parts are read', async () => {
    const read = await readMail(
      `Content-Type: multipart/signed; boundary=b; protocol="application/pkcs7-signature"\r\n\r\n--b\r\n\r\n${SECRET}\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n${contentInfo(oid(7, 2), sequence(integer(1), der(0x31), sequence(oid(7, 1)), der(0x31))).toString('base64')}\r\n--b--`,
    )
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
  })
})

const packet = (tag: number, body: Buffer) =>
  Buffer.concat([Buffer.from([0xc0 | tag, 255, 0, 0, body.length >> 8, body.length & 0xff]), body])
const literal = packet(11, Buffer.concat([Buffer.from('b\x05a.txt\0\0\0\0', 'latin1'), Buffer.from(SECRET)]))
const armor = (bytes: Buffer) =>
  `-----BEGIN PGP MESSAGE-----\r\nVersion: x\r\n\r\n${bytes.toString('base64')}\r\n=abcd\r\n-----END PGP MESSAGE-----`

describe('OpenPGP', () => {
  it.each([
    ['literal', literal],
    ['compressed, ZIP', packet(8, Buffer.concat([Buffer.from([1]), deflateRawSync(literal)]))],
    ['compressed, ZLIB', packet(8, Buffer.concat([Buffer.from([2]), deflateSync(literal)]))],
  ])('%s messages are read', async (_name, bytes) => {
    const read = await readMail(`Subject: x\r\n\r\n${armor(bytes)}`)
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
    expect(read.paths).toContain('mail/[1]/a.txt')
  })
  it.each([1, 3, 9, 18, 20])('a packet of tag %i makes the message encrypted', async (tag) => {
    expect((await readMail(`Subject: x\r\n\r\n${armor(packet(tag, Buffer.alloc(40, 3)))}`)).uninspected).toEqual([
      'encrypted PGP',
    ])
  })
  it('quoted and damaged armour is encrypted all the same', async () => {
    const quoted = armor(packet(1, Buffer.alloc(40, 3))).replace(/^/gm, '> ')
    expect((await readMail(`Subject: x\r\n\r\n${quoted}`)).uninspected).toEqual(['encrypted PGP'])
    expect((await readMail('Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n???')).uninspected).toEqual([
      'encrypted PGP',
    ])
  })
  it('binary files are encrypted', async () => {
    const session = Buffer.concat([
      Buffer.from([0x8c, 0x0d, 4, 9, 3, 2]),
      Buffer.alloc(9, 7),
      Buffer.from([0xd2, 0x30]),
      Buffer.alloc(48, 9),
    ])
    expect((await readUpload(session, { filename: 'a.gpg' })).uninspected).toEqual(['encrypted PGP'])
  })
  it('signed text is text', async () => {
    const read = await readMail(
      `Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n${SECRET}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----`,
    )
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
  })
  it('PGP/MIME says so at the multipart', async () => {
    const read = await readMail(
      `Content-Type: multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n${armor(packet(1, Buffer.alloc(40, 3)))}\r\n--b--`,
    )
    expect(read.uninspected).toContain('encrypted PGP/MIME')
  })
})
