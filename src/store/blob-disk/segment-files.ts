import { constants, type FileHandle, open, statfs } from 'node:fs/promises'
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
  /** As `write`, and the bytes and the file's size are on the disk: one call where write and sync would be two. */
  writeDurably(buffers: readonly Buffer[], position: number): Promise<void>
  /** Content and size reach the disk. After anything here threw once this file must not be used again. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Buffers handed to one system call; the kernel's own limit is 1024. */
const BUFFERS_PER_CALL = 512

class NodeSegmentFile implements SegmentFile {
  readonly #plain: FileHandle
  /** The same file, opened with O_DSYNC. */
  readonly #durable: FileHandle

  constructor(plain: FileHandle, durable: FileHandle) {
    this.#plain = plain
    this.#durable = durable
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> {
    return writeAll(this.#plain, buffers, position)
  }

  writeDurably(buffers: readonly Buffer[], position: number): Promise<void> {
    return writeAll(this.#durable, buffers, position)
  }

  sync(): Promise<void> {
    return this.#plain.datasync()
  }

  async close(): Promise<void> {
    await Promise.all([this.#plain.close(), this.#durable.close()])
  }
}

async function writeAll(handle: FileHandle, buffers: readonly Buffer[], position: number): Promise<void> {
  let at = position
  for (let from = 0; from < buffers.length; from += BUFFERS_PER_CALL) {
    let rest = buffers.slice(from, from + BUFFERS_PER_CALL)
    while (rest.length > 0) {
      const { bytesWritten } = await handle.writev(rest, at)
      at += bytesWritten
      rest = withoutFirst(rest, bytesWritten)
    }
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
    const plain = await open(path, 'wx', 0o600)
    try {
      return new NodeSegmentFile(plain, await open(path, constants.O_WRONLY | constants.O_DSYNC))
    } catch (error) {
      await plain.close()
      throw error
    }
  },
  syncDirectory,
  async freeBytes(dir) {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  },
}
