import { describe, expect, it } from 'vitest'
import { clientKey, clientNetwork, NetworkList } from '../../../src/ingress/smtp/client-networks.ts'

describe('network lists', () => {
  const list = new NetworkList(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32', '::ffff:203.0.113.0/120'], 'k')

  it.each(['192.0.2.0', '192.0.2.255', '198.51.100.7', '2001:db8:1::9', '::ffff:192.0.2.9', '203.0.113.77'])(
    'has %s',
    (a) => {
      expect(list.has(a)).toBe(true)
      expect(list.has(a)).toBe(true)
    },
  )

  it.each(['192.0.3.0', '198.51.100.8', '2001:db9::1', '::1', '127.0.0.1', '', 'nonsense', '203.0.114.1'])(
    'lacks %j',
    (a) => {
      expect(list.has(a)).toBe(false)
    },
  )

  it('is nobody when empty', () => {
    expect(new NetworkList([], 'k').has('127.0.0.1')).toBe(false)
  })

  it('has everybody when told so', () => {
    expect(new NetworkList(['0.0.0.0/0'], 'k').has('203.0.113.1')).toBe(true)
    expect(new NetworkList(['0.0.0.0/0'], 'k').has('2001:db8::1')).toBe(false)
  })

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.1',
    '0x7f.0.0.1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'example.com',
    '2001:db8::1/32',
    '::/129',
    '1.2.3.4/-1',
  ])('refuses %j with the key', (entry) => {
    expect(() => new NetworkList([entry], 'smtp.listeners.0.clients')).toThrow(/smtp\.listeners\.0\.clients: /)
  })
})

it.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['what', 'unknown'],
])('%s is counted under %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

it.each([
  ['192.0.2.77', '192.0.2.77'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
])('connections of %s are counted under %s', (address, key) => {
  expect(clientKey(address)).toBe(key)
})
