import type { BlobRef } from '../core/submission.ts'

/** Where content is kept, encrypted. Nothing else in the gateway writes content to disk. */
export interface BlobStore {
  /** Starts a blob. Throws a temporary GatewayError (`spool-full`, `spool-failed`) when intake must stop. */
  create(): Promise<BlobWriter>
  /** Content chunks in order. Throws `blob-missing` or `blob-corrupt` (authentication failed, truncated). */
  read(ref: BlobRef): AsyncIterable<Uint8Array>
  /** Idempotent. Space comes back at the next compaction. */
  remove(id: string): Promise<void>
  /** A hint that nobody is going to read it soon: what holds content in memory lets go of it. */
  settled?(id: string): void
  usage(): Promise<BlobUsage>
}

export interface BlobWriter {
  /** Resolves when the chunk is taken over: wait for it, that is the back-pressure. */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves once every byte would survive power loss (file and directory fsynced; group commit). */
  commit(): Promise<BlobRef>
  /** Forgets the blob; safe at any time before commit. */
  abort(): Promise<void>
}

export interface BlobUsage {
  /** Bytes in use on disk. */
  readonly usedBytes: number
  /** Bytes the file system has left for us. */
  readonly freeBytes: number
  /** False after a failed write or fsync: intake is stopped, `/readyz` says so. */
  readonly healthy: boolean
  readonly problem?: string
}
