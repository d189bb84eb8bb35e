/**
 * Documents as the bytes that are sealed: JSON, compressed where it is long. A report on list mail says the same of a
 * hundred addresses, and compressed it is a tenth of that. Pure.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'

/** Shorter JSON isn't worth the time. */
const COMPRESSED_FROM_CHARS = 4_096
/** First byte of a Zstandard frame (RFC 8878); JSON of an object begins with a brace. */
const FRAME = 0x28
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Throws GatewayError `record-too-large` for what could not be read again. */
export function toRecordBytes(document: object): Buffer {
  const json = JSON.stringify(document)
  const plain = Buffer.from(json, 'utf8')
  if (plain.length > limits.storeRecordMaxBytes)
    throw new GatewayError('record-too-large', {
      temporary: false,
      publicMessage: 'local error in processing',
      message: `a document of ${plain.length} bytes is larger than the store keeps (${limits.storeRecordMaxBytes})`,
    })
  return json.length < COMPRESSED_FROM_CHARS ? plain : zstdCompressSync(plain, FAST)
}

/** Throws where the bytes are none of `toRecordBytes`, or say more than `limits.storeRecordMaxBytes`. */
export function fromRecordBytes(bytes: Buffer): unknown {
  const plain = bytes[0] === FRAME ? zstdDecompressSync(bytes, { maxOutputLength: limits.storeRecordMaxBytes }) : bytes
  return JSON.parse(plain.toString('utf8'))
}
