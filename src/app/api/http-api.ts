/**
 * The HTTP API behind the admin listener: everything below `/api/`, for whoever bears the token. A request without it
 * learns nothing else, not even which paths there are. What goes wrong inside is logged and answered as 500 without a
 * cause.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyReply } from 'fastify'
import { asError, GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { Log } from '../../platform/log.ts'
import { ApiError } from './api-error.ts'
import { bearsToken } from './api-token.ts'
import { type FingerprintApi, registerFingerprintApi } from './fingerprint-api.ts'
import { openApi } from './open-api.ts'

export interface HttpApiOptions extends FingerprintApi {
  readonly tokenFile: string
  readonly log: Log
}

export interface HttpApi {
  answer(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

export async function createHttpApi(options: HttpApiOptions): Promise<HttpApi> {
  const app = Fastify({
    logger: false,
    routerOptions: { maxParamLength: limits.apiDocumentNameMaxBytes * 3 },
    // A path that is no path, before anybody could be asked for the token.
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      reply.code(400).send({ error: { code: 'invalid-request', message: 'the request could not be read' } })
    },
  })
  // Bodies are documents of any type: routes read them as they come.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (await bearsToken(options.tokenFile, request.headers.authorization)) return
    reply.header('www-authenticate', 'Bearer realm="sluice"')
    throw new ApiError(401, 'unauthorised', 'send `Authorization: Bearer` with the token of this installation')
  })
  app.setNotFoundHandler(() => {
    throw new ApiError(404, 'unknown-path', 'see /api/v1/openapi.json')
  })
  app.setErrorHandler((thrown, request, reply) => {
    const { status, code, message } = told(thrown)
    if (status >= 500) options.log.error({ code, error: asError(thrown) }, 'an API request failed')
    // What is left of a body that is not wanted is not read.
    if (status === 413 || status === 401) reply.header('connection', 'close')
    request.raw.resume()
    reply.code(status).send({ error: { code, message } })
  })
  app.get('/api/v1/openapi.json', async () => openApi)
  registerFingerprintApi(app, options)
  await app.ready()
  return { answer: (request, response) => app.routing(request, response), close: () => app.close() }
}

function told(thrown: unknown): { readonly status: number; readonly code: string; readonly message: string } {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof GatewayError)
    return { status: thrown.temporary ? 503 : 500, code: thrown.code, message: thrown.publicMessage }
  const status = (thrown as { readonly statusCode?: unknown }).statusCode
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, code: 'invalid-request', message: 'the request could not be read' }
  return { status: 500, code: 'internal', message: 'the request failed; the log of the gateway says more' }
}
