/** Standard output that waits for a slow reader. One that went away (`sluice … | head`) ends the command quietly. */
/** Resolves when more may be written; false once nobody reads any more. */
export async function print(text: string): Promise<boolean> {
  if (process.stdout.destroyed) return false
  if (!process.stdout.write(text)) await writable(process.stdout)
  return !process.stdout.destroyed
}

const EVENTS = ['drain', 'close', 'error'] as const

/** Resolves when there is room again or never will be; leaves no listener behind, however often it waits. */
function writable(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      for (const event of EVENTS) stream.off(event, end)
      resolve()
    }
    for (const event of EVENTS) stream.on(event, end)
  })
}

/** A progress line on stderr, only where a person looks at it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
