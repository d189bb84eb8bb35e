import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../../core/errors.ts'
import { limits as core } from '../../core/limits.ts'
import { AuthThrottle } from './auth-throttle.ts'
import { CertificateSource } from './certificate-source.ts'
import { NetworkList } from './client-networks.ts'
import { ConnectionLedger } from './connection-ledger.ts'
import type { ListenerContext } from './listener-context.ts'
import { SmtpListener } from './smtp-listener.ts'
import {
  type BoundAddress,
  type SmtpIngressOptions,
  type SmtpLimits,
  type SmtpListenerOptions,
  smtpLimitDefaults,
} from './smtp-options.ts'

/** The SMTP receiving side as a whole. */
export interface SmtpIngress {
  /** Loads certificates and binds every listener, or none. Throws a GatewayError that says what to change. */
  listen(): Promise<readonly BoundAddress[]>
  /** Drains: no new connections, messages in DATA finish, all others get 421; what is left after `graceMs` is cut. */
  close(graceMs: number): Promise<void>
  /** Stops listening (not ready); connections that are open go on. Idempotent. */
  pause(): Promise<void>
  /** Listens again on the same ports. Throws as `listen` does; may be called again. */
  resume(): Promise<void>
  /** Looks at the certificate files now, without waiting for the interval. */
  reloadCertificates(): Promise<void>
  /** Open connections over all listeners. */
  connections(): number
}

/** Checks the options and throws a GatewayError for what can't work. Nothing is opened before `listen`. */
export function createSmtpIngress(options: SmtpIngressOptions): SmtpIngress {
  return new Ingress(options)
}

interface Running {
  readonly listener: SmtpListener
  readonly certificate: CertificateSource | null
}

class Ingress implements SmtpIngress {
  private readonly options: SmtpIngressOptions
  private readonly limits: SmtpLimits
  private readonly ledger: ConnectionLedger
  private readonly contexts: readonly ListenerContext[]
  private running: Running[] = []
  private closed = false

  constructor(options: SmtpIngressOptions) {
    this.options = options
    this.limits = { ...smtpLimitDefaults, ...options.limits }
    this.ledger = new ConnectionLedger(this.limits)
    const now = options.now ?? Date.now
    const throttle = new AuthThrottle({
      failuresMax: this.limits.authFailuresPerNetworkMax,
      windowMs: this.limits.authWindowMs,
      networksMax: core.smtpAuthNetworksMax,
      now,
    })
    this.contexts = options.listeners.map((listener) => this.contextOf(listener, throttle, now))
  }

  async listen(): Promise<readonly BoundAddress[]> {
    const bound: BoundAddress[] = []
    try {
      for (const context of this.contexts) {
        const running = await this.open(context)
        this.running.push(running)
        bound.push(await running.listener.start())
      }
    } catch (thrown) {
      await this.close(0)
      throw thrown
    }
    return bound
  }

  async close(graceMs: number): Promise<void> {
    this.closed = true
    for (const { certificate } of this.running) certificate?.close()
    await Promise.all(this.running.map(({ listener }) => listener.drain(graceMs)))
    this.running = []
  }

  async pause(): Promise<void> {
    for (const { listener } of this.running) listener.pause()
  }

  async resume(): Promise<void> {
    if (this.closed) return
    for (const { listener } of this.running) if (!listener.server.listening) await listener.start()
  }

  async reloadCertificates(): Promise<void> {
    await Promise.all(this.running.map((running) => running.certificate?.reload(() => useCertificate(running))))
  }

  connections(): number {
    return this.ledger.total
  }

  private async open(context: ListenerContext): Promise<Running> {
    const { certificateFile, keyFile } = context.options
    const key = keyOf(context.options)
    const certificate =
      context.options.tls === 'none' || certificateFile === undefined || keyFile === undefined
        ? null
        : await CertificateSource.load({ certificateFile, keyFile }, key, this.options.log)
    const listener = new SmtpListener(context, this.ledger, certificate?.pair ?? null)
    const running: Running = { listener, certificate }
    if (certificate !== null) useCertificate(running)
    certificate?.watch(this.limits.certificatePollMs, () => useCertificate(running))
    return running
  }

  private contextOf(listener: SmtpListenerOptions, throttle: AuthThrottle, now: () => number): ListenerContext {
    const key = keyOf(listener)
    checkListener(listener, this.options, key)
    return {
      options: listener,
      limits: this.limits,
      intake: this.options.intakeFor(listener),
      clients: new NetworkList(listener.clients, `${key}.clients`),
      xclientFrom: new NetworkList(listener.xclientFrom, `${key}.xclient_from`),
      xforwardFrom: new NetworkList(listener.xforwardFrom, `${key}.xforward_from`),
      authenticate: this.options.authenticate ?? null,
      throttle,
      trace: this.options.trace ?? null,
      log: this.options.log,
      metrics: this.options.metrics,
      now,
      wait: this.options.wait ?? ((ms) => wait(ms, undefined, { ref: false })),
    }
  }
}

function useCertificate({ listener, certificate }: Running): void {
  if (certificate !== null) listener.replaceCertificate(certificate.secureContext())
}

function keyOf(listener: SmtpListenerOptions): string {
  return listener.configKey ?? `listener ${listener.name}`
}

function checkListener(listener: SmtpListenerOptions, options: SmtpIngressOptions, key: string): void {
  const fail = (message: string): never => {
    throw new GatewayError('bad-listener', {
      temporary: false,
      publicMessage: 'Service misconfigured',
      message: `${key}: ${message}`,
    })
  }
  if (options.listeners.filter((other) => other.name === listener.name).length > 1)
    fail(`the name "${listener.name}" is given to two listeners; rename one`)
  if (listener.tls !== 'none' && (listener.certificateFile === undefined || listener.keyFile === undefined))
    fail('TLS needs a certificate file and a key file; name both, or set tls to none')
  if (listener.kind === 'submission' && listener.tls === 'none')
    fail('submission takes passwords over TLS only; set tls to starttls or implicit')
  if (listener.kind === 'submission' && options.authenticate === undefined)
    fail('submission needs users; configure them, or make it a relay')
  if (listener.kind === 'relay' && listener.clients.length === 0)
    fail('a relay without clients refuses everybody; list the networks that may send')
  if (listener.requireTls && listener.tls === 'none')
    fail('TLS can not be required while tls is none; set tls to starttls or implicit')
}
