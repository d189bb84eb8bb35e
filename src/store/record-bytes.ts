/**
 * Documents as the bytes that are sealed: JSON, compressed where it is long. A report on list mail says the same of a
 * hundred addresses, and compressed it is a tenth of that. Pure.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { limits } from '../core/limits.ts'

/** Shorter JSON isn't worth the time. */
const COMPRESSED_FROM_CHARS = 4_096
/** First byte of a Zstandard frame (RFC 8878); JSON of an object begins with a brace. */
const FRAME = 0x28
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export function toRecordBytes(document: object): Buffer {
  const json = JSON.stringify(document)
  const plain = Buffer.from(json, 'utf8')
  return json.length < COMPRESSED_FROM_CHARS ? plain : zstdCompressSync(plain, FAST)
}

/** Throws where the bytes are none of `toRecordBytes`, or say more than `limits.storeRecordMaxBytes`. */
export function fromRecordBytes(bytes: Buffer): unknown {
  const plain = bytes[0] === FRAME ? zstdDecompressSync(bytes, { maxOutputLength: limits.storeRecordMaxBytes }) : bytes
  return JSON.parse(plain.toString('utf8'))
}
