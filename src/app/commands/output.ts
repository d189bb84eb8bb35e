/** Standard output that waits for a slow reader. One that went away (`sluice … | head`) ends the command quietly. */
import { once } from 'node:events'

/** Resolves when more may be written; false once nobody reads any more. */
export async function print(text: string): Promise<boolean> {
  if (process.stdout.destroyed) return false
  if (!process.stdout.write(text)) {
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => undefined)
  }
  return !process.stdout.destroyed
}

/** A progress line on stderr, only where a person looks at it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
