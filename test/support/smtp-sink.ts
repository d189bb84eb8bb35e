import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

/**
 * A scripted next hop on a real socket: records envelopes and content bytes, and misbehaves where a script says so.
 * Without a script it accepts everything. Nothing is validated: what arrives is what is recorded.
 */
export interface SinkOptions {
  /** EHLO lines; STARTTLS and AUTH are added by the options below. */
  readonly extensions?: readonly string[]
  /** PEM; offers STARTTLS, or speaks TLS from the first byte with `implicitTls`. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly implicitTls?: boolean
  readonly auth?: { readonly user: string; readonly password: string }
  readonly script?: SinkScript
  /** Keep message contents (default); a bench turns it off. */
  readonly keepContent?: boolean
}

export type SinkCommand =
  | 'connect'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'content'
  | 'dot'
  | 'rset'
  | 'quit'
  | 'other'

export interface SinkStep {
  readonly command: SinkCommand
  /** The command line as received; empty for `connect`, `content` and `dot`. */
  readonly line: string
  /** 1 for the first connection. */
  readonly session: number
  /** 1 for the first transaction (MAIL) of this connection, 0 before it. */
  readonly transaction: number
  readonly secured: boolean
}

/**
 * What to do instead of the default: a reply (lines joined by CRLF), a reply and then close, close at once, reset the
 * connection, never answer, or send the reply one byte at a time.
 */
export type SinkAnswer =
  | string
  | { readonly thenClose: string }
  | { readonly trickle: string; readonly everyMs: number }
  | { readonly raw: string }
  | 'close'
  | 'reset'
  | 'hang'
  | undefined

export type SinkScript = (step: SinkStep) => SinkAnswer

export interface SinkMessage {
  readonly session: number
  readonly secured: boolean
  readonly authenticated: string | null
  readonly sender: string
  /** Parameters of MAIL, e.g. `['BODY=8BITMIME', 'RET=HDRS']`. */
  readonly parameters: readonly string[]
  /** Recipients that were answered 2xx. */
  readonly recipients: readonly { readonly address: string; readonly parameters: readonly string[] }[]
  /** Dot-unstuffed, without the final dot. */
  readonly content: Buffer
  /** Whether the final dot was answered 2xx. */
  readonly accepted: boolean
}

const DEFAULT_EXTENSIONS = ['PIPELINING', 'SIZE 52428800', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES']

export class SmtpSink {
  /** Messages whose final dot was answered 2xx, in order. */
  readonly messages: SinkMessage[] = []
  /** Every content that reached the final dot, answered 2xx or not. */
  readonly attempts: SinkMessage[] = []
  /** Every command line, prefixed by its session: `1 MAIL FROM:<…>`. */
  readonly commands: string[] = []
  /** Connections so far. */
  sessions = 0
  /** Accepted messages, also counted when contents are not kept. */
  accepted = 0
  readonly options: SinkOptions
  private server: Server | null = null
  private readonly sockets = new Set<Socket>()
  private readonly watchers = new Set<() => void>()
  private scriptNow: SinkScript | undefined

  constructor(options: SinkOptions = {}) {
    this.options = options
    this.scriptNow = options.script
  }

  /** Listens on 127.0.0.1; port 0 takes a free one. Resolves with the port. */
  async start(port = 0): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      new SinkSession(this, socket, ++this.sessions).begin()
    })
    this.server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    return this.port
  }

  get port(): number {
    const address = this.server?.address()
    if (!address || typeof address === 'string') throw new Error('the sink is not listening')
    return address.port
  }

  get open(): number {
    return this.sockets.size
  }

  get script(): SinkScript | undefined {
    return this.scriptNow
  }

  set script(script: SinkScript | undefined) {
    this.scriptNow = script
  }

  /** Resolves once `condition` holds; checked after every event of the sink. */
  async until(condition: (sink: SmtpSink) => boolean): Promise<void> {
    if (condition(this)) return
    await new Promise<void>((resolve) => {
      const watcher = () => {
        if (!condition(this)) return
        this.watchers.delete(watcher)
        resolve()
      }
      this.watchers.add(watcher)
    })
  }

  /** Closes every open connection without a word, as a crashed server would. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    const server = this.server
    if (!server) return
    this.server = null
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    this.dropConnections()
    await closed
  }

  /** For sessions: tells those who wait that something happened. */
  changed(): void {
    for (const watcher of [...this.watchers]) watcher()
  }
}

class SinkSession {
  private readonly sink: SmtpSink
  private socket: Socket
  private readonly session: number
  private pending: Buffer = Buffer.alloc(0)
  private readonly stored: Buffer[] = []
  private mode: 'commands' | 'content' | 'auth' | 'dead' = 'commands'
  private secured = false
  private authenticated: string | null = null
  private transaction = 0
  private sender = ''
  private parameters: string[] = []
  private recipients: { address: string; parameters: string[] }[] = []

  constructor(sink: SmtpSink, socket: Socket, session: number) {
    this.sink = sink
    this.socket = socket
    this.session = session
  }

  begin(): void {
    if (this.sink.options.implicitTls) this.upgrade()
    else this.listen()
    if (!this.sink.options.implicitTls) this.answer('connect', '', '220 sink.example ESMTP')
  }

  private listen(): void {
    this.socket.on('data', (chunk: Buffer) => this.feed(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.sink.changed())
  }

  private upgrade(): void {
    const pem = this.sink.options.tls
    if (!pem) throw new Error('TLS without a certificate')
    this.socket.removeAllListeners('data')
    const secure = new TLSSocket(this.socket, { isServer: true, secureContext: createSecureContext(pem) })
    this.socket = secure
    secure.on('error', () => {})
    secure.once('secure', () => {
      this.secured = true
      if (this.sink.options.implicitTls) this.answer('connect', '', '220 sink.example ESMTP')
    })
    this.listen()
  }

  private feed(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk])
    while (this.mode !== 'dead') {
      if (this.mode === 'content') {
        if (!this.content()) return
        continue
      }
      const end = this.pending.indexOf('\r\n')
      if (end < 0) return
      const line = this.pending.toString('utf8', 0, end)
      this.pending = this.pending.subarray(end + 2)
      this.sink.commands.push(`${this.session} ${line}`)
      if (this.mode === 'auth') this.plain(line)
      else this.command(line)
      this.sink.changed()
    }
  }

  private command(line: string): void {
    const verb = /^(?:MAIL FROM|RCPT TO|[A-Za-z]+)/i.exec(line)?.[0]?.toUpperCase() ?? ''
    switch (verb) {
      case 'EHLO':
        this.answer('ehlo', line, this.greeting())
        break
      case 'HELO':
        this.answer('helo', line, '250 sink.example')
        break
      case 'STARTTLS':
        if (this.answer('starttls', line, '220 2.0.0 go ahead')) this.upgrade()
        break
      case 'AUTH': {
        const [, , initial] = line.split(' ')
        if (initial) this.plain(initial)
        else if (this.answer('auth', line, '334 ')) this.mode = 'auth'
        break
      }
      case 'MAIL FROM': {
        this.transaction++
        const path = splitPath(line.slice('MAIL FROM:'.length))
        if (this.answer('mail', line, '250 2.1.0 ok')) {
          this.sender = path.address
          this.parameters = path.parameters
          this.recipients = []
        }
        break
      }
      case 'RCPT TO': {
        const path = splitPath(line.slice('RCPT TO:'.length))
        if (this.answer('rcpt', line, '250 2.1.5 ok')) this.recipients.push(path)
        break
      }
      case 'DATA':
        if (this.answer('data', line, this.recipients.length > 0 ? '354 go' : '554 5.5.1 no valid recipients', true))
          this.mode = 'content'
        break
      case 'RSET':
        this.recipients = []
        this.answer('rset', line, '250 2.0.0 ok')
        break
      case 'QUIT':
        this.answer('quit', line, { thenClose: '221 2.0.0 bye' })
        break
      default:
        this.answer('other', line, '500 5.5.2 unknown')
    }
  }

  /** Takes content up to the final dot; false when more bytes are needed. */
  private content(): boolean {
    if (this.ask('content', '') === 'close') {
      this.socket.destroy()
      this.mode = 'dead'
      return false
    }
    const empty = this.stored.length === 0 && this.pending.subarray(0, 3).toString('latin1') === '.\r\n'
    const end = empty ? 0 : this.pending.indexOf('\r\n.\r\n')
    if (end < 0) {
      // The end may be split over two chunks; all before it is put aside, so that large content costs no square.
      const keep = Math.max(0, this.pending.length - 4)
      if (keep > 0) this.stored.push(this.pending.subarray(0, keep))
      this.pending = this.pending.subarray(keep)
      return false
    }
    const stuffed = Buffer.concat([...this.stored.splice(0), this.pending.subarray(0, empty ? 0 : end + 2)])
    this.pending = this.pending.subarray(empty ? 3 : end + 5)
    this.mode = 'commands'
    const accepted = this.answer('dot', '', '250 2.0.0 queued')
    if (accepted) this.sink.accepted++
    if (this.sink.options.keepContent !== false) {
      const message: SinkMessage = {
        session: this.session,
        secured: this.secured,
        authenticated: this.authenticated,
        sender: this.sender,
        parameters: this.parameters,
        recipients: this.recipients,
        content: unstuff(stuffed),
        accepted,
      }
      this.sink.attempts.push(message)
      if (accepted) this.sink.messages.push(message)
    }
    this.recipients = []
    this.sink.changed()
    return true
  }

  private plain(initial: string): void {
    this.mode = 'commands'
    const [, user, password] = Buffer.from(initial, 'base64').toString('utf8').split('\0')
    const want = this.sink.options.auth
    const fine = want !== undefined && user === want.user && password === want.password
    if (this.answer('auth', initial, fine ? '235 2.7.0 welcome' : '535 5.7.8 no') && fine)
      this.authenticated = user ?? null
  }

  private greeting(): string {
    const { extensions, tls, implicitTls, auth } = this.sink.options
    const lines = ['sink.example', ...(extensions ?? DEFAULT_EXTENSIONS)]
    if (tls && !implicitTls && !this.secured) lines.push('STARTTLS')
    if (auth) lines.push('AUTH PLAIN LOGIN')
    return lines.map((text, index) => `250${index === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n')
  }

  private ask(command: SinkCommand, line: string): SinkAnswer {
    const { session, transaction, secured } = this
    return this.sink.script?.({ command, line, session, transaction, secured })
  }

  /** Answers by script or default; true when the answer was positive (2xx, or 3xx where `going` asks for it). */
  private answer(
    command: SinkCommand,
    line: string,
    usual: Exclude<SinkAnswer, undefined>,
    going: boolean = false,
  ): boolean {
    const answer = this.ask(command, line) ?? usual
    if (answer === 'hang') {
      this.mode = 'dead'
      return false
    }
    if (answer === 'close' || answer === 'reset') {
      this.mode = 'dead'
      if (answer === 'reset') this.socket.resetAndDestroy()
      else this.socket.destroy()
      return false
    }
    if (typeof answer === 'string') {
      this.socket.write(`${answer}\r\n`)
      return (going ? /^3/ : /^2|^334/).test(answer)
    }
    if ('raw' in answer) {
      this.socket.write(answer.raw)
      return /^2/.test(answer.raw)
    }
    if ('thenClose' in answer) {
      this.mode = 'dead'
      this.socket.end(`${answer.thenClose}\r\n`)
      return answer.thenClose.startsWith('2')
    }
    this.trickle(answer.trickle, answer.everyMs)
    return /^2/.test(answer.trickle)
  }

  private trickle(text: string, everyMs: number): void {
    const bytes = Buffer.from(`${text}\r\n`)
    let at = 0
    const timer = setInterval(() => {
      if (at >= bytes.length || this.socket.destroyed) clearInterval(timer)
      else this.socket.write(bytes.subarray(at, ++at))
    }, everyMs)
  }
}

function splitPath(text: string): { address: string; parameters: string[] } {
  const match = /^<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(.*)$/s.exec(text)
  if (!match) return { address: `malformed: ${text}`, parameters: [] }
  return { address: match[1] ?? '', parameters: (match[2] ?? '').split(' ').filter((word) => word !== '') }
}

function unstuff(bytes: Buffer): Buffer {
  const out: Buffer[] = []
  let from = bytes[0] === 0x2e ? 1 : 0
  for (let at = bytes.indexOf('\r\n.', 0); at >= 0; at = bytes.indexOf('\r\n.', at + 3)) {
    if (at + 2 < from) continue
    out.push(bytes.subarray(from, at + 2))
    from = at + 3
  }
  out.push(bytes.subarray(from))
  return Buffer.concat(out)
}
