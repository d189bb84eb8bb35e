import type { ClientIdentity, Envelope, EnvelopeRecipient } from '../../core/envelope.ts'
import type { MailParameters, RcptParameters } from './mail-parameters.ts'

/**
 * What MAIL and RCPT have said so far. A recipient given twice is kept once, compared as RFC 5321 section 2.4 does: the
 * local part by its octets, the domain without case; so `a@x` and `A@x` are two. The last DSN parameters count.
 */
export class MailTransaction {
  readonly sender: string
  readonly parameters: MailParameters
  private readonly recipients = new Map<string, EnvelopeRecipient>()

  constructor(sender: string, parameters: MailParameters) {
    this.sender = sender
    this.parameters = parameters
  }

  get recipientCount(): number {
    return this.recipients.size
  }

  /** False when it would be one more than `max`. */
  addRecipient(address: string, parameters: RcptParameters, max: number): boolean {
    const key = recipientKey(address)
    const known = this.recipients.get(key)
    if (known === undefined && this.recipients.size >= max) return false
    this.recipients.set(key, Object.freeze({ address: known?.address ?? address, ...parameters }))
    return true
  }

  /** The envelope, frozen. */
  envelope(client: ClientIdentity, receivedAt: number): Envelope {
    const { body, smtpUtf8, ret, envid } = this.parameters
    return Object.freeze({
      channel: 'mail',
      sender: this.sender,
      recipients: Object.freeze([...this.recipients.values()]),
      client: Object.freeze(client),
      body,
      smtpUtf8,
      dsn: Object.freeze({ ...(ret === undefined ? {} : { ret }), ...(envid === undefined ? {} : { envid }) }),
      receivedAt,
    } satisfies Envelope)
  }
}

function recipientKey(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? address.toLowerCase() : `${address.slice(0, at)}@${address.slice(at + 1).toLowerCase()}`
}

/** The `with` keyword of RFC 3848, and of RFC 6531 section 4.3 for SMTPUTF8. HELO has no variants. */
export function protocolKeyword(session: {
  readonly esmtp: boolean
  readonly tls: boolean
  readonly authenticated: boolean
  readonly smtpUtf8: boolean
}): string {
  if (!session.esmtp) return 'SMTP'
  return `${session.smtpUtf8 ? 'UTF8SMTP' : 'ESMTP'}${session.tls ? 'S' : ''}${session.authenticated ? 'A' : ''}`
}
