import { describe, expect, it } from 'vitest'
import { cardBrand } from '../../../src/detect/validators/payment-card.ts'
import { resolveValidator } from '../../../src/detect/validators/registry.ts'

function check(name: string, value: string): string | null {
  const use = resolveValidator(name)
  if (typeof use === 'string') throw new Error(use)
  return use.validator.check(value, use.argument)
}

/** Validator, accepted values with their canonical forms, rejected values. */
const table: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  [
    'card',
    {
      '4111 1111 1111 1111': '4111111111111111',
      '3782-822463-10005': '378282246310005',
      '2223003122003222': '2223003122003222',
      '6011111111111117': '6011111111111117',
      '30569309025904': '30569309025904',
      '6200000000000005': '6200000000000005',
      '2200000000000053': '2200000000000053',
      '4000000000000000006': '4000000000000000006',
    },
    ['4111111111111112', '411111111111111', '9999999999999995', '0000000000000000', '1111111111111117', '', 'card'],
  ],
  ['card(visa)', { '4111111111111111': '4111111111111111' }, ['5555555555554444']],
  ['card(major)', { '5555555555554444': '5555555555554444' }, ['6759649826438453']],
  [
    'iban',
    {
      'GB82 WEST 1234 5698 7654 32': 'GB82WEST12345698765432',
      'IBAN DE89 3704 0044 0532 0130 00': 'DE89370400440532013000',
      NO9386011117947: 'NO9386011117947',
      MT84MALT011000012345MTLCAST001S: 'MT84MALT011000012345MTLCAST001S',
    },
    [
      'GB82 WEST 1234 5698 7654 33',
      'DE8937040044053201300',
      'US89370400440532013000',
      'GB82 1234 1234 5698 7654 32',
      '',
    ],
  ],
  ['iban(any)', { IR580540105180021273113007: 'IR580540105180021273113007' }, ['IR580540105180021273113008']],
  [
    'crypto(bitcoin)',
    {
      '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2': '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
      '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy': '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
      bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4: 'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
    },
    [
      '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3',
      'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
      'bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      '1'.repeat(2000),
      '0OIl',
      '',
    ],
  ],
  [
    'crypto(ethereum)',
    {
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed': '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359': '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed': '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    },
    ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe', `0x${'0'.repeat(40)}`],
  ],
  ['crypto(ethereum-mixed)', {}, ['0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed']],
  [
    'crypto(ripple)',
    { rf1BiGeXwwQoi8Z2ueFYTEXSwuJYfV2Jpn: 'rf1BiGeXwwQoi8Z2ueFYTEXSwuJYfV2Jpn' },
    ['rf1BiGeXwwQoi8Z2ueFYTEXSwuJYfV2Jpm'],
  ],
  [
    'crypto(monero)',
    {
      '888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H':
        '888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H',
    },
    ['888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3J'],
  ],
  [
    'phone',
    { '+44 20 7946 0958': '+442079460958', '0049 30 901820': '+4930901820', '+1 (212) 555-2368': '+12125552368' },
    ['+1 000 000 0000', '12345', '+999 12345678', '+', 'x'.repeat(100)],
  ],
  ['phone(TR)', { '0532 123 45 67': '+905321234567' }, ['0132 123 45 67']],
  [
    'ip',
    {
      '192.168.1.0/24': '192.168.1.0/24',
      'fe80::1%eth0/64': 'fe80::1%eth0/64',
      '::FFFF:192.0.2.1': '::ffff:192.0.2.1',
    },
    ['256.1.1.1', '1.2.3', '10.0.0.1/33', 'fe80:::1', '1::2::3', ''],
  ],
  [
    'ip(public)',
    { '8.8.8.8': '8.8.8.8' },
    ['10.1.2.3', '172.20.1.1', '192.168.0.1', '127.0.0.1', 'fe80::1', '203.0.113.9'],
  ],
  [
    'day',
    { '31.12.1999': '1999-12-31', '1984-02-29': '1984-02-29', '12/31/1980': '1980-12-31', '1/2/65': '1965-02-01' },
    ['31.02.1999', '1985-02-29', '45/45/1999', '1.2', '1.2.3.2020', '01.01.1700'],
  ],
  ['check(luhn)', { '7992-7398-713': '79927398713' }, ['79927398714', 'abc']],
  ['check(mod97)', { '0868600125651500112 1751': '08686001256515001121751' }, ['08686001256515001121752', 'é']],
]

describe('value validators', () => {
  it.each(table)('%s', (name, accepted, rejected) => {
    for (const [value, canonical] of Object.entries(accepted)) {
      expect(check(name, value), value).toBe(canonical)
      expect(check(name, canonical), `canonical form of ${value}`).toBe(canonical)
    }
    for (const value of rejected) expect(check(name, value), value).toBeNull()
  })

  it('names the brand of a card by its range and length', () => {
    const brands: Readonly<Record<string, string | null>> = {
      '4111111111111111': 'visa',
      '5105105105105100': 'mastercard',
      '2720990000000007': 'mastercard',
      '2721000000000004': null,
      '371449635398431': 'amex',
      '3530111333300000': 'jcb',
      '6521111111111117': 'discover',
      '5019717010103742': 'dankort',
      '9792030000000000': 'troy',
      '0000000000000000': null,
    }
    for (const [number, brand] of Object.entries(brands)) expect(cardBrand(number), number).toBe(brand)
  })

  it('says what is wrong with an argument', () => {
    for (const name of [
      'card(nope)',
      'iban(x)',
      'crypto',
      'crypto(nope)',
      'phone(ZZZ)',
      'ip(x)',
      'check',
      'id(x)',
      'stdnum(x)',
      'day(x)',
    ]) {
      expect(typeof resolveValidator(name), name).toBe('string')
    }
    for (const name of ['stdnum(nl.bsn)', 'id(nl.bsn)', 'phone', 'phone(DE)', 'check(damm)']) {
      expect(typeof resolveValidator(name), name).toBe('object')
    }
  })

  it('hands numbers to the stdnum package', () => {
    expect(check('stdnum(nl.bsn)', '1112.22.333')).toBe('111222333')
    expect(check('stdnum(nl.bsn)', '111222334')).toBeNull()
  })
})
