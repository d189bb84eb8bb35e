import { createHash } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import type { DsnRequest } from '../../ports/composer.ts'
import { boundedLine } from '../smtp-reply.ts'
import { isAscii } from '../wire-address.ts'
import { base64Lines, mailDate } from './mail-writer.ts'
import { decodeXtext, recipientFields } from './recipient-status.ts'

/**
 * multipart/report (RFC 6522) with a delivery status (RFC 3464; RFC 6533 where the sender's address isn't ASCII) and as
 * much of the original as RET and our bounds allow. Content goes back only for mail that policy let pass to everybody:
 * a bounce leaves uninspected, so a blocked message must not ride on one to a forged sender.
 */

/** From `Content-Type:` on. `text` is the entity people read. */
export async function deliveryReport(request: DsnRequest, hostname: string, text: string): Promise<Buffer> {
  const { record, results, kind, at } = request
  const { submission } = record
  const utf8 = !isAscii(submission.envelope.sender)
  const purpose = `${submission.id} ${kind} ${at} ${results.map(({ recipient }) => recipient).join(' ')}`
  const boundary = `=-dsn-${createHash('sha256').update(purpose).digest('hex').slice(0, 32)}`
  const status = `${perMessage(request, hostname)}\r\n${perRecipient(request, utf8)}`
  const statusType = utf8 ? 'message/global-delivery-status' : 'message/delivery-status'
  const eightBit = isAscii(status) ? '' : 'Content-Transfer-Encoding: 8bit\r\n'
  return Buffer.concat([
    Buffer.from(
      'Content-Type: multipart/report; report-type=delivery-status;\r\n' +
        ` boundary="${boundary}"\r\n\r\n--${boundary}\r\n${text}\r\n` +
        `--${boundary}\r\nContent-Type: ${statusType}\r\n${eightBit}\r\n${status}\r\n--${boundary}\r\n`,
    ),
    await returnedContent(request, utf8),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}

function perMessage({ record }: DsnRequest, hostname: string): string {
  const { envelope, receivedAt } = record.submission
  const { envid } = envelope.dsn
  const original = envid === undefined ? '' : `Original-Envelope-Id: ${asciiLine(decodeXtext(envid))}\r\n`
  return `${original}Reporting-MTA: dns; ${hostname}\r\nArrival-Date: ${mailDate(receivedAt)}\r\n`
}

function perRecipient({ record, results, kind, expiresAt }: DsnRequest, utf8: boolean): string {
  const { envelope, id: reference } = record.submission
  return results
    .map((result) => {
      const orcpt = envelope.recipients.find(({ address }) => address === result.recipient)?.orcpt
      return recipientFields(result, {
        kind,
        utf8,
        reference,
        date: mailDate,
        ...(orcpt !== undefined && { orcpt }),
        ...(expiresAt !== undefined && { expiresAt }),
      })
    })
    .join('\r\n')
}

function asciiLine(text: string): string {
  return boundedLine(text).replace(/[^\x20-\x7e]/g, '?')
}

/** The third part: the whole message, its header, or for blocked mail what identifies it and no more. */
async function returnedContent(request: DsnRequest, utf8: boolean): Promise<Buffer> {
  const full = wantsFull(request)
  const bytes = await readUpTo(request.content(), full ? limits.bounceFullMaxBytes : limits.bounceHeaderMaxBytes)
  if (full && bytes.complete) {
    const type = utf8 ? 'message/global' : 'message/rfc822'
    const encoding = bytes.content.every((byte) => byte < 0x80) ? '7bit' : '8bit'
    const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), bytes.content])
  }
  return headerEntity(returnedHeader(bytes.content, request.kind === 'blocked'), utf8)
}

/** RET counts for failures alone (RFC 3461 section 4.3); without it the header is enough. */
function wantsFull({ kind, record }: DsnRequest): boolean {
  const { envelope, decision, blob } = record.submission
  return (
    kind === 'failed' &&
    envelope.dsn.ret === 'FULL' &&
    decision?.action === 'pass' &&
    blob.size <= limits.bounceFullMaxBytes
  )
}

function headerEntity(header: Buffer, utf8: boolean): Buffer {
  const ascii = header.every((byte) => byte < 0x80)
  if (utf8) {
    const head = `Content-Type: message/global-headers\r\nContent-Transfer-Encoding: ${ascii ? '7bit' : '8bit'}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), header])
  }
  if (ascii) return Buffer.concat([Buffer.from('Content-Type: text/rfc822-headers\r\n\r\n'), header])
  const head = 'Content-Type: text/rfc822-headers; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n'
  return Buffer.from(head + base64Lines(header))
}

/** Whole fields only. A subject may hold what was blocked, so blocked mail gets back what names it. */
function returnedHeader(content: Buffer, blocked: boolean): Buffer {
  const end = content.indexOf('\r\n\r\n')
  const section = content.toString('latin1', 0, end < 0 ? content.length : end + 2)
  const fields = section.split(/(?<=\r\n)(?![ \t])/)
  const whole = fields.filter((field) => field.endsWith('\r\n') && field !== '\r\n')
  const kept = blocked ? whole.filter((field) => /^(?:Date|Message-ID):/i.test(field)) : whole
  return Buffer.from(kept.join(''), 'latin1')
}

async function readUpTo(
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly content: Buffer; readonly complete: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) return { content: Buffer.concat(chunks).subarray(0, maxBytes), complete: false }
  }
  return { content: Buffer.concat(chunks), complete: true }
}
