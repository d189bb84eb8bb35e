/**
 * `/healthz` (alive), `/readyz` (ready to accept, and why not), `/metrics` (Prometheus text): read-only, inside only. What
 * is below `/api/` is the HTTP API's where there is one, which asks for a token.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { asError, GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { HttpApi } from './api/http-api.ts'
import type { Health } from './health.ts'

export interface AdminServerOptions {
  readonly host: string
  readonly port: number
  /** The section of `sluice.yaml` that `host` and `port` stand in, for error messages. */
  readonly section: 'admin' | 'worker.admin'
  readonly health: Health
  readonly metrics: Metrics
  /** Called before metrics are read, to bring gauges up to date. */
  readonly refresh: () => Promise<void>
  readonly api?: HttpApi
}

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

const HEADERS_TIMEOUT_MS = 10_000

/** Throws GatewayError `port-in-use`. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer(
    { requestTimeout: options.api ? limits.apiRequestMaxMs : HEADERS_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    (request, response) => {
      if (options.api && request.url?.startsWith('/api/')) return options.api.answer(request, response)
      answer(options, request, response).catch((thrown: unknown) => {
        if (!response.headersSent) response.writeHead(500)
        response.end(`${asError(thrown).name}\n`)
      })
    },
  )
  await listen(server, options)
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port, section }: AdminServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      reject(
        new GatewayError(inUse ? 'port-in-use' : 'listen-failed', {
          temporary: false,
          publicMessage: inUse
            ? `port ${port} on ${host} is in use by another process: change \`${section}.port\` in sluice.yaml, or stop that process`
            : `cannot listen on ${host}:${port} (${error.code}): check \`${section}.host\` and \`${section}.port\` in sluice.yaml`,
          cause: error,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
}

async function answer(options: AdminServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n')
  switch (path) {
    case '/healthz':
      return send(response, 200, 'application/json', `${JSON.stringify({ status: 'alive' })}\n`)
    case '/readyz': {
      const problems = options.health.problems()
      const body = {
        status: problems.length === 0 ? 'ready' : 'not-ready',
        problems,
        warnings: options.health.warnings(),
      }
      return send(response, problems.length === 0 ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`)
    }
    case '/metrics':
      await options.refresh()
      return send(response, 200, options.metrics.registry.contentType, await options.metrics.registry.metrics())
    default:
      return send(response, 404, 'text/plain', 'try /healthz, /readyz or /metrics\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}
