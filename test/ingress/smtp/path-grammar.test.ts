import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHeloName, mailboxProblem, type PathProblem, parsePath } from '../../../src/ingress/smtp/path-grammar.ts'

const legal = [
  'a@x',
  'first.last@example.com',
  'u%d@x',
  'bang!path@x',
  "!#$%&'*+-/=?^_`{|}~@example.com",
  '"a b"@example.com',
  '"a@b"@example.com',
  '"a\\"b"@example.com',
  '"a,b"@example.com',
  '""@example.com',
  'a@[192.0.2.1]',
  'a@[IPv6:2001:db8::1]',
  'a@xn--mnchen-3ya.example',
  'a@1.example',
  `${'l'.repeat(64)}@example.com`,
  `a@${'d'.repeat(63)}.example`,
  `a@${`${'d'.repeat(49)}.`.repeat(5)}de`,
]

const illegal: readonly (readonly [string, PathProblem])[] = [
  ['', 'syntax'],
  ['a', 'syntax'],
  ['@x', 'source-route'],
  ['@relay:a@x', 'source-route'],
  ['@r1,@r2:a@x', 'source-route'],
  ['grp:victim@x', 'syntax'],
  ['grp:victim@x;', 'syntax'],
  ['a,b@x', 'syntax'],
  ['u(c)@x', 'syntax'],
  ['u@x(c)', 'syntax'],
  ['a b@x', 'syntax'],
  ['a@b@x', 'syntax'],
  ['a@x y', 'syntax'],
  ['a@x,', 'syntax'],
  ['.a@x', 'syntax'],
  ['a.@x', 'syntax'],
  ['a..b@x', 'syntax'],
  ['a@', 'syntax'],
  ['a@.x', 'syntax'],
  ['a@x.', 'syntax'],
  ['a@-x', 'syntax'],
  ['a@x-', 'syntax'],
  ['a@x_y', 'syntax'],
  ['a@[300.0.0.1]', 'syntax'],
  ['a@[192.0.2.1', 'syntax'],
  ['a@[IPv6:fe80::1%eth0]', 'syntax'],
  ['a@[tag:text]', 'syntax'],
  ['"a@x', 'syntax'],
  ['"a"b@x', 'syntax'],
  ['"a<b>"@x', 'syntax'],
  ['a\\@b@x', 'syntax'],
  ['a\tb@x', 'syntax'],
  ['a\u0000@x', 'syntax'],
  ['a@x\r\nRCPT TO:<b@x>', 'syntax'],
  ['a@xn---', 'syntax'],
  ['a@xn--a', 'bad-idn'],
  [`${'l'.repeat(65)}@example.com`, 'too-long'],
  [`a@${'d'.repeat(64)}.example`, 'too-long'],
  [`a@${`${'d'.repeat(49)}.`.repeat(5)}def`, 'too-long'],
  ['ü@x', 'needs-smtputf8'],
  ['a@münchen.example', 'needs-smtputf8'],
]

describe('mailboxes of RFC 5321', () => {
  it.each(legal)('takes %s', (address) => {
    expect(mailboxProblem(address, false)).toBeNull()
    expect(parsePath(`<${address}>`, { smtpUtf8: false, allowEmpty: false, allowPostmaster: false })).toEqual({
      ok: true,
      address,
      rest: '',
    })
  })

  it.each(illegal)('refuses %j: %s', (address, problem) => {
    expect(mailboxProblem(address, false)).toBe(problem)
  })
})

describe('mailboxes of RFC 6531', () => {
  it.each(['ü@x', 'a@münchen.example', '"ü b"@x', 'почта@пример.рф', 'a@例え.jp'])(
    'takes %s with SMTPUTF8',
    (address) => {
      expect(mailboxProblem(address, true)).toBeNull()
    },
  )

  it.each([
    ['a full-width @', 'victim＠evil.example@x', 'syntax'],
    ['a full-width comma', 'a，b@x', 'syntax'],
    ['an ideographic full stop', 'a@example。com', 'bad-idn'],
    ['a full-width letter', 'a@ｅxample.com', 'bad-idn'],
    ['a zero-width space', 'a\u200bb@x', 'syntax'],
    ['a directional override', 'a\u202eb@x', 'syntax'],
    ['a C1 control', 'a\u0085b@x', 'syntax'],
    ['a soft hyphen in the domain', 'a@exa\u00admple.com', 'syntax'],
    ['octets, not characters, past the limit', `${'ü'.repeat(33)}@x`, 'too-long'],
  ] as const)('refuses %s', (_, address, problem) => {
    expect(mailboxProblem(address, true)).toBe(problem)
  })
})

describe('paths', () => {
  const options = { smtpUtf8: false, allowEmpty: false, allowPostmaster: true }

  it('knows the null sender only where it may stand', () => {
    expect(parsePath('<>', { ...options, allowEmpty: true })).toEqual({ ok: true, address: '', rest: '' })
    expect(parsePath('<>', options)).toEqual({ ok: false, problem: 'syntax' })
  })

  it('takes postmaster without a domain, as spelt', () => {
    expect(parsePath('<PostMaster> X', options)).toEqual({ ok: true, address: 'PostMaster', rest: ' X' })
    expect(parsePath('<postmaster>', { ...options, allowPostmaster: false }).ok).toBe(false)
  })

  it.each(['a@x', '<a@x', '<<a@x>', 'x<a@x>', '<a@x>>'.slice(1)])('refuses the brackets of %s', (text) => {
    expect(parsePath(text, options).ok).toBe(false)
  })

  it('never takes what the sending side could not repeat, nor two readings of one address', () => {
    const spicy = fc.string({ unit: fc.constantFrom(...'aA1.@<>,;:()[]"\\ %!\t-ü'), maxLength: 24 })
    fc.assert(
      fc.property(spicy, (address) => {
        if (mailboxProblem(address, false) !== null) return
        expect(address).not.toMatch(/[\r\n<>]/)
        const unquoted = address.replace(/"(?:[^"\\]|\\.)*"/, 'q')
        expect(unquoted).toMatch(/^[^\s"(),:;<>@[\\\]]+@[^\s"(),;<>@\\]+$/)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('names of HELO', () => {
  it.each(['localhost', 'mail.example.com', '[192.0.2.1]', '[IPv6:::1]', '192.0.2.1', 'my_pc'])('takes %s', (name) => {
    expect(isHeloName(name, 255)).toBe(true)
  })

  it.each(['', 'a b', 'a)b', 'a\rb', '[x]', 'ü', '<script>'])('refuses %j', (name) => {
    expect(isHeloName(name, 255)).toBe(false)
  })

  it('has a limit', () => {
    expect(isHeloName('a'.repeat(255), 255)).toBe(true)
    expect(isHeloName('a'.repeat(256), 255)).toBe(false)
  })
})
