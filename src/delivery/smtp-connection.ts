import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type TLSSocket } from 'node:tls'
import { asError } from '../core/errors.ts'
import { type HopVerification, pinBytes, type SmtpHop } from './routes.ts'
import { replyText, type SmtpReply } from './smtp-reply.ts'
import { HopError, SmtpWire } from './smtp-wire.ts'

/**
 * Opens a conversation with a next hop up to where MAIL may be said: greeting, EHLO, TLS as configured, AUTH. What a
 * route demands and the server lacks ends in HopError (temporary): mail never goes out weaker than configured.
 */
export interface SmtpTimeouts {
  readonly connectMs: number
  /** Each command's whole reply. */
  readonly commandMs: number
  /** Content going out, and again the reply to the final dot. */
  readonly dataMs: number
}

export interface Capabilities {
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly smtpUtf8: boolean
  readonly dsn: boolean
  /** Null: not announced, or announced without a limit. */
  readonly sizeMax: number | null
  readonly size: boolean
  readonly startTls: boolean
  readonly auth: readonly string[]
}

export interface OpenOptions {
  readonly hop: SmtpHop
  /** Name we give in EHLO. */
  readonly ehloName: string
  readonly timeouts: SmtpTimeouts
}

export interface SmtpConnection {
  readonly wire: SmtpWire
  readonly capabilities: Capabilities
  readonly secured: boolean
  /** Transactions so far. */
  used: number
}

/** Throws HopError. With `opportunistic`, a failed handshake is followed by one connection in the clear (RFC 7435). */
export async function openConnection(options: OpenOptions): Promise<SmtpConnection> {
  const { hop } = options
  if (hop.tls !== 'opportunistic' || hop.implicitTls) return open(options, hop.tls !== 'none')
  try {
    return await open(options, true)
  } catch (thrown) {
    if (!(thrown instanceof HopError) || !thrown.reply.startsWith('4.7.5 ')) throw thrown
    return open(options, false)
  }
}

async function open(options: OpenOptions, wantTls: boolean): Promise<SmtpConnection> {
  const { hop, timeouts } = options
  const trust = wantTls ? await tlsOptions(hop) : null
  const wire = await SmtpWire.connect(
    hop.host,
    hop.port,
    timeouts.connectMs,
    hop.implicitTls && trust ? trust : undefined,
  )
  try {
    if (hop.implicitTls) checkPin(hop, wire.tls)
    expect(await wire.reply(timeouts.commandMs, 'the connection'), 2, 'greeting')
    let capabilities = await hello(wire, options)
    if (trust && !hop.implicitTls) {
      const upgraded = await startTls(wire, options, capabilities, trust)
      if (upgraded) capabilities = await hello(wire, options)
    }
    const secured = wire.tls !== null
    if (hop.auth) await authenticate(wire, options, capabilities, secured)
    return { wire, capabilities, secured, used: 0 }
  } catch (thrown) {
    wire.destroy()
    throw thrown instanceof HopError ? thrown : new HopError(`4.3.0 ${asError(thrown).name}`, thrown)
  }
}

async function hello(wire: SmtpWire, { ehloName, timeouts }: OpenOptions): Promise<Capabilities> {
  wire.write(`EHLO ${ehloName}\r\n`)
  const reply = await wire.reply(timeouts.commandMs, 'EHLO')
  if (reply.code >= 500) {
    wire.write(`HELO ${ehloName}\r\n`)
    expect(await wire.reply(timeouts.commandMs, 'HELO'), 2, 'HELO')
    return parseCapabilities([])
  }
  expect(reply, 2, 'EHLO')
  return parseCapabilities(reply.lines.slice(1))
}

function parseCapabilities(lines: readonly string[]): Capabilities {
  const words = new Map<string, readonly string[]>()
  for (const line of lines) {
    const [keyword = '', ...parameters] = line.trim().toUpperCase().split(/\s+/)
    words.set(keyword, parameters)
  }
  const size = Number(words.get('SIZE')?.[0] ?? 0)
  return {
    pipelining: words.has('PIPELINING'),
    eightBitMime: words.has('8BITMIME'),
    smtpUtf8: words.has('SMTPUTF8'),
    dsn: words.has('DSN'),
    sizeMax: Number.isSafeInteger(size) && size > 0 ? size : null,
    size: words.has('SIZE'),
    startTls: words.has('STARTTLS'),
    auth: words.get('AUTH') ?? [],
  }
}

/** False when the server won't and the route doesn't insist. */
async function startTls(
  wire: SmtpWire,
  { hop, timeouts }: OpenOptions,
  capabilities: Capabilities,
  trust: ConnectionOptions,
): Promise<boolean> {
  const insists = hop.tls !== 'opportunistic'
  if (!capabilities.startTls) {
    if (insists) throw new HopError('4.7.0 TLS is required and the server does not offer STARTTLS')
    return false
  }
  wire.write('STARTTLS\r\n')
  const reply = await wire.reply(timeouts.commandMs, 'STARTTLS')
  if (reply.code !== 220) {
    if (insists) throw new HopError(`4.7.0 TLS is required and STARTTLS was refused: ${replyText(reply)}`)
    return false
  }
  await wire.upgrade(trust, timeouts.connectMs)
  checkPin(hop, wire.tls)
  return true
}

async function tlsOptions(hop: SmtpHop): Promise<ConnectionOptions> {
  const verified = typeof hop.tls === 'object' ? hop.tls.verified : null
  const name = verified?.name ?? hop.host
  const base: ConnectionOptions = {
    minVersion: 'TLSv1.2',
    ...(isIP(name) === 0 && { servername: name }),
    rejectUnauthorized: verified !== null && !pinAlone(verified),
  }
  if (!verified) return base
  if (verified.ca !== undefined) {
    try {
      base.ca = await readFile(verified.ca)
    } catch (thrown) {
      throw new HopError('4.3.5 the CA file of this next hop cannot be read', thrown)
    }
  }
  return { ...base, checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) }
}

function pinAlone(verified: HopVerification): boolean {
  return verified.pin !== undefined && verified.ca === undefined
}

function checkPin(hop: SmtpHop, socket: TLSSocket | null): void {
  const pin = typeof hop.tls === 'object' ? hop.tls.verified.pin : undefined
  if (pin === undefined) return
  const key = socket?.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  const want = pinBytes(pin)
  if (!key || !want?.equals(createHash('sha256').update(key).digest()))
    throw new HopError("4.7.5 the server's key is not the pinned one")
}

async function authenticate(
  wire: SmtpWire,
  { hop, timeouts }: OpenOptions,
  capabilities: Capabilities,
  secured: boolean,
): Promise<void> {
  const { auth } = hop
  if (!auth) return
  if (!secured && hop.tls !== 'none')
    throw new HopError('4.7.0 the password is not sent in the clear and the server offers no TLS')
  if (!capabilities.auth.includes('PLAIN')) throw new HopError('4.7.0 the server does not offer AUTH PLAIN')
  const password = await readPassword(auth)
  wire.write(`AUTH PLAIN ${Buffer.from(`\0${auth.user}\0${password}`).toString('base64')}\r\n`)
  const reply = await wire.reply(timeouts.commandMs, 'AUTH')
  if (reply.code !== 235) throw new HopError(`4.7.8 authentication failed: ${replyText(reply)}`)
}

async function readPassword(auth: NonNullable<SmtpHop['auth']>): Promise<string> {
  let password: string | undefined
  try {
    password = auth.passwordFile
      ? (await readFile(auth.passwordFile, 'utf8')).split(/\r?\n/)[0]
      : process.env[auth.passwordEnv ?? '']
  } catch (thrown) {
    throw new HopError('4.3.5 the password file of this next hop cannot be read', thrown)
  }
  if (!password) throw new HopError('4.3.5 no password is configured for this next hop')
  return password
}

function expect(reply: SmtpReply, hundreds: number, what: string): void {
  if (Math.floor(reply.code / 100) !== hundreds) throw new HopError(`4.4.0 ${what} refused: ${replyText(reply)}`)
}
