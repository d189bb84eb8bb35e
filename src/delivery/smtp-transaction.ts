import type { DsnNotify, Envelope } from '../core/envelope.ts'
import { limits } from '../core/limits.ts'
import { BareLineEndError, DotStuffing } from './dot-stuffing.ts'
import type { Capabilities, SmtpConnection, SmtpTimeouts } from './smtp-connection.ts'
import { boundedLine, replyText, type SmtpReply } from './smtp-reply.ts'
import { HopError } from './smtp-wire.ts'
import { isAscii, isWireAddress } from './wire-address.ts'

/**
 * One message to one server: MAIL, RCPT, DATA (pipelined where announced, RFC 2920), content, and one outcome per
 * recipient. Throws HopError only while nothing can have been delivered; from the final dot on, whatever happens is an
 * outcome, because sending again might deliver twice.
 */
export interface WireRecipient {
  readonly address: string
  readonly notify?: readonly DsnNotify[]
  readonly orcpt?: string
}

export interface Transaction {
  readonly sender: string
  readonly recipients: readonly WireRecipient[]
  readonly body: Envelope['body']
  readonly smtpUtf8: boolean
  readonly dsn: Envelope['dsn']
  /** Bytes, where known exactly. */
  readonly size?: number
  /** Complete message with CRLF line ends. */
  readonly content: () => AsyncIterable<Uint8Array>
}

export interface WireOutcome {
  readonly status: 'delivered' | 'deferred' | 'failed'
  readonly reply: string
}

/** Pieces are gathered to about this much per system call. */
const WRITE_BYTES = 64 * 1024

/** Content could not be read or must not be sent; the fault is ours, not the server's. */
export class ContentError extends Error {
  readonly outcome: WireOutcome

  constructor(outcome: WireOutcome, cause: unknown) {
    super(outcome.reply, { cause })
    this.name = 'ContentError'
    this.outcome = outcome
  }
}

/**
 * Sends and leaves the connection ready for the next transaction, or broken. `deadlineAt` (milliseconds of
 * `performance.now()`) bounds everything. Throws HopError or ContentError before the final dot.
 */
export async function sendMessage(
  connection: SmtpConnection,
  transaction: Transaction,
  timeouts: SmtpTimeouts,
  deadlineAt: number,
): Promise<readonly WireOutcome[]> {
  connection.used++
  return new Conversation(connection, transaction, timeouts, deadlineAt).run()
}

class Conversation {
  private readonly connection: SmtpConnection
  private readonly transaction: Transaction
  private readonly timeouts: SmtpTimeouts
  private readonly deadlineAt: number

  constructor(connection: SmtpConnection, transaction: Transaction, timeouts: SmtpTimeouts, deadlineAt: number) {
    this.connection = connection
    this.transaction = transaction
    this.timeouts = timeouts
    this.deadlineAt = deadlineAt
  }

  async run(): Promise<readonly WireOutcome[]> {
    const { wire, capabilities } = this.connection
    const { recipients } = this.transaction
    const mail = mailCommand(this.transaction, capabilities)
    const rcpts = recipients.map((recipient) => rcptCommand(recipient, capabilities))
    if (capabilities.pipelining) wire.write(`${mail}${rcpts.join('')}DATA\r\n`)
    else wire.write(mail)

    const mailReply = await this.command('MAIL')
    const refused = mailReply.code < 300 ? null : outcomeOf(mailReply)
    if (refused && !capabilities.pipelining) return this.abandon(recipients.map(() => refused))

    const outcomes: (WireOutcome | null)[] = []
    for (const rcpt of rcpts) {
      if (!capabilities.pipelining) wire.write(rcpt)
      const reply = await this.command('RCPT')
      outcomes.push(refused ?? (reply.code < 300 ? null : outcomeOf(reply)))
    }
    const accepted = outcomes.includes(null)
    if (!capabilities.pipelining) {
      if (!accepted) return this.abandon(outcomes.map(settled))
      wire.write('DATA\r\n')
    }
    const dataReply = await this.command('DATA')
    if (dataReply.code !== 354) {
      // A success before any content was sent belongs to nothing we did: the conversation is out of step.
      if (dataReply.code < 400) throw this.outOfStep(dataReply)
      const refusal = outcomeOf(dataReply)
      return this.abandon(outcomes.map((outcome) => outcome ?? refusal))
    }
    if (!accepted) {
      // A server that takes DATA without recipients is owed an end of data; the connection is not worth keeping.
      wire.destroy()
      return outcomes.map(settled)
    }
    const final = await this.content()
    return outcomes.map((outcome) => outcome ?? final)
  }

  private async command(what: string): Promise<SmtpReply> {
    const reply = await this.connection.wire.reply(this.within(this.timeouts.commandMs), what)
    if (reply.code === 421) {
      this.connection.wire.destroy()
      throw new HopError(replyText(reply))
    }
    return reply
  }

  private outOfStep(reply: SmtpReply): HopError {
    this.connection.wire.destroy()
    return new HopError(boundedLine(`4.5.0 unexpected reply: ${replyText(reply)}`))
  }

  private within(timeoutMs: number): number {
    return Math.max(1, Math.min(timeoutMs, this.deadlineAt - performance.now()))
  }

  /** Nothing was sent: clears the transaction so that the connection can be used again. */
  private async abandon(outcomes: readonly WireOutcome[]): Promise<readonly WireOutcome[]> {
    const { wire } = this.connection
    try {
      wire.write('RSET\r\n')
      const reply = await wire.reply(this.within(this.timeouts.commandMs), 'RSET')
      if (reply.code >= 300) wire.destroy()
    } catch {
      wire.destroy()
    }
    return outcomes
  }

  /** Streams the content; the outcome holds for every recipient that was accepted. */
  private async content(): Promise<WireOutcome> {
    const { wire } = this.connection
    const stuffing = new DotStuffing()
    const contentDeadlineAt = Math.min(this.deadlineAt, performance.now() + this.timeouts.dataMs)
    let pieces: Uint8Array[] = []
    let bytes = 0
    try {
      for await (const chunk of this.transaction.content()) {
        pieces.push(stuffing.push(chunk))
        bytes += chunk.length
        if (bytes < WRITE_BYTES) continue
        const taken = wire.writeAll(pieces)
        pieces = []
        bytes = 0
        if (taken) continue
        await wire.drained(Math.max(1, contentDeadlineAt - performance.now()))
        const early = await this.interrupted()
        if (early) return early
      }
      wire.writeAll([...pieces, Buffer.from(stuffing.end())])
    } catch (thrown) {
      // Closing without the final dot is what makes the server forget the message (RFC 5321 section 4.1.1.4).
      wire.destroy()
      if (thrown instanceof HopError) throw thrown
      throw new ContentError(contentOutcome(thrown), thrown)
    }
    return this.afterDot()
  }

  /** A reply in the middle of the data ends the transaction; a lost connection throws. */
  private async interrupted(): Promise<WireOutcome | null> {
    const { wire } = this.connection
    if (!wire.talking && !wire.broken) return null
    const reply = await wire.reply(1, 'DATA')
    wire.destroy()
    if (reply.code === 421 || reply.code < 400) throw this.outOfStep(reply)
    return outcomeOf(reply)
  }

  private async afterDot(): Promise<WireOutcome> {
    const { wire } = this.connection
    try {
      const reply = await wire.reply(this.within(this.timeouts.dataMs), 'the end of data')
      if (reply.code === 421 || (reply.code >= 300 && reply.code < 400)) wire.destroy()
      return reply.code === 354 ? { status: 'deferred', reply: replyText(reply) } : outcomeOf(reply)
    } catch (thrown) {
      const problem = thrown instanceof HopError ? thrown.reply : '4.4.2 connection lost'
      return { status: 'deferred', reply: boundedLine(`${problem} (after the final dot: it may have been delivered)`) }
    }
  }
}

function outcomeOf(reply: SmtpReply): WireOutcome {
  const text = replyText(reply)
  if (reply.code < 300) return { status: 'delivered', reply: text }
  return { status: reply.code >= 500 ? 'failed' : 'deferred', reply: text }
}

function settled(outcome: WireOutcome | null): WireOutcome {
  return outcome ?? { status: 'deferred', reply: '4.5.0 not sent' }
}

function contentOutcome(thrown: unknown): WireOutcome {
  return thrown instanceof BareLineEndError
    ? { status: 'failed', reply: '5.6.0 the content has a CR or LF that stands alone, which is never relayed' }
    : { status: 'deferred', reply: '4.3.0 the stored content could not be read' }
}

/** RFC 5321 section 4.1.1.2, RFC 1870, RFC 6152, RFC 6531, RFC 3461 section 4.3 and 4.4. */
function mailCommand(transaction: Transaction, capabilities: Capabilities): string {
  const { sender, body, smtpUtf8, dsn, size } = transaction
  if (sender !== '' && !isWireAddress(sender)) throw new Error('a sender that is no mailbox reached the wire')
  let command = `MAIL FROM:<${sender}>`
  if (capabilities.size && size !== undefined) command += ` SIZE=${size}`
  if (capabilities.eightBitMime && body === '8BITMIME') command += ' BODY=8BITMIME'
  if (capabilities.smtpUtf8 && smtpUtf8) command += ' SMTPUTF8'
  if (capabilities.dsn) {
    if (dsn.ret) command += ` RET=${dsn.ret}`
    if (dsn.envid) command += ` ENVID=${toXtext(dsn.envid)}`
  }
  return line(command)
}

/** RFC 3461 section 4.1 and 4.2. */
function rcptCommand(recipient: WireRecipient, capabilities: Capabilities): string {
  const { address, notify, orcpt } = recipient
  if (!isWireAddress(address)) throw new Error('a recipient that is no mailbox reached the wire')
  let command = `RCPT TO:<${address}>`
  if (capabilities.dsn) {
    if (notify && notify.length > 0) command += ` NOTIFY=${notify.join(',')}`
    if (orcpt && /^[A-Za-z0-9-]+;[^\s\p{Cc}=]+$/u.test(orcpt) && (capabilities.smtpUtf8 || isAscii(orcpt)))
      command += ` ORCPT=${orcpt}`
  }
  return line(command)
}

function line(command: string): string {
  if (/[\r\n\0]/.test(command) || command.length > limits.smtpCommandLineMaxBytes)
    throw new Error('a command with a line end or past its limit reached the wire')
  return `${command}\r\n`
}

/** Keeps what is xtext already, encodes what is not (RFC 3461 section 4). */
export function toXtext(text: string): string {
  if (/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return text
  let out = ''
  for (const byte of Buffer.from(text))
    out +=
      byte > 0x20 && byte < 0x7f && byte !== 0x2b && byte !== 0x3d
        ? String.fromCharCode(byte)
        : `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}
