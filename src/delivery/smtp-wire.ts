import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { asError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { ReplyParser, ReplySyntaxError, type SmtpReply } from './smtp-reply.ts'

/**
 * One socket to a next hop as replies and writes. Every wait has a deadline that trickling bytes don't push back. It
 * knows nothing of the order of commands. After the first trouble every wait fails with the same HopError.
 */

/** The conversation with a next hop broke: nobody knows more about the message than before, so it is temporary. */
export class HopError extends Error {
  /** Bounded line with an enhanced status code: `4.4.1 could not connect: ECONNREFUSED`. */
  readonly reply: string

  constructor(reply: string, cause?: unknown) {
    super(reply, { cause })
    this.name = 'HopError'
    this.reply = reply
  }
}

/** MAIL, RCPTs and DATA are pipelined, so that many replies may be there before the first is taken. */
const REPLIES_MAX = limits.deliveryRecipientsPerTransactionMax + 2

interface Waiter {
  readonly resolve: (reply: SmtpReply) => void
  readonly reject: (error: HopError) => void
  readonly timer: NodeJS.Timeout
}

export class SmtpWire {
  private socket: Socket
  private parser = new ReplyParser()
  private readonly replies: SmtpReply[] = []
  private waiter: Waiter | null = null
  private drainWaiter: (() => void) | null = null
  private trouble: HopError | null = null
  /** Called once when the connection is lost or speaks while nobody asked. */
  onIdleTrouble: (() => void) | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    this.listen(socket)
  }

  /** Connects, with TLS from the first byte when `tls` is given. Throws HopError. */
  static async connect(host: string, port: number, timeoutMs: number, tls?: ConnectionOptions): Promise<SmtpWire> {
    const socket = tls ? connectTls({ ...tls, host, port }) : connectTcp({ host, port, noDelay: true })
    await established(socket, tls ? 'secureConnect' : 'connect', timeoutMs, tls ? 'TLS handshake' : 'connect')
    socket.setNoDelay(true)
    return new SmtpWire(socket)
  }

  /** STARTTLS has been answered 220: negotiates on the same connection. Throws HopError. */
  async upgrade(tls: ConnectionOptions, timeoutMs: number): Promise<TLSSocket> {
    if (this.parser.partial || this.replies.length > 0)
      throw this.fail(new HopError('4.7.0 clear text after the reply to STARTTLS'))
    const plain = this.socket
    plain.removeAllListeners()
    const secure = connectTls({ ...tls, socket: plain })
    try {
      await established(secure, 'secureConnect', timeoutMs, 'TLS handshake')
    } catch (thrown) {
      plain.on('error', () => {})
      plain.destroy()
      throw this.fail(thrown instanceof HopError ? thrown : new HopError('4.7.5 TLS handshake failed', thrown))
    }
    this.socket = secure
    this.parser = new ReplyParser()
    this.listen(secure)
    return secure
  }

  get tls(): TLSSocket | null {
    return 'getPeerX509Certificate' in this.socket ? (this.socket as TLSSocket) : null
  }

  get broken(): boolean {
    return this.trouble !== null
  }

  /** Whether the server has said something nobody asked for yet. */
  get talking(): boolean {
    return this.replies.length > 0
  }

  /** The next reply in order. `timeoutMs` bounds the whole reply. Throws HopError. */
  reply(timeoutMs: number, what: string): Promise<SmtpReply> {
    const ready = this.replies.shift()
    if (ready) return Promise.resolve(ready)
    if (this.trouble) return Promise.reject(this.trouble)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.fail(new HopError(`4.4.2 no reply to ${what} within ${Math.ceil(timeoutMs / 1000)} s`)),
        timeoutMs,
      )
      this.waiter = { resolve, reject, timer }
    })
  }

  /** False when the socket's buffer is full: wait for `drained` before writing more. */
  write(data: string | Uint8Array): boolean {
    if (this.trouble) throw this.trouble
    return this.socket.write(data)
  }

  /** As `write`, for several pieces in one system call and without copying them together. */
  writeAll(pieces: readonly Uint8Array[]): boolean {
    if (this.trouble) throw this.trouble
    this.socket.cork()
    let taken = true
    for (const piece of pieces) taken = this.socket.write(piece)
    this.socket.uncork()
    return taken && !this.socket.writableNeedDrain
  }

  /** Resolves when the socket takes more, or when the server speaks or breaks off: look at `talking` and `broken`. */
  drained(timeoutMs: number): Promise<void> {
    if (this.trouble || this.talking || !this.socket.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.fail(new HopError('4.4.2 the server stopped reading')), timeoutMs)
      this.drainWaiter = () => {
        clearTimeout(timer)
        this.drainWaiter = null
        resolve()
      }
    })
  }

  /** Polite end: the server's FIN or the deadline closes the socket. */
  finish(timeoutMs: number): void {
    this.onIdleTrouble = null
    if (this.trouble) return
    this.trouble = new HopError('4.4.2 connection closed')
    this.socket.end('QUIT\r\n')
    const timer = setTimeout(() => this.socket.destroy(), timeoutMs)
    timer.unref()
    this.socket.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    this.onIdleTrouble = null
    this.fail(new HopError('4.4.2 connection closed'))
  }

  private listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('drain', () => this.drainWaiter?.())
    socket.on('error', (error) => this.fail(new HopError(`4.4.2 connection lost: ${problemCode(error)}`, error)))
    socket.on('end', () => this.fail(new HopError('4.4.2 connection closed by the server')))
    socket.on('close', () => this.fail(new HopError('4.4.2 connection closed')))
  }

  private take(chunk: Buffer): void {
    if (this.trouble) return
    try {
      for (const reply of this.parser.push(chunk)) {
        const waiter = this.waiter
        if (waiter) {
          this.waiter = null
          clearTimeout(waiter.timer)
          waiter.resolve(reply)
        } else this.replies.push(reply)
      }
      if (this.replies.length > REPLIES_MAX) throw new ReplySyntaxError('replies that nobody asked for')
    } catch (thrown) {
      this.fail(new HopError(`4.5.0 ${asError(thrown).message}`, thrown))
      return
    }
    if (this.talking) {
      this.drainWaiter?.()
      this.onIdleTrouble?.()
    }
  }

  private fail(error: HopError): HopError {
    if (this.trouble) return this.trouble
    this.trouble = error
    this.socket.destroy()
    const { waiter, onIdleTrouble } = this
    this.waiter = null
    this.onIdleTrouble = null
    if (waiter) {
      clearTimeout(waiter.timer)
      waiter.reject(error)
    }
    this.drainWaiter?.()
    onIdleTrouble?.()
    return error
  }
}

function established(socket: Socket, event: string, timeoutMs: number, what: string): Promise<void> {
  const status = what === 'connect' ? '4.4.1' : '4.7.5'
  return new Promise((resolve, reject) => {
    const done = (error?: HopError) => {
      clearTimeout(timer)
      socket.off(event, succeeded)
      socket.off('error', failed)
      socket.off('close', closed)
      if (!error) return resolve()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const succeeded = () => done()
    const failed = (error: Error) => done(new HopError(`${status} ${what} failed: ${problemCode(error)}`, error))
    const closed = () => done(new HopError(`${status} ${what} failed: closed by the server`))
    const timer = setTimeout(() => done(new HopError(`${status} ${what} timed out`)), timeoutMs)
    socket.once(event, succeeded)
    socket.once('error', failed)
    socket.once('close', closed)
  })
}

/** The error's code where it has one: messages of the runtime may hold addresses and certificate contents. */
function problemCode(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}
