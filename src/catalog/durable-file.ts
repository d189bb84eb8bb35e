/** Files of the catalogue: whole under their final name and on disk, or not there at all. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Files that a crash left behind have this ending; nobody reads them. */
export const TEMPORARY = '.tmp'

/** Writes beside the target, fsyncs, renames into place, fsyncs the folder. Owner-only. */
export async function writeDurably(
  dir: string,
  file: string,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  const temporary = join(dir, `.${file}.${randomUUID()}${TEMPORARY}`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    try {
      await write(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, join(dir, file))
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
  const folder = await open(dir, 'r')
  await folder.sync().finally(() => folder.close())
}
