import { describe, expect, it } from 'vitest'
import { has, made, read } from './making.ts'

const request = [
  'req',
  '-x509',
  '-newkey',
  'rsa:2048',
  '-nodes',
  '-days',
  '1',
  '-subj',
  '/CN=Example Person/emailAddress=a@example.com',
]
const pem = has('openssl') ? made('openssl', [...request, '-keyout', 'k.pem', '-out', '-'], {}, '-') : null

describe.skipIf(pem === null)('files of keys and certificates', () => {
  it('a certificate in DER is read for its names', async () => {
    const der = made(
      'openssl',
      ['x509', '-in', 'c.pem', '-outform', 'der', '-out', 'c.der'],
      { 'c.pem': pem ?? '' },
      'c.der',
    )
    const result = await read(der, 'c.cer')
    expect(result.text).toContain('Example Person')
    expect(result.text).toContain('a@example.com')
    expect(result.said).toEqual([])
    expect([...result.traits]).toEqual([])
    expect((await read(der.subarray(0, der.length - 1), 'c.cer')).reasons).toContain('unsupported')
  })

  it('a key store is encrypted', async () => {
    const store = made(
      'openssl',
      ['pkcs12', '-export', '-nokeys', '-in', 'c.pem', '-passout', 'pass:sesame', '-out', 'c.p12'],
      { 'c.pem': pem ?? '' },
      'c.p12',
    )
    expect((await read(store, 'c.p12')).said).toEqual(['encrypted PKCS #12'])
  })
})
