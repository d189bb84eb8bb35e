/**
 * One writer of a catalogue at a time, over processes: a lock file that names its owner. One whose process is gone is
 * taken over. Readers need no lock: they see the catalogue before or after a change, never between.
 */
import { open, readFile, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from '../core/errors.ts'

const LOCK = '.lock'
const LOOK_MS = 100
/** Merging the hashes of a million documents takes minutes at most. */
const WAIT_MAX_MS = 10 * 60_000
/** A lock is named within moments of being taken; older ones without a name lost their owner. */
const NAMELESS_MAX_MS = 10_000
/** What this process holds itself. */
const held = new Set<string>()

/** Runs `work` alone. Throws GatewayError `catalog-busy` (temporary) when another process holds the lock for too long. */
export async function withCatalogLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const file = join(dir, LOCK)
  const until = Date.now() + WAIT_MAX_MS
  while (!(await take(file))) {
    if (Date.now() > until) throw busy(file)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  held.add(file)
  try {
    return await work()
  } finally {
    held.delete(file)
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(`${process.pid} ${hostname()}\n`)
    } finally {
      await handle.close()
    }
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    if (await abandoned(file)) await rm(file, { force: true })
    return false
  }
}

/** Its owner ran on this machine and does no more. What can't be told counts as held. */
async function abandoned(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const [, pid, host] = /^(\d+) (\S+)\n$/.exec(text) ?? []
  if (!pid) {
    const since = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    )
    return text === '' && Date.now() - since > NAMELESS_MAX_MS
  }
  if (host !== hostname()) return false
  // A former process may have had this one's number, as in a container that was started again.
  if (Number(pid) === process.pid) return !held.has(file)
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function busy(file: string): GatewayError {
  const message = `another process is changing the catalogue; if there is none, remove ${file}`
  return new GatewayError('catalog-busy', { temporary: true, publicMessage: message, message })
}
