import { describe, expect, it } from 'vitest'
import { readMail } from './reading.ts'

/**
 * Input made to cost more than its size: each answers within the time of a test, which the quadratic ways of reading it
 * would overrun many times, and what was cut short is said. Last column: what has to be said, empty for nothing.
 */
const head = 'From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n'
const body = (type: string, content: string) => `${head}Content-Type: ${type}\r\n\r\n${content}`
const multipart = (content: string) => body('multipart/mixed; boundary=b', content)
const encoded = (content: string) => `${head}Content-Transfer-Encoding: base64\r\n\r\n${content}`

const hostile: readonly (readonly [string, () => string, string])[] = [
  ['100,000 boundaries', () => multipart('--b\r\n\r\nx\r\n'.repeat(100_000)), 'too-many 1000 body parts'],
  ['300,000 near boundaries', () => multipart(`${'--bx\r\n'.repeat(300_000)}--b--`), 'ambiguous boundary prefix'],
  [
    '10,000 multiparts in each other',
    () =>
      body(
        'multipart/mixed; boundary=b0',
        Array.from(
          { length: 10_000 },
          (_, i) => `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`,
        ).join(''),
      ),
    'too-deep 64 multiparts',
  ],
  [
    '2,000 messages in each other',
    () => 'Subject: x\r\nFrom: a@b\r\nContent-Type: message/rfc822\r\n\r\n'.repeat(2000),
    'too-deep depth 16',
  ],
  ['a header of 1.5 MB', () => `${head}X-A: ${'a'.repeat(1_500_000)}\r\n\r\nx`, 'too-large header'],
  ['150,000 header fields', () => `${head}${'X-A: b\r\n'.repeat(150_000)}\r\nx`, 'too-large header'],
  ['300,000 folds', () => `${head}X-A: b${'\r\n c'.repeat(200_000)}\r\n\r\nx`, ''],
  [
    '20,000 content types',
    () => `${head}${Array.from({ length: 20_000 }, (_, i) => `Content-Type: text/x${i}\r\n`).join('')}\r\nx`,
    'ambiguous content types',
  ],
  ['begun encoded words', () => `${head}X-A: ${'=?'.repeat(500_000)}\r\n\r\nx`, ''],
  ['encoded words without an end', () => `${head}X-A: ${'=?a?q?'.repeat(150_000)}\r\n\r\nx`, ''],
  ['encoded words of unknown charsets', () => `${head}X-A: ${'=?x-y?q?a=80?= '.repeat(50_000)}\r\n\r\nx`, ''],
  ['comments in comments', () => `${head}Content-Type: ${'('.repeat(500_000)}\r\n\r\nx`, ''],
  [
    '50,000 continuations',
    () => body(`text/plain${Array.from({ length: 50_000 }, (_, i) => `; name*${i}*=x`).join('')}`, 'x'),
    '',
  ],
  ['a million paddings', () => encoded('QQ==\r\n'.repeat(1_000_000)), 'ambiguous transfer encoding'],
  ['one endless padding', () => encoded(`QQ${'='.repeat(3_000_000)}`), ''],
  ['only equals signs', () => `${head}Content-Transfer-Encoding: quoted-printable\r\n\r\n${'='.repeat(3_000_000)}`, ''],
  ['500,000 table cells', () => body('text/html', `<table>${'<tr><td>1</td></tr>'.repeat(500_000)}</table>`), ''],
  ['500,000 elements in each other', () => body('text/html', '<div>'.repeat(500_000)), ''],
  ['200,000 hidden words', () => body('text/html', 'a<span style="display:none">b</span>'.repeat(200_000)), ''],
  ['comments that never end', () => body('text/html', '<!--<a>'.repeat(300_000)), ''],
  ['quotes that never end', () => body('text/html', '<a href="'.repeat(500_000)), ''],
  ['braces that never end', () => body('text/html', `<style>display:none${'{'.repeat(500_000)}`), ''],
  [
    '200,000 uuencoded files',
    () => body('text/plain', 'begin 644 a\r\n#0V%T\r\n'.repeat(200_000)),
    'too-many 256 embedded files',
  ],
  [
    '100,000 armours',
    () => body('text/plain', '-----BEGIN PGP MESSAGE-----\r\n'.repeat(100_000)),
    'too-many 256 armoured messages',
  ],
  ['base64 of 5 MB in lines', () => body('text/plain', `${'QUFB'.repeat(19)}\r\n`.repeat(65_000)), ''],
  [
    'elements of XML in each other',
    () => body('text/xml', `<?xml version="1.0"?>${'<a>'.repeat(500_000)}`),
    'too-deep xml',
  ],
  ['brackets of JSON', () => body('application/json', '['.repeat(3_000_000)), ''],
]

describe('hostile mail stays linear and is answered', () => {
  it.each(hostile)('%s', async (_name, make, expected) => {
    const read = await readMail(make())
    if (expected === '') expect(read.uninspected).toEqual([])
    else expect(read.uninspected).toContain(expected)
    expect(read.extraction.parts.length).toBeGreaterThan(1)
  })
})
