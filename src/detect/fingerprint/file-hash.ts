/** Keyed hashes of files and names, so that a stolen catalogue can't be searched for a file that someone else has too. */
import { keyedHash } from './keyed-hash.ts'

/** 128 bits of an HMAC over a file's SHA-256 (lower-case hex). */
export function fileHash(key: Uint8Array, sha256: string): Uint32Array {
  return keyedHash(key, `file\n${sha256}`)
}

/** 128 bits of an HMAC over a document's collection and name: who it is, whatever its content. */
export function identityHash(key: Uint8Array, collection: string, name: string): Uint32Array {
  return keyedHash(key, `document\n${collection}\n${name}`)
}
