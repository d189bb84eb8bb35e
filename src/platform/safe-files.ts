import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * File operations that survive power loss: whoever returned from here has its bytes and its directory entry on disk.
 * A half-written file is never seen under its final name. System errors pass through unchanged; callers name the
 * command that mends them.
 */

/** Makes the entries of `dir` (creations, renames, removals) durable. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export interface AtomicWriteOptions {
  /** Permission bits of the new file. */
  readonly mode: number
  /** Fails with EEXIST when the file is there already, instead of replacing it. */
  readonly exclusive?: boolean
}

/** Writes beside the target, fsyncs, then renames (or links, when exclusive) into place and fsyncs the directory. */
export async function writeFileAtomic(path: string, bytes: Uint8Array, options: AtomicWriteOptions): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx', options.mode)
  try {
    try {
      // The mode given to open is narrowed by the umask; say it again so that it is exactly what was asked for.
      await handle.chmod(options.mode)
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (options.exclusive) {
      await link(temporary, path)
      await unlink(temporary)
    } else {
      await rename(temporary, path)
    }
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Creates `dir` and its parents, readable by the owner alone, and makes the new entry durable. */
export async function makePrivateDirectory(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true, mode: 0o700 })
  if (first !== undefined) await syncDirectory(dirname(first))
}

/** Permission bits that group and others have on `path`; 0 means that it is private to its owner. */
export async function foreignAccess(path: string): Promise<number> {
  const found = await stat(path)
  return found.mode & 0o077
}

/** The code of a system error (`ENOENT`, `ENOSPC` …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
