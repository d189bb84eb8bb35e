import { asError } from '../../core/errors.ts'
import type { IntakeWriter } from './intake.ts'
import { type MessageGuard, replyByProblem } from './message-guard.ts'
import type { SmtpLimits } from './smtp-options.ts'
import type { MessageSink } from './smtp-parser.ts'
import { replies, replyForError, type SmtpReply } from './smtp-reply.ts'

/**
 * One message on its way from the socket into the intake: guard, then writer, one chunk at a time, so that a slow store
 * slows the client down. It owns the writer: exactly one of `finish` and `abort` is called, whatever happens. A message
 * that is refused midway is read to its end first, unless its sender keeps on past every bound.
 */
export interface TransferOutcome {
  readonly reply: SmtpReply
  /** Octets of content taken over; 0 when refused. */
  readonly size: number
  /** The client misbehaves: the connection must not go on. */
  readonly close: boolean
  /** What went wrong inside, for the log. */
  readonly error: Error | null
}

export class MessageTransfer implements MessageSink {
  ended = false
  private readonly guard: MessageGuard
  private readonly writer: IntakeWriter
  private readonly limits: SmtpLimits
  private readonly onOutcome: (outcome: TransferOutcome) => void
  private readonly startedAt = performance.now()
  private blockedAt = 0
  private blockedMs = 0
  private timer: NodeJS.Timeout | null = null
  /** Set when the message will be refused; the rest of it is only read. */
  private refusal: SmtpReply | null = null
  private error: Error | null = null
  private released = false

  constructor(options: {
    readonly guard: MessageGuard
    readonly writer: IntakeWriter
    readonly limits: SmtpLimits
    readonly onOutcome: (outcome: TransferOutcome) => void
  }) {
    this.guard = options.guard
    this.writer = options.writer
    this.limits = options.limits
    this.onOutcome = options.onOutcome
  }

  /** True while the client waits for us, which is no fault of the client's. */
  get blocked(): boolean {
    return this.blockedAt !== 0
  }

  push(chunk: Buffer): number | Promise<number> {
    if (this.ended) return chunk.length
    const consumed = this.guard.push(chunk)
    if (this.guard.problem !== null) this.refuse(replyByProblem[this.guard.problem])
    if (this.guard.ended) return this.complete(consumed)
    if (this.refusal !== null) {
      // Past a whole further message nobody is listening to replies.
      if (this.guard.wireBytes > 2 * this.limits.messageSizeMaxBytes + READ_ON_BYTES) this.giveUp(this.refusal)
      return consumed
    }
    this.timer ??= this.watch()
    return this.guard.output.length === 0 ? consumed : this.store(consumed)
  }

  /** The connection is gone: what was stored so far is forgotten. A message that came in whole is left to the intake. */
  abandon(): void {
    if (this.ended) return
    this.ended = true
    this.stopWatching()
    this.release()
  }

  private async store(consumed: number): Promise<number> {
    this.block()
    try {
      await this.writer.write(this.guard.output)
    } catch (thrown) {
      this.fail(thrown)
    }
    this.unblock()
    return consumed
  }

  private async complete(consumed: number): Promise<number> {
    this.stopWatching()
    this.block()
    let reply = this.refusal
    if (reply === null) {
      try {
        if (this.guard.output.length > 0) await this.writer.write(this.guard.output)
        if (this.ended) return consumed
        this.ended = true
        this.released = true
        reply = await this.writer.finish()
      } catch (thrown) {
        this.fail(thrown)
        reply = this.refusal ?? replies.localProblem
      }
    }
    this.ended = true
    this.unblock()
    this.onOutcome({ reply, size: reply.code < 400 ? this.guard.size : 0, close: false, error: this.error })
    return consumed
  }

  private fail(thrown: unknown): void {
    this.error ??= asError(thrown)
    this.refuse(replyForError(thrown))
  }

  private refuse(reply: SmtpReply): void {
    this.refusal ??= reply
    this.release()
  }

  private release(): void {
    if (this.released) return
    this.released = true
    // What can't be aborted is swept up by the store at its next start; the client's reply doesn't hang on it.
    this.writer.abort().catch((thrown: unknown) => {
      this.error ??= asError(thrown)
    })
  }

  private giveUp(reply: SmtpReply): void {
    if (this.ended) return
    this.ended = true
    this.stopWatching()
    this.release()
    this.onOutcome({ reply, size: 0, close: true, error: this.error })
  }

  private block(): void {
    this.blockedAt = performance.now()
  }

  private unblock(): void {
    this.blockedMs += performance.now() - this.blockedAt
    this.blockedAt = 0
  }

  /** Looks at total time and rate, not counting the time the client had to wait for us. */
  private watch(): NodeJS.Timeout {
    const { dataTimeoutMs, dataRateGraceMs, dataRateMinBytesPerSecond } = this.limits
    const everyMs = Math.max(10, Math.min(1000, dataTimeoutMs / 4, dataRateGraceMs / 4))
    return setInterval(() => {
      if (this.blocked) return
      const waitedMs = performance.now() - this.startedAt - this.blockedMs
      const allowedMs = dataRateGraceMs + (this.guard.wireBytes / dataRateMinBytesPerSecond) * 1000
      if (waitedMs > dataTimeoutMs) this.giveUp(replies.dataTimeout)
      else if (waitedMs > allowedMs) this.giveUp(replies.dataTooSlow)
    }, everyMs).unref()
  }

  private stopWatching(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }
}

/** Always read on for this much after a refusal, so that small limits don't cut a well-meaning client off. */
const READ_ON_BYTES = 1024 * 1024
