/** Keyed hashes of files and names, so that a stolen catalogue can't be searched for a file that someone else has too. */
import { createHmac } from 'node:crypto'

/** 128 bits of an HMAC over a file's SHA-256 (lower-case hex). */
export function fileHash(key: Uint8Array, sha256: string): Uint32Array {
  return hash128(key, `file\n${sha256}`)
}

/** 128 bits of an HMAC over a document's collection and name: who it is, whatever its content. */
export function identityHash(key: Uint8Array, collection: string, name: string): Uint32Array {
  return hash128(key, `document\n${collection}\n${name}`)
}

function hash128(key: Uint8Array, text: string): Uint32Array {
  const mac = createHmac('sha256', key).update(text).digest()
  return Uint32Array.from([0, 4, 8, 12], (offset) => mac.readUInt32LE(offset))
}
