import { randomUUID } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import {
  SMTPServer,
  type SMTPServerAuthentication,
  type SMTPServerAuthenticationResponse,
  type SMTPServerSession,
} from 'smtp-server'
import { GatewayError } from '../../core/errors.ts'
import { judgeAuthentication } from './authentication.ts'
import type { CertificatePair } from './certificate-source.ts'
import { clientKey } from './client-networks.ts'
import type { ConnectionLedger } from './connection-ledger.ts'
import type { ListenerContext } from './listener-context.ts'
import type { BoundAddress } from './smtp-options.ts'
import { replies, replyLine } from './smtp-reply.ts'
import { type SessionHost, SmtpSession } from './smtp-session.ts'

/**
 * One listening socket and the sessions that came in through it. Counts connections before anything is read from them,
 * stops and starts listening, and drains at the end. smtp-server accepts sockets and wraps TLS; sessions are ours.
 */
export class SmtpListener extends SMTPServer implements SessionHost {
  readonly context: ListenerContext
  draining = false
  private readonly ledger: ConnectionLedger
  private readonly sessions = new WeakMap<SMTPServerSession, SmtpSession>()
  private readonly leave = new WeakMap<Socket, () => void>()
  private readonly sockets = new Set<Socket>()
  private readonly onEmpty: (() => void)[] = []
  private bound: AddressInfo | null = null

  constructor(context: ListenerContext, ledger: ConnectionLedger, certificate: CertificatePair | null) {
    const { options, limits } = context
    super({
      secure: options.tls === 'implicit',
      hideSTARTTLS: options.tls !== 'starttls',
      ...(certificate === null ? {} : { cert: certificate.cert, key: certificate.key }),
      minVersion: 'TLSv1.2',
      name: options.hostname,
      logger: false,
      disableReverseLookup: true,
      disabledCommands: ['WIZ', 'SHELL', 'KILL'],
      authMethods: ['PLAIN', 'LOGIN'],
      hideENHANCEDSTATUSCODES: false,
      socketTimeout: limits.idleTimeoutMs,
      maxClients: limits.connectionsMax,
      noDelay: true,
    })
    this.context = context
    this.ledger = ledger
    this.on('error', (error: Error) => this.onServerError(error))
  }

  /** Binds the socket. Throws `port-in-use`, `port-forbidden` or `listen-failed`, saying what to change. */
  async start(): Promise<BoundAddress> {
    const { options } = this.context
    // After a pause the port that was given out must be the same again.
    const port = this.bound?.port ?? options.port
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(this.listenError(error))
      this.server.once('error', failed)
      this.server.listen({ host: options.host, port, backlog: 511 }, () => {
        this.server.off('error', failed)
        resolve()
      })
    })
    this.bound = this.server.address() as AddressInfo
    return { listener: options.name, host: this.bound.address, port: this.bound.port }
  }

  /** Stops listening; connections go on. */
  pause(): void {
    if (this.server.listening) this.server.close()
  }

  /** New connections get the new certificate, those under way keep theirs. */
  replaceCertificate(secureContext: SecureContext): void {
    this.secureContext.set('*', secureContext)
  }

  /** Stops listening, lets messages under way finish, tells all others to come back, and cuts what is left after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true
    this.pause()
    for (const socket of this._pendingSockets.values()) socket.destroy()
    for (const session of this.connections) (session as SmtpSession).endAfterMessage(replies.shuttingDown)
    if (this.sockets.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const session of this.connections) (session as SmtpSession).reply(replies.shuttingDown)
        for (const socket of this.sockets) socket.destroy()
      }, graceMs)
      this.onEmpty.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: { id?: string } | null): void {
    const session = new SmtpSession(this, socket, socketOptions)
    this.connections.add(session)
    this.sessions.set(session.session, session)
    session.on('error', (error: Error) => this.onServerError(error))
    session.init()
  }

  override onAuth(
    auth: SMTPServerAuthentication,
    session: SMTPServerSession,
    callback: (error: Error | null | undefined, response?: SMTPServerAuthenticationResponse) => void,
  ): void {
    const ours = this.sessions.get(session)
    if (ours === undefined) {
      callback(null, { responseCode: replies.authUnavailable.code, message: replies.authUnavailable.text })
      return
    }
    void judgeAuthentication(ours, auth).then((response) => callback(null, response))
  }

  followSocket(socket: Socket): void {
    const leave = this.leave.get(socket)
    if (leave !== undefined) socket.once('close', leave)
  }

  /** Called for every socket first of all. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    const { options, xclientFrom, xforwardFrom, metrics, limits } = this.context
    const client = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
    const entered = this.ledger.enter(clientKey(client), xclientFrom.has(client) || xforwardFrom.has(client))
    if (typeof entered === 'string') {
      metrics.connectionRefused(options.name, entered)
      socket.on('error', () => {})
      const reply = entered === 'total-limit' ? replies.tooManyConnections : replies.tooManyFromClient
      if (handshake) socket.destroy()
      else socket.end(replyLine(reply), () => socket.destroy())
      return false
    }
    metrics.connectionOpened(options.name)
    this.sockets.add(socket)
    const leave = (): void => {
      if (!this.sockets.delete(socket)) return
      entered()
      metrics.connectionClosed(options.name)
      if (this.sockets.size === 0) for (const resolve of this.onEmpty.splice(0)) resolve()
    }
    this.leave.set(socket, leave)
    socket.once('close', leave)
    const release = super._acceptSocket(socket, handshake)
    if (!handshake || release === false) return release
    const timer = setTimeout(() => this._pendingSockets.get(socket)?.destroy(), limits.tlsHandshakeTimeoutMs).unref()
    return () => {
      clearTimeout(timer)
      release()
    }
  }

  /** No PROXY header is expected of anybody; smtp-server makes its ids in a far costlier way. */
  override _handleProxy(_socket: Socket, callback: (error: null, options: { id: string }) => void): void {
    callback(null, { id: randomUUID() })
  }

  private onServerError(error: NodeJS.ErrnoException): void {
    const { options, log, metrics } = this.context
    const problem = error.message
    // Whoever asked to listen is told by the promise.
    if (error.syscall === 'listen') return
    if (error.syscall === 'accept') {
      log.error({ listener: options.name, problem }, 'no connection can be accepted')
      return
    }
    if ('meta' in error) metrics.connectionRefused(options.name, 'tls-failed')
    log.info({ listener: options.name, problem }, 'connection failed')
  }

  private listenError(error: NodeJS.ErrnoException): GatewayError {
    const { options } = this.context
    const key = options.configKey ?? `the listener "${options.name}"`
    const where = `${options.host}:${this.bound?.port ?? options.port}`
    const known: Readonly<Record<string, readonly [string, string]>> = {
      EADDRINUSE: ['port-in-use', `another process listens on ${where}; stop it or change ${key}.port`],
      EACCES: [
        'port-forbidden',
        `no permission to listen on ${where}; change ${key}.port to 1024 or above, or allow it`,
      ],
      EADDRNOTAVAIL: ['host-not-available', `this machine has no address ${options.host}; change ${key}.host`],
      ENOTFOUND: ['host-not-available', `the host ${options.host} is not known; change ${key}.host`],
    }
    const [code, message] = known[error.code ?? ''] ?? ['listen-failed', `cannot listen on ${where}: ${error.message}`]
    return new GatewayError(code, { temporary: false, publicMessage: 'Service not available', message, cause: error })
  }
}
