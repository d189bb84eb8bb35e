/**
 * A blob's public id: its uid (random, 32 hex digits) and where its first commit record was written. The place is a
 * hint that saves another process a scan; compaction may have moved the blob since, the uid stays.
 */
export interface BlobAddress {
  readonly uid: string
  readonly segment: number
  readonly offset: number
}

const BLOB_ID = /^([0-9a-f]{32})-([0-9a-z]{1,7})-([0-9a-z]{1,7})$/

export function formatBlobId(address: BlobAddress): string {
  return `${address.uid}-${address.segment.toString(36)}-${address.offset.toString(36)}`
}

/** Null when `id` wasn't made by this store. */
export function parseBlobId(id: string): BlobAddress | null {
  const [, uid, segment, offset] = BLOB_ID.exec(id) ?? []
  if (uid === undefined || segment === undefined || offset === undefined) return null
  return { uid, segment: Number.parseInt(segment, 36), offset: Number.parseInt(offset, 36) }
}
