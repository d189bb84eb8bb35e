import sodium from 'sodium-native'
import { GatewayError } from '../core/errors.ts'
import type { KeyEncryptionKeys } from './keys.ts'
import { fillRandom } from './random-bytes.ts'

/**
 * Encryption at rest. A blob has a random data key of its own and is a libsodium secretstream
 * (XChaCha20-Poly1305) of chunks, so that cutting, reordering, swapping and changing chunks is noticed; the data key is
 * wrapped (XChaCha20-Poly1305 AEAD, blob id as associated data) by a key-encryption key, so that rotation rewrites
 * 77 bytes and not the content. Small records (reports, decisions) are sealed under a subkey of the key-encryption
 * key with the row's id as associated data. Opening anything that isn't authentic throws `blob-corrupt` or
 * `record-corrupt`.
 */
export const STREAM_HEADER_BYTES = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES
export const STREAM_OVERHEAD_BYTES = sodium.crypto_secretstream_xchacha20poly1305_ABYTES

const NONCE_BYTES = sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
const MAC_BYTES = sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES
const KEY_BYTES = 32
const FORMAT = 1
const PREFIX_BYTES = 1 + 4 + NONCE_BYTES
export const WRAPPED_KEY_BYTES = PREFIX_BYTES + KEY_BYTES + MAC_BYTES

// The published types speak of an older major version: tags are numbers now, and the state is a Buffer.
const TAG_MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE as unknown as Buffer
const TAG_FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL as unknown as Buffer
const TAG_FINAL_BYTE = Number(TAG_FINAL)
const WRAP_CONTEXT = 'sluice data key\0'
const RECORD_CONTEXT = 'sluice record\0'
const RECORD_KDF_CONTEXT = Buffer.from('slrecord', 'latin1')

const { crypto_secretstream_xchacha20poly1305_STATEBYTES: STATE_BYTES } = sodium as unknown as Record<string, number>

type StreamState = Parameters<typeof sodium.crypto_secretstream_xchacha20poly1305_push>[0]

function newState(): StreamState {
  return Buffer.alloc(STATE_BYTES ?? 0) as unknown as StreamState
}

/** Encrypts one blob, chunk by chunk. */
export class BlobSealer {
  readonly header = Buffer.allocUnsafe(STREAM_HEADER_BYTES)
  readonly wrappedKey: Buffer
  readonly #state = newState()

  constructor(keys: KeyEncryptionKeys, blobId: string) {
    const dataKey = Buffer.allocUnsafeSlow(KEY_BYTES)
    fillRandom(dataKey)
    this.wrappedKey = seal(keys.get(keys.currentId()), keys.currentId(), WRAP_CONTEXT + blobId, dataKey)
    sodium.crypto_secretstream_xchacha20poly1305_init_push(this.#state, this.header, dataKey)
    sodium.sodium_memzero(dataKey)
  }

  /** Writes the sealed chunk into `into`, which is STREAM_OVERHEAD_BYTES longer than the chunk. */
  seal(into: Buffer, chunk: Buffer, final: boolean): void {
    sodium.crypto_secretstream_xchacha20poly1305_push(this.#state, into, chunk, null, final ? TAG_FINAL : TAG_MESSAGE)
  }
}

/** Decrypts one blob. Chunks come in order; `finish` says whether the last one seen really was the last. */
export class BlobOpener {
  readonly #state = newState()
  readonly #tag = Buffer.alloc(1)
  readonly #blobId: string
  #final = false

  constructor(keys: KeyEncryptionKeys, blobId: string, wrappedKey: Buffer, header: Buffer) {
    this.#blobId = blobId
    const dataKey = unwrap(keys, blobId, wrappedKey)
    try {
      sodium.crypto_secretstream_xchacha20poly1305_init_pull(this.#state, header, dataKey)
    } catch (cause) {
      throw blobCorrupt(blobId, 'its header is not authentic', cause)
    } finally {
      sodium.sodium_memzero(dataKey)
    }
  }

  open(sealed: Buffer): Buffer {
    if (this.#final) throw blobCorrupt(this.#blobId, 'there is a chunk after the last one')
    if (sealed.length < STREAM_OVERHEAD_BYTES) throw blobCorrupt(this.#blobId, 'a chunk is too short')
    const chunk = Buffer.allocUnsafe(sealed.length - STREAM_OVERHEAD_BYTES)
    try {
      sodium.crypto_secretstream_xchacha20poly1305_pull(this.#state, chunk, this.#tag, sealed, null)
    } catch (cause) {
      throw blobCorrupt(this.#blobId, 'a chunk is not authentic', cause)
    }
    this.#final = this.#tag[0] === TAG_FINAL_BYTE
    return chunk
  }

  finish(): void {
    if (!this.#final) throw blobCorrupt(this.#blobId, 'it is cut short')
  }
}

/** Wraps the data key anew under the current key-encryption key; null when it already is. */
export function rewrapDataKey(keys: KeyEncryptionKeys, blobId: string, wrappedKey: Buffer): Buffer | null {
  if (keyIdOf(wrappedKey) === keys.currentId()) return null
  const dataKey = unwrap(keys, blobId, wrappedKey)
  try {
    return seal(keys.get(keys.currentId()), keys.currentId(), WRAP_CONTEXT + blobId, dataKey)
  } finally {
    sodium.sodium_memzero(dataKey)
  }
}

/** Number of the key-encryption key that a wrapped key or sealed record stands under. */
export function keyIdOf(sealed: Buffer): number {
  return sealed.length >= PREFIX_BYTES ? sealed.readUInt32BE(1) : 0
}

/** Seals small plain records for a database row. `rowId` must be asked for again when opening. */
export class RecordSealer {
  readonly #keys: KeyEncryptionKeys
  readonly #subkeys = new Map<number, Buffer>()

  constructor(keys: KeyEncryptionKeys) {
    this.#keys = keys
  }

  seal(rowId: string, plain: Uint8Array): Buffer {
    const id = this.#keys.currentId()
    return seal(this.#subkey(id), id, RECORD_CONTEXT + rowId, asBuffer(plain))
  }

  /** Throws `record-corrupt` when the bytes aren't authentic for this row. */
  open(rowId: string, sealed: Uint8Array): Buffer {
    const bytes = asBuffer(sealed)
    const plain = bytes.length < PREFIX_BYTES ? null : open(this.#subkey(keyIdOf(bytes)), RECORD_CONTEXT + rowId, bytes)
    if (!plain) {
      throw new GatewayError('record-corrupt', {
        temporary: false,
        publicMessage: 'local error',
        message: `the sealed record ${rowId} is not authentic: it was changed, moved or written under another key`,
      })
    }
    return plain
  }

  #subkey(id: number): Buffer {
    let subkey = this.#subkeys.get(id)
    if (!subkey) {
      subkey = Buffer.alloc(KEY_BYTES)
      sodium.crypto_kdf_derive_from_key(subkey, 1, RECORD_KDF_CONTEXT, this.#keys.get(id))
      this.#subkeys.set(id, subkey)
    }
    return subkey
  }
}

function seal(key: Buffer, keyId: number, context: string, plain: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(PREFIX_BYTES + plain.length + MAC_BYTES)
  sealed.writeUInt8(FORMAT, 0)
  sealed.writeUInt32BE(keyId, 1)
  const nonce = sealed.subarray(5, PREFIX_BYTES)
  fillRandom(nonce)
  const associated = Buffer.from(context, 'utf8')
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.subarray(PREFIX_BYTES), plain, associated, null, nonce, key)
  return sealed
}

function open(key: Buffer, context: string, sealed: Buffer): Buffer | null {
  if (sealed.length < PREFIX_BYTES + MAC_BYTES || sealed[0] !== FORMAT) return null
  const plain = Buffer.allocUnsafe(sealed.length - PREFIX_BYTES - MAC_BYTES)
  const nonce = sealed.subarray(5, PREFIX_BYTES)
  const associated = Buffer.from(context, 'utf8')
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain,
      null,
      sealed.subarray(PREFIX_BYTES),
      associated,
      nonce,
      key,
    )
  } catch {
    return null
  }
  return plain
}

function unwrap(keys: KeyEncryptionKeys, blobId: string, wrappedKey: Buffer): Buffer {
  const dataKey = open(keys.get(keyIdOf(wrappedKey)), WRAP_CONTEXT + blobId, wrappedKey)
  if (!dataKey) throw blobCorrupt(blobId, 'its wrapped key is not authentic, or the key-encryption key is another one')
  return dataKey
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function blobCorrupt(blobId: string, problem: string, cause?: unknown): GatewayError {
  return new GatewayError('blob-corrupt', {
    temporary: false,
    publicMessage: 'local error',
    message: `blob ${blobId} can't be trusted: ${problem}`,
    cause,
  })
}
