/**
 * Submission ids: 26 characters of Crockford base32, 48 bits of time and 80 of randomness (the ULID layout), so that
 * they sort by time and can't be guessed. Derived ids name what the gateway makes of a submission, the same each time.
 */
import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export function newId(now: number): string {
  return encode(BigInt(now), 10) + encode(BigInt(`0x${randomBytes(10).toString('hex')}`), 16)
}

/** Id of a bounce or notification: the parent's time, and a digest of parent and purpose. Re-acting gives it again. */
export function derivedId(parent: string, purpose: string): string {
  const digest = createHash('sha256').update(`${parent}\n${purpose}`).digest('hex').slice(0, 20)
  return parent.slice(0, 10) + encode(BigInt(`0x${digest}`), 16)
}

function encode(value: bigint, length: number): string {
  let text = ''
  for (let rest = value, i = 0; i < length; i++, rest >>= 5n) text = (ALPHABET[Number(rest & 31n)] ?? '0') + text
  return text
}
