import { hash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openXor, rc4 } from '../../../src/extract/office/legacy-ciphers.ts'
import { oleOf, read } from '../formats/making.ts'

const WORDS = 'card 4111 1111 1111 1111'

function u16(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => {
    out.writeUInt16LE(value, i * 2)
  })
  return out
}

const record = (type: number, data: Buffer) => Buffer.concat([u16(type, data.length), data])

/** One sheet with one label, behind a record that tells of encryption ([MS-XLS] 2.4). */
function workbook(pass: Buffer, encrypt: (data: Buffer, place: number) => Buffer): Buffer {
  const bof = record(0x809, Buffer.concat([u16(0x600, 5), Buffer.alloc(12)]))
  const sheetAt = bof.length + 4 + pass.length + (4 + 8 + 5) + 4
  const name = Buffer.concat([u16(sheetAt, 0), u16(0), Buffer.from([5, 0]), Buffer.from('Sheet')])
  const label = Buffer.concat([u16(0, 0, 0, WORDS.length), Buffer.from([0]), Buffer.from(WORDS)])
  const records: readonly [number, Buffer, number][] = [
    [0x85, name, 4],
    [0x0a, Buffer.alloc(0), 0],
    [0x809, Buffer.concat([u16(0x600, 0x10), Buffer.alloc(12)]), 16],
    [0x204, label, 0],
    [0x0a, Buffer.alloc(0), 0],
  ]
  const pieces = [bof, record(0x2f, pass)]
  let at = bof.length + 4 + pass.length
  for (const [type, data, clear] of records) {
    const sealed = Buffer.concat([data.subarray(0, clear), encrypt(data.subarray(clear), at + 4 + clear)])
    pieces.push(record(type, sealed))
    at += 4 + data.length
  }
  return oleOf({ Workbook: Buffer.concat(pieces) })
}

/** RC4 with 40 bits ([MS-OFFCRYPTO] 2.3.6.2), for streams shorter than one block. */
function sealedBook(password: string): Buffer {
  const salt = randomBytes(16)
  const md5 = (...parts: Buffer[]) => hash('md5', Buffer.concat(parts), 'buffer')
  const short = md5(Buffer.from(password, 'utf16le')).subarray(0, 5)
  const base = md5(...Array.from({ length: 16 }, () => Buffer.concat([short, salt]))).subarray(0, 5)
  const key = md5(base, Buffer.alloc(4))
  const verifier = randomBytes(16)
  const pass = Buffer.concat([u16(1, 1, 1), salt, rc4(key, Buffer.concat([verifier, md5(verifier)]))])
  const stream = rc4(key, Buffer.alloc(1024))
  return workbook(pass, (data, place) => Buffer.from(data.map((byte, i) => byte ^ (stream[place + i] ?? 0))))
}

describe('RC4', () => {
  it('gives the key stream of RFC 6229', () => {
    expect(rc4(Buffer.from('0102030405', 'hex'), Buffer.alloc(16)).toString('hex')).toBe(
      'b2396305f03dc027ccc3524a0a1118a8',
    )
    expect(rc4(Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'), Buffer.alloc(16)).toString('hex')).toBe(
      '9ac7cc9a609d1ef7b2932899cde41b97',
    )
  })
})

describe('workbooks to 2003', () => {
  const file = sealedBook('sesame')

  it('open with a password of the policy, and say so', async () => {
    const result = await read(file, 'x.xls', { passwords: ['wrong', 'sesame'] })
    expect(result.text).toContain(WORDS)
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual([])
  })

  it('open with the password that Excel tries before it asks', async () => {
    const result = await read(sealedBook('VelvetSweatshop'), 'x.xls')
    expect(result.text).toContain(WORDS)
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual(['encrypted default password'])
  })

  it('stay sealed to any other, and to none', async () => {
    for (const passwords of [[], ['wrong']]) {
      const result = await read(file, 'x.xls', { passwords })
      expect(result.said).toEqual(['encrypted RC4'])
      expect(result.text).not.toContain(WORDS)
    }
  })

  it('are told when their header is cut short', async () => {
    const short = workbook(u16(1, 1, 1, 7), (data) => data)
    expect((await read(short, 'x.xls', { passwords: ['sesame'] })).reasons).toContain('encrypted')
  })

  it('do not open to a mask that another password makes', () => {
    expect(openXor(1, 2, 'abc')).toBeNull()
    expect(openXor(1, 2, '')).toBeNull()
  })
})

/** One object with one text, behind its directory ([MS-PPT] 2.3.7, [MS-OFFCRYPTO] 2.3.5.1). */
function sealedPresentation(password: string): Buffer {
  const sha = (...parts: Buffer[]) => hash('sha1', Buffer.concat(parts), 'buffer')
  const u32 = (...values: number[]) => u16(...values.flatMap((value) => [value & 0xffff, value >>> 16]))
  const atom = (type: number, data: Buffer) => Buffer.concat([u16(0, type), u32(data.length), data])
  const salt = randomBytes(16)
  const base = sha(salt, Buffer.from(password, 'utf16le'))
  const keyOf = (id: number) => sha(base, u32(id)).subarray(0, 16)
  const verifier = randomBytes(16)
  const sealed = rc4(keyOf(0), Buffer.concat([verifier, sha(verifier)]))
  const inner = Buffer.concat([u32(0, 0, 0, 0, 128), Buffer.alloc(12)])
  const check = Buffer.concat([u32(16), salt, sealed.subarray(0, 16), u32(20), sealed.subarray(16)])
  const session = Buffer.concat([u16(4, 2), u32(4, inner.length), inner, check])
  const text = rc4(keyOf(1), atom(4000, Buffer.from(WORDS, 'utf16le')))
  const objects = Buffer.concat([text, atom(0x2f14, session)])
  const directory = atom(0x1772, u32((2 << 20) | 1, 0, text.length))
  const edit = atom(0x0ff5, u32(0, 0, 0, objects.length, 1, 2, 0, 2))
  const user = Buffer.concat([
    u16(0, 0x0ff6),
    u32(20, 20, 0xf3d1c4df, objects.length + directory.length),
    Buffer.alloc(12),
  ])
  return oleOf({ 'PowerPoint Document': Buffer.concat([objects, directory, edit]), 'Current User': user })
}

describe('presentations to 2003', () => {
  it.each([
    ['the password that PowerPoint tries before it asks', '/01Hannes Ruescher/01', [], ['encrypted default password']],
    ['a password of the policy', 'sesame', ['sesame'], []],
  ])('open with %s', async (_name, password, passwords, said) => {
    const result = await read(sealedPresentation(password), 'x.ppt', { passwords })
    expect(result.text).toContain(WORDS)
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual(said)
  })

  it('stay sealed to any other', async () => {
    const result = await read(sealedPresentation('sesame'), 'x.ppt')
    expect(result.said).toEqual(['encrypted RC4 CryptoAPI'])
    expect(result.text).not.toContain(WORDS)
  })
})

/** Files of real programs that do not live in this repository. */
const corpora = process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../../shared/corpora')
const sealed = join(corpora, 'documents/files/encrypted')

describe.skipIf(!existsSync(sealed))('files of real programs', () => {
  it.each([
    ['testWORD_protected_passtika.doc', 'tika', 'This is an encrypted Word 2007 File'],
    ['password.xls', 'password', 'pavel'],
    ['spreadsheet__35897-type4.xls', 'freedom', 'nstaats'],
    ['spreadsheet__xor-encryption-abc.xls', 'abc', '3'],
    ['slideshow__Password_Protected-hello.ppt', 'hello', 'This is a protected document'],
    ['testPPT_protected_passtika.ppt', 'tika', 'This is an encrypted PowerPoint'],
  ])('%s opens', async (name, password, words) => {
    const bytes = readFileSync(join(sealed, name))
    const opened = await read(bytes, name, { passwords: ['wrong', password] })
    expect(opened.text).toContain(words)
    expect(opened.traits).toContain('opened-with-password')
    expect(opened.said).toEqual([])
    expect((await read(bytes, name, { passwords: ['wrong'] })).reasons).toContain('encrypted')
  })
})
