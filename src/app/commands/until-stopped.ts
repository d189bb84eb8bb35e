/** A terminal's Ctrl-C reaches a process group at once, and a launcher passes it on: signals this near are one. */
const SAME_SIGNAL_MS = 500

/** Resolves after the first SIGTERM or SIGINT and `drain`; a second signal ends the process at once. */
export async function untilStopped(drain: () => Promise<void>): Promise<void> {
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  await new Promise<void>((resolve) => {
    let firstAt = 0
    const stop = () => {
      if (firstAt === 0) {
        firstAt = performance.now()
        resolve()
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(0)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
  await drain()
  clearInterval(keepAlive)
}
