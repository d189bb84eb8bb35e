/** A terminal's Ctrl-C reaches a process group at once, and a launcher passes it on: signals this near are one. */
const SAME_SIGNAL_MS = 500

/**
 * Listens for SIGTERM and SIGINT from now on; call it before anything is started. Resolves at the first of them,
 * which may come while the process still starts; a second one ends the process at once.
 */
export function stopRequest(): Promise<void> {
  return new Promise<void>((resolve) => {
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
}

/** Waits for the request, keeping the process alive until then, and drains. */
export async function untilStopped(request: Promise<void>, drain: () => Promise<void>): Promise<void> {
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  await request
  await drain()
  clearInterval(keepAlive)
}
