import { crc32 } from 'node:zlib'
import { STREAM_HEADER_BYTES, WRAPPED_KEY_BYTES } from '../../platform/at-rest.ts'

/**
 * The bytes of a segment. A segment is a 16-byte head and then records; a record is a 40-byte head (magic, kind,
 * payload length, sequence, blob uid, CRC of the payload, CRC of the head) and its payload. The CRCs find torn and
 * rotten records and let a scan find the next good one; authenticity is the business of the encryption at rest.
 * All numbers are big-endian.
 */
export const SEGMENT_HEAD_BYTES = 16
export const RECORD_HEAD_BYTES = 40
/** Largest payload believed when scanning: a commit record of a blob of some 90 GB. */
export const RECORD_PAYLOAD_MAX_BYTES = 16 * 1024 * 1024

const SEGMENT_MAGIC = Buffer.from('SLUICEB1', 'latin1')
export const RECORD_MAGIC = Buffer.from('SLR1', 'latin1')
const UID_BYTES = 16

export const RECORD_KINDS = ['chunk', 'commit', 'tombstone'] as const
export type RecordKind = (typeof RECORD_KINDS)[number]

/** Where a record lies, head included. */
export interface Extent {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

export interface RecordHead {
  readonly kind: RecordKind
  readonly uid: string
  readonly sequence: number
  readonly payloadBytes: number
  readonly payloadCrc: number
}

/** What makes a blob readable. A later commit record of the same blob replaces an earlier one. */
export interface CommitRecord {
  readonly header: Buffer
  readonly wrappedKey: Buffer
  /** Chunk records in order. */
  readonly chunks: readonly Extent[]
}

export function segmentFileName(segment: number): string {
  return `segment-${String(segment).padStart(10, '0')}.log`
}

/** The segment's number, or null for any other file. */
export function segmentNumberOf(fileName: string): number | null {
  const digits = /^segment-([0-9]{10})\.log$/.exec(fileName)?.[1]
  return digits === undefined ? null : Number(digits)
}

export function encodeSegmentHead(segment: number): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES)
  SEGMENT_MAGIC.copy(head)
  head.writeUInt32BE(segment, 8)
  head.writeUInt32BE(crc32(head.subarray(0, 12)), 12)
  return head
}

/** Room for a record; fill `recordPayload` of it, then `finishRecord`. */
export function allocateRecord(payloadBytes: number): Buffer {
  return Buffer.allocUnsafe(RECORD_HEAD_BYTES + payloadBytes)
}

export function recordPayload(record: Buffer): Buffer {
  return record.subarray(RECORD_HEAD_BYTES)
}

export function finishRecord(record: Buffer, kind: RecordKind, uid: string, sequence: number): void {
  RECORD_MAGIC.copy(record)
  record.writeUInt32BE(RECORD_KINDS.indexOf(kind), 4)
  record.writeUInt32BE(record.length - RECORD_HEAD_BYTES, 8)
  record.writeUInt32BE(sequence, 12)
  record.write(uid, 16, UID_BYTES, 'hex')
  record.writeUInt32BE(crc32(recordPayload(record)), 32)
  record.writeUInt32BE(crc32(record.subarray(0, 36)), 36)
}

/** The record head at `offset`, or null when what stands there is none. */
export function decodeRecordHead(bytes: Buffer, offset = 0): RecordHead | null {
  if (bytes.length - offset < RECORD_HEAD_BYTES) return null
  const head = bytes.subarray(offset, offset + RECORD_HEAD_BYTES)
  if (!head.subarray(0, 4).equals(RECORD_MAGIC)) return null
  if (head.readUInt32BE(36) !== crc32(head.subarray(0, 36))) return null
  const kind = RECORD_KINDS[head.readUInt32BE(4)]
  const payloadBytes = head.readUInt32BE(8)
  if (kind === undefined || payloadBytes > RECORD_PAYLOAD_MAX_BYTES) return null
  return {
    kind,
    uid: head.toString('hex', 16, 32),
    sequence: head.readUInt32BE(12),
    payloadBytes,
    payloadCrc: head.readUInt32BE(32),
  }
}

/** A whole record's head when head and payload are intact, else null. */
export function decodeRecord(record: Buffer): RecordHead | null {
  const head = decodeRecordHead(record)
  if (!head || record.length !== RECORD_HEAD_BYTES + head.payloadBytes) return null
  return crc32(recordPayload(record)) === head.payloadCrc ? head : null
}

const COMMIT_FORMAT = 1
const COMMIT_FIXED_BYTES = 1 + STREAM_HEADER_BYTES + WRAPPED_KEY_BYTES + 4
const EXTENT_BYTES = 12

/** Chunks that fit into one commit record. */
export const BLOB_CHUNKS_MAX = Math.floor((RECORD_PAYLOAD_MAX_BYTES - COMMIT_FIXED_BYTES) / EXTENT_BYTES)

export function encodeCommit(uid: string, commit: CommitRecord): Buffer {
  const record = allocateRecord(COMMIT_FIXED_BYTES + commit.chunks.length * EXTENT_BYTES)
  const payload = recordPayload(record)
  payload.writeUInt8(COMMIT_FORMAT, 0)
  commit.header.copy(payload, 1)
  commit.wrappedKey.copy(payload, 1 + STREAM_HEADER_BYTES)
  payload.writeUInt32BE(commit.chunks.length, COMMIT_FIXED_BYTES - 4)
  let at = COMMIT_FIXED_BYTES
  for (const chunk of commit.chunks) {
    payload.writeUInt32BE(chunk.segment, at)
    payload.writeUInt32BE(chunk.offset, at + 4)
    payload.writeUInt32BE(chunk.length, at + 8)
    at += EXTENT_BYTES
  }
  finishRecord(record, 'commit', uid, commit.chunks.length)
  return record
}

/** Null when the payload isn't a commit of a known format. */
export function decodeCommit(payload: Buffer): CommitRecord | null {
  if (payload.length < COMMIT_FIXED_BYTES || payload[0] !== COMMIT_FORMAT) return null
  const count = payload.readUInt32BE(COMMIT_FIXED_BYTES - 4)
  if (payload.length !== COMMIT_FIXED_BYTES + count * EXTENT_BYTES) return null
  const chunks: Extent[] = []
  for (let at = COMMIT_FIXED_BYTES; at < payload.length; at += EXTENT_BYTES) {
    chunks.push({
      segment: payload.readUInt32BE(at),
      offset: payload.readUInt32BE(at + 4),
      length: payload.readUInt32BE(at + 8),
    })
  }
  return {
    header: payload.subarray(1, 1 + STREAM_HEADER_BYTES),
    wrappedKey: payload.subarray(1 + STREAM_HEADER_BYTES, 1 + STREAM_HEADER_BYTES + WRAPPED_KEY_BYTES),
    chunks,
  }
}

/** A tombstone names the segments that hold commit records of the blob: while one exists, it must be kept. */
export function encodeTombstone(uid: string, commitSegments: readonly number[]): Buffer {
  const record = allocateRecord(commitSegments.length * 4)
  commitSegments.forEach((segment, i) => {
    recordPayload(record).writeUInt32BE(segment, i * 4)
  })
  finishRecord(record, 'tombstone', uid, 0)
  return record
}

export function decodeTombstone(payload: Buffer): number[] {
  const segments: number[] = []
  for (let at = 0; at + 4 <= payload.length; at += 4) segments.push(payload.readUInt32BE(at))
  return segments
}
