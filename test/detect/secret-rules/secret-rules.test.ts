import { describe, expect, test } from 'vitest'
import { testRules } from '../../../src/detect/test-rules.ts'
import { ALPHANUMERIC, BASE64, found, HEX, random, rulesOf } from './rules-of.ts'

const rules = rulesOf('secret')
const hex = (length: number, seed = 7) => random(HEX, length, seed)
const letters = (length: number, seed = 7) => random(ALPHANUMERIC, length, seed)
const base64 = (length: number, seed = 7) => random(BASE64, length, seed)

test('every rule finds its examples and leaves its negative examples alone', () => {
  expect(testRules(rules).filter((result) => !result.ok)).toEqual([])
})

test('every rule has three examples of both kinds, a reference and its known misses', () => {
  for (const { rule } of rules.rules) {
    expect(rule.examples.length, rule.id).toBeGreaterThanOrEqual(3)
    expect(rule.negativeExamples.length, rule.id).toBeGreaterThanOrEqual(3)
    expect(rule.references.length, rule.id).toBeGreaterThan(0)
    expect(rule.knownMisses.length, rule.id).toBeGreaterThan(0)
    expect(rule.family, rule.id).toBe('secret')
  }
  expect(rules.rules.length).toBeGreaterThan(400)
})

const armour = (kind: string) => `-----BEGIN ${kind}-----\n${base64(64)}\n${base64(64, 8)}\n-----END ${kind}-----`

describe('certain', () => {
  test.each([
    ['private_key', armour('RSA PRIVATE KEY')],
    ['private_key', armour('OPENSSH PRIVATE KEY')],
    ['private_key', armour('PRIVATE KEY').replaceAll('\n', '\\n')],
    ['private_key', armour('PGP PRIVATE KEY BLOCK').replaceAll('\n', '\n> ')],
    ['aws_access_key', `key AKIA${random('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, 3)}`],
    ['github_token', `ghp_${letters(36)}`],
    ['gitlab_token', `glpat-${letters(20)}`],
    ['slack_token', `xoxb-123456789012-1234567890123-${letters(24)}`],
    ['stripe_key', `sk_live_${letters(24)}`],
    ['google_api_key', `AIza${letters(35)}`],
    ['database_url', `postgres://app:${letters(12)}@db.internal:5432/orders`],
    ['datadog_api_key', `DATADOG_API_KEY=${hex(32)}`],
    ['password_hash', `$2b$12$${letters(53)}`],
  ])('%s', (detector, text) => {
    expect(found(rules, text)).toContain(`${detector} high`)
  })
})

describe('levels of a key without a mark', () => {
  const key = hex(32, 5)
  test.each([
    ['low beside the name alone', `datadog ${key}`, 'low'],
    ['medium with a word such as key', `the datadog key we use is ${key}`, 'medium'],
    ['high where the word is assigned the value', `datadog_key = "${key}"`, 'high'],
  ])('%s', (_, text, confidence) => {
    expect(found(rules, text, 'low')).toContain(`datadog_api_key ${confidence}`)
  })

  test('nothing without the name', () => {
    expect(found(rules, key, 'low')).toEqual([])
  })
})

describe('silent', () => {
  test.each([
    ['a variable of the environment', 'password = os.environ["DB_PASSWORD"]'],
    ['a template', `api_key: "${['$', '{API_KEY}'].join('')}"`],
    ['another template', 'token={{ secrets.token }}'],
    ['a stand-in', 'api_key = "your-api-key-here"'],
    ['a mask', 'password: "********"'],
    ['crosses', `ghp_${'x'.repeat(36)}`],
    ['zeros', `DATADOG_API_KEY=${'0'.repeat(32)}`],
    ['an ellipsis', '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----'],
    ['a public key', armour('PUBLIC KEY')],
    ['a commit', `commit ${hex(40)}`],
    ['an integrity string', `"integrity": "sha512-${base64(86)}=="`],
    ['a checksum', `checksum = "${hex(64)}"`],
    ['a message id', `Message-ID: <${letters(24)}@mail.test>`],
    ['a UUID', '8a7b330c-4d50-4be9-a5cb-3ac6f5d5b1d7'],
    ['a call', 'secret = generateSecretForUser(user)'],
    ['a sentence', 'The password field is required, and the token expires.'],
    ['an address without credentials', 'https://example.org/path?user=a@b'],
    ['an address with stand-ins', 'postgres://user:password@localhost/db'],
    ['a basic header with stand-ins', 'Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ='],
    ['a token without a JSON header', `eyebrows.${letters(30)}.${letters(43)}`],
  ])('%s', (_, text) => {
    expect(found(rules, text)).toEqual([])
  })
})
