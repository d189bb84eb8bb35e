import { unreachable } from '../../core/errors.ts'
import type { RecipientResult } from '../../core/submission.ts'
import type { DsnRequest } from '../../ports/composer.ts'
import { boundedLine } from '../smtp-reply.ts'
import { isAscii } from '../wire-address.ts'

/** What a delivery status notification says of one recipient: RFC 3464 section 2.3, RFC 6533 section 3. */
type Kind = DsnRequest['kind']

export function actionOf(kind: Kind): 'failed' | 'delayed' | 'delivered' | 'relayed' {
  switch (kind) {
    case 'failed':
    case 'blocked':
      return 'failed'
    case 'delayed':
    case 'delivered':
    case 'relayed':
      return kind
    default:
      return unreachable(kind)
  }
}

/** Enhanced status code (RFC 3463), from the reply where it has one that fits. */
export function statusOf(result: RecipientResult, kind: Kind): string {
  if (kind === 'blocked') return '5.7.1'
  if (result.status === 'expired') return '4.4.7'
  const reply = result.lastReply ?? ''
  const said = /^(?:[245]\d\d[ -])?([245]\.\d{1,3}\.\d{1,3})(?:\s|$)/.exec(reply)?.[1]
  const wanted = kind === 'failed' ? '5' : kind === 'delayed' ? '4' : '2'
  return said?.startsWith(wanted) ? said : `${wanted}.0.0`
}

/** One line for people: address, then the reply of the other side. */
export function recipientDetails(result: RecipientResult, kind: Kind): string {
  const said = kind === 'failed' || kind === 'delayed' ? result.lastReply : null
  return `  ${result.recipient}${said ? `\n    ${boundedLine(said)}` : ''}`
}

export interface StatusOptions {
  readonly kind: Kind
  /** RFC 3461 ORCPT of the recipient, still xtext. */
  readonly orcpt?: string
  /** Whether the report is message/global-delivery-status. */
  readonly utf8: boolean
  readonly reference: string
  readonly expiresAt?: number
  readonly date: (at: number) => string
}

/** The per-recipient fields, each with CRLF. */
export function recipientFields(result: RecipientResult, options: StatusOptions): string {
  const { kind, orcpt, utf8, date, expiresAt } = options
  const original = orcpt === undefined ? null : originalRecipient(orcpt, utf8)
  const remote = /^(.+):\d+$/.exec(result.nextHop ?? '')?.[1]
  return [
    ...(original ? [`Original-Recipient: ${original}`] : []),
    `Final-Recipient: ${finalRecipient(result.recipient, utf8)}`,
    `Action: ${actionOf(kind)}`,
    `Status: ${statusOf(result, kind)}`,
    ...(remote && kind !== 'blocked' && isAscii(remote) ? [`Remote-MTA: dns; ${remote}`] : []),
    ...diagnostic(result, options),
    ...(kind === 'blocked' ? [] : [`Last-Attempt-Date: ${date(result.updatedAt)}`]),
    ...(kind === 'delayed' && expiresAt !== undefined ? [`Will-Retry-Until: ${date(expiresAt)}`] : []),
  ]
    .map((line) => `${line}\r\n`)
    .join('')
}

function diagnostic(result: RecipientResult, { kind, reference, utf8 }: StatusOptions): string[] {
  if (kind === 'blocked') return [`Diagnostic-Code: smtp; 550 5.7.1 refused by policy, reference ${reference}`]
  if (!result.lastReply) return []
  const reply = boundedLine(result.lastReply)
  const type = /^[245]\d\d\b/.test(reply) ? 'smtp' : 'x-sluice'
  return [`Diagnostic-Code: ${type}; ${utf8 || isAscii(reply) ? reply : reply.replace(/[^\x20-\x7e]/g, '?')}`]
}

function finalRecipient(address: string, utf8: boolean): string {
  if (isAscii(address)) return `rfc822; ${address}`
  return `utf-8; ${utf8 ? address : escapeUtf8(address)}`
}

/** ORCPT comes as `type;xtext` and is shown decoded (RFC 3464 section 2.3.1); null when it is not well-formed. */
function originalRecipient(orcpt: string, utf8: boolean): string | null {
  const match = /^([A-Za-z0-9-]+);(.+)$/s.exec(orcpt)
  if (!match?.[1] || !match[2]) return null
  const decoded = match[1].toLowerCase() === 'utf-8' ? match[2] : decodeXtext(match[2])
  const clean = boundedLine(decoded)
  return `${match[1]}; ${utf8 || isAscii(clean) ? clean : escapeUtf8(clean)}`
}

/** RFC 3461 section 4. */
export function decodeXtext(text: string): string {
  const latin1 = text.replace(/\+([0-9A-F]{2})/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return isAscii(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8')
}

/** utf-8-addr-xtext: `\x{FC}` (RFC 6533 section 3). */
function escapeUtf8(text: string): string {
  return [...text]
    .map((character) =>
      isAscii(character) && character !== '\\'
        ? character
        : `\\x{${character.codePointAt(0)?.toString(16).toUpperCase()}}`,
    )
    .join('')
}
