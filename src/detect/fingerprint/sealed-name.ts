/**
 * Names of documents and of their collections, sealed under the installation's key, so that a stolen catalogue tells no
 * name either. Deterministic: the IV is a keyed hash of what is sealed, and opening checks it (synthetic IV, RFC 5297's
 * idea with HMAC-SHA-256 and AES-256-CTR). Sealed text has the length of the clear one.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'

const IV_BYTES = 16

const nameKeys = new WeakMap<Uint8Array, Uint8Array>()

/** AES-256 key for names, derived once from the catalogue's key: a catalogue may have a million names. */
export function nameKey(catalogKey: Uint8Array): Uint8Array {
  let key = nameKeys.get(catalogKey)
  if (!key) {
    key = createHmac('sha256', catalogKey).update('names').digest()
    nameKeys.set(catalogKey, key)
  }
  return key
}

/** Seals a text under an IV of its own: a keyed hash of 16 bytes that no other text has. */
export function sealText(key: Uint8Array, iv: Uint8Array, text: Uint8Array): Buffer {
  return createCipheriv('aes-256-ctr', key, iv).update(text)
}

export function openText(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Buffer {
  return createDecipheriv('aes-256-ctr', key, iv).update(sealed)
}

/** Base64 of IV and sealed text. */
export function sealWhole(key: Uint8Array, text: string): string {
  const iv = ivOf(key, text)
  return Buffer.concat([iv, sealText(key, iv, Buffer.from(text))]).toString('base64')
}

/** Null when it was sealed under another key or altered. */
export function openWhole(key: Uint8Array, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < IV_BYTES) return null
  const iv = bytes.subarray(0, IV_BYTES)
  const text = openText(key, iv, bytes.subarray(IV_BYTES)).toString('utf8')
  return timingSafeEqual(ivOf(key, text), iv) ? text : null
}

function ivOf(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(`whole\n${text}`).digest().subarray(0, IV_BYTES)
}
