import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { BareLineEndError, DotStuffing } from '../../src/delivery/dot-stuffing.ts'
import { createRoutes, domainOf, pinBytes, type RouteTarget } from '../../src/delivery/routes.ts'
import { ReplyParser } from '../../src/delivery/smtp-reply.ts'
import { toXtext } from '../../src/delivery/smtp-transaction.ts'

describe('replies', () => {
  const parse = (text: string) => new ReplyParser().push(Buffer.from(text))

  it.each([
    ['250 ok\r\n', [[250, ['ok']]]],
    ['250\r\n', [[250, ['']]]],
    ['250-a\r\n250-b\r\n250 c\r\n', [[250, ['a', 'b', 'c']]]],
    ['250-a\r\n250\r\n', [[250, ['a', '']]]],
    [
      '250 a\n354 b\n',
      [
        [250, ['a']],
        [354, ['b']],
      ],
    ],
    ['250 gr\u00fc\u00df\r\n', [[250, ['gr\u00fc\u00df']]]],
    ['250-unfinished\r\n250', []],
  ])('%j', (text, expected) => {
    expect(parse(text).map(({ code, lines }) => [code, lines])).toEqual(expected)
  })

  it('come together from any cut', () => {
    const parser = new ReplyParser()
    const replies = [...Buffer.from('250-a\r\n250 \u00fc\r\n221 bye\r\n')].flatMap((byte) =>
      parser.push(Buffer.from([byte])),
    )
    expect(replies).toEqual([
      { code: 250, lines: ['a', '\u00fc'] },
      { code: 221, lines: ['bye'] },
    ])
  })

  it.each([
    'hello\r\n',
    '25 ok\r\n',
    '2500 ok\r\n',
    '250_ok\r\n',
    '199 x\r\n',
    '600 x\r\n',
    '\r\n',
    '250-a\r\n251 b\r\n',
  ])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow()
  })

  it('are bounded in bytes, at the limit and one past it', () => {
    const fits = `250 ${'x'.repeat(limits.deliveryReplyMaxBytes - 4)}`
    expect(parse(fits)).toEqual([])
    expect(() => parse(`${fits}x`)).toThrow('too long')
    const lines = `250-${'x'.repeat(994)}\r\n`.repeat(Math.ceil(limits.deliveryReplyMaxBytes / 1000))
    expect(() => parse(lines)).toThrow('too long')
  })
})

describe('dot-stuffing', () => {
  const stuff = (chunks: readonly string[]) => {
    const stuffing = new DotStuffing()
    const out = chunks.map((chunk) => Buffer.from(stuffing.push(Buffer.from(chunk, 'latin1'))).toString('latin1'))
    return out.join('') + stuffing.end()
  }

  it.each([
    [[''], '.\r\n'],
    [['.'], '..\r\n.\r\n'],
    [['a\r\n', '.b\r\n'], 'a\r\n..b\r\n.\r\n'],
    [['a\r', '\n', '.', '\r\n'], 'a\r\n..\r\n.\r\n'],
    [['a.b\r\n..\r\n'], 'a.b\r\n...\r\n.\r\n'],
    [['\r\n'], '\r\n.\r\n'],
  ])('%j', (chunks, expected) => {
    expect(stuff(chunks)).toBe(expected)
  })

  it.each([[['\n']], [['a\nb']], [['a\rb']], [['a\r', 'b']], [['a\r\r\n']], [['a', '\n.']], [['a\r']], [['a\r.\r\n']]])(
    'refuses %j',
    (chunks) => {
      expect(() => stuff(chunks)).toThrow(BareLineEndError)
    },
  )

  it('gives lines without dots out uncopied, and a body of nothing but dots as one buffer', () => {
    const plain = Buffer.from('a.b\r\n'.repeat(1000))
    expect(new DotStuffing().push(plain)).toBe(plain)
    const dots = Buffer.from('.\r\n'.repeat(100_000))
    expect(Buffer.from(new DotStuffing().push(dots)).toString()).toBe('..\r\n'.repeat(100_000))
  })
})

describe('routes', () => {
  const to = (name: string): RouteTarget => ({ maildir: name })
  const routes = createRoutes([
    { match: '*', target: to('rest') },
    { match: 'example.com', target: to('exact') },
    { match: '*.example.com', target: to('sub') },
    { match: '*.deep.example.com', target: to('deep') },
    { match: 'b\u00fccher.example', target: to('idn') },
  ])

  it.each([
    ['example.com', 'exact'],
    ['EXAMPLE.com', 'exact'],
    ['a.example.com', 'sub'],
    ['a.b.example.com', 'sub'],
    ['a.deep.example.com', 'deep'],
    ['deep.example.com', 'sub'],
    ['notexample.com', 'rest'],
    ['xn--bcher-kva.example', 'idn'],
    ['B\u00dcCHER.example', 'idn'],
    ['[192.0.2.1]', 'rest'],
    ['', 'rest'],
  ])('%s goes to %s', (domain, name) => {
    expect(routes.find(domain)).toEqual(to(name))
  })

  it('without `*` leaves unknown domains without a route', () => {
    expect(createRoutes([{ match: 'a.example', target: to('a') }]).find('b.example')).toBeNull()
  })

  const hop = { host: 'mx.example', port: 25, tls: 'none' as const }
  it.each([
    [
      'a domain twice',
      [
        { match: 'a.example', target: to('x') },
        { match: 'A.example', target: to('y') },
      ],
    ],
    [
      '`*` twice',
      [
        { match: '*', target: to('x') },
        { match: '*', target: to('y') },
      ],
    ],
    [
      'a subdomain twice',
      [
        { match: '*.a.example', target: to('x') },
        { match: '*.a.example', target: to('y') },
      ],
    ],
    ['a star elsewhere', [{ match: 'a.*', target: to('x') }]],
    ['no host', [{ match: '*', target: { hosts: [] } }]],
    ['an empty Maildir', [{ match: '*', target: to('') }]],
    ['a bad port', [{ match: '*', target: { hosts: [{ ...hop, port: 0 }] } }]],
    ['a bad host', [{ match: '*', target: { hosts: [{ ...hop, host: 'a b' }] } }]],
    ['implicit TLS without TLS', [{ match: '*', target: { hosts: [{ ...hop, implicitTls: true }] } }]],
    ['a password from nowhere', [{ match: '*', target: { hosts: [{ ...hop, auth: { user: 'u' } }] } }]],
    ['a bad pin', [{ match: '*', target: { hosts: [{ ...hop, tls: { verified: { pin: 'abc' } } }] } }]],
  ])('refuses %s', (_name, options) => {
    expect(() => createRoutes(options)).toThrow(expect.objectContaining({ code: 'bad-routes' }))
  })

  it('pins are hex or base64', () => {
    const bytes = Buffer.alloc(32, 7)
    expect(pinBytes(bytes.toString('hex'))).toEqual(bytes)
    expect(pinBytes(bytes.toString('base64'))).toEqual(bytes)
  })

  it.each([
    ['a@b.example', 'b.example'],
    ['"a@b"@c.example', 'c.example'],
    ['postmaster', ''],
  ])('the domain of %s is %s', (address, domain) => {
    expect(domainOf(address)).toBe(domain)
  })
})

it.each([
  ['abc', 'abc'],
  ['a+2Bb', 'a+2Bb'],
  ['a+b', 'a+2Bb'],
  ['a=b c', 'a+3Db+20c'],
  ['\u00fc\r\n', '+C3+BC+0D+0A'],
])('xtext of %j is %s', (text, expected) => {
  expect(toXtext(text)).toBe(expected)
})
