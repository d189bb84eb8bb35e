import { describe, expect, it } from 'vitest'
import type { Modification } from '../../src/core/decision.ts'
import { limits } from '../../src/core/limits.ts'
import { extract } from '../../src/extract/extract.ts'
import { applyEdits, editedSize, sortEdits } from '../../src/protect/edits.ts'
import { decodeHeaderText, encodedWords, headerField } from '../../src/protect/encoded-word.ts'
import { unfold } from '../../src/protect/message-head.ts'
import { mimeLeaves } from '../../src/protect/mime-parts.ts'
import { createProtector } from '../../src/protect/protector.ts'
import { pieces, readAll, TRACE } from '../support/delivery-job.ts'

const protector = createProtector()

/** What leaves, for every way of cutting the original into chunks; all must agree, and the size must be right. */
async function change(message: string | Buffer, ...modifications: Modification[]): Promise<string> {
  const bytes = Buffer.from(message)
  const results = new Set<string>()
  for (const chunk of [1, 5, 65_536]) {
    const content = () => pieces(bytes, chunk)
    const { variants } = await protector.prepare({
      recipients: ['b@x.example'],
      content,
      size: bytes.length,
      traceHeaders: TRACE,
      modifications,
    })
    const [variant] = variants
    if (!variant || variants.length !== 1) throw new Error('one variant was expected')
    const out = await readAll(variant.content())
    expect(out.length).toBe(variant.size)
    results.add(out.toString('latin1'))
  }
  const [only] = results
  expect(results.size).toBe(1)
  expect(only?.startsWith(TRACE)).toBe(true)
  return only?.slice(TRACE.length) ?? ''
}

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

describe('add-header', () => {
  const message = 'From: a@x.example\r\n\r\nbody\r\n'
  const add = (name: string, value: string) => change(message, { kind: 'add-header', name, value })

  it('puts the field on top and leaves the rest alone', async () => {
    expect(await add('X-Class', 'internal')).toBe(`X-Class: internal\r\n${message}`)
  })

  it.each([
    'evil\r\nBcc: victim@x.example',
    'evil\nBcc: victim@x.example',
    'evil\rBcc: x',
    'evil\r\n\r\nbody',
    'evil\u2028Bcc: x',
    'evil\u0000Bcc: x',
  ])('a value can not begin another field: %j', async (value) => {
    const out = await add('X-Class', value)
    expect(out.endsWith(message)).toBe(true)
    expect(out.slice(0, -message.length)).toMatch(/^X-Class: evil [ -~]*\r\n$/)
  })

  it.each(['', 'X Class', 'X-Class:', 'X\r\nY', 'X-\u00fc', 'x'.repeat(77)])('the name %j is refused', async (name) => {
    await expect(add(name, 'v')).rejects.toMatchObject({ code: 'bad-header', temporary: false })
  })

  it('long values are folded, other than ASCII is encoded, and both read back', async () => {
    for (const value of [
      'word '.repeat(60).trim(),
      'gr\u00fc\u00dfe \u{1f512} '.repeat(30).trim(),
      '=?utf-8?Q?not_one?=',
      'x'.repeat(990),
    ]) {
      const field = (await add('X-Class', value)).slice(0, -message.length)
      for (const line of field.split('\r\n'))
        expect(line.length).toBeLessThanOrEqual(value.startsWith('xxx') ? 998 : 76)
      expect(field).toMatch(/^X-Class:(?: [ -~]+)?\r\n(?: [ -~]+\r\n)*$/)
      expect(decodeHeaderText(unfold(field.slice('X-Class:'.length, -2)))).toBe(value)
    }
  })
})

describe('set-header', () => {
  const body = '\r\nbody\r\nX-Class: in the body\r\n'
  const set = (head: string, value = 'secret') => change(head + body, { kind: 'set-header', name: 'X-Class', value })

  it.each([
    ['none there', 'From: a@x.example\r\n', 'X-Class: secret\r\nFrom: a@x.example\r\n'],
    ['the same there', 'From: a@x.example\r\nx-class:secret\r\n', 'From: a@x.example\r\nx-class:secret\r\n'],
    ['another, folded', 'X-CLASS : pub\r\n lic\r\nA: b\r\n', 'X-Class: secret\r\nA: b\r\n'],
    ['it twice', 'X-Class: secret\r\nA: b\r\nX-Class: secret\r\n', 'X-Class: secret\r\nA: b\r\n'],
    ['a longer name', 'X-Classes: x\r\n', 'X-Class: secret\r\nX-Classes: x\r\n'],
  ])('leaves one field, and all else as it was: %s', async (_name, head, expected) => {
    expect(await set(head)).toBe(expected + body)
  })

  it('reads an encoded value before it says that it stands there', async () => {
    const [word] = encodedWords('geheim \u00fc')
    expect(await set(`X-Class: ${word}\r\n`, 'geheim \u00fc')).toBe(`X-Class: ${word}\r\n${body}`)
  })

  it('can not begin another field', async () => {
    expect(await set('A: b\r\n', 'x\r\nBcc: y@z.example')).toBe(`X-Class: x Bcc: y@z.example\r\nA: b\r\n${body}`)
  })
})

describe('tag-subject', () => {
  it.each([
    ['Subject: Hello\r\n', '[EXT]', 'Subject: [EXT] Hello\r\n'],
    ['SUBJECT:Hello\r\n', '[EXT]', 'SUBJECT: [EXT] Hello\r\n'],
    ['Subject:\r\n Hello\r\n', '[EXT]', 'Subject: [EXT] Hello\r\n'],
    ['Subject:\r\n', '[EXT]', 'Subject: [EXT]\r\n'],
    [
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?Q?_an_alle?=\r\n',
      '[EXT]',
      'Subject: [EXT] =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?Q?_an_alle?=\r\n',
    ],
    [`Subject: ${'x'.repeat(70)}\r\n`, '[EXT]', `Subject: [EXT]\r\n ${'x'.repeat(70)}\r\n`],
    ['Subject: Re: [EXT] Hello\r\n', '[EXT]', 'Subject: Re: [EXT] Hello\r\n'],
    ['Subject: =?utf-8?B?W0VYVF0gSGk=?=\r\n', '[EXT]', 'Subject: =?utf-8?B?W0VYVF0gSGk=?=\r\n'],
    ['Subject: a\r\nX: y\r\nSubject: b\r\n', '[EXT]', 'Subject: [EXT] a\r\nX: y\r\nSubject: [EXT] b\r\n'],
    ['Subject: a\r\n', 'x\r\nBcc: victim@x.example', 'Subject: x Bcc: victim@x.example a\r\n'],
    ['Subject: a\r\n', '=?utf-8?Q?x?=', 'Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?= a\r\n'],
    [latin1('Subject: gr\u00fc\u00dfe\r\n'), '[EXT]', latin1('Subject: [EXT] gr\u00fc\u00dfe\r\n')],
  ])('%j with %j', async (field, tag, expected) => {
    const head = `From: a@x.example\r\n${field}To: b@x.example\r\n\r\nSubject: body\r\n`
    const out = await change(Buffer.from(head, 'latin1'), { kind: 'tag-subject', tag })
    expect(out).toBe(`From: a@x.example\r\n${expected}To: b@x.example\r\n\r\nSubject: body\r\n`)
  })

  it('other than ASCII is encoded and keeps its distance', async () => {
    for (const rest of ['Hello', '=?utf-8?Q?Hello?=']) {
      const out = await change(`Subject: ${rest}\r\n\r\nx\r\n`, { kind: 'tag-subject', tag: '[gepr\u00fcft]' })
      const subject = /^Subject:((?:.|\r\n )*)\r\n/.exec(out)?.[1] ?? ''
      expect(subject).toMatch(/^[ -~\r\n]+$/)
      expect(decodeHeaderText(unfold(subject))).toBe('[gepr\u00fcft] Hello')
    }
  })

  it('a message without a subject gets one, a header without a body too', async () => {
    const tag: Modification = { kind: 'tag-subject', tag: '[EXT]' }
    expect(await change('From: a@x.example\r\n\r\nx\r\n', tag)).toBe('Subject: [EXT]\r\nFrom: a@x.example\r\n\r\nx\r\n')
    expect(await change('From: a@x.example', tag)).toBe('Subject: [EXT]\r\nFrom: a@x.example')
    expect(await change('\r\nx\r\n', tag)).toBe('Subject: [EXT]\r\n\r\nx\r\n')
  })

  it('a header past its limit is refused, one at it is not', async () => {
    const tag: Modification = { kind: 'tag-subject', tag: '[EXT]' }
    const line = `X: ${'x'.repeat(1018)}\r\n`
    const fits = line.repeat(limits.smtpHeaderMaxBytes / 1024 - 1)
    const request = (head: string) => {
      const bytes = Buffer.from(`Subject: a\r\n${head}`)
      const content = () => pieces(bytes, 65_536)
      return protector.prepare({
        recipients: ['b@x.example'],
        content,
        size: bytes.length,
        traceHeaders: '',
        modifications: [tag],
      })
    }
    await expect(request(`${fits}\r\nbody\r\n`)).resolves.toMatchObject({ noKey: [] })
    await expect(request(fits + line + line)).rejects.toMatchObject({ code: 'header-too-large' })
  })
})

describe('strip-attachment', () => {
  const strip = (paths: readonly string[], note = 'Taken out.'): Modification => ({
    kind: 'strip-attachment',
    paths,
    note,
  })
  const note =
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: inline\r\n\r\nVGFrZW4gb3V0Lg0K'
  const text = 'Content-Type: text/plain\r\n\r\nHello\r\n--not a delimiter'
  const pdf =
    'Content-Type: application/pdf; name="other.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\n\r\nJVBERi0='
  const zip = 'Content-Disposition: attachment; filename=a.zip\r\n\r\nUEsDBA=='
  const mixed = (...parts: string[]) =>
    `Subject: x\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\npreamble\r\n${parts.map((part) => `--b1\r\n${part}\r\n`).join('')}--b1--\r\nepilogue\r\n`

  it.each<[string, string[], string, string]>([
    ['a named part', ['mail/report.pdf'], mixed(text, pdf, zip), mixed(text, note, zip)],
    ['two parts', ['mail/a.zip', 'mail/report.pdf'], mixed(text, pdf, zip), mixed(text, note, note)],
    ['a nameless part by its place', ['mail/[1]'], mixed(text, pdf), mixed(note, pdf)],
    ['all of one name', ['mail/a.zip~2'], mixed(zip, text, zip), mixed(note, text, note)],
    [
      'the last part of an inner multipart',
      ['mail/a.zip'],
      mixed(
        `Content-Type: multipart/related; boundary=inner\r\n\r\n--inner\r\n${text}\r\n--inner\r\n${zip}\r\n--inner--`,
        pdf,
      ),
      mixed(
        `Content-Type: multipart/related; boundary=inner\r\n\r\n--inner\r\n${text}\r\n--inner\r\n${note}\r\n--inner--`,
        pdf,
      ),
    ],
    [
      'a nameless inner part',
      ['mail/[2.1]'],
      mixed(pdf, `Content-Type: multipart/related; boundary=inner\r\n\r\n--inner\r\n${text}\r\n--inner--`),
      mixed(pdf, `Content-Type: multipart/related; boundary=inner\r\n\r\n--inner\r\n${note}\r\n--inner--`),
    ],
    [
      'a part of a forwarded message',
      ['mail/[1]/a.zip'],
      mixed(`Content-Type: message/rfc822\r\n\r\n${mixed(text, zip).replaceAll('b1', 'fwd')}`),
      mixed(`Content-Type: message/rfc822\r\n\r\n${mixed(text, note).replaceAll('b1', 'fwd')}`),
    ],
    [
      'the forwarded message whole',
      ['mail/[1]', 'mail/[1]/a.zip'],
      mixed(`Content-Type: message/rfc822\r\n\r\n${mixed(text, zip).replaceAll('b1', 'fwd')}`, pdf),
      mixed(note, pdf),
    ],
    [
      'an RFC 2231 name',
      ['mail/\u00fcber sicht.pdf'],
      mixed(
        'Content-Disposition: attachment; filename*0*=utf-8\'\'%C3%BCber; filename*1=" sicht"; filename*2=.pdf\r\n\r\nx',
        text,
      ),
      mixed(note, text),
    ],
    [
      'an RFC 2047 name',
      ['mail/\u00fc.pdf'],
      mixed('Content-Type: application/pdf;\r\n name="=?utf-8?B?w7wucGRm?="\r\n\r\nx', text),
      mixed(note, text),
    ],
    ['an empty part', ['mail/[1]'], mixed('', text), mixed(note, text)],
  ])('%s', async (_name, paths, message, expected) => {
    expect(await change(message, strip(paths))).toBe(expected)
  })

  it('a message that is itself the attachment keeps its other fields', async () => {
    const message =
      'From: a@x.example\r\nContent-Type: application/pdf\r\nSubject: x\r\nContent-Disposition: attachment;\r\n filename="r.pdf"\r\nMIME-Version: 1.0\r\n\r\n%PDF\r\n'
    expect(await change(message, strip(['mail/r.pdf']))).toBe(
      `From: a@x.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n${note}`,
    )
  })

  it('goes together with a tag and a header', async () => {
    const out = await change(
      mixed(text, pdf),
      { kind: 'add-header', name: 'X-A', value: 'b' },
      { kind: 'tag-subject', tag: '[EXT]' },
      strip(['mail/report.pdf']),
    )
    expect(out).toBe(`X-A: b\r\n${mixed(text, note).replace('Subject: x', 'Subject: [EXT] x')}`)
  })

  it('a note of any text is safe', async () => {
    const out = await change(
      mixed(text, pdf),
      strip(['mail/report.pdf'], `\u00fc\r\n--b1--\r\n.\n${'long '.repeat(300)}`),
    )
    expect(out.split('--b1--')).toHaveLength(2)
    expect(Math.max(...out.split('\r\n').map((line) => line.length))).toBeLessThan(80)
    const encoded = /inline\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--b1--/.exec(out)?.[1] ?? ''
    expect(Buffer.from(encoded, 'base64').toString()).toBe(`\u00fc\r\n--b1--\r\n.\r\n${'long '.repeat(300)}\r\n`)
  })

  it.each<[string, string]>([
    ['a path that is not there', mixed(text)],
    ['a multipart that is not closed', mixed(text, zip).replace('--b1--', '')],
    ['a multipart without a boundary', mixed(text, zip).replace('; boundary="b1"', '')],
    ['two Content-Types', mixed(text, zip).replace('Subject: x', 'Content-Type: text/plain')],
    ['a boundary in a comment', mixed(text, zip).replace('; boundary', '; (boundary=b2) boundary')],
    ['two boundaries', mixed(text, zip).replace('; boundary', '; boundary=b2; boundary')],
    ['an encoded multipart', mixed(text, zip).replace('Subject: x', 'Content-Transfer-Encoding: base64')],
    ['a line that begins like the delimiter', mixed(text, zip).replace('--not a', '--b1x')],
    ['two dispositions', mixed(text, `Content-Disposition: inline\r\n${zip}`)],
  ])('%s holds the message', async (_name, message) => {
    const path = _name.startsWith('a path') ? 'mail/none.zip' : 'mail/a.zip'
    await expect(change(message, strip([path]))).rejects.toMatchObject({ code: 'cannot-strip', temporary: false })
  })

  it('names parts as the extractor does', async () => {
    const forwarded = `Content-Type: message/rfc822; name=fwd.eml\r\n\r\n${mixed(text, zip).replaceAll('b1', 'fwd')}`
    const inner = `Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n${text}\r\n--alt\r\n${text}\r\n--alt--`
    const named =
      'Content-Type: text/plain; name="=?utf-8?Q?=C3=BC_a?="\r\nContent-Disposition: attachment; filename="b;\\"c.txt"\r\n\r\nx'
    const extended = "Content-Type: text/plain; name*=utf-8''%e2%82%ac; name=plain\r\n\r\nx"
    const long = `Content-Disposition: attachment; filename="${'n'.repeat(300)}\u202e.txt"\r\n\r\nx`
    for (const message of [
      text,
      pdf,
      mixed(text, pdf, zip),
      mixed(inner, forwarded),
      mixed(named, extended),
      mixed(long),
    ]) {
      const bytes = Buffer.from(message)
      const { parts } = await extract({ bytes: new Uint8Array(bytes), filename: null, declaredType: null, as: 'mail' })
      const ours = mimeLeaves(bytes).map(({ path }) => path)
      const theirs = parts.map(({ path }) => path)
      expect(theirs).toEqual(expect.arrayContaining(ours))
      expect(ours).toEqual(expect.arrayContaining(parts.filter(({ parent }) => parent === 0).map(({ path }) => path)))
    }
  })

  it('the message is bounded at the limit and one past it', async () => {
    const at = (size: number) => {
      const message = Buffer.alloc(size, 'x\r\n')
      message.write(`Content-Disposition: attachment; filename=a.zip\r\n\r\n`)
      const content = () => pieces(message, 1024 * 1024)
      return protector.prepare({
        recipients: ['b@x.example'],
        content,
        size,
        traceHeaders: '',
        modifications: [strip(['mail/a.zip'])],
      })
    }
    await expect(at(limits.protectMessageMaxBytes)).resolves.toBeDefined()
    await expect(at(limits.protectMessageMaxBytes + 1)).rejects.toMatchObject({ code: 'too-large-to-change' })
  })

  it('nesting is bounded at the limit and one past it', async () => {
    const nested = (depth: number): string =>
      depth === 0
        ? zip
        : `Content-Type: multipart/mixed; boundary=n${depth}x\r\n\r\n--n${depth}x\r\n${nested(depth - 1)}\r\n--n${depth}x--`
    expect(await change(nested(limits.extractDepthMax), strip(['mail/a.zip']))).toContain(note)
    await expect(change(nested(limits.extractDepthMax + 1), strip(['mail/a.zip']))).rejects.toMatchObject({
      code: 'cannot-strip',
    })
  })
})

describe('edits', () => {
  it('replace, insert and remove, across any chunks', async () => {
    const edits = sortEdits([
      { start: 6, end: 6, replacement: Buffer.from('<') },
      { start: 2, end: 4, replacement: Buffer.from('CD') },
      { start: 0, end: 0, replacement: Buffer.from('^') },
      { start: 0, end: 0, replacement: Buffer.from('!') },
      { start: 4, end: 5, replacement: new Uint8Array() },
      { start: 10, end: 10, replacement: Buffer.from('$') },
    ])
    for (const chunk of [1, 3, 100]) {
      const out = await readAll(applyEdits(pieces(Buffer.from('abcdefghij'), chunk), edits))
      expect(out.toString()).toBe('^!abCDf<ghij$')
    }
    expect(editedSize(10, edits)).toBe('^!abCDf<ghij$'.length)
    const empty = applyEdits(
      pieces(Buffer.alloc(0), 1),
      sortEdits([{ start: 0, end: 0, replacement: Buffer.from('x') }]),
    )
    expect((await readAll(empty)).toString()).toBe('x')
  })

  it('that overlap are a fault', () => {
    expect(() =>
      sortEdits([
        { start: 0, end: 3, replacement: new Uint8Array() },
        { start: 2, end: 4, replacement: new Uint8Array() },
      ]),
    ).toThrow()
  })
})

describe('encoded-words', () => {
  it.each([
    ['plain', 'plain'],
    ['=?utf-8?Q?a_b=C3=BC?=', 'a b\u00fc'],
    ['=?iso-8859-1?q?=FC?= x', '\u00fc x'],
    ['=?utf-8?B?w7w=?= =?utf-8*de?B?w7w=?=', '\u00fc\u00fc'],
    ['=?no-such-charset?B?w7w=?=', '=?no-such-charset?B?w7w=?='],
    [latin1('raw \u00fc'), 'raw \u00fc'],
  ])('%j reads %j', (text, expected) => {
    expect(decodeHeaderText(text)).toBe(expected)
  })

  it('hold at most 75 characters and whole code points', () => {
    const words = encodedWords('\u{1f512}'.repeat(50))
    for (const word of words) {
      expect(word.length).toBeLessThanOrEqual(75)
      expect(decodeHeaderText(word)).toMatch(/^\u{1f512}+$/u)
    }
    expect(headerField('X', '')).toBe('X: \r\n')
  })
})
