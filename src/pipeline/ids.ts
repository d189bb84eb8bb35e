/**
 * Submission ids: 26 characters of Crockford base32, 48 bits of time and 80 of randomness (the ULID layout), so that
 * they sort by time and can't be guessed. Derived ids name what the gateway makes of a submission, the same each time.
 */
import { createHash, randomFillSync } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export function newId(now: number): string {
  return encodeTime(now) + encodeBytes(nextRandom())
}

const RANDOM_BYTES = 10
/** Asked for in advance, since a request for ten bytes costs a system call. */
const pool = Buffer.alloc(100 * RANDOM_BYTES)
let used = pool.length

function nextRandom(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += RANDOM_BYTES
  return pool.subarray(used - RANDOM_BYTES, used)
}

/** Id of a bounce or notification: the parent's time, and a digest of parent and purpose. Re-acting gives it again. */
export function derivedId(parent: string, purpose: string): string {
  const digest = createHash('sha256').update(`${parent}\n${purpose}`).digest()
  return parent.slice(0, 10) + encodeBytes(digest.subarray(0, 10))
}

function encodeTime(now: number): string {
  let text = ''
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) text = (ALPHABET[rest % 32] ?? '0') + text
  return text
}

/** Ten bytes as sixteen characters of five bits each, the first bits first. */
function encodeBytes(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    bits = ((bits & 0xff) << 8) | byte
    for (held += 8; held >= 5; held -= 5) text += ALPHABET[(bits >> (held - 5)) & 31] ?? '0'
  }
  return text
}
