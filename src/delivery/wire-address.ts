import { limits } from '../core/limits.ts'

/**
 * The last look at an address before it goes on the wire. Addresses were judged by policy byte for byte, so they are
 * sent byte for byte or not at all: nothing here re-writes one. More lenient than RFC 5321 only where it is harmless
 * (dots anywhere in the local part, as some mobile carriers issue them).
 */
const QUOTED = /^"(?:[^"\\\p{Cc}<>]|\\[^\p{Cc}<>])*"$/u
const DOT_STRING = /^[^\s\p{Cc}()<>[\]:;@\\,"]+$/u
const LITERAL = /^\[[A-Za-z0-9:.-]+\]$/
const DOMAIN = /^[^\s\p{Cc}!-,/:-@[-^`{-~]+$/u

/** One RFC 5321 or RFC 6531 Mailbox (or bare `postmaster`) that cannot be read as any other. */
export function isWireAddress(address: string): boolean {
  if (/^postmaster$/i.test(address)) return true
  const at = address.lastIndexOf('@')
  if (at < 1 || Buffer.byteLength(address) > limits.smtpCommandLineMaxBytes / 4) return false
  const local = address.slice(0, at)
  const domain = address.slice(at + 1)
  return (QUOTED.test(local) || DOT_STRING.test(local)) && (LITERAL.test(domain) || DOMAIN.test(domain))
}

/** Whether sending it takes SMTPUTF8 (RFC 6531). */
export function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}
