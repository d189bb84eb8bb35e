import { describe, expect, test } from 'vitest'
import { resolveValidator } from '../../../src/detect/validators/registry.ts'
import { BASE64, random } from './rules-of.ts'

function accepts(name: string, value: string): boolean {
  const resolved = resolveValidator(name)
  if (typeof resolved === 'string') throw new Error(resolved)
  return resolved.validator.check(value, resolved.argument) !== null
}

/** A reference to a variable, as shells and templates write it. */
const variable = ['$', '{PASSWORD}'].join('')
const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const material = random(BASE64, 80, 3)

describe('accepts', () => {
  test.each([
    ['secret', 'a1b2c3d4e5f6'],
    ['secret(assigned)', 'tr0ub4dor&3'],
    ['secret(mixed)', 'abc123def'],
    ['secret(assigned)', 'service:storefront:xn4qmfOmmieBq7HVjl6G2u'],
    ['jwt', `${header({ alg: 'none' })}.e30.c2ln`],
    ['jwt', `${header({ kid: '1', enc: 'A256GCM' })}.a.b.c.d`],
    ['jwt(unsigned)', `${header({ alg: 'none' })}.e30`],
    ['key-material', `-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\n${material}\n-----END X-----`],
    ['password-value', 'sunflower'],
    ['password-value', 'su$ecret'],
    ['password-value', 'thisismypassword'],
    ['password-value', 'winter_garden'],
    ['password-value(strong)', 'sunFlower9'],
    ['password-value(strong)', 'Pa$$word1'],
    ['random-value', 'q7Rt29LmX4vB8nKd'],
    ['random-value', 'aGVDuPmFtWkVdwi2'],
    ['random-value', 'msCwurdakeod43s2ad/D0em/LbIBpZqFAKE9P+H3UTno='],
    ['random-value', 'ygWq07YCO8UkmC9BE0PDBJNGhiu80yslsMUF9WnjPaIF5DBxb/wljjRuHhfuR/AMPC+kdgtL'],
    ['secret(unnamed)', 'awmut5ierd3csitduyp2phtt'],
    ['random-value(loose)', 'abcd1234abcd1234'],
    ['random-value(loose)', '1234567890abcdef1234567890abcdef'],
    ['random-value(letters)', 'qWErtYuiOPasDFghJKlzXC'],
    ['url-credentials', 'anna:tr0ub4dor'],
    ['url-credentials', 'ANNA:winter_garden'],
    ['url-credentials', 'https://anna:tr0ub4dor%21@host'],
    ['basic-credentials', Buffer.from('anna:tr0ub4dor').toString('base64')],
    ['assigned-last', 'user=anna; password="tr0ub4dor"'],
    ['seed-words', 'orbit kitten scrap lemon eagle thunder vivid maple cactus donkey salon fiber'],
    ['wallet-key', '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ'],
  ])('%s: %s', (name, value) => {
    expect(accepts(name, value)).toBe(true)
  })
})

describe('rejects', () => {
  test.each([
    ['secret', 'xxxxxxxxxxxx'],
    ['secret', 'aaaa-aaaa'],
    ['secret', 'AKIAIOSFODNN7EXAMPLE'],
    ['secret(assigned)', 'process.env.API_KEY'],
    ['secret(assigned)', '<your token>'],
    ['secret(assigned)', 'changeme'],
    ['secret(assigned)', 'op://vault/item/field'],
    ['secret(assigned)', 'ref+awsssm://prod/key'],
    ['secret(assigned)', 'projects/shop/secrets/db/versions/1'],
    ['secret(assigned)', '/run/secrets/db_password'],
    ['secret(mixed)', 'onlyletters'],
    ['jwt', 'e30.e30.c2ln'],
    ['jwt', `${header({ alg: 'none' })}.e30`],
    ['jwt', 'bm90IGpzb24.e30.c2ln'],
    ['key-material', '-----BEGIN X-----\n...\n-----END X-----'],
    ['key-material', `-----BEGIN X-----\n${'A'.repeat(200)}\n-----END X-----`],
    ['password-value', 'required'],
    ['password-value', '#add-password'],
    ['password-value(strong)', 'sunflower'],
    ['password-value(strong)', 'resetPassword'],
    ['password-value(strong)', 'su$ecret'],
    ['password-value(strong)', 'mínimo'],
    ['password-value(strong)', '请输入8位以上'],
    ['password-value', '!vault'],
    ['secret(assigned)', 'dGVzdA=='],
    ['secret(assigned)', 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t'],
    ['secret(assigned)', 'json:file:SECRETS_FILE'],
    ['secret(unnamed)', 'b.ReadUint16LengthPrefixed'],
    ['password-value', 'b64Pwd'],
    ['url-credentials', 'db_user:db_password'],
    ['url-credentials', 'ACCESS_KEY:SECRET_KEY'],
    ['secret(assigned)', 'cGFzc3dvcmQK'],
    ['secret(assigned)', 'AKIAIOSFODNN7EXAMPLE11111'],
    ['secret(assigned)', '0xC_ukbCerl6EYA0uexample'],
    ['secret(unnamed)', 'assertClientRegistrationResponse'],
    ['secret(unnamed)', 'aaaaaaaaaa1111111111bbbbbbbbbb2222222222'],
    ['random-value', '1234567890abcdef1234567890abcdef'],
    ['random-value', 'A1B2C3D4E5F6G7H8I9J0'],
    ['random-value', 'AKIA32P3D2JDNMVAJLGF%2F20190814%2Fus-west-2%2Fs3%2Faws4_request'],
    ['password-value', 'SECRET_MANAGER_RESOURCE'],
    ['password-value', 'another_password'],
    ['password-value', 'testdata/server-key.secret'],
    ['password-value', '987654321'],
    ['random-value', 'OAuth2AccessTokenResponse'],
    ['random-value', '655216118709.global.overview'],
    ['random-value', 'urn:uuid:a515cfa4-5da4-22e1-f5b5-00a0451e6bf7'],
    ['random-value', 'internal/storage/v2/blob9'],
    ['random-value', 'access-token-for-user'],
    ['random-value', 'getHTTPResponseForURL2'],
    ['random-value', 'aGVDuPmFtWkVdwix'],
    ['random-value', 'orders.created.v1.eu-west-1'],
    ['random-value', 'eu-west-1:123456789012:secret:prod/db-AbCdEf'],
    ['random-value', 'pk_live_51HxYzABCDEFGHIJKLMNOP'],
    ['random-value', 'sha512-q7Rt29LmX4vB8nKd'],
    ['random-value', '2031-05-04T12:00:00'],
    ['random-value(no-digest)', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['url-credentials', 'user:password'],
    ['url-credentials', 'host:80'],
    ['basic-credentials', Buffer.from('no colon in here').toString('base64')],
    ['assigned-last', `user=anna; password=${variable}`],
    ['seed-words', 'one of the words that you would find in any sentence here'],
    ['wallet-key', '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK'],
  ])('%s: %s', (name, value) => {
    expect(accepts(name, value)).toBe(false)
  })

  test.each([
    'secret(odd)',
    'jwt(odd)',
    'random-value(odd)',
    'password-value(odd)',
    'assigned-last(odd)',
    'wallet-key(odd)',
  ])('an argument it does not know: %s', (name) => {
    expect(typeof resolveValidator(name)).toBe('string')
  })
})
