import { limits } from '../core/limits.ts'

/** One complete reply of a server, RFC 5321 section 4.2. */
export interface SmtpReply {
  readonly code: number
  /** Text of each line without its code. */
  readonly lines: readonly string[]
}

/** What a server sent is no SMTP reply: nothing it says afterwards can be trusted to belong to what was asked. */
export class ReplySyntaxError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ReplySyntaxError'
  }
}

/** Turns bytes into replies. Bounded in lines and bytes; throws ReplySyntaxError on anything else. */
export class ReplyParser {
  private pending = ''
  private bytes = 0
  private lines: string[] = []
  private code = 0

  /** Replies that this chunk completes, usually one or none. */
  push(chunk: Buffer): SmtpReply[] {
    const text = this.pending + chunk.toString('latin1')
    const replies: SmtpReply[] = []
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.bytes += end + 1 - from
      const reply = this.line(text.slice(from, text[end - 1] === '\r' ? end - 1 : end))
      if (reply) replies.push(reply)
      from = end + 1
    }
    this.pending = text.slice(from)
    if (this.bytes + this.pending.length > limits.deliveryReplyMaxBytes) throw new ReplySyntaxError('reply too long')
    return replies
  }

  /** Whether bytes of an unfinished reply are there. */
  get partial(): boolean {
    return this.pending !== '' || this.lines.length > 0
  }

  private line(line: string): SmtpReply | null {
    const match = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(line)
    if (!match) throw new ReplySyntaxError('not an SMTP reply')
    const code = Number(match[1])
    if (this.lines.length > 0 && code !== this.code) throw new ReplySyntaxError('reply with two codes')
    this.code = code
    this.lines.push(decode(match[3] ?? ''))
    if (this.lines.length > limits.deliveryReplyLinesMax) throw new ReplySyntaxError('reply with too many lines')
    if (match[2] === '-') return null
    const reply = { code, lines: this.lines }
    this.lines = []
    this.bytes = 0
    return reply
  }
}

function decode(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1
}

/** One bounded line for results, audit and bounces: code, then the text of all lines, without control characters. */
export function replyText(reply: SmtpReply): string {
  return boundedLine(`${reply.code} ${reply.lines.join(' ')}`)
}

export function boundedLine(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, limits.deliveryReplyKeptMaxChars)
  return line.isWellFormed() ? line : line.toWellFormed()
}
