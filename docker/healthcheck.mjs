// HEALTHCHECK of the image: asks the gateway in this container whether it is alive. Readiness (/readyz) is another
// matter: a gateway that refuses mail because the disk is full must not be restarted for that.
const url = `${process.env.SLUICE_ADMIN_URL ?? 'http://127.0.0.1:9925'}/healthz`
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  await response.body?.cancel()
  if (response.status !== 200) throw new Error(`status ${response.status}`)
} catch (error) {
  console.error(`${url}: ${error.cause?.code ?? error.message}`)
  process.exit(1)
}
