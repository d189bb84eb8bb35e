/**
 * Megabytes a second of mail through `extract()` beside mailparser, on one core: `node test/bench/extract-mail.bench.ts`.
 * A plain walk (parts, texts, hashes, types) of a 10 KB mail with text and HTML, and of a 10 MB mail with an attachment.
 */
import { simpleParser } from 'mailparser'
import { extract } from '../../src/extract/extract.ts'

const CRLF = '\r\n'
const fold = (coded: string) => coded.replace(/.{76}/g, `$&${CRLF}`)

function sample(attachmentBytes: number): Buffer {
  const words =
    'The quick brown fox jumps over the lazy dog and reports its quarterly figures to nobody in particular. '
  const body = words.repeat(30)
  const lines = [
    'From: "A. Person" <a@example.com>',
    'To: "B. Person" <b@example.org>',
    'Subject: =?utf-8?Q?Quarterly_figures_=E2=80=93_draft?=',
    'Date: Mon, 05 Oct 2026 09:00:00 +0000',
    'Message-ID: <bench@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="outer"',
    '',
    '--outer',
    'Content-Type: multipart/alternative; boundary="inner"',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    body.replace(/.{70}/g, `$&=${CRLF}`),
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<html><body>${`<p class="x">${words}</p>`.repeat(25)}</body></html>`,
    '--inner--',
  ]
  if (attachmentBytes > 0) {
    const content = Buffer.alloc(attachmentBytes, 'a line of a text file\n')
    lines.push('--outer', 'Content-Type: text/plain; name="log.txt"', 'Content-Transfer-Encoding: base64', '')
    lines.push(fold(content.toString('base64')))
  }
  lines.push('--outer--', '')
  return Buffer.from(lines.join(CRLF))
}

async function measure(name: string, mail: Buffer, rounds: number, read: (mail: Buffer) => Promise<unknown>) {
  for (let i = 0; i < Math.max(3, rounds / 10); i++) await read(mail)
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    await read(mail)
    times.push(performance.now() - start)
  }
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
  const rate = mail.length / 1e6 / (median / 1000)
  console.log(`${name.padEnd(34)} ${median.toFixed(3).padStart(9)} ms  ${rate.toFixed(1).padStart(7)} MB/s`)
}

const small = sample(0)
const large = sample(7_500_000)
const ours = (mail: Buffer) => extract({ bytes: mail, filename: null, declaredType: null, as: 'mail' })
const lean = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true }
const theirs = (mail: Buffer) => simpleParser(mail, lean)
console.log(`small ${small.length} bytes, large ${large.length} bytes; medians`)
await measure('extract, small', small, 1000, ours)
await measure('mailparser lean, small', small, 1000, theirs)
await measure('extract, large', large, 15, ours)
await measure('mailparser lean, large', large, 15, theirs)
