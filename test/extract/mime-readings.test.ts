import { describe, expect, it } from 'vitest'
import { readMail, squeeze } from './reading.ts'

const SECRET = 'Card 4111 1111 1111 1111 of PROJECT-HERON'
const wanted = squeeze(SECRET)
const b64 = (text: string | Buffer) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n')
const head = 'From: a@example.com\r\nTo: b@example.org\r\nSubject: notes\r\nMIME-Version: 1.0\r\n'
const mail = (...lines: string[]) => head + lines.join('\r\n')
const multipart = (...lines: string[]) => mail('Content-Type: multipart/mixed; boundary="bb"', '', ...lines)

/** Sloppy or plain, but every receiver sees the same: read in full, nothing reported. */
const clear: readonly (readonly [string, string])[] = [
  ['plain text', mail('', SECRET)],
  ['line feeds alone', mail('', SECRET).replaceAll('\r\n', '\n')],
  ['carriage returns alone', mail('', SECRET).replaceAll('\r\n', '\r')],
  ['mbox line on top', `From a@example.com Mon Oct 5 09:00:00 2026\r\n${mail('', SECRET)}`],
  ['base64', mail('Content-Transfer-Encoding: base64', '', b64(SECRET))],
  ['base64 without padding', mail('Content-Transfer-Encoding: base64', '', b64(SECRET).replace(/=+$/, ''))],
  ['base64 in capitals with a comment', mail('Content-Transfer-Encoding: (x) BASE64 (y)', '', b64(SECRET))],
  ['base64 in quotes', mail('Content-Transfer-Encoding: "base64"', '', b64(SECRET))],
  ['base64 with a semicolon', mail('Content-Transfer-Encoding: base64;', '', b64(SECRET))],
  ['base64, a blank between all characters', mail('Content-Transfer-Encoding: base64', '', [...b64(SECRET)].join(' '))],
  ['base64, one character a line', mail('Content-Transfer-Encoding: base64', '', [...b64(SECRET)].join('\r\n'))],
  ['transfer encoding folded', mail('Content-Transfer-Encoding:', '\tbase64', '', b64(SECRET))],
  ['blank before the colon', mail('Content-Transfer-Encoding : base64', '', b64(SECRET))],
  [
    'quoted-printable in lower case',
    mail(
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Card=20=34=31=31=31 1111 1111 1111 of PROJECT-=48ERON'
        .toLowerCase()
        .replace('card', 'Card')
        .replace('project-=48eron', 'PROJECT-=48ERON'),
    ),
  ],
  [
    'soft line breaks inside',
    mail('Content-Transfer-Encoding: quoted-printable', '', 'Card 41=', '11 1111 11= \t', '11 1111 of PROJECT-HERON'),
  ],
  ['alternative parts', multipart('--bb', '', 'x', '--bb', 'Content-Type: text/plain', '', SECRET, '--bb--')],
  ['no close delimiter', multipart('--bb', '', SECRET)],
  ['delimiter with trailing blanks', multipart('--bb \t', '', SECRET, '--bb-- ')],
  ['preamble', multipart(SECRET, '--bb', '', 'x', '--bb--')],
  ['epilogue', multipart('--bb', '', 'x', '--bb--', SECRET)],
  ['long epilogue', multipart('--bb', '', 'x', '--bb--', 'y'.repeat(1000), SECRET)],
  ['text between two ends', multipart('--bb', '', 'x', '--bb--', SECRET, '--bb--', 'z')],
  ['a file between two ends', multipart('--bb', '', 'x', '--bb--', 'y'.repeat(1000), SECRET, '--bb--', '')],
  ['part without a header', multipart('--bb', '', SECRET, '--bb--')],
  ['part without the blank line', multipart('--bb', SECRET, '--bb--')],
  ['header of a part', multipart('--bb', `Content-Description: ${SECRET}`, '', 'x', '--bb--')],
  [
    'nested with the same boundary',
    multipart(
      '--bb',
      'Content-Type: multipart/alternative; boundary=bb',
      '',
      '--bb',
      '',
      SECRET,
      '--bb--',
      '--bb',
      '',
      'y',
      '--bb--',
    ),
  ],
  [
    'nested with a longer boundary',
    multipart(
      '--bb',
      'Content-Type: multipart/alternative; boundary=bbc',
      '',
      '--bbc',
      '',
      SECRET,
      '--bbc--',
      '--bb--',
    ),
  ],
  [
    'nested without its end',
    multipart(
      '--bb',
      'Content-Type: multipart/alternative; boundary=c',
      '',
      '--c',
      '',
      SECRET,
      '--bb',
      '',
      'y',
      '--bb--',
    ),
  ],
  [
    'boundary with a comment behind it',
    mail('Content-Type: multipart/mixed; boundary=bb (x)', '', '--bb', '', SECRET, '--bb--'),
  ],
  [
    'boundary by RFC 2231',
    mail(
      'Content-Type: multipart/mixed; boundary*0=b; boundary*1=b',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--bb--',
    ),
  ],
  [
    'boundary by RFC 2231 with a charset',
    mail(
      "Content-Type: multipart/mixed; boundary*=us-ascii''b%62",
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--bb--',
    ),
  ],
  [
    'boundary with quotes missing at the end',
    mail(
      'Content-Type: multipart/mixed; boundary="bb',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--bb--',
    ),
  ],
  [
    'boundary with blanks, unquoted',
    mail(
      'Content-Type: multipart/mixed; boundary=b b',
      '',
      '--b b',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--b b--',
    ),
  ],
  [
    'type in capitals',
    mail(
      'CONTENT-TYPE: MULTIPART/MIXED; BOUNDARY=bb',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--bb--',
    ),
  ],
  [
    'multipart without a subtype',
    mail(
      'Content-Type: multipart; boundary=bb',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(SECRET),
      '--bb--',
    ),
  ],
  [
    'message in a message',
    multipart('--bb', 'Content-Type: message/rfc822', '', `Subject: ${SECRET}`, '', 'x', '--bb--'),
  ],
  [
    'message in a message, encoded',
    multipart(
      '--bb',
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: base64',
      '',
      b64(mail('Content-Transfer-Encoding: base64', '', b64(SECRET))),
      '--bb--',
    ),
  ],
  [
    'digest',
    mail(
      'Content-Type: multipart/digest; boundary=bb',
      '',
      '--bb',
      '',
      `Subject: ${SECRET}`,
      'From: x@y',
      '',
      'x',
      '--bb--',
    ),
  ],
  [
    'message as octet-stream',
    multipart(
      '--bb',
      'Content-Type: application/octet-stream; name=m.eml',
      'Content-Transfer-Encoding: base64',
      '',
      b64(mail('Content-Transfer-Encoding: base64', '', b64(SECRET))),
      '--bb--',
    ),
  ],
  [
    'duplicate fields that agree',
    mail('Content-Transfer-Encoding: base64', 'Content-Transfer-Encoding: base64', '', b64(SECRET)),
  ],
  ['unknown encoding of plain text', mail('Content-Transfer-Encoding: 9bit', '', SECRET)],
  ['list footer behind the multipart', multipart('--bb', '', SECRET, '--bb--', '_______', 'list mailing list')],
  [
    'flowed with delsp',
    mail('Content-Type: text/plain; format=flowed; delsp=yes', '', 'Card 4111 1111 11 \r\n11 1111 of PROJECT-HERON'),
  ],
  [
    'calendar',
    mail(
      'Content-Type: text/calendar',
      '',
      'BEGIN:VCALENDAR',
      'DESCRIPTION:Card 4111 1111 1111 11',
      ' 11 of PROJECT-HERON',
      'END:VCALENDAR',
    ),
  ],
  [
    'contact',
    mail(
      'Content-Type: text/vcard',
      '',
      'BEGIN:VCARD',
      'NOTE;ENCODING=QUOTED-PRINTABLE:Card =34111 1111 1111 1111 of PROJECT-HERON',
      'END:VCARD',
    ),
  ],
  ['white space line in the header', mail('X-Long: a', ' ', 'Content-Transfer-Encoding: base64', '', b64(SECRET))],
  ['NUL in a field name line', mail('Content-Transfer-Encoding: base64\0', '', b64(SECRET))],
]

describe('mail that all receivers read alike is read in full and not reported', () => {
  it.each(clear)('%s', async (_name, message) => {
    const read = await readMail(message)
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
  })
})

const hiding = b64(`x\r\n${SECRET}`)
const ambiguous: readonly (readonly [string, string])[] = [
  [
    'two content types, text first',
    mail(
      'Content-Type: text/plain',
      'Content-Type: multipart/mixed; boundary=bb',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'two content types, multipart first',
    mail(
      'Content-Type: multipart/mixed; boundary=bb',
      'Content-Type: text/plain',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  ['two transfer encodings', mail('Content-Transfer-Encoding: 7bit', 'Content-Transfer-Encoding: base64', '', hiding)],
  [
    'two transfer encodings, the other way round',
    mail('Content-Transfer-Encoding: base64', 'Content-Transfer-Encoding: 7bit', '', hiding),
  ],
  [
    'two boundaries in one field',
    mail(
      'Content-Type: multipart/mixed; boundary=aa; boundary=bb',
      '',
      '--aa',
      '',
      'x',
      '--aa--',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'a multipart behind eight other types',
    mail(
      ...Array.from({ length: 8 }, (_, i) => `Content-Type: text/plain; number=${i}`),
      'Content-Type: multipart/mixed; boundary=bb',
      '',
      '--bb',
      '',
      SECRET,
      '--bb--',
    ),
  ],
  [
    'a boundary behind eight others',
    mail(
      `Content-Type: multipart/mixed; ${Array.from({ length: 8 }, (_, i) => `boundary=b${i}; `).join('')}boundary=bb`,
      '',
      '--b0',
      '',
      'x',
      '--b0--',
      '--bb',
      '',
      SECRET,
      '--bb--',
    ),
  ],
  [
    'two boundaries in two fields',
    mail(
      'Content-Type: multipart/mixed; boundary=aa',
      'Content-Type: multipart/mixed; boundary=bb',
      '',
      '--aa',
      '',
      'x',
      '--aa--',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'boundary in a comment',
    mail(
      'Content-Type: multipart/mixed; (boundary=bb) boundary=aa',
      '',
      '--aa',
      '',
      'x',
      '--aa--',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'boundary beside its RFC 2231 form',
    mail(
      "Content-Type: multipart/mixed; boundary=aa; boundary*=us-ascii''bb",
      '',
      '--aa',
      '',
      'x',
      '--aa--',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'no boundary',
    mail('Content-Type: multipart/mixed', '', '--bb', 'Content-Transfer-Encoding: base64', '', hiding, '--bb--'),
  ],
  [
    'another boundary than announced',
    mail(
      'Content-Type: multipart/mixed; boundary=aa',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'boundary on a text',
    mail(
      'Content-Type: text/plain; boundary=bb',
      '',
      '--bb',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb--',
    ),
  ],
  [
    'nested with the boundary and dashes',
    multipart(
      '--bb',
      'Content-Type: multipart/mixed; boundary="bb--"',
      '',
      '--bb--',
      'Content-Transfer-Encoding: base64',
      '',
      hiding,
      '--bb----',
    ),
  ],
  [
    'multipart encoded as a whole',
    mail(
      'Content-Type: multipart/mixed; boundary=bb',
      'Content-Transfer-Encoding: base64',
      '',
      b64(`--bb\r\n\r\n${SECRET}\r\n--bb--\r\n`),
    ),
  ],
  [
    'parts behind the close delimiter',
    multipart('--bb', '', 'x', '--bb--', '--bb', 'Content-Transfer-Encoding: base64', '', hiding, '--bb--'),
  ],
  [
    'delimiter by its beginning',
    multipart('--bb', '', 'x', '--bbXX', 'Content-Transfer-Encoding: base64', '', hiding, '--bb--'),
  ],
  ['concatenated base64', mail('Content-Transfer-Encoding: base64', '', `${b64('x')}`, b64(SECRET))],
  ['text behind base64', mail('Content-Transfer-Encoding: base64', '', b64('xy'), SECRET)],
  ['text called base64', mail('Content-Transfer-Encoding: base64', '', 'Dear all, here it is:', SECRET)],
  [
    'a number called base64',
    mail('Content-Type: text/plain', 'Content-Transfer-Encoding: base64', '', squeeze(SECRET).replaceAll('-', '/')),
  ],
  ['rubbish inside base64', mail('Content-Transfer-Encoding: base64', '', [...b64(SECRET)].join('!'))],
  ['unknown encoding of base64', mail('Content-Transfer-Encoding: x-base-64', '', b64(SECRET))],
  [
    'two dispositions',
    multipart(
      '--bb',
      'Content-Disposition: inline',
      'Content-Disposition: attachment; filename=a',
      '',
      SECRET,
      '--bb--',
    ),
  ],
  [
    'two charsets',
    mail('Content-Type: text/plain; charset=utf-7', 'Content-Type: text/plain; charset=us-ascii', '', SECRET),
  ],
  ['bare CR before a field', `${head}X-A: b\rContent-Transfer-Encoding: base64\r\n\r\n${hiding}`],
  [
    'bare CR before a delimiter',
    multipart('--bb', '', `x\r--bb\rContent-Transfer-Encoding: base64\r\r${hiding}`, '--bb--'),
  ],
  ['blank line before the header', `\r\n${mail('Content-Transfer-Encoding: base64', '', hiding)}`],
]

describe('mail that receivers read differently is read in every way and reported as ambiguous', () => {
  it.each(ambiguous)('%s', async (name, message) => {
    const read = await readMail(message)
    const text = squeeze(read.text)
    expect(text.includes(wanted) || (name === 'a number called base64' && text.includes('Card4111111111111111'))).toBe(
      true,
    )
    expect(read.uninspected.filter((entry) => entry.startsWith('ambiguous'))).not.toEqual([])
  })
})

describe('pieces of messages are reported as partial', () => {
  it('message/partial, its piece read', async () => {
    const read = await readMail(
      mail('Content-Type: message/partial; id=x; number=1; total=2', '', `Subject: ${SECRET}`, '', 'x'),
    )
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual(['partial message/partial'])
  })
  it('message/external-body', async () => {
    const read = await readMail(
      mail(
        'Content-Type: message/external-body; access-type=URL; URL="https://x.example/"',
        '',
        'Content-Type: text/plain',
        '',
        '',
      ),
    )
    expect(read.uninspected).toEqual(['partial message/external-body'])
  })
})
