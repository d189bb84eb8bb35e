/**
 * The header lines that mark a message's way through this installation: Received (RFC 5321 section 4.4) and a trace
 * header whose MAC under the installation's trace key only we can make. A forged one means nothing; an authentic one
 * coming back in is how a mail loop is told from a message that merely quotes our headers.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Submission } from '../core/submission.ts'

export const TRACE_HEADER = 'X-Sluice-Trace'
const MAC_BYTES = 16
const TRACE = /^\s*v1; id=([0-9A-Z]{26}); mac=([0-9a-f]{32})\s*$/

export interface TraceOptions {
  readonly hostname: string
  readonly traceKey: Uint8Array
}

/** Lines with CRLF, to stand above the stored original. */
export function traceHeaders(submission: Submission, options: TraceOptions): string {
  const { client, receivedAt } = submission.envelope
  const helo = client.helo ? printable(client.helo) : 'unknown'
  const tls = client.tls
    ? `\r\n\t(using ${printable(client.tls.protocol)} with cipher ${printable(client.tls.cipher)})`
    : ''
  return (
    `Received: from ${helo} (${addressLiteral(client.address)})${tls}\r\n` +
    `\tby ${options.hostname} (Sluice) with ${printable(client.protocol)} id ${submission.id};\r\n` +
    `\t${rfc5322Date(receivedAt)}\r\n` +
    `${TRACE_HEADER}: v1; id=${submission.id}; mac=${mac(submission.id, options.traceKey)}\r\n`
  )
}

/** Whether the value of a trace header was made by this installation. Constant time. */
export function isOwnTrace(value: string, traceKey: Uint8Array): boolean {
  const match = TRACE.exec(value)
  if (!match?.[1] || !match[2]) return false
  return timingSafeEqual(Buffer.from(match[2], 'hex'), Buffer.from(mac(match[1], traceKey), 'hex'))
}

const keyObjects = new WeakMap<Uint8Array, KeyObject>()

function mac(id: string, key: Uint8Array): string {
  let object = keyObjects.get(key)
  if (!object) {
    // Made once per key: handing bytes to `createHmac` costs five times the HMAC itself.
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return createHmac('sha256', object)
    .update(`sluice trace v1 ${id}`)
    .digest('hex')
    .slice(0, MAC_BYTES * 2)
}

function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${printable(address)}]`
}

/** Only what may stand in a Received clause: no white space, parentheses, controls. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x27\x2a-\x7e]/g, '?').slice(0, 255)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 5322 section 3.3, in UTC: the same text on every machine, so that a retry sends the same bytes. */
export function rfc5322Date(at: number): string {
  const date = new Date(at)
  const two = (n: number) => String(n).padStart(2, '0')
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${time} +0000`
}
