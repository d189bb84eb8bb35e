import type { EncryptPlan, Modification } from '../../src/core/decision.ts'
import type { Envelope, EnvelopeRecipient } from '../../src/core/envelope.ts'
import type { DeliveryJob } from '../../src/ports/deliverer.ts'

export const TRACE =
  'Received: from client.example ([192.0.2.1])\r\n\tby gateway.example; Mon, 1 Jan 2024 00:00:00 +0000\r\n'

export interface JobOptions {
  readonly id?: string
  readonly sender?: string
  readonly recipients?: readonly (string | EnvelopeRecipient)[]
  readonly content?: string | Buffer
  readonly envelope?: Partial<Envelope>
  readonly modifications?: readonly Modification[]
  readonly encrypt?: EncryptPlan
  /** Content in pieces of this many bytes. */
  readonly chunk?: number
}

export const MESSAGE = 'From: a@example.com\r\nTo: b@partner.example\r\nSubject: Hello\r\n\r\nGood morning.\r\n'

/** A delivery job as the pipeline would make it. */
export function deliveryJob(options: JobOptions = {}): DeliveryJob {
  const recipients = (options.recipients ?? ['b@partner.example']).map((recipient) =>
    typeof recipient === 'string' ? { address: recipient } : recipient,
  )
  const content = Buffer.from(options.content ?? MESSAGE)
  return {
    id: options.id ?? '01TESTTESTTESTTESTTESTTEST',
    envelope: {
      channel: 'mail',
      sender: options.sender ?? 'a@example.com',
      recipients,
      client: { address: '192.0.2.1', listener: 'relay', protocol: 'ESMTP' },
      body: '7BIT',
      smtpUtf8: false,
      dsn: {},
      receivedAt: 0,
      ...options.envelope,
    },
    recipients,
    content: () => pieces(content, options.chunk ?? 65_536),
    size: content.length,
    traceHeaders: TRACE,
    modifications: options.modifications ?? [],
    ...(options.encrypt && { encrypt: options.encrypt }),
  }
}

export async function* pieces(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function readAll(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}
