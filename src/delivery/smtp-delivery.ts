import type { Envelope } from '../core/envelope.ts'
import { limits } from '../core/limits.ts'
import type { DeliveryStatus } from '../ports/deliverer.ts'
import type { HopPool } from './hop-pool.ts'
import type { Capabilities, SmtpConnection, SmtpTimeouts } from './smtp-connection.ts'
import { ContentError, sendMessage, type WireOutcome, type WireRecipient } from './smtp-transaction.ts'
import { HopError } from './smtp-wire.ts'
import { isAscii } from './wire-address.ts'

/**
 * Takes one message to the first of several next hops that talks to us, and reports per recipient. A message that a
 * hop can't carry unchanged (8-bit without 8BITMIME, SMTPUTF8, SIZE) fails clearly: nothing is converted on the way.
 */
export interface OutgoingMessage {
  readonly sender: string
  readonly recipients: readonly WireRecipient[]
  readonly body: Envelope['body']
  readonly smtpUtf8: boolean
  readonly dsn: Envelope['dsn']
  readonly size?: number
  readonly content: () => AsyncIterable<Uint8Array>
}

export interface HopOutcome {
  readonly recipient: string
  readonly status: Exclude<DeliveryStatus, 'no-key'>
  readonly reply: string
  readonly nextHop: string
  readonly dsnRelayed: boolean
}

/** Never throws for what a server or the content's store does. `deadlineAt` is of `performance.now()`. */
export async function deliverToHops(
  hops: readonly HopPool[],
  message: OutgoingMessage,
  timeouts: SmtpTimeouts,
  deadlineAt: number,
): Promise<readonly HopOutcome[]> {
  const outcomes: HopOutcome[] = []
  const facts = contentFacts(message.content)
  for (let from = 0; from < message.recipients.length; from += limits.deliveryRecipientsPerTransactionMax) {
    const recipients = message.recipients.slice(from, from + limits.deliveryRecipientsPerTransactionMax)
    outcomes.push(...(await deliverBatch(hops, { ...message, recipients }, facts, timeouts, deadlineAt)))
  }
  return outcomes
}

async function deliverBatch(
  hops: readonly HopPool[],
  message: OutgoingMessage,
  facts: ContentFacts,
  timeouts: SmtpTimeouts,
  deadlineAt: number,
): Promise<readonly HopOutcome[]> {
  const ordered = [...hops.filter((hop) => !hop.paused), ...hops.filter((hop) => hop.paused)]
  let last: { readonly outcome: WireOutcome; readonly nextHop: string } | null = null
  for (const hop of ordered) {
    try {
      const outcomes = await hop.use(
        (connection) => converse(connection, hop, message, facts, timeouts, deadlineAt),
        deadlineAt,
      )
      noteHealth(hop, outcomes)
      return outcomes
    } catch (thrown) {
      if (thrown instanceof ContentError) {
        last = { outcome: thrown.outcome, nextHop: hop.name }
        break
      }
      if (!(thrown instanceof HopError)) throw thrown
      last = { outcome: { status: 'deferred', reply: thrown.reply }, nextHop: hop.name }
      if (performance.now() >= deadlineAt) break
    }
  }
  const { outcome, nextHop } = last ?? { outcome: { status: 'deferred', reply: '4.3.5 no next hop' }, nextHop: '' }
  return message.recipients.map(({ address }) => ({ recipient: address, ...outcome, nextHop, dsnRelayed: false }))
}

async function converse(
  connection: SmtpConnection,
  hop: HopPool,
  message: OutgoingMessage,
  facts: ContentFacts,
  timeouts: SmtpTimeouts,
  deadlineAt: number,
): Promise<readonly HopOutcome[]> {
  const { capabilities } = connection
  const refused = await misfits(message, capabilities, facts)
  const fitting = message.recipients.filter((_, index) => !refused[index])
  const smtpUtf8 = message.smtpUtf8 || !isAscii(message.sender) || fitting.some(({ address }) => !isAscii(address))
  const sent =
    fitting.length === 0
      ? []
      : await sendMessage(connection, { ...message, recipients: fitting, smtpUtf8 }, timeouts, deadlineAt)
  let next = 0
  return message.recipients.map(({ address }, index) => {
    const outcome = refused[index] ?? sent[next++] ?? { status: 'deferred', reply: '4.5.0 not sent' }
    const dsnRelayed = capabilities.dsn && outcome.status === 'delivered'
    return { recipient: address, ...outcome, nextHop: hop.name, dsnRelayed }
  })
}

/** For each recipient, why this hop can't be given the message as it is; null where it can. */
async function misfits(
  message: OutgoingMessage,
  capabilities: Capabilities,
  facts: ContentFacts,
): Promise<readonly (WireOutcome | null)[]> {
  const all = (reply: string) => message.recipients.map((): WireOutcome => ({ status: 'failed', reply }))
  const { sizeMax } = capabilities
  if (sizeMax !== null && message.size !== undefined && message.size > sizeMax)
    return all(`5.3.4 the message has ${message.size} bytes and the next hop takes ${sizeMax}`)
  if (!capabilities.eightBitMime && (await facts()).eightBit)
    return all('5.6.3 the message has 8-bit content and the next hop does not announce 8BITMIME')
  if (capabilities.smtpUtf8) return message.recipients.map(() => null)
  const reply = '5.6.7 the message needs SMTPUTF8 and the next hop does not announce it'
  if (!isAscii(message.sender) || (message.smtpUtf8 && (await facts()).eightBitHeader)) return all(reply)
  return message.recipients.map(({ address }) => (isAscii(address) ? null : { status: 'failed', reply }))
}

type ContentFacts = () => Promise<{ readonly eightBit: boolean; readonly eightBitHeader: boolean }>

/** Reads the content at most once, and only for a hop that lacks an extension. */
function contentFacts(content: OutgoingMessage['content']): ContentFacts {
  let facts: ReturnType<ContentFacts> | null = null
  return () => {
    facts ??= scanContent(content)
    return facts
  }
}

async function scanContent(content: OutgoingMessage['content']): ReturnType<ContentFacts> {
  let inHeader = true
  let atLineStart = true
  let eightBit = false
  try {
    for await (const chunk of content()) {
      for (const byte of chunk) {
        if (byte >= 0x80) {
          eightBit = true
          if (inHeader) return { eightBit, eightBitHeader: true }
        }
        if (inHeader && byte === 0x0a) {
          if (atLineStart) inHeader = false
          atLineStart = true
        } else if (byte !== 0x0d) atLineStart = false
      }
      if (eightBit && !inHeader) break
    }
  } catch (thrown) {
    throw new ContentError({ status: 'deferred', reply: '4.3.0 the stored content could not be read' }, thrown)
  }
  return { eightBit, eightBitHeader: false }
}

function noteHealth(hop: HopPool, outcomes: readonly HopOutcome[]): void {
  const lost = outcomes.find(({ status, reply }) => status === 'deferred' && reply.startsWith('4.4.'))
  if (lost) hop.failed(lost.reply)
  else hop.succeeded()
}
