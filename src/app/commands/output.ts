/** Standard output that waits for a slow reader and ends quietly when it went away (`sluice … | head`). */
import { once } from 'node:events'

let broken = false

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  broken = true
})

/** Resolves when more may be written; false once nobody reads any more. */
export async function print(text: string): Promise<boolean> {
  if (broken) return false
  if (!process.stdout.write(text))
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => undefined)
  return !broken
}

/** A progress line on stderr, only where a person looks at it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
