/**
 * Registered documents over HTTP: list, show, add, remove. Uploads are held in memory alone and within limits; what is
 * registered comes of the same extraction as on the command line. Every change and every look at documents is audited before
 * it is answered. Answers are JSON; a mistake of the client is `{ error: { code, message } }`.
 */

import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { FingerprintCatalog } from '../../catalog/fingerprint-catalog.ts'
import type { JsonValue } from '../../core/audit.ts'
import { SENSITIVITIES } from '../../core/finding.ts'
import { limits } from '../../core/limits.ts'
import type { DocumentGroup } from '../../detect/fingerprint/fingerprint-index.ts'
import type { ScanPool } from '../../scan/scan-pool.ts'
import { collectionsIn, documentShown } from '../collections.ts'
import { documentsOf } from '../read-documents.ts'
import { scanInputOf } from '../scan-input.ts'
import { ApiError } from './api-error.ts'

export interface FingerprintApi {
  readonly catalog: FingerprintCatalog
  /** Reads what is uploaded; started at the first upload. */
  readonly pool: () => Promise<ScanPool>
  /** Durable when it resolves. */
  readonly audit: (details: { readonly [key: string]: JsonValue }) => Promise<void>
  readonly now: () => number
  /** Default: `limits.apiUploadMaxBytes`. */
  readonly uploadMaxBytes?: number
}

const name = (bytes: number) =>
  z
    .string()
    .min(1)
    .refine((text) => !/\p{Cc}/u.test(text), 'no control characters')
    .refine((text) => Buffer.byteLength(text) <= bytes, `at most ${bytes} bytes`)
const collectionName = name(limits.apiCollectionNameMaxBytes)
const documentName = name(limits.apiDocumentNameMaxBytes)
const short = name(limits.apiCollectionNameMaxBytes)
const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

const addQuery = z.strictObject({
  label: short.optional(),
  owner: short.optional(),
  sensitivity: z.enum(SENSITIVITIES).optional(),
  partner: z
    .union([short, z.array(short).max(limits.apiPartnersMax)])
    .transform((given) => [given].flat())
    .optional(),
  ignore: flag.optional(),
})
const pageQuery = z.strictObject({
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(limits.apiPageMax).default(limits.apiPageMax),
})

export function registerFingerprintApi(app: FastifyInstance, api: FingerprintApi): void {
  let uploads = 0

  app.get('/api/v1/fingerprints', async () => ({ collections: collectionsIn(await api.catalog.list()) }))

  app.get('/api/v1/fingerprints/:collection', async (request) => {
    const collection = checked(collectionName, param(request, 'collection'), 'collection')
    const { after, limit } = checked(pageQuery, request.query, 'query')
    const rows = (await api.catalog.list()).filter((row) => row.collection === collection)
    const [about] = collectionsIn(rows)
    if (!about) throw new ApiError(404, 'unknown-collection', 'there is no collection of that name')
    await api.audit({ action: 'show', collection })
    const from = after === undefined ? rows : rows.filter((row) => row.name > after)
    const page = from.slice(0, limit).map(documentShown)
    const next = from.length > limit ? page.at(-1)?.name : undefined
    return { collection: about, documents: page, ...(next === undefined ? {} : { next }) }
  })

  app.put('/api/v1/fingerprints/:collection/*', async (request, reply) => {
    if (uploads >= limits.apiUploadsMax)
      throw new ApiError(503, 'busy', 'other uploads are being read; try again in a moment')
    const collection = checked(collectionName, param(request, 'collection'), 'collection')
    const document = checked(documentName, param(request, '*'), 'document')
    const about = checked(addQuery, request.query, 'query')
    const { label = null, owner = null, sensitivity = null, partner = [], ignore = false } = about
    uploads++
    try {
      const bytes = await readUpload(request, api.uploadMaxBytes ?? limits.apiUploadMaxBytes)
      const group = { collection, label, owner, sensitivity, partners: [...new Set(partner)].sort(), ignore }
      const added = await add(api, group, document, bytes)
      return reply.code(added.added > 0 ? 201 : 200).send(added)
    } finally {
      uploads--
    }
  })

  app.delete('/api/v1/fingerprints/:collection', async (request) => {
    const collection = checked(collectionName, param(request, 'collection'), 'collection')
    return await remove(api, collection)
  })

  app.delete('/api/v1/fingerprints/:collection/*', async (request) => {
    const collection = checked(collectionName, param(request, 'collection'), 'collection')
    return await remove(api, collection, checked(documentName, param(request, '*'), 'document'))
  })
}

async function add(api: FingerprintApi, group: DocumentGroup, document: string, bytes: Uint8Array) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { job } = scanInputOf({ file: document }, bytes)
  const read = await documentsOf(await api.pool(), { name: document, group, sha256 }, document, job)
  if (read.documents.length === 0)
    throw new ApiError(422, 'not-registered', read.failed[0]?.problem ?? 'there is nothing in it to be recognised by')
  // Before the change: an entry too many says what was tried, one too few would hide what was done.
  await api.audit({ action: 'add', collection: group.collection, documents: read.documents.length })
  const added = await api.catalog.add(read.documents, api.now())
  return { added, unchanged: read.documents.length - added, byBytes: read.byBytes, failed: read.failed }
}

async function remove(api: FingerprintApi, collection: string, document?: string): Promise<{ removed: number }> {
  await api.audit({ action: 'remove', collection, documents: document === undefined ? 'all' : 1 })
  const names = document === undefined ? undefined : new Set([document])
  const removed = await api.catalog.remove(collection, names)
  if (removed === 0) throw new ApiError(404, 'unknown-document', 'nothing of that name is registered')
  return { removed }
}

/** The body as it comes, refused as soon as it is too large. */
async function readUpload(request: FastifyRequest, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new ApiError(413, 'too-large', `a document may have ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (bytes === 0) throw new ApiError(400, 'empty', 'send the document as the body of the request')
  return new Uint8Array(Buffer.concat(chunks))
}

function param(request: FastifyRequest, key: string): unknown {
  return (request.params as Readonly<Record<string, string>>)[key]
}

function checked<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const { data, error } = schema.safeParse(value)
  if (error) {
    const [issue] = error.issues
    const place = [what, ...(issue?.path ?? [])].join('.')
    throw new ApiError(400, 'invalid-request', `${place}: ${issue?.message ?? 'invalid'}`)
  }
  return data
}
