import { isAscii, isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { SMTPServer } from 'smtp-server'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { asError } from '../../core/errors.ts'
import { clientNetwork } from './client-networks.ts'
import type { ListenerContext } from './listener-context.ts'
import type { MailTransaction } from './mail-transaction.ts'
import type { MessageTransfer } from './message-transfer.ts'
import { commands, httpVerbs } from './smtp-commands.ts'
import { type CommandLine, SmtpParser } from './smtp-parser.ts'
import { replies, replyForError, type SmtpReply } from './smtp-reply.ts'

/** What a session needs of the server object it belongs to. */
export interface SessionHost extends SMTPServer {
  readonly context: ListenerContext
  readonly draining: boolean
  /** Puts a raw socket's bookkeeping back after STARTTLS has removed its listeners. */
  followSocket(socket: Socket): void
}

/**
 * One connection: greeting, command lines to their handlers, replies, time limits, the end. Built on smtp-server's
 * connection, whose TLS upgrade, SASL, XCLIENT and XFORWARD are used; dispatch, MAIL, RCPT, DATA and the parser are ours.
 * It may not judge or store. Whatever fails in here is answered 4xx: nothing is accepted by accident.
 */
export class SmtpSession extends SMTPConnection {
  mail: MailTransaction | null = null
  transfer: MessageTransfer | null = null
  authFailures = 0
  /** From DATA's acceptance to the reply at its end. */
  receiving = false
  /** A command is being handled: the client waits for us. */
  private busy = false
  private errors = 0
  private junk = 0
  /** Replies at the end of DATA speak of a message, not of a mistake in the dialogue. */
  private countErrors = true
  /** The connection ends with this as soon as the message under way is answered. */
  private closeWith: SmtpReply | null = null
  /** Replies of this turn of the event loop are held back in it for one write. */
  private corked: Socket | TLSSocket | null = null
  private commandTimer: NodeJS.Timeout | null = null
  private sessionTimer: NodeJS.Timeout | null = null

  constructor(server: SessionHost, socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null) {
    super(server, socket, options)
  }

  get context(): ListenerContext {
    return this.host.context
  }

  get network(): string {
    return clientNetwork(this.remoteAddress)
  }

  get parser(): SmtpParser | null {
    return this._parser === false ? null : (this._parser as SmtpParser)
  }

  get closed(): boolean {
    return this._closing || this._closed
  }

  /** Address that access is judged by: what XCLIENT said, but never what XFORWARD did. */
  get accessAddress(): string {
    const forwarded = this._xClient.get('ADDR')
    if (typeof forwarded === 'string') return forwarded
    // XCLIENT without an address (`[UNAVAILABLE]`) speaks for somebody unknown, who is on no list.
    return this._xClient.has('ADDR') ? '' : this._originalRemoteAddress
  }

  /** Protocol and cipher; null on a clear connection. */
  get tlsDetails(): { readonly protocol: string; readonly cipher: string } | null {
    if (!this.secure || !this.tlsOptions) return null
    const protocol = 'getProtocol' in this._socket ? this._socket.getProtocol() : null
    return { protocol: protocol ?? this.tlsOptions.version, cipher: this.tlsOptions.name }
  }

  private get host(): SessionHost {
    return this._server as SessionHost
  }

  /** Without the 100 ms that smtp-server waits for early talkers. */
  override init(): void {
    this._setListeners(() => this.connectionReady())
  }

  override connectionReady(): void {
    if (this.closed) return
    const { limits, clients, xclientFrom, metrics, options, log } = this.context
    this._setClientHostname('')
    this._resetSession()
    if (this.host.draining) {
      metrics.connectionRefused(options.name, 'draining')
      this.reply(replies.shuttingDown)
      return
    }
    const peer = this._originalRemoteAddress
    const open = options.kind === 'submission' && clients.empty
    if (!open && !clients.has(peer) && !xclientFrom.has(peer)) {
      metrics.connectionRefused(options.name, 'not-listed')
      log.warn({ session: this.id, listener: options.name, client: peer }, 'connection refused: client is on no list')
      this.reply(replies.noAccess)
      this.close()
      return
    }
    this.commandTimer = setTimeout(() => this.onCommandTimeout(), limits.idleTimeoutMs).unref()
    this.sessionTimer = setTimeout(() => this.onSessionTimeout(), limits.sessionMaxMs).unref()
    this._ready = true
    this._sendGreeting()
  }

  /** Sends a reply; 421 closes the connection. */
  reply(r: SmtpReply): void {
    if (r.enhanced === null) this.send(r.code, r.text, false)
    else this.send(r.code, r.text, r.enhanced)
  }

  /** A refusal of MAIL, RCPT or DATA. */
  refuseMail(r: SmtpReply): void {
    this.context.metrics.messageRefused(this.context.options.name, r.code)
    this.reply(r)
  }

  /** A refusal of DATA. Content that was sent without waiting for 354 must not be taken for commands. */
  refuseData(r: SmtpReply): void {
    const outOfStep = this.parser?.hasMore ?? false
    this.refuseMail(r)
    if (outOfStep && !this.closed) this.reply(replies.outOfStep)
  }

  /** What the intake has against another message, or null. */
  intakeRefusal(): SmtpReply | null {
    const error = this.context.intake.refusal()
    return error === null ? null : replyForError(error)
  }

  /** The reply at the end of DATA, and the end of the connection where that was waiting for it. */
  endMessage(r: SmtpReply, accepted: boolean): void {
    this.mail = null
    this.transfer = null
    this.receiving = false
    if (accepted) {
      this.errors = 0
      this.junk = 0
    }
    this.countErrors = false
    this.reply(r)
    this.countErrors = true
    this.commandTimer?.refresh()
    if (this.closeWith !== null && !this.closed) this.reply(this.closeWith)
  }

  /** Ends the connection with `r`: now when nothing is under way, else after the message or command is answered. */
  endAfterMessage(r: SmtpReply): void {
    if (this.closed) return
    if (!this.receiving && !this.busy) this.reply(r)
    else this.closeWith ??= r
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const pipelined = code >= 250 && code < 400
    if (pipelined) this.gatherReplies()
    const mistake = code >= 500 && this.countErrors && this._ready
    if (mistake && ++this.errors > this.context.limits.commandErrorsMax) {
      const r = replies.tooManyErrors
      super.send(r.code, r.text, r.enhanced ?? false)
      return
    }
    super.send(code, data, context)
    // 220 may be followed by a TLS handshake on the same socket, and 4xx and 5xx by its end.
    if (!pipelined) this.passReplies()
  }

  /** Pipelined commands are answered in one write (RFC 2920 section 3.2 asks for that). */
  private gatherReplies(): void {
    if (this.corked !== null || this.closed) return
    this.corked = this._socket
    this.corked.cork()
    setImmediate(() => this.passReplies())
  }

  private passReplies(): void {
    this.corked?.uncork()
    this.corked = null
  }

  /** An enhanced code given in place of a context stands for itself. */
  override _getEnhancedStatusCode(code: number, context?: string | false): string {
    if (typeof context === 'string' && /^[245]\.\d{1,3}\.\d{1,3}$/.test(context)) return context
    return code === 421 && context === undefined ? '4.7.0' : super._getEnhancedStatusCode(code, context)
  }

  override _createParser(): SmtpParser {
    const { limits, options } = this.context
    const parser = new SmtpParser({
      lineMaxBytes: limits.commandLineMaxBytes,
      lenient: options.lineEndings === 'canonicalise',
      onLine: (line, next) => this.onLine(line, next),
    })
    parser.on('error', (error) => {
      this.context.log.error({ session: this.id, problem: error.message }, 'connection closed after an internal error')
      this.reply(replies.localProblem)
      this.close()
    })
    return parser
  }

  private onLine(line: CommandLine, next: () => void): void {
    if (this._upgrading || this.closed) {
      next()
      return
    }
    if (this.closeWith !== null) {
      this.reply(this.closeWith)
      return
    }
    this.commandTimer?.refresh()
    this.busy = true
    let finished = false
    const done = (): void => {
      if (finished) return
      finished = true
      this.busy = false
      if (this.closeWith !== null && !this.receiving && !this.closed) this.reply(this.closeWith)
      this._whenWritable(next)
    }
    try {
      this.dispatch(line, done)
    } catch (thrown) {
      this.context.log.error({ session: this.id, problem: asError(thrown).message }, 'command failed')
      this.reply(replies.localProblem)
      done()
    }
  }

  private dispatch(line: CommandLine, done: () => void): void {
    const problem = lineProblem(line)
    if (line.kind !== 'line' || problem !== null) {
      this._nextHandler = false
      this.reply(problem ?? replies.unknownCommand)
      done()
      return
    }
    if (this._nextHandler) {
      const continuation = this._nextHandler
      this._nextHandler = false
      continuation.call(this, line.text, done)
      return
    }
    const text = line.text.toString(isAscii(line.text) ? 'latin1' : 'utf8')
    const verb = (/^[A-Za-z]{1,16}/.exec(text)?.[0] ?? '').toUpperCase()
    const command = /^(?: |$)/.test(text.slice(verb.length)) ? commands.get(verb) : undefined
    if (httpVerbs.has(verb)) this.reply(replies.wrongProtocol)
    else if (command === undefined) {
      this.reply(replies.unknownCommand)
      done()
    } else if (command.junk && ++this.junk > this.context.limits.junkCommandsMax) this.reply(replies.tooMuchJunk)
    else command.run(this, text, done)
  }

  /** Ends politely; and, should what is under way never come to an end, by force after as long again. */
  private onSessionTimeout(): void {
    this.endAfterMessage(replies.sessionTooLong)
    this.sessionTimer = setTimeout(() => this._socket.destroy(), this.context.limits.sessionMaxMs).unref()
  }

  private onCommandTimeout(): void {
    if (this.closed) return
    if (this.busy || this.receiving) this.commandTimer?.refresh()
    else this.reply(replies.idle)
  }

  /** The socket was silent. No fault of the client's while it waits for us. */
  override _onTimeout(): void {
    if (this._closing) this._socket.destroy()
    else if (this.busy || this.transfer?.blocked) this._armTimeout()
    else this.reply(replies.idle)
  }

  override _onClose(): void {
    if (this.commandTimer !== null) clearTimeout(this.commandTimer)
    if (this.sessionTimer !== null) clearTimeout(this.sessionTimer)
    if (this.transfer !== null && !this.transfer.ended) {
      const { options, log } = this.context
      log.info({ session: this.id, listener: options.name, client: this.remoteAddress }, 'client left during DATA')
    }
    this.transfer?.abandon()
    super._onClose()
  }

  override close(): void {
    super.close()
    this.transfer?.abandon()
  }

  override _resetSession(): void {
    super._resetSession()
    this.mail = null
  }

  /** XCLIENT and XFORWARD by network, where smtp-server knows single addresses only. */
  override _proxyCommandAllowed(command: string): boolean {
    const list = command === 'XCLIENT' ? this.context.xclientFrom : this.context.xforwardFrom
    return !this._xClient.has('ADDR') && list.has(this._originalRemoteAddress)
  }

  override upgrade(callback: () => void, secureCallback?: () => void): void {
    const raw = this._socket
    const timer = setTimeout(() => raw.destroy(), this.context.limits.tlsHandshakeTimeoutMs).unref()
    super.upgrade(callback, () => {
      clearTimeout(timer)
      secureCallback?.()
    })
    this.host.followSocket(raw)
  }

  override _sendGreeting(): void {
    const { hostname, banner } = this.context.options
    this.send(220, `${hostname} ESMTP${banner === undefined ? '' : ` ${banner}`}`, false)
  }
}

/** Why a line is no command at all, or null. */
function lineProblem(line: CommandLine): SmtpReply | null {
  switch (line.kind) {
    case 'bare':
      return replies.bareLineEnd
    case 'too-long':
      return replies.lineTooLong
    case 'line':
      return isUtf8(line.text) ? null : replies.notUtf8
  }
}
