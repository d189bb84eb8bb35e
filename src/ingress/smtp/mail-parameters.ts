import type { DsnNotify } from '../../core/envelope.ts'
import { mailboxProblem } from './path-grammar.ts'
import { replies, type SmtpReply } from './smtp-reply.ts'

/**
 * ESMTP parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY, ORCPT
 * (RFC 3461), AUTH (RFC 4954). Values are kept as sent, xtext included, since they travel on verbatim. Anything that was
 * not announced is refused (RFC 5321 section 4.1.1.11). Pure, never throws.
 */
export interface MailParameters {
  readonly size?: number
  readonly body: '7BIT' | '8BITMIME'
  readonly smtpUtf8: boolean
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
}

export interface RcptParameters {
  readonly notify?: readonly DsnNotify[]
  readonly orcpt?: string
}

export type ParsedParameters<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reply: SmtpReply }

/** RFC 3461 sections 4.4 and 4.2: octets of ENVID and ORCPT. */
const ENVID_MAX = 100
const ORCPT_MAX = 500
const NOTIFY_WORDS: readonly string[] = ['SUCCESS', 'FAILURE', 'DELAY']

const keyword = /^[A-Za-z0-9][A-Za-z0-9-]*$/
// esmtp-value: any character but `=`, white space and controls (RFC 5321 section 4.1.2).
const parameterValue = /^[\x21-\x3c\x3e-\x7e\u{80}-\u{10FFFF}]+$/u
// xtext: printable ASCII but `+` and `=`, and `+HH` (RFC 3461 section 4).
const xtext = /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/
// utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533 section 3), for ORCPT=utf-8;…
const utf8AddrXtext =
  /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\u{80}-\u{10FFFF}]|\\x\{[0-9A-F]{2,6}\}|\+[0-9A-F]{2})*$/u
const addressType = /^[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+$/

type Fields = ReadonlyMap<string, string | null>

/** Splits ` KEY=value KEY …`; a reply instead of a map for bad syntax and for anything given twice. */
function splitParameters(rest: string): Fields | SmtpReply {
  const fields = new Map<string, string | null>()
  const text = rest.trim()
  if (text === '') return fields
  if (!rest.startsWith(' ')) return replies.badParameter
  for (const word of text.split(/ +/)) {
    const equals = word.indexOf('=')
    const key = (equals < 0 ? word : word.slice(0, equals)).toUpperCase()
    const value = equals < 0 ? null : word.slice(equals + 1)
    if (!keyword.test(key) || (value !== null && !parameterValue.test(value))) return replies.badParameter
    if (fields.has(key)) return replies.duplicateParameter
    fields.set(key, value)
  }
  return fields
}

/** Parameters of MAIL. `auth` says whether AUTH was announced on this listener, which makes `AUTH=` legal. */
export function parseMailParameters(
  rest: string,
  options: { readonly sizeMaxBytes: number; readonly auth: boolean },
): ParsedParameters<MailParameters> {
  const fields = splitParameters(rest)
  if (!(fields instanceof Map)) return { ok: false, reply: fields as SmtpReply }
  const value: { -readonly [K in keyof MailParameters]: MailParameters[K] } = { body: '7BIT', smtpUtf8: false }
  for (const [key, given] of fields) {
    const reply = applyMailParameter(value, key, given, options)
    if (reply !== null) return { ok: false, reply }
  }
  return { ok: true, value }
}

function applyMailParameter(
  value: { -readonly [K in keyof MailParameters]: MailParameters[K] },
  key: string,
  given: string | null,
  options: { readonly sizeMaxBytes: number; readonly auth: boolean },
): SmtpReply | null {
  const upper = given?.toUpperCase() ?? null
  switch (key) {
    case 'SIZE':
      if (given === null || !/^\d{1,20}$/.test(given)) return replies.badParameter
      if (Number(given) > options.sizeMaxBytes) return replies.sizeExceeded
      value.size = Number(given)
      return null
    case 'BODY':
      if (upper !== '7BIT' && upper !== '8BITMIME') return replies.badParameter
      value.body = upper
      return null
    case 'SMTPUTF8':
      if (given !== null) return replies.badParameter
      value.smtpUtf8 = true
      return null
    case 'RET':
      if (upper !== 'FULL' && upper !== 'HDRS') return replies.badParameter
      value.ret = upper
      return null
    case 'ENVID':
      if (given === null || given.length > ENVID_MAX || !xtext.test(given)) return replies.badParameter
      value.envid = given
      return null
    case 'AUTH':
      // Who submitted it first, by hearsay: legal where AUTH is announced, and of no use to a gateway.
      if (!options.auth) return replies.unknownParameter
      return given !== null && xtext.test(given) ? null : replies.badParameter
    default:
      return replies.unknownParameter
  }
}

/** Parameters of RCPT. Non-ASCII in ORCPT needs the transaction's SMTPUTF8 (RFC 6533). */
export function parseRcptParameters(
  rest: string,
  options: { readonly smtpUtf8: boolean },
): ParsedParameters<RcptParameters> {
  const fields = splitParameters(rest)
  if (!(fields instanceof Map)) return { ok: false, reply: fields as SmtpReply }
  const value: { -readonly [K in keyof RcptParameters]: RcptParameters[K] } = {}
  for (const [key, given] of fields) {
    if (key === 'NOTIFY') {
      const notify = parseNotify(given)
      if (notify === null) return { ok: false, reply: replies.badParameter }
      value.notify = notify
    } else if (key === 'ORCPT') {
      if (given === null || !isOrcpt(given, options.smtpUtf8)) return { ok: false, reply: replies.badParameter }
      value.orcpt = given
    } else return { ok: false, reply: replies.unknownParameter }
  }
  return { ok: true, value }
}

/** `NEVER` alone, or a list of the other words without repetition (RFC 3461 section 4.1). */
function parseNotify(given: string | null): readonly DsnNotify[] | null {
  const words = given?.toUpperCase().split(',') ?? []
  if (words.length === 1 && words[0] === 'NEVER') return ['NEVER']
  const legal = words.length > 0 && words.every((w) => NOTIFY_WORDS.includes(w)) && new Set(words).size === words.length
  return legal ? (words as DsnNotify[]) : null
}

/** `address-type;xtext`; an `rfc822` one must decode to a mailbox, since it travels into reports and other systems. */
function isOrcpt(given: string, smtpUtf8: boolean): boolean {
  if (Buffer.byteLength(given) > ORCPT_MAX) return false
  const semicolon = given.indexOf(';')
  const type = given.slice(0, semicolon)
  const address = given.slice(semicolon + 1)
  if (semicolon < 1 || address === '' || !addressType.test(type)) return false
  if (type.toLowerCase() === 'utf-8') return utf8AddrXtext.test(address) && (smtpUtf8 || !/[^\x20-\x7e]/.test(address))
  if (!xtext.test(address)) return false
  const decoded = address.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  if (/[\x00-\x1f\x7f-\x9f]/.test(decoded)) return false
  return type.toLowerCase() !== 'rfc822' || decoded.toLowerCase() === 'postmaster' || isMailboxLike(decoded)
}

/** An original recipient may be older than our strictness, yet it has to have a local part and a domain. */
function isMailboxLike(address: string): boolean {
  return mailboxProblem(address, true) === null || /^[^\s<>@]+@[^\s<>@]+$/.test(address)
}
