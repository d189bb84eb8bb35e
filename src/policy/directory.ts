/**
 * Who is inside, who is a partner, who belongs to which group: plain data from the configuration, and the look-ups that
 * conditions need. Domains cover their subdomains. An address whose domain is unknown or missing is external.
 */
import { GatewayError } from '../core/errors.ts'

export interface Directory {
  /** The organisation's own domains; each covers its subdomains. */
  readonly internalDomains: readonly string[]
  /** By list name: domains (with subdomains) or whole addresses. */
  readonly partners: Readonly<Record<string, readonly string[]>>
  /** By group name: whole addresses or domains. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Sender's address -> manager's address, for `notify: manager`. */
  readonly managers?: Readonly<Record<string, string>>
  /** Whom `notify: reviewers` writes to. */
  readonly reviewers?: readonly string[]
}

/** `none` is the null sender. `outside` in a condition means `partner` or `external`. */
export const PARTY_CLASSES = ['internal', 'partner', 'external', 'none'] as const
export type PartyClass = (typeof PARTY_CLASSES)[number]

/** One sender or recipient (for uploads: the host that the content goes to) as conditions see it. */
export interface Party {
  /** As it stands in the envelope. */
  readonly address: string
  readonly lower: string
  /** Lower case, IDNA ASCII form, without a trailing dot; empty where there is none. */
  readonly domain: string
  readonly class: PartyClass
}

class Members {
  readonly #addresses = new Set<string>()
  readonly #domains = new Set<string>()

  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const at = entry.lastIndexOf('@')
      if (at > 0) this.#addresses.add(addressKey(entry))
      else this.#domains.add(normaliseDomain(entry.replace(/^@|^\*?\./, '')))
    }
  }

  has(party: Pick<Party, 'lower' | 'domain'>): boolean {
    return this.#addresses.has(addressKey(party.lower)) || domainWithin(party.domain, this.#domains)
  }
}

export class DirectoryLookup {
  readonly directory: Directory
  readonly #internal: Members
  readonly #partners: ReadonlyMap<string, Members>
  readonly #groups: ReadonlyMap<string, Members>
  readonly #managers: ReadonlyMap<string, string>

  constructor(directory: Directory) {
    this.directory = directory
    this.#internal = new Members(directory.internalDomains)
    this.#partners = new Map(Object.entries(directory.partners).map(([name, list]) => [name, new Members(list)]))
    this.#groups = new Map(Object.entries(directory.groups).map(([name, list]) => [name, new Members(list)]))
    this.#managers = new Map(
      Object.entries(directory.managers ?? {}).map(([person, manager]) => [addressKey(person), manager]),
    )
  }

  party(address: string, domain: string = domainOf(address)): Party {
    const party = { address, lower: address.toLowerCase(), domain }
    return { ...party, class: this.#classOf(party) }
  }

  #classOf(party: Omit<Party, 'class'>): PartyClass {
    if (party.address === '' && party.domain === '') return 'none'
    if (this.#internal.has(party)) return 'internal'
    for (const members of this.#partners.values()) if (members.has(party)) return 'partner'
    return 'external'
  }

  /** Throws `policy-unknown-list` when the list was there at compile time and is gone: the message is held. */
  inPartnerList(name: string, party: Party): boolean {
    return lookUp(this.#partners, name, 'partner list').has(party)
  }

  /** Throws `policy-unknown-list` like `inPartnerList`. */
  inGroup(name: string, party: Party): boolean {
    return lookUp(this.#groups, name, 'group').has(party)
  }

  managerOf(address: string): string | undefined {
    return this.#managers.get(addressKey(address))
  }
}

function lookUp(lists: ReadonlyMap<string, Members>, name: string, what: string): Members {
  const members = lists.get(name)
  if (members) return members
  throw new GatewayError('policy-unknown-list', {
    temporary: false,
    publicMessage: 'The message could not be inspected.',
    message: `A policy names the ${what} \`${name}\`, which the directory does not have.`,
  })
}

const lookups = new WeakMap<Directory, DirectoryLookup>()

/** The look-ups of a directory, built once per directory object. */
export function lookupOf(directory: Directory): DirectoryLookup {
  let lookup = lookups.get(directory)
  if (!lookup) {
    lookup = new DirectoryLookup(directory)
    lookups.set(directory, lookup)
  }
  return lookup
}

/** What stands behind the last `@` (a quoted local part may hold others), normalised; empty without one. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : normaliseDomain(address.slice(at + 1))
}

/** Lower case, without trailing dot, internationalised names in their ASCII form (RFC 5891). */
export function normaliseDomain(domain: string): string {
  const lower = domain.trim().toLowerCase().replace(/\.$/, '')
  if (/^[\x20-\x7e]*$/.test(lower)) return lower
  try {
    return new URL(`http://${lower}`).hostname
  } catch {
    return lower
  }
}

/** Whether `domain` is one of `domains` or a subdomain of one. */
export function domainWithin(domain: string, domains: ReadonlySet<string>): boolean {
  for (let rest = domain; rest !== ''; ) {
    if (domains.has(rest)) return true
    const dot = rest.indexOf('.')
    if (dot < 0) return false
    rest = rest.slice(dot + 1)
  }
  return false
}

function addressKey(address: string): string {
  return `${address.slice(0, address.lastIndexOf('@')).toLowerCase()}@${domainOf(address)}`
}
