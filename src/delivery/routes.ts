import { isIP } from 'node:net'
import { GatewayError } from '../core/errors.ts'

/**
 * The routing table: recipient domain -> configured next hops or a local Maildir. There is no MX look-up: a gateway
 * hands mail to the servers its operator names. Exact domains win over `*.suffix`, longer suffixes over shorter ones,
 * and `*` takes what is left. A table that can't be used is refused when it is made.
 */
export type HopTls = 'none' | 'opportunistic' | 'required' | { readonly verified: HopVerification }

/**
 * Without `pin`: the chain must lead to `ca` (or the system's authorities) and the certificate must bear `name` (or
 * the host). With `pin` alone: the server's key must be that one, and names and chain are not looked at (as DANE-EE
 * does). With `pin` and `ca`: both.
 */
export interface HopVerification {
  /** PEM file of authorities; read at every new connection, so a renewed file is picked up. */
  readonly ca?: string
  readonly name?: string
  /** SHA-256 of the server's SubjectPublicKeyInfo, in hex or base64. */
  readonly pin?: string
}

export interface HopAuth {
  readonly user: string
  /** File whose first line is the password; read at every new connection. */
  readonly passwordFile?: string
  /** Name of the environment variable that holds it. */
  readonly passwordEnv?: string
}

export interface SmtpHop {
  readonly host: string
  readonly port: number
  readonly tls: HopTls
  /** TLS from the first byte (RFC 8314), usually port 465. */
  readonly implicitTls?: boolean
  readonly auth?: HopAuth
  /** Most connections at a time; default `limits.deliveryConnectionsPerHopMax`. */
  readonly connectionsMax?: number
}

export type RouteTarget =
  /** Tried in order until one takes the conversation up. */
  { readonly hosts: readonly SmtpHop[] } | { readonly maildir: string }

export interface RouteOptions {
  /** `example.com`, `*.example.com` (any subdomain, not the domain itself) or `*`. */
  readonly match: string
  readonly target: RouteTarget
}

export interface Routes {
  /** Null when nothing matches. `domain` is compared without regard to case; IDNs in either form. */
  find(domain: string): RouteTarget | null
  readonly targets: readonly RouteTarget[]
}

/** Throws GatewayError `bad-routes` for a table that names a target twice, nothing reachable or a contradiction. */
export function createRoutes(options: readonly RouteOptions[]): Routes {
  const exact = new Map<string, RouteTarget>()
  const suffixes: { readonly suffix: string; readonly target: RouteTarget }[] = []
  let fallback: RouteTarget | null = null
  for (const { match, target } of options) {
    checkTarget(match, target)
    if (match === '*') {
      if (fallback) throw badRoutes('the route `*` stands twice')
      fallback = target
    } else if (match.startsWith('*.')) {
      const suffix = `.${normalizeDomain(match.slice(2))}`
      if (suffixes.some((route) => route.suffix === suffix)) throw badRoutes(`the route \`${match}\` stands twice`)
      suffixes.push({ suffix, target })
    } else {
      const domain = normalizeDomain(match)
      if (domain === '' || domain.includes('*'))
        throw badRoutes(`\`${match}\` is neither a domain, \`*.domain\` nor \`*\``)
      if (exact.has(domain)) throw badRoutes(`the route \`${match}\` stands twice`)
      exact.set(domain, target)
    }
  }
  suffixes.sort((a, b) => b.suffix.length - a.suffix.length)
  return {
    find(domain) {
      const name = normalizeDomain(domain)
      return exact.get(name) ?? suffixes.find(({ suffix }) => name.endsWith(suffix))?.target ?? fallback
    },
    targets: options.map(({ target }) => target),
  }
}

/** Domain of a mailbox, as written; empty where it has none (`postmaster`). */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1 || address.length)
}

function normalizeDomain(domain: string): string {
  if (domain.startsWith('[')) return domain.toLowerCase()
  try {
    return new URL(`http://${domain}`).hostname.replace(/\.$/, '')
  } catch {
    return domain.toLowerCase()
  }
}

function checkTarget(match: string, target: RouteTarget): void {
  if ('maildir' in target) {
    if (target.maildir === '') throw badRoutes(`the route \`${match}\` has an empty Maildir path`)
    return
  }
  if (target.hosts.length === 0) throw badRoutes(`the route \`${match}\` names no host`)
  for (const hop of target.hosts) {
    if (hop.host === '' || /[\s\0]/.test(hop.host)) throw badRoutes(`the route \`${match}\` has a bad host name`)
    if (!Number.isInteger(hop.port) || hop.port < 1 || hop.port > 65_535)
      throw badRoutes(`${hopName(hop)} has a bad port`)
    if (hop.implicitTls && hop.tls === 'none')
      throw badRoutes(`${hopName(hop)} says implicit TLS and tls \`none\`: write \`required\` or \`verified\``)
    if (hop.auth && (hop.auth.passwordFile === undefined) === (hop.auth.passwordEnv === undefined))
      throw badRoutes(`${hopName(hop)} needs exactly one of passwordFile and passwordEnv`)
    if (typeof hop.tls === 'object' && hop.tls.verified.pin !== undefined && !pinBytes(hop.tls.verified.pin))
      throw badRoutes(`${hopName(hop)} has a pin that is not a SHA-256 in hex or base64`)
  }
}

/** `host:port`, brackets around IPv6. */
export function hopName(hop: { readonly host: string; readonly port: number }): string {
  return `${isIP(hop.host) === 6 ? `[${hop.host}]` : hop.host}:${hop.port}`
}

/** The 32 bytes of a SHA-256 pin; null when it is not one. */
export function pinBytes(pin: string): Buffer | null {
  const text = pin.replaceAll(':', '')
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/]{43}=$/.test(pin) ? Buffer.from(pin, 'base64') : null
}

function badRoutes(message: string): GatewayError {
  return new GatewayError('bad-routes', {
    temporary: false,
    publicMessage: 'The routing table is not usable.',
    message,
  })
}
