/** The API's description (OpenAPI 3.1), as it answers at `/api/v1/openapi.json`. A test holds it to the routes. */
import { SENSITIVITIES } from '../../core/finding.ts'

const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const text = { type: 'string' }
const count = { type: 'integer', minimum: 0 }
const optionalText = { type: ['string', 'null'] }
const failed = { description: 'Not done, and why', ...json(ref('Error')) }
const answers = (description: string, schema: object) => ({
  '200': { description, ...json(schema) },
  default: failed,
})
const inPath = (name: string, description: string) => ({ name, in: 'path', required: true, description, schema: text })
const inQuery = (name: string, description: string, schema: object = text) => ({
  name,
  in: 'query',
  description,
  schema,
})
const collection = inPath('collection', 'Name of the collection')
const document = inPath('document', 'Name of the document in the collection; may hold slashes')
const group = {
  label: optionalText,
  owner: optionalText,
  sensitivity: { enum: [...SENSITIVITIES, null] },
  partners: { type: 'array', items: text },
  ignore: { type: 'boolean' },
}
const problems = {
  type: 'array',
  items: { type: 'object', properties: { file: text, problem: text, knownBy: { type: 'array', items: text } } },
}
const added = { type: 'object', properties: { added: count, unchanged: count, byBytes: problems, failed: problems } }
const removed = { type: 'object', properties: { removed: count } }

export const openApi = {
  openapi: '3.1.0',
  info: { title: 'Sluice', version: '1' },
  security: [{ token: [] }],
  paths: {
    '/api/v1/openapi.json': { get: { summary: 'This description', responses: answers('OpenAPI', { type: 'object' }) } },
    '/api/v1/fingerprints': {
      get: {
        summary: 'Collections of registered documents',
        responses: answers('Collections', {
          type: 'object',
          properties: { collections: { type: 'array', items: ref('Collection') } },
        }),
      },
    },
    '/api/v1/fingerprints/{collection}': {
      get: {
        summary: 'Documents of a collection, by name',
        parameters: [
          collection,
          inQuery('after', 'Go on behind this name: `next` of the page before'),
          inQuery('limit', 'Documents of a page', { type: 'integer', minimum: 1 }),
        ],
        responses: answers('A page', {
          type: 'object',
          properties: {
            collection: ref('Collection'),
            documents: { type: 'array', items: ref('Document') },
            next: text,
          },
        }),
      },
      delete: { summary: 'Forget a collection', parameters: [collection], responses: answers('Removed', removed) },
    },
    '/api/v1/fingerprints/{collection}/{document}': {
      put: {
        summary: 'Register a document, or what an archive holds; the former one of the same name is replaced',
        parameters: [
          collection,
          document,
          inQuery('label', 'Classification, for people'),
          inQuery('owner', 'Who answers for it, for people'),
          inQuery('sensitivity', 'What it would cost if it got out', { enum: SENSITIVITIES }),
          inQuery('partner', 'Partner list that may receive it; repeatable', { type: 'array', items: text }),
          inQuery('ignore', 'Boilerplate: passages of it count for nothing', { type: 'boolean' }),
        ],
        requestBody: { required: true, content: { 'application/octet-stream': {} } },
        responses: {
          '200': { description: 'Registered already, unchanged', ...json(added) },
          '201': { description: 'Registered', ...json(added) },
          default: failed,
        },
      },
      delete: {
        summary: 'Forget a document',
        parameters: [collection, document],
        responses: answers('Removed', removed),
      },
    },
  },
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Error: {
        type: 'object',
        properties: { error: { type: 'object', properties: { code: text, message: text } } },
      },
      Collection: {
        type: 'object',
        properties: { id: text, name: text, files: count, shingles: count, addedAt: text, revision: text, ...group },
      },
      Document: {
        type: 'object',
        properties: {
          name: text,
          collection: text,
          file: text,
          words: count,
          shingles: count,
          chunks: count,
          picture: { type: 'boolean' },
          addedAt: text,
          ...group,
        },
      },
    },
  },
} as const
