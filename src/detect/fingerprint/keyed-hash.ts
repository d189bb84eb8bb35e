/** 128 bits of HMAC-SHA-256 under the catalogue's key, for hashes that are made by the thousand. */
import { HmacSha256 } from '../hmac-sha256.ts'
import { HASH_WORDS } from './fingerprint-index.ts'

const macs = new WeakMap<Uint8Array, HmacSha256>()

/** The first words of the HMAC, each read with its lowest byte first. */
export function keyedHash(key: Uint8Array, text: string): Uint32Array {
  let mac = macs.get(key)
  if (!mac) {
    mac = new HmacSha256(key)
    macs.set(key, mac)
  }
  const words = mac.digest(text)
  return Uint32Array.from({ length: HASH_WORDS }, (_, i) => swapped(words[i] as number))
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
