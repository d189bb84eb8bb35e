import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'

/**
 * Cuts what a client sends into command lines, and hands octets to a message sink while there is one. It replaces the
 * parser of smtp-server, which ends a command at a bare LF, restarts its scan per stuffed dot and drops a connection for
 * a long line. Only CRLF ends a command: a line with a bare CR, LF or NUL is reported as bad, and so is the rest of what
 * stood before the next CRLF, so that no part of it is ever run as a command of its own.
 */
export type CommandLine = { readonly kind: 'line'; readonly text: Buffer } | { readonly kind: 'bare' | 'too-long' }

export interface MessageSink {
  /** Takes octets; returns how many were the message's (fewer only when it ended), at once or when more may come. */
  push(chunk: Buffer): number | Promise<number>
  readonly ended: boolean
}

type Done = (error?: Error | null) => void

const LF = 0x0a
const CR = 0x0d
/** Commands run from one chunk before other connections get a turn. */
const COMMANDS_PER_TURN_MAX = 100

export class SmtpParser extends SMTPStream {
  private readonly lineMaxBytes: number
  private readonly lenient: boolean
  private readonly onLine: (line: CommandLine, next: () => void) => void
  private sink: MessageSink | null = null
  private partial: Buffer[] = []
  private partialLength = 0
  private partialLast = 0
  private tainted = false

  /** `lenient` takes a bare LF for the end of a command line. */
  constructor(options: {
    readonly lineMaxBytes: number
    readonly lenient: boolean
    readonly onLine: (line: CommandLine, next: () => void) => void
  }) {
    super()
    this.lineMaxBytes = options.lineMaxBytes
    this.lenient = options.lenient
    this.onLine = options.onLine
  }

  /** From the next octet on everything goes to `sink`, until it has ended. */
  startMessage(sink: MessageSink): void {
    this.sink = sink
  }

  /** Whether the client already sent something after the command that is being handled. */
  get hasMore(): boolean {
    return this.unread > 0 || this.writableLength > this.chunkLength
  }

  private unread = 0
  private chunkLength = 0

  override _write(chunk: Buffer, _encoding: BufferEncoding | 'buffer', done: Done): void {
    this.chunkLength = chunk.length
    this.advance(chunk, 0, 0, done)
  }

  /** An unfinished line at the end of the connection is never run. */
  override _flushData(): void {
    this.partial = []
  }

  private advance(chunk: Buffer, start: number, ran: number, done: Done): void {
    let at = start
    let count = ran
    while (at < chunk.length) {
      if (this.isClosed) break
      if (this.sink !== null) {
        const taken = this.feed(this.sink, at === 0 ? chunk : chunk.subarray(at))
        if (typeof taken === 'number') {
          at += taken
          continue
        }
        const from = at
        taken.then(
          (n) => this.advance(chunk, from + n, 0, done),
          (error: Error) => done(error),
        )
        return
      }
      const end = chunk.indexOf(LF, at)
      if (end < 0) {
        this.keep(chunk.subarray(at))
        break
      }
      const line = this.complete(chunk.subarray(at, end + 1))
      at = end + 1
      this.unread = chunk.length - at
      if (!this.run(line, () => this.advance(chunk, at, 0, done))) return
      if (++count >= COMMANDS_PER_TURN_MAX) {
        setImmediate(() => this.advance(chunk, at, 0, done))
        return
      }
    }
    this.unread = 0
    done()
  }

  private feed(sink: MessageSink, chunk: Buffer): number | Promise<number> {
    const settle = (taken: number): number => {
      if (sink.ended) this.sink = null
      return taken
    }
    const taken = sink.push(chunk)
    return typeof taken === 'number' ? settle(taken) : taken.then(settle)
  }

  /** True when the command was handled at once; otherwise `resume` is called when it is. */
  private run(line: CommandLine, resume: () => void): boolean {
    let finished = false
    let waiting = false
    this.onLine(line, () => {
      if (finished) return
      finished = true
      if (waiting) resume()
    })
    waiting = true
    return finished
  }

  /** Holds the start of a line; of one that is too long only its length. */
  private keep(piece: Buffer): void {
    this.partialLength += piece.length
    this.partialLast = piece[piece.length - 1] as number
    if (this.partialLength <= this.lineMaxBytes) this.partial.push(piece)
    else this.partial = []
  }

  private complete(last: Buffer): CommandLine {
    const length = this.partialLength + last.length
    const tooLong = length > this.lineMaxBytes
    const whole = tooLong || this.partial.length === 0 ? last : Buffer.concat([...this.partial, last])
    const crlf = (last.length > 1 ? last[last.length - 2] : this.partialLast) === CR
    this.partial = []
    this.partialLength = 0
    this.partialLast = 0
    const tainted = this.tainted
    this.tainted = !crlf && !this.lenient
    if (tainted || this.tainted) return { kind: 'bare' }
    if (tooLong) return { kind: 'too-long' }
    const text = whole.subarray(0, whole.length - (crlf ? 2 : 1))
    return text.includes(CR) || text.includes(0) ? { kind: 'bare' } : { kind: 'line', text }
  }
}
