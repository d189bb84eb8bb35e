import { limits } from '../../core/limits.ts'

/**
 * Bytes that are read by their place and held by nobody: a large file on disk, or one that another process reads out.
 * Reading is synchronous. `read` throws when it can't give what `size` promised: then the content changed meanwhile.
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number
  /** As many bytes as asked for, but for the end: `at + length` past `size` gives fewer. They may be kept. */
  read(at: number, length: number): Uint8Array
}

/** What a source has in `[from, to)`, in order. */
export function* chunksOf(source: ByteSource, from = 0, to = source.size): Generator<Uint8Array> {
  for (let at = from; at < to; at += limits.extractStreamChunkBytes)
    yield source.read(at, Math.min(limits.extractStreamChunkBytes, to - at))
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }
}

/** What of each end of a file tells its type. */
export const SAMPLE_BYTES = 1024 * 1024

/** Both ends of what is too large to be looked at whole, put together: marks and directories of files stand there. */
export function endsOf(source: ByteSource, beginning: Uint8Array): Uint8Array {
  const from = Math.max(beginning.length, source.size - SAMPLE_BYTES)
  return Buffer.concat([beginning, source.read(from, source.size - from)])
}
