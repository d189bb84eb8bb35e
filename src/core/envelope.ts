/**
 * Who sent what to whom, over which channel, as known when the content was accepted. Written once by an ingress and
 * frozen; everything after reads it. RFC 5321 section 4.1.1, RFC 3461 for the DSN parameters, RFC 6531 for SMTPUTF8.
 */
export type Channel = 'mail' | 'upload'

export type DsnNotify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY'

export interface EnvelopeRecipient {
  /** RFC 5321 mailbox without angle brackets, byte for byte as the client gave it. */
  readonly address: string
  /** RFC 3461 NOTIFY; absent means FAILURE and, at the gateway's discretion, DELAY. */
  readonly notify?: readonly DsnNotify[]
  /** RFC 3461 ORCPT, still xtext-encoded, e.g. `rfc822;a@example.com`. */
  readonly orcpt?: string
}

export interface ClientIdentity {
  /** IP address of the peer (or what an authorised XCLIENT/XFORWARD peer said). */
  readonly address: string
  /** Name given in HELO/EHLO; untrusted. */
  readonly helo?: string
  /** Name of the listener that accepted it. */
  readonly listener: string
  /** TLS protocol and cipher, absent on a clear connection. */
  readonly tls?: { readonly protocol: string; readonly cipher: string }
  /** Name that authenticated, if any. */
  readonly authenticated?: string
  /** SMTP `with` keyword of RFC 3848 (ESMTP, ESMTPS, ESMTPSA, UTF8SMTP …) or the HTTP version. */
  readonly protocol: string
}

export interface Envelope {
  readonly channel: Channel
  /** RFC 5321 reverse-path without angle brackets; the empty string is the null sender. */
  readonly sender: string
  readonly recipients: readonly EnvelopeRecipient[]
  readonly client: ClientIdentity
  readonly body: '7BIT' | '8BITMIME'
  readonly smtpUtf8: boolean
  readonly dsn: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: string }
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** For uploads: the request line and what names the content. */
  readonly request?: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly filename?: string
  }
}
