import { headerField } from '../../protect/encoded-word.ts'
import { isAscii } from '../wire-address.ts'

/** Pieces of RFC 5322 and MIME that the gateway's own mail is made of. Everything ends its lines with CRLF. */
export interface HeaderOptions {
  readonly hostname: string
  readonly to: readonly string[]
  readonly subject: string
  /** Left part of the Message-ID; must be unique and made of atom characters. */
  readonly messageId: string
  readonly at: number
  readonly autoSubmitted: 'auto-replied' | 'auto-generated'
  readonly replyTo?: string
}

/** Fields up to the MIME ones. Addresses that aren't ASCII stand as they are (RFC 6532): such mail needs SMTPUTF8. */
export function mailHeader(options: HeaderOptions): string {
  const { hostname, to, subject, messageId, at, autoSubmitted, replyTo } = options
  return [
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>\r\n`,
    `To: ${to.map((address) => `<${address}>`).join(',\r\n ')}\r\n`,
    headerField('Subject', subject),
    `Date: ${mailDate(at)}\r\n`,
    `Message-ID: <${messageId}@${hostname}>\r\n`,
    ...(replyTo ? [`Reply-To: <${replyTo}>\r\n`] : []),
    `Auto-Submitted: ${autoSubmitted}\r\n`,
    'X-Auto-Response-Suppress: All\r\n',
    'MIME-Version: 1.0\r\n',
  ].join('')
}

/** RFC 5322 section 3.3, UTC. */
export function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}

/** A text/plain entity: as it is while it is ASCII in short lines, else base64. */
export function textEntity(text: string): string {
  const lines = text.replace(/\r\n|\r|\n/g, '\r\n')
  const plain = isAscii(lines) && lines.split('\r\n').every((line) => line.length < 900)
  const charset = plain ? 'us-ascii' : 'utf-8'
  const encoding = plain ? '7bit' : 'base64'
  const head = `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
  return head + (plain ? lines : base64Lines(Buffer.from(lines)))
}

export function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{1,76}/g, '$&\r\n')
}
