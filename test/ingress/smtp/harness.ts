import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Envelope } from '../../../src/core/envelope.ts'
import type { GatewayError } from '../../../src/core/errors.ts'
import type { Intake, IntakeReply, IntakeWriter } from '../../../src/ingress/smtp/intake.ts'
import { createSmtpIngress, type SmtpIngress } from '../../../src/ingress/smtp/smtp-ingress.ts'
import type { SmtpIngressOptions, SmtpListenerOptions } from '../../../src/ingress/smtp/smtp-options.ts'

export interface Stored {
  readonly envelope: Envelope
  readonly content: Buffer
}

/** An intake that keeps messages, and whose every step a test may take over. */
export class FakeIntake implements Intake {
  readonly messages: Stored[] = []
  aborted = 0
  begun = 0
  refuse: () => GatewayError | null = () => null
  onBegin: () => Promise<void> = async () => {}
  onWrite: (chunk: Uint8Array) => Promise<void> = async () => {}
  onFinish: (stored: Stored) => Promise<IntakeReply> = async () => ({ code: 250, enhanced: '2.0.0', text: 'Ok: ref-1' })

  refusal(): GatewayError | null {
    return this.refuse()
  }

  async begin(envelope: Envelope): Promise<IntakeWriter> {
    await this.onBegin()
    this.begun++
    const chunks: Uint8Array[] = []
    let over = false
    const once = (what: string): void => {
      if (over) throw new Error(`${what} after the end of a message`)
    }
    return {
      write: async (chunk) => {
        once('write')
        await this.onWrite(chunk)
        chunks.push(chunk)
      },
      finish: async () => {
        once('finish')
        over = true
        const stored = { envelope, content: Buffer.concat(chunks) }
        const reply = await this.onFinish(stored)
        if (reply.code === 250) this.messages.push(stored)
        return reply
      },
      abort: async () => {
        once('abort')
        over = true
        this.aborted++
      },
    }
  }
}

export class Recorder {
  readonly lines: {
    readonly level: string
    readonly details: Readonly<Record<string, unknown>>
    readonly message: string
  }[] = []
  readonly counts = new Map<string, number>()
  readonly log = {
    info: (details: Readonly<Record<string, unknown>>, message: string): void => this.line('info', details, message),
    warn: (details: Readonly<Record<string, unknown>>, message: string): void => this.line('warn', details, message),
    error: (details: Readonly<Record<string, unknown>>, message: string): void => this.line('error', details, message),
  }
  readonly metrics = {
    connectionOpened: (listener: string): void => this.count(`opened ${listener}`),
    connectionClosed: (listener: string): void => this.count(`closed ${listener}`),
    connectionRefused: (listener: string, reason: string): void =>
      this.count(`connection refused ${listener} ${reason}`),
    messageAccepted: (listener: string): void => this.count(`accepted ${listener}`),
    messageRefused: (listener: string, code: number): void => this.count(`refused ${listener} ${code}`),
    authentication: (listener: string, outcome: string): void => this.count(`auth ${listener} ${outcome}`),
  }

  get(key: string): number {
    return this.counts.get(key) ?? 0
  }

  private line(level: string, details: Readonly<Record<string, unknown>>, message: string): void {
    this.lines.push({ level, details, message })
  }

  private count(key: string): void {
    this.counts.set(key, this.get(key) + 1)
  }
}

export const relay: SmtpListenerOptions = {
  name: 'relay',
  host: '127.0.0.1',
  port: 0,
  kind: 'relay',
  clients: ['127.0.0.0/8'],
  tls: 'none',
  requireTls: false,
  replyMode: 'after-spool',
  xclientFrom: [],
  xforwardFrom: [],
  hostname: 'gw.example.com',
  lineEndings: 'reject',
  configKey: 'smtp.listeners.0',
}

export interface Rig {
  readonly ingress: SmtpIngress
  readonly intake: FakeIntake
  readonly seen: Recorder
  readonly port: number
  readonly ports: readonly number[]
}

/** Starts an ingress on free ports; it is closed when the test ends. */
export async function startIngress(
  listeners: readonly Partial<SmtpListenerOptions>[] = [{}],
  options: Partial<SmtpIngressOptions> = {},
): Promise<Rig> {
  const intake = new FakeIntake()
  const seen = new Recorder()
  const ingress = createSmtpIngress({
    listeners: listeners.map((listener) => ({ ...relay, ...listener })),
    intakeFor: () => intake,
    log: seen.log,
    metrics: seen.metrics,
    ...options,
  })
  const bound = await ingress.listen()
  onTestFinished(() => ingress.close(0))
  const ports = bound.map((b) => b.port)
  return { ingress, intake, seen, port: ports[0] ?? 0, ports }
}

/** A client that sends exact octets and waits for replies. */
export class Client {
  socket: Socket
  ended = false
  private buffer = ''
  private wake: (() => void) | null = null

  constructor(socket: Socket) {
    this.socket = socket
    this.listen(socket)
  }

  static async open(
    port: number,
    options: { readonly greeting?: boolean; readonly host?: string } = {},
  ): Promise<Client> {
    const client = new Client(connect({ port, host: options.host ?? '127.0.0.1' }))
    onTestFinished(() => {
      client.socket.destroy()
    })
    if (options.greeting !== false) await client.reply()
    return client
  }

  static async openTls(port: number): Promise<Client> {
    const client = new Client(tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }))
    onTestFinished(() => {
      client.socket.destroy()
    })
    await client.reply()
    return client
  }

  /** After STARTTLS was answered 220. */
  async secure(): Promise<void> {
    const raw = this.socket
    raw.removeAllListeners('data')
    const socket = tlsConnect({ socket: raw, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
    })
    this.socket = socket
    this.listen(socket)
  }

  send(octets: string | Buffer): void {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'utf8') : octets)
  }

  /** Sends a line and waits for its reply. */
  async ask(line: string): Promise<string> {
    this.send(`${line}\r\n`)
    return this.reply()
  }

  /** The next reply, all its lines joined by LF; '' when the connection ended instead. */
  async reply(): Promise<string> {
    const lines: string[] = []
    for (;;) {
      const line = await this.line()
      if (line === null) return lines.join('\n')
      lines.push(line)
      if (!/^\d{3}-/.test(line)) return lines.join('\n')
    }
  }

  /** Resolves when the server has closed; with all that was still said. */
  async closed(): Promise<string> {
    while (!this.ended) await this.more()
    return this.buffer
  }

  private async line(): Promise<string | null> {
    for (;;) {
      const at = this.buffer.indexOf('\r\n')
      if (at >= 0) {
        const line = this.buffer.slice(0, at)
        this.buffer = this.buffer.slice(at + 2)
        return line
      }
      if (this.ended) return null
      await this.more()
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }

  private listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.buffer += chunk.toString('utf8')
      this.wake?.()
    })
    const over = (): void => {
      this.ended = true
      this.wake?.()
    }
    socket.on('end', over)
    socket.on('close', over)
    socket.on('error', over)
  }
}

/** Opens a connection and brings it to the point where DATA may be sent. */
export async function readyForData(port: number, recipients: readonly string[] = ['b@example.net']): Promise<Client> {
  const client = await Client.open(port)
  await client.ask('EHLO client.example')
  await client.ask('MAIL FROM:<a@example.org>')
  for (const recipient of recipients) await client.ask(`RCPT TO:<${recipient}>`)
  return client
}

/** One whole message over a new connection; the reply at its end. */
export async function sendMessage(port: number, content: string | Buffer): Promise<string> {
  const client = await readyForData(port)
  await client.ask('DATA')
  client.send(content)
  client.send('\r\n.\r\n')
  return client.reply()
}

/** A temporary folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-smtp-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A self-signed certificate for `name`, made by openssl. */
export function makeCertificate(
  folder: string,
  name: string,
): { readonly certificateFile: string; readonly keyFile: string } {
  const certificateFile = join(folder, `${name}.crt`)
  const keyFile = join(folder, `${name}.key`)
  const arguments_ = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', [...arguments_, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certificateFile], {
    stdio: 'pipe',
  })
  return { certificateFile, keyFile }
}

export const corpora = process.env.SLUICE_CORPORA ?? '../shared/corpora'
