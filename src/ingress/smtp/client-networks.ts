import ipaddr from 'ipaddr.js'
import { GatewayError } from '../../core/errors.ts'

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Membership of addresses in networks. IPv4-mapped IPv6 counts as the IPv4 address it stands for. */
export class NetworkList {
  private readonly networks: readonly Network[]
  /** Clients come back; the answer for the last addresses is kept, bounded. */
  private readonly known = new Map<string, boolean>()

  /** Throws `bad-network` naming `key` for what is neither an address nor CIDR, or has host bits set. */
  constructor(entries: readonly string[], key: string) {
    this.networks = entries.map((entry) => parseNetwork(entry, key))
  }

  get empty(): boolean {
    return this.networks.length === 0
  }

  /** False for whatever is no IP address. */
  has(address: string): boolean {
    const known = this.known.get(address)
    if (known !== undefined) return known
    if (!ipaddr.isValid(address)) return false
    const ip = ipaddr.process(address)
    const found = this.networks.some(([network, bits]) => ip.kind() === network.kind() && ip.match(network, bits))
    if (this.known.size >= KNOWN_MAX) this.known.clear()
    this.known.set(address, found)
    return found
  }
}

const KNOWN_MAX = 4096

function parseNetwork(entry: string, key: string): Network {
  const [address = '', prefix, ...rest] = entry.trim().split('/')
  if (rest.length === 0 && isWholeAddress(address)) {
    const raw = ipaddr.parse(address)
    const ip = ipaddr.process(address)
    const width = ip.kind() === 'ipv4' ? 32 : 128
    const mapped = raw.kind() !== ip.kind() ? 96 : 0
    const bits = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) - mapped : -1
    if (bits >= 0 && bits <= width && hostBitsAreZero(ip, bits)) return [ip, bits]
  }
  throw new GatewayError('bad-network', {
    temporary: false,
    publicMessage: 'Service misconfigured',
    message: `${key}: "${entry}" is no network; write an address (192.0.2.7, 2001:db8::1) or CIDR (192.0.2.0/24)`,
  })
}

/** Dotted quads only: ipaddr.js takes `10.1` and `0x7f.1` as well, and a typing mistake must not open a network. */
function isWholeAddress(address: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address)
    ? ipaddr.IPv4.isValidFourPartDecimal(address)
    : ipaddr.IPv6.isValid(address)
}

/** `10.0.0.1/8` is refused: whoever wrote it meant something else. */
function hostBitsAreZero(ip: ipaddr.IPv4 | ipaddr.IPv6, bits: number): boolean {
  return ip.toByteArray().every((byte, index) => {
    const hostBits = Math.min(8, Math.max(0, (index + 1) * 8 - bits))
    return (byte & ((1 << hostBits) - 1)) === 0
  })
}

/** What connections of one client are counted under: the address, for IPv6 the /64 that one user easily owns. */
export function clientKey(address: string): string {
  return address.includes(':') && !address.includes('.') ? clientNetwork(address) : address
}

/** The network a client is counted under: /24 for IPv4, /64 for IPv6, since one user easily owns that much. */
export function clientNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const ip = ipaddr.process(address)
  if (ip.kind() === 'ipv4') return `${ip.toByteArray().slice(0, 3).join('.')}.0/24`
  const words = (ip as ipaddr.IPv6).parts.slice(0, 4).map((word) => word.toString(16))
  return `${words.join(':')}::/64`
}
