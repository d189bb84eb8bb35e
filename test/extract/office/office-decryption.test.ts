import { createCipheriv, hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { docxOf, oleOf, read } from '../formats/making.ts'

/** Seals a package as Office does since 2010 ([MS-OFFCRYPTO] 2.3.4.10 and on), with few rounds. */
function sealed(plain: Buffer, password: string, spin = 1000): Buffer {
  const salt = randomBytes(16)
  const dataSalt = randomBytes(16)
  const secret = randomBytes(32)
  const sha = (...parts: Buffer[]) => hash('sha512', Buffer.concat(parts), 'buffer')
  const u32 = (value: number) => {
    const out = Buffer.alloc(4)
    out.writeUInt32LE(value)
    return out
  }
  const cbc = (key: Buffer, iv: Buffer, data: Buffer) => {
    const cipher = createCipheriv('aes-256-cbc', key, iv)
    cipher.setAutoPadding(false)
    return Buffer.concat([
      cipher.update(Buffer.concat([data, Buffer.alloc((16 - (data.length % 16)) % 16)])),
      cipher.final(),
    ])
  }
  let digest = sha(salt, Buffer.from(password, 'utf16le'))
  for (let i = 0; i < spin; i++) digest = sha(u32(i), digest)
  const key = (block: string) => sha(digest, Buffer.from(block, 'hex')).subarray(0, 32)
  const input = randomBytes(16)
  const value = (block: string, data: Buffer) => cbc(key(block), salt, data).toString('base64')
  const common = (s: Buffer) =>
    `saltValue="${s.toString('base64')}" keyBits="256" blockSize="16" hashAlgorithm="SHA512" cipherAlgorithm="AES"`
  const xml = `<encryption><keyData ${common(dataSalt)}/><p:encryptedKey spinCount="${spin}" ${common(salt)} encryptedVerifierHashInput="${value('fea7d2763b4b9e79', input)}" encryptedVerifierHashValue="${value('d7aa0f6d3061344e', sha(input))}" encryptedKeyValue="${value('146e0be7abacd0d6', secret)}"/></encryption>`
  const pieces = [u32(plain.length), u32(0)]
  for (let at = 0, i = 0; at < plain.length; at += 4096, i++) {
    pieces.push(cbc(secret, sha(dataSalt, u32(i)).subarray(0, 16), plain.subarray(at, at + 4096)))
  }
  return oleOf({
    EncryptionInfo: Buffer.concat([Buffer.from('0400040040000000', 'hex'), Buffer.from(xml)]),
    EncryptedPackage: Buffer.concat(pieces),
  })
}

describe('encrypted Office packages', () => {
  const file = sealed(docxOf(`<w:p><w:r><w:t>${'opened words '.repeat(900)}</w:t></w:r></w:p>`), 'sesame')

  it('opens with the password that Excel tries before it asks', async () => {
    const whole = sealed(docxOf('<w:p><w:r><w:t>for everyone</w:t></w:r></w:p>'), 'VelvetSweatshop')
    const result = await read(whole, 'x.xlsx')
    expect(result.text).toContain('for everyone')
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual(['encrypted default password'])
  })

  it('opens with a password of the policy, and says so', async () => {
    const result = await read(file, 'x.docx', { passwords: ['wrong', 'sesame'] })
    expect(result.text).toContain('opened words')
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual([])
  })

  it('stays sealed to any other', async () => {
    const result = await read(file, 'x.docx', { passwords: ['wrong'] })
    expect(result.said).toEqual(['encrypted agile AES-256'])
    expect(result.text).not.toContain('opened words')
  })
})
