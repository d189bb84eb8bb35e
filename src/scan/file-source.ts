import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteSource } from '../extract/stream/byte-source.ts'
import { pathOfName } from './file-names.ts'

/** A file as bytes to be read by their place. Throws the file system's errors. */
export function openFile(path: string): { readonly source: ByteSource; close(): void } {
  const descriptor = openSync(pathOfName(path), 'r')
  const { size } = fstatSync(descriptor)
  return {
    source: { size, read: (at, length) => readAt(descriptor, size, at, length) },
    close: () => closeSync(descriptor),
  }
}

/** One read call gives 2 GiB at most. */
const READ_MAX_BYTES = 256 * 1024 * 1024

function readAt(descriptor: number, size: number, at: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - at)))
  for (let filled = 0; filled < bytes.length; ) {
    const got = readSync(descriptor, bytes, filled, Math.min(READ_MAX_BYTES, bytes.length - filled), at + filled)
    if (got === 0) throw new Error('the file became shorter while it was read')
    filled += got
  }
  return bytes
}
