import { type FileHandle, open, statfs } from 'node:fs/promises'
import { syncDirectory } from '../../platform/safe-files.ts'

/**
 * What the log asks of the file system for writing. A layer of its own, so that tests can let a write or an fsync
 * fail at a chosen moment.
 */
export interface SegmentFiles {
  /** Creates the file (it must not exist), readable by its owner alone. */
  create(path: string): Promise<SegmentFile>
  syncDirectory(dir: string): Promise<void>
  /** Bytes that an unprivileged process may still use where `dir` lies. */
  freeBytes(dir: string): Promise<number>
}

export interface SegmentFile {
  /** Writes all bytes at `position`, or throws. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /** Content and size reach the disk. After it threw once this file must not be synced or written again. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Buffers handed to one system call; the kernel's own limit is 1024. */
const BUFFERS_PER_CALL = 512

class NodeSegmentFile implements SegmentFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    let at = position
    for (let from = 0; from < buffers.length; from += BUFFERS_PER_CALL) {
      let rest = buffers.slice(from, from + BUFFERS_PER_CALL)
      while (rest.length > 0) {
        const { bytesWritten } = await this.#handle.writev(rest, at)
        at += bytesWritten
        rest = withoutFirst(rest, bytesWritten)
      }
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** A write may be short (disk nearly full): what is left goes into the next call, which then says why. */
function withoutFirst(buffers: Buffer[], bytes: number): Buffer[] {
  let skip = bytes
  let first = 0
  while (first < buffers.length && skip >= (buffers[first]?.length ?? 0)) {
    skip -= buffers[first]?.length ?? 0
    first += 1
  }
  const rest = buffers.slice(first)
  const head = rest[0]
  if (head && skip > 0) rest[0] = head.subarray(skip)
  return rest
}

export const nodeSegmentFiles: SegmentFiles = {
  async create(path) {
    return new NodeSegmentFile(await open(path, 'wx', 0o600))
  },
  syncDirectory,
  async freeBytes(dir) {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  },
}
