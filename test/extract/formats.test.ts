import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { EXPANDED_MAX_BYTES, findBinHex } from '../../src/extract/embedded/binhex.ts'
import { readMail, readUpload, squeeze } from './reading.ts'

const SECRET = 'Card 4111 1111 1111 1111 of PROJECT-HERON'
const wanted = squeeze(SECRET)
const html = (body: string) =>
  `From: a@example.com\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${body}`
const part = (type: string, body: string | Buffer, more = '') =>
  Buffer.concat([
    Buffer.from(`From: a@example.com\r\nSubject: x\r\nContent-Type: ${type}\r\n${more}\r\n`),
    Buffer.from(body),
  ])

describe('HTML: what is shown', () => {
  it.each([
    ['inline tags inside a word', '<p>Card 4111 <b>11</b>11 1<i>1</i>11 1111 of <span>PRO</span>JECT-HERON'],
    ['decimal entities', [...SECRET].map((c) => `&#${c.charCodeAt(0)};`).join('')],
    [
      'entities without semicolons',
      [...SECRET].map((c) => `&#x${c.charCodeAt(0).toString(16)}${/[0-9a-f]/i.test(c) ? ';' : ';'}`).join(''),
    ],
    ['comments inside a word', 'Card 4111 11<!-- x -->11 1111 11<!---->11 of PROJECT-HERON'],
    ['line breaks of the source', 'Card\n4111\n1111 1111\n  1111 of\nPROJECT-HERON'],
    ['soft hyphens and word breaks', 'Card 41&shy;11 1111<wbr> 1111 1111 of PROJECT-&#8203;HERON'],
    ['hidden noise inside a number', 'Card 4111 <span style="display:none">77</span>1111 1111 1111 of PROJECT-HERON'],
    ['hidden by a class', '<style>.n{display:none}</style>Card 41<i class=n>9</i>11 1111 1111 1111 of PROJECT-HERON'],
    ['set right to left', `<bdo dir="rtl">${[...SECRET].reverse().join('')}</bdo>`],
    ['upper case tags', `<P>Card <B>4111</B> 1111 1111 1111 of PROJECT-HERON</P>`],
    ['an element that never ends', `<div><p>${SECRET}`],
  ])('%s', async (_name, body) => {
    expect(squeeze((await readMail(html(body))).text)).toContain(wanted)
  })
  it('puts cells apart by TAB and rows by LF', async () => {
    const read = await readMail(html('<table><tr><td>a</td><td>b</td></tr><tr><th>c<th>d</table>'))
    expect(read.text).toContain('a\tb\nc\td')
  })
})

describe('HTML: what is not shown', () => {
  it.each([
    ['alt', `<img alt="${SECRET}">`],
    ['title', `<a title='${SECRET}'>x</a>`],
    ['data attribute', `<p data-x="${SECRET}">x</p>`],
    ['meta', `<meta name=x content="${SECRET}">`],
    ['hidden field', `<input type=hidden value="${SECRET}">`],
    ['attribute that never ends', `<p title="${SECRET}`],
    ['comment', `<!-- ${SECRET} -->x`],
    ['comment that never ends', `<!-- ${SECRET}`],
    [
      'conditional comment',
      `<!--[if mso]><p title="x">Card 4111 <b>1111</b> 1111 1111 of PROJECT-HERON</p><![endif]-->`,
    ],
    ['script', `<script>var x = "${SECRET}"</script>`],
    ['style', `<style>p:before { content: "${SECRET}" }</style>`],
    ['template', `<template>${SECRET}</template>`],
    ['noscript', `<noscript>${SECRET}</noscript>`],
    ['title element', `<title>${SECRET}</title>`],
    ['textarea', `<textarea>${SECRET}</textarea>`],
    ['hidden attribute', `<p hidden>${SECRET}</p>`],
    ['invisible block', `<div style="visibility: hidden">${SECRET}</div>`],
    ['no size', `<div style="font-size:0px">${SECRET}</div>`],
    ['SVG text', `<svg><text x="1">${SECRET}</text></svg>`],
    ['document in a frame', `<iframe srcdoc="&lt;p title=&quot;${SECRET}&quot;&gt;"></iframe>`],
    ['data URI', `<a href="data:text/plain;base64,${Buffer.from(SECRET).toString('base64')}">x</a>`],
    ['percent-encoded data URI', `<a href="data:text/html,%3Cp%3E${encodeURIComponent(SECRET)}">x</a>`],
    ['link', `<a href="https://x.example/?q=${SECRET.replaceAll(' ', '&#32;')}">x</a>`],
    ['closing tag', `<p>x</p title="${SECRET}">`],
    ['processing instruction', `<?x ${SECRET} ?>`],
  ])('%s', async (_name, body) => {
    expect(squeeze((await readMail(html(body))).text)).toContain(wanted)
  })
  it('says that there was hidden text', async () => {
    const read = await readMail(html(`<p style="display:none">${SECRET}</p>`))
    expect(read.extraction.parts.at(-1)?.traits).toContain('hidden-content')
  })
})

const uu = () => {
  const bytes = Buffer.from(SECRET)
  const six = (n: number) => String.fromCharCode(n === 0 ? 0x60 : n + 0x20)
  let line = six(bytes.length)
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3)
    line += six(a >> 2) + six(((a & 3) << 4) | (b >> 4)) + six(((b & 15) << 2) | (c >> 6)) + six(c & 63)
  }
  return `hello\r\nbegin 644 a.txt\r\n${line}\r\n\`\r\nend\r\n`
}
const yenc = Buffer.concat([
  Buffer.from(`=ybegin line=128 size=${SECRET.length} name=a.txt\r\n`),
  Buffer.from(
    [...Buffer.from(SECRET)].flatMap((byte) =>
      [0, 10, 13, 61].includes((byte + 42) & 255) ? [61, (byte + 42 + 64) & 255] : [(byte + 42) & 255],
    ),
  ),
  Buffer.from('\r\n=yend size=1\r\n'),
])

/** BinHex 4.0 of one file without runs and with its checksums left zero, as readers here do not hold them against it. */
function binhex(name: string, data: string): string {
  return binhexOf(binhexHead(name, data.length), Buffer.from(data), Buffer.alloc(2))
}

function binhexHead(name: string, length: number): Buffer {
  const head = Buffer.alloc(name.length + 22)
  head[0] = name.length
  head.write(name, 1, 'latin1')
  head.writeUInt32BE(length, name.length + 12)
  return head
}

function binhexOf(...pieces: readonly Buffer[]): string {
  const alphabet = '!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr'
  const bytes = Buffer.concat(pieces)
  let coded = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 6) {
      bits -= 6
      coded += alphabet[(held >> bits) & 63]
    }
    held &= (1 << bits) - 1
  }
  if (bits > 0) coded += alphabet[(held << (6 - bits)) & 63]
  return `(This file must be converted with BinHex 4.0)\r\n\r\n:${coded.replace(/.{60}/g, '$&\r\n')}:\r\n`
}

describe('files inside texts', () => {
  it.each<[string, string | Buffer, string]>([
    ['uuencode', uu(), 'mail/[1]/a.txt'],
    ['yEnc', yenc, 'mail/[1]/a.txt'],
    ['BinHex', binhex('a.txt', SECRET), 'mail/[1]/a.txt'],
    [
      'gzip as base64',
      `see\r\n${gzipSync(Buffer.from(SECRET)).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\nbye`,
      'mail/[1]/[base64 1]',
    ],
    ['gzip as hex', `see ${gzipSync(Buffer.from(SECRET)).toString('hex')}`, 'mail/[1]/[hex 1]'],
    ['begin-base64', `begin-base64 644 b.txt\n${Buffer.from(SECRET).toString('base64')}\n====\n`, 'mail/[1]/b.txt'],
  ])('%s', async (_name, body, path) => {
    const read = await readMail(part('text/plain', body))
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.paths.some((p) => p.startsWith(path))).toBe(true)
  })
  it('BinHex with runs, up to what they may come to for all files together', () => {
    /** Header without its 0x90, then runs of 0x90 and a number of the byte before. */
    const packed = (name: string, length: number) => {
      const runs = Math.ceil((length - 1) / 254)
      return binhexOf(binhexHead(name, length), Buffer.from('a'), Buffer.alloc(2 * runs, Buffer.from([0x90, 255])))
    }
    const about = (text: string) =>
      findBinHex(text).map(({ filename, bytes, partial }) => [filename, bytes.length, partial, bytes.at(-1)])
    expect(about(packed('a.txt', 1_000))).toEqual([['a.txt', 1_000, false, 0x61]])
    const whole = EXPANDED_MAX_BYTES - 1_000
    expect(about(packed('a.bin', whole))).toEqual([['a.bin', whole, false, 0x61]])
    expect(about(packed('a.bin', EXPANDED_MAX_BYTES))).toMatchObject([['a.bin', EXPANDED_MAX_BYTES - 27, true, 0x61]])
    expect(about(packed('a.bin', EXPANDED_MAX_BYTES) + packed('b.bin', 9))[1]).toEqual([null, 0, true, undefined])
    expect(about(packed('a.bin', whole) + packed('b.bin', 2_000))).toEqual([
      ['a.bin', whole, false, 0x61],
      ['b.bin', expect.any(Number), true, 0x61],
    ])
  })
  it('BinHex that is cut off is partial', async () => {
    const cut = binhex('a.txt', SECRET).slice(0, -25)
    expect((await readMail(part('text/plain', cut))).uninspected).toEqual(['partial binhex'])
  })
  it('an armoured OpenPGP message is encrypted', async () => {
    const read = await readMail(
      part('text/plain', '-----BEGIN PGP MESSAGE-----\n\nhF4Dlzj7Ez5rYZQSAQdA\n=abcd\n-----END PGP MESSAGE-----\n'),
    )
    expect(read.uninspected).toEqual(['encrypted PGP'])
  })
  it.each([
    ['Ansible vault', '$ANSIBLE_VAULT;1.1;AES256\n6162636465', 'encrypted Ansible vault'],
    ['age', '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl', 'encrypted age'],
    ['OpenSSL in base64', 'U2FsdGVkX1+abcdefghijklmnopqrstuv', 'encrypted OpenSSL'],
    ['OpenSSL', 'Salted__\x00\x01\x02\x03', 'encrypted OpenSSL'],
    ['age, binary', 'age-encryption.org/v1\n-> X25519 a\n\x00\x01', 'encrypted age'],
  ])('%s is encrypted', async (_name, content, expected) => {
    expect((await readUpload(content, { filename: 'a.dat' })).uninspected).toEqual([expected])
  })
  it('prose about begin 644 is not a file', async () => {
    expect((await readMail(part('text/plain', 'we begin 600 people\nand go on'))).paths).toEqual(['mail', 'mail/[1]'])
  })
})

describe('texts of other kinds', () => {
  it('JSON: escapes undone, names beside values', async () => {
    const read = await readUpload('{"card":"\\u0034111 1111 1111 1111","n":"a\\/b"}', { filename: 'a.json' })
    expect(read.text).toContain('"card":"4111 1111 1111 1111"')
    expect(read.text).toContain('a/b')
  })
  it('JSON: base64 of a file is opened', async () => {
    const read = await readUpload(
      JSON.stringify({ name: 'x', data: gzipSync(Buffer.from(SECRET)).toString('base64') }),
      { filename: 'a.json' },
    )
    expect(squeeze(read.text)).toContain(wanted)
  })
  it('CSV: a TAB behind each separator, rows in one line each', async () => {
    const read = await readUpload('name;card\n"Doe; Jane";"41""11"\nx;"a\nb"\n', { filename: 'a.csv' })
    expect(read.text).toContain('name;\tcard\n"Doe; Jane";\t"41""11"\nx;\t"a b"')
  })
  it('CSV: prose stays as it is', async () => {
    expect(
      (await readUpload('Dear all, this is it.\nNo table here\nat all\nreally', { filename: 'a.csv' })).text,
    ).toContain('Dear all, this is it.')
  })
  it('XML: text, CDATA, attributes, comments', async () => {
    const read = await readUpload(
      '<?xml version="1.0"?><d a="at&#116;r"><!--com--><x>41<b>11</b>11</x><y>z</y><![CDATA[c<d]]></d>',
    )
    expect(read.text).toContain('411111\nz')
    for (const piece of ['attr', 'com', 'c<d']) expect(read.text).toContain(piece)
  })
  it('mbox: messages are children', async () => {
    const read = await readUpload(
      'From a@b Mon Oct 5 09:00:00 2026\nSubject: one\n\nx\n\nFrom a@b Mon Oct 5 09:00:00 2026\nSubject: two\n\ny\n',
      { filename: 'm.mbox' },
    )
    expect(read.paths).toEqual(['m.mbox', 'm.mbox/[1]', 'm.mbox/[1]/[1]', 'm.mbox/[2]', 'm.mbox/[2]/[1]'])
  })
})

const post = (headers: Record<string, string>, url = '/upload') => ({ request: { method: 'POST', url, headers } })

describe('uploads', () => {
  it.each<[string, Buffer, string]>([
    ['gzip', gzipSync(SECRET), 'gzip'],
    ['deflate', deflateSync(SECRET), 'deflate'],
    ['deflate without its header', deflateRawSync(SECRET), 'deflate'],
    ['br', brotliCompressSync(SECRET), 'br'],
    ['zstd', zstdCompressSync(Buffer.from(SECRET)), 'zstd'],
    ['stacked', brotliCompressSync(gzipSync(SECRET)), 'gzip, br'],
    [
      'aws-chunked',
      Buffer.from(
        `5;chunk-signature=x\r\n${SECRET.slice(0, 5)}\r\n${(SECRET.length - 5).toString(16)}\r\n${SECRET.slice(5)}\r\n0\r\n\r\n`,
      ),
      'aws-chunked',
    ],
  ])('content-encoding %s', async (_name, body, coding) => {
    const read = await readUpload(body, post({ 'content-encoding': coding }))
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual([])
  })
  it('a coding that is not there is corrupt, and the bytes are read', async () => {
    const read = await readUpload(SECRET, post({ 'content-encoding': 'gzip' }))
    expect(squeeze(read.text)).toContain(wanted)
    expect(read.uninspected).toEqual(['corrupt gzip'])
  })
  it('an unknown coding is unsupported', async () => {
    expect((await readUpload(SECRET, post({ 'content-encoding': 'x-own' }))).uninspected).toEqual([
      'unsupported content-encoding',
    ])
  })
  it('header fields are text, credentials are not, but for what Basic holds', async () => {
    const basic = `Basic ${Buffer.from('some name:4111 1111 1111 1111').toString('base64')}`
    const { text } = await readUpload('x', post({ host: 'hidden.example', authorization: basic, cookie: 'a=b' }))
    expect(text).toContain('host: hidden.example\nsome name\n4111 1111 1111 1111\ncookie: a=b')
    const bearer = await readUpload('x', post({ 'proxy-authorization': 'Bearer of-a-token' }))
    expect(bearer.text).not.toContain('of-a-token')
  })
  it('form fields stand beside their names, files are children', async () => {
    const body = [
      '--q',
      'Content-Disposition: form-data; name="card number"',
      '',
      '4111 1111 1111 1111',
      '--q',
      'Content-Disposition: form-data; name="file"; filename="a.csv"',
      'Content-Type: text/csv',
      '',
      'a,b\r\nc,d',
      '--q--',
      '',
    ].join('\r\n')
    const read = await readUpload(body, { type: 'multipart/form-data; boundary=q' })
    expect(read.text).toContain('card number: 4111 1111 1111 1111')
    expect(read.paths).toEqual(['upload', 'upload/a.csv'])
    expect(read.uninspected).toEqual([])
  })
  it('a form that ends with an archive is a form', async () => {
    const zip = Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64')
    const body = Buffer.concat([
      Buffer.from('--q\r\nContent-Disposition: form-data; name="f"; filename="a.zip"\r\n\r\n'),
      zip,
      Buffer.from('\r\n--q--\r\n'),
    ])
    expect((await readUpload(body, { type: 'multipart/form-data; boundary=q' })).paths).toEqual([
      'upload',
      'upload/a.zip',
    ])
  })
  it('urlencoded', async () => {
    const read = await readUpload(`t=${encodeURIComponent(SECRET).replaceAll('%20', '+')}`, {
      type: 'application/x-www-form-urlencoded',
    })
    expect(read.text).toContain(`t: ${SECRET}`)
  })
  it('query, path and header fields', async () => {
    const value = (n: number) => `${SECRET} ${n}`
    const read = await readUpload(
      'x',
      post(
        { 'X-Note': value(3), Authorization: 'Bearer abcdef' },
        `/${encodeURIComponent(value(1))}?q=${encodeURIComponent(value(2))}`,
      ),
    )
    for (const n of [1, 2, 3]) expect(read.text).toContain(value(n))
    expect(read.text).not.toContain('abcdef')
  })
  it.each([
    [{ 'content-range': 'bytes 0-9/100' }, '/u', 'partial content-range'],
    [{ 'upload-offset': '10' }, '/u', 'partial tus'],
    [{}, '/b/k?partNumber=1&uploadId=x', 'partial s3 multipart'],
  ])('pieces are partial: %j %s', async (headers, url, expected) => {
    expect((await readUpload('x', post(headers as Record<string, string>, url))).uninspected).toEqual([expected])
  })
  it('a whole range is no piece', async () => {
    expect((await readUpload('x', post({ 'content-range': 'bytes 0-0/1' }))).uninspected).toEqual([])
  })
})
