import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII, domainToUnicode } from 'node:url'

/**
 * The strict grammar of RFC 5321 section 4.1.2 (RFC 6531 section 3.3 with SMTPUTF8) for the paths of MAIL and RCPT. What is
 * accepted is kept byte for byte; what a lenient parser further on could read as another address is refused, so that
 * the address the policy judges is the one that mail goes to. Source routes are refused although RFC 5321 tolerates
 * them, and so are `<` and `>` in quoted local parts, which the sending side could not repeat. Pure, never throws.
 */
export type PathProblem = 'syntax' | 'too-long' | 'source-route' | 'needs-smtputf8' | 'bad-idn'

export type ParsedPath =
  | { readonly ok: true; readonly address: string; readonly rest: string }
  | { readonly ok: false; readonly problem: PathProblem }

/** RFC 5321 section 4.5.3.1: octets of a local part, a domain, and a path without its angle brackets. */
const LOCAL_MAX = 64
const DOMAIN_MAX = 255
const MAILBOX_MAX = 254
const LABEL_MAX = 63

const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
const ATEXT_UTF8 = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u{80}-\\u{10FFFF}-]"
const dotString = new RegExp(`^${ATEXT}+(?:\\.${ATEXT}+)*$`)
const dotStringUtf8 = new RegExp(`^${ATEXT_UTF8}+(?:\\.${ATEXT_UTF8}+)*$`, 'u')
const quotedString = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"$/
const quotedStringUtf8 = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u{80}-\u{10FFFF}]|\\[\x20-\x7e])*"$/u
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
// C1 controls, soft hyphen, zero-width and directional marks, line separators, surrogates, BOM, replacement character.
const invisible =
  /[\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffd]/u
const specials = /[\s"(),.:;<>@[\\\]]/

/**
 * Reads `<path>` at the start of `text`; `rest` is what follows the closing bracket. `allowEmpty` is for the null
 * sender, `allowPostmaster` for the one recipient without a domain (RFC 5321 section 4.1.1.3).
 */
export function parsePath(
  text: string,
  options: { readonly smtpUtf8: boolean; readonly allowEmpty: boolean; readonly allowPostmaster: boolean },
): ParsedPath {
  const end = closingBracket(text)
  if (end < 0) return { ok: false, problem: 'syntax' }
  const address = text.slice(1, end)
  const rest = text.slice(end + 1)
  if (address === '') return options.allowEmpty ? { ok: true, address, rest } : { ok: false, problem: 'syntax' }
  if (options.allowPostmaster && address.toLowerCase() === 'postmaster') return { ok: true, address, rest }
  const problem = mailboxProblem(address, options.smtpUtf8)
  return problem === null ? { ok: true, address, rest } : { ok: false, problem }
}

/** Index of the `>` that ends the path, minding quoted local parts; -1 when there is none. */
function closingBracket(text: string): number {
  if (text[0] !== '<') return -1
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const c = text[i]
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (!quoted && c === '<') return -1
    else if (!quoted && c === '>') return i
  }
  return -1
}

/** Null when `address` is a mailbox of RFC 5321 (RFC 6531 with `smtpUtf8`). */
export function mailboxProblem(address: string, smtpUtf8: boolean): PathProblem | null {
  if (address.startsWith('@')) return 'source-route'
  const at = address.lastIndexOf('@')
  if (at < 1) return 'syntax'
  const local = address.slice(0, at)
  const domain = address.slice(at + 1)
  const ascii = isAscii(address)
  const problem = localProblem(local) ?? (domain.startsWith('[') ? literalProblem(domain) : domainProblem(domain))
  if (problem !== null) return problem
  if (!ascii && !smtpUtf8) return 'needs-smtputf8'
  return octets(local) > LOCAL_MAX || octets(domain) > DOMAIN_MAX || octets(address) > MAILBOX_MAX ? 'too-long' : null
}

function localProblem(local: string): PathProblem | null {
  if (local.startsWith('"')) {
    const legal = isAscii(local) ? quotedString.test(local) : quotedStringUtf8.test(local) && isUnambiguous(local)
    return legal && !/[<>]/.test(local) ? null : 'syntax'
  }
  return (isAscii(local) ? dotString.test(local) : dotStringUtf8.test(local) && isUnambiguous(local)) ? null : 'syntax'
}

/** Nothing invisible, and no character that compatibility normalisation turns into one with a meaning in addresses. */
function isUnambiguous(local: string): boolean {
  if (invisible.test(local)) return false
  for (const c of local) if (c > '\u007f' && specials.test(c.normalize('NFKC'))) return false
  return true
}

function domainProblem(domain: string): PathProblem | null {
  if (!isAscii(domain)) return idnProblem(domain)
  const labels = domain.split('.')
  if (!labels.every((l) => label.test(l))) return 'syntax'
  if (labels.some((l) => l.length > LABEL_MAX)) return 'too-long'
  return labels.every(isALabel) ? null : 'bad-idn'
}

/** Node hands an A-label that decodes to nothing valid back as it was. */
function isALabel(l: string): boolean {
  const lower = l.toLowerCase()
  return !lower.startsWith('xn--') || !domainToUnicode(lower).startsWith('xn--')
}

/** A U-label form must be the one its own A-label form stands for: nothing that IDNA would map to something else. */
function idnProblem(domain: string): PathProblem | null {
  if (invisible.test(domain)) return 'syntax'
  const ascii = domainToASCII(domain)
  if (ascii === '' || !ascii.split('.').every((l) => label.test(l) && l.length <= LABEL_MAX)) return 'bad-idn'
  return domainToUnicode(ascii) === domain.toLowerCase() ? null : 'bad-idn'
}

/** RFC 5321 section 4.1.3. General address literals have no registered tag besides IPv6, so there are only two forms. */
function literalProblem(domain: string): PathProblem | null {
  if (!domain.endsWith(']')) return 'syntax'
  const inner = domain.slice(1, -1)
  if (/^ipv6:/i.test(inner)) return isIPv6(inner.slice(5)) && !inner.includes('%') ? null : 'syntax'
  return isIPv4(inner) ? null : 'syntax'
}

function octets(text: string): number {
  return isAscii(text) ? text.length : Buffer.byteLength(text)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

const heloName = /^[A-Za-z0-9._-]+$/

/**
 * Name of HELO and EHLO: a domain or an address literal (RFC 5321 section 4.1.1.1), and, since machines do it, a bare IPv4
 * address or a name with underscores. It ends up in a Received header, hence no other characters.
 */
export function isHeloName(name: string, maxBytes: number): boolean {
  if (name.length === 0 || name.length > maxBytes) return false
  return name.startsWith('[') ? literalProblem(name) === null : heloName.test(name)
}
