/** Keyed hashes of files and names, so that a stolen catalogue can't be searched for a file that someone else has too. */
import { HmacSha256 } from '../hmac-sha256.ts'

const HASH_BYTES = 16

/** 128 bits of an HMAC over a file's SHA-256 (lower-case hex). */
export function fileHash(key: Uint8Array, sha256: string): Uint32Array {
  return hash128(key, `file\n${sha256}`)
}

/** 128 bits of an HMAC over a document's collection and name: who it is, whatever its content. */
export function identityHash(key: Uint8Array, collection: string, name: string): Uint32Array {
  return hash128(key, `document\n${collection}\n${name}`)
}

const macs = new WeakMap<Uint8Array, HmacSha256>()

function hash128(key: Uint8Array, text: string): Uint32Array {
  let mac = macs.get(key)
  if (!mac) {
    mac = new HmacSha256(key)
    macs.set(key, mac)
  }
  const words = mac.digest(text)
  const bytes = Buffer.alloc(HASH_BYTES)
  for (let i = 0; i < HASH_BYTES / 4; i++) bytes.writeInt32BE(words[i] as number, i * 4)
  return Uint32Array.from([0, 4, 8, 12], (offset) => bytes.readUInt32LE(offset))
}
