/** 128 bits of HMAC-SHA-256 under the catalogue's key, for hashes that are made by the thousand. */
import { hmacOf } from '../hmac-sha256.ts'
import { HASH_WORDS } from './fingerprint-index.ts'

/** The first words of the HMAC, each read with its lowest byte first. */
export function keyedHash(key: Uint8Array, text: string): Uint32Array {
  const words = hmacOf(key).digest(text)
  return Uint32Array.from({ length: HASH_WORDS }, (_, i) => swapped(words[i] as number))
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
