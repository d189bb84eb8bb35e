import { createCipheriv, createDecipheriv, createHash, hash } from 'node:crypto'
import { rc4 } from '../office/legacy-ciphers.ts'
import { isDict, nameOf, type PdfDict, PdfString, type PdfValue } from './pdf-value.ts'

/**
 * The standard security handler of PDF (ISO 32000-2, 7.6; revisions 2 to 6) for a file that is opened with its user or
 * owner password, mostly the empty one. Passwords are checked where that costs nothing more; a wrong one makes garbage.
 * Pure; never throws.
 */
export interface PdfCipher {
  string(bytes: string, object: number, generation: number): string
  stream(data: Buffer, object: number, generation: number): Buffer
}

type Method = 'none' | 'rc4' | 'aes128' | 'aes256'

/** Null for another handler, a broken dictionary or a password that does not open. `id` is the first half of `/ID`. */
export function pdfCipher(encrypt: PdfDict, id: string, password: string): PdfCipher | null {
  if (nameOf(encrypt.get('Filter')) !== 'Standard') return null
  const version = numberOf(encrypt.get('V'))
  const revision = numberOf(encrypt.get('R'))
  const key = revision >= 5 ? newKey(encrypt, revision, password) : oldKey(encrypt, id, revision, password)
  if (key === null) return null
  const filters = encrypt.get('CF')
  const methodOf = (use: string): Method => {
    if (version < 4) return 'rc4'
    const name = nameOf(encrypt.get(use)) || 'Identity'
    const filter = isDict(filters) ? filters.get(name) : undefined
    switch (isDict(filter) ? nameOf(filter.get('CFM')) : '') {
      case 'V2':
        return 'rc4'
      case 'AESV2':
        return 'aes128'
      case 'AESV3':
        return 'aes256'
      default:
        return 'none'
    }
  }
  const [strings, streams] = [methodOf('StrF'), methodOf('StmF')]
  return {
    string: (bytes, object, generation) =>
      decipher(strings, key, Buffer.from(bytes, 'latin1'), object, generation).toString('latin1'),
    stream: (data, object, generation) => decipher(streams, key, data, object, generation),
  }
}

/** Algorithm 1: the key of one object, but for AES-256, which has one for all. */
function decipher(method: Method, key: Buffer, data: Buffer, object: number, generation: number): Buffer {
  if (method === 'none') return data
  if (method === 'aes256') return unaes('aes-256-cbc', key, data)
  const tail = Buffer.from([object, object >> 8, object >> 16, generation, generation >> 8])
  const salt = method === 'aes128' ? Buffer.from('sAlT', 'latin1') : Buffer.alloc(0)
  const own = hash('md5', Buffer.concat([key, tail, salt]), 'buffer').subarray(0, Math.min(16, key.length + 5))
  return method === 'rc4' ? rc4(own, data) : unaes('aes-128-cbc', own, data)
}

/** The first block is the initialization vector; padding that is wrong is left in. */
function unaes(cipher: 'aes-128-cbc' | 'aes-256-cbc', key: Buffer, data: Buffer): Buffer {
  const blocks = Math.floor(data.length / 16)
  if (blocks < 2) return Buffer.alloc(0)
  try {
    const decipher = createDecipheriv(cipher, key, data.subarray(0, 16)).setAutoPadding(false)
    const plain = Buffer.concat([decipher.update(data.subarray(16, blocks * 16)), decipher.final()])
    const pad = plain.at(-1) ?? 0
    return pad >= 1 && pad <= 16 ? plain.subarray(0, plain.length - pad) : plain
  } catch {
    return Buffer.alloc(0)
  }
}

/** Table of 7.6.4.3.2 that fills passwords up to 32 bytes. */
const PAD = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex')

/** Algorithm 2, and 7 for the owner's password. */
function oldKey(encrypt: PdfDict, id: string, revision: number, password: string): Buffer | null {
  const version = numberOf(encrypt.get('V'))
  const size =
    version === 1 ? 5 : Math.min(16, Math.max(5, (numberOf(encrypt.get('Length')) || (version >= 4 ? 128 : 40)) >> 3))
  const owner = bytesOf(encrypt.get('O')).subarray(0, 32)
  const given = Buffer.from(password, 'latin1')
  for (const candidate of [given, ownersUserPassword(owner, given, revision, size)]) {
    const key = fileKey(encrypt, id, revision, size, candidate)
    if (isUserKey(encrypt, id, revision, key)) return key
  }
  return null
}

function fileKey(encrypt: PdfDict, id: string, revision: number, size: number, password: Buffer): Buffer {
  const permissions = Buffer.alloc(4)
  permissions.writeInt32LE(numberOf(encrypt.get('P')) | 0)
  const parts = [padded(password), bytesOf(encrypt.get('O')).subarray(0, 32), permissions, Buffer.from(id, 'latin1')]
  if (revision >= 4 && encrypt.get('EncryptMetadata') === false) parts.push(Buffer.alloc(4, 0xff))
  let key = hash('md5', Buffer.concat(parts), 'buffer').subarray(0, size)
  if (revision >= 3) for (let i = 0; i < 50; i++) key = hash('md5', key, 'buffer').subarray(0, size)
  return key
}

/** Algorithms 4 and 5. */
function isUserKey(encrypt: PdfDict, id: string, revision: number, key: Buffer): boolean {
  const user = bytesOf(encrypt.get('U'))
  if (revision === 2) return rc4(key, PAD).equals(user.subarray(0, 32))
  let made = rc4(key, hash('md5', Buffer.concat([PAD, Buffer.from(id, 'latin1')]), 'buffer'))
  for (let i = 1; i < 20; i++)
    made = rc4(
      key.map((byte) => byte ^ i),
      made,
    )
  return made.equals(user.subarray(0, 16))
}

function ownersUserPassword(owner: Buffer, password: Buffer, revision: number, size: number): Buffer {
  let key = hash('md5', padded(password), 'buffer')
  if (revision < 3) return rc4(key.subarray(0, size), owner)
  for (let i = 0; i < 50; i++) key = hash('md5', key, 'buffer')
  let made = owner
  for (let i = 19; i >= 0; i--)
    made = rc4(
      key.subarray(0, size).map((byte) => byte ^ i),
      made,
    )
  return made
}

function padded(password: Buffer): Buffer {
  return Buffer.concat([password, PAD]).subarray(0, 32)
}

/** Algorithm 2.A: the key of the file, enciphered with one made of the password. */
function newKey(encrypt: PdfDict, revision: number, given: string): Buffer | null {
  const [owner, user] = [bytesOf(encrypt.get('O')), bytesOf(encrypt.get('U'))]
  const password = Buffer.from(given.normalize('NFKC'), 'utf8').subarray(0, 127)
  const tries = [
    { check: user.subarray(32, 40), salt: user.subarray(40, 48), known: Buffer.alloc(0), hashed: user, sealed: 'UE' },
    {
      check: owner.subarray(32, 40),
      salt: owner.subarray(40, 48),
      known: user.subarray(0, 48),
      hashed: owner,
      sealed: 'OE',
    },
  ]
  for (const { check, salt, known, hashed, sealed } of tries) {
    if (!hardened(revision, password, check, known).equals(hashed.subarray(0, 32))) continue
    const box = bytesOf(encrypt.get(sealed)).subarray(0, 32)
    if (box.length < 32) return null
    const opener = createDecipheriv('aes-256-cbc', hardened(revision, password, salt, known), Buffer.alloc(16))
    return opener.setAutoPadding(false).update(box)
  }
  return null
}

/** Algorithm 2.B. */
function hardened(revision: number, password: Buffer, salt: Buffer, known: Buffer): Buffer {
  let key = createHash('sha256').update(password).update(salt).update(known).digest()
  if (revision < 6) return key
  for (let round = 0, last = 0; round < 64 || last > round - 32; round++) {
    const block = Buffer.concat([password, key, known])
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32)).setAutoPadding(false)
    const made = cipher.update(Buffer.concat(Array.from({ length: 64 }, () => block)))
    const rest = made.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3
    key = createHash(rest === 0 ? 'sha256' : rest === 1 ? 'sha384' : 'sha512')
      .update(made)
      .digest()
    last = made.at(-1) ?? 0
  }
  return key.subarray(0, 32)
}

function numberOf(value: PdfValue | undefined): number {
  return typeof value === 'number' ? value : 0
}

function bytesOf(value: PdfValue | undefined): Buffer {
  return Buffer.from(value instanceof PdfString ? value.bytes : '', 'latin1')
}
