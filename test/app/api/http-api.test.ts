import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { apiTokenFile, ensureApiToken, replaceApiToken, tokenProblem } from '../../../src/app/api/api-token.ts'
import { createHttpApi, type HttpApi } from '../../../src/app/api/http-api.ts'
import { openApi } from '../../../src/app/api/open-api.ts'
import { startExtractPool } from '../../../src/app/start-scan-pool.ts'
import { FingerprintCatalog } from '../../../src/catalog/fingerprint-catalog.ts'
import { parseConfig } from '../../../src/config/load-config.ts'
import { limits } from '../../../src/core/limits.ts'
import { createLog } from '../../../src/platform/log.ts'
import type { ScanPool } from '../../../src/scan/scan-pool.ts'
import { document, prose } from '../../detect/fingerprint/registered.ts'

/** The API behind a real server, with a real catalogue and a real pool; audit entries are collected. */
let dir: string
let server: Server
let api: HttpApi
let pool: ScanPool
let catalog: FingerprintCatalog
let token: string
let base: string
let auditFails = false
const audited: unknown[] = []
const logged: string[] = []
const UPLOAD_MAX_BYTES = 1024 * 1024

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-api-'))
  const text = `data_dir: ${dir}\nlisteners: [{ name: in, port: 0 }]\nscan: { threads: 1, ocr: { enabled: false } }\n`
  const { config } = parseConfig(join(dir, 'sluice.yaml'), text, {})
  if (!config) throw new Error('the configuration has a mistake')
  pool = await startExtractPool(config, { chunks: true, pictures: true })
  catalog = new FingerprintCatalog(join(dir, 'catalog'), new Uint8Array(32).fill(7))
  await ensureApiToken(apiTokenFile(dir))
  api = await createHttpApi({
    tokenFile: apiTokenFile(dir),
    log: createLog({ level: 'error', process: 'test', destination: { write: (line) => logged.push(line) } }),
    catalog,
    pool: async () => pool,
    audit: async (details) => {
      if (auditFails) throw new Error('the disk is full')
      audited.push(details)
    },
    now: () => 1_700_000_000_000,
    uploadMaxBytes: UPLOAD_MAX_BYTES,
  })
  server = createServer((request, response) => api.answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await api.close()
  await pool.close()
  await rm(dir, { recursive: true, force: true })
})

beforeEach(async () => {
  token = (await readFile(apiTokenFile(dir), 'utf8')).trim()
  audited.length = 0
  auditFails = false
  for (const name of new Set((await catalog.list()).map((row) => row.collection))) await catalog.remove(name)
})

async function call(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  authorization = `Bearer ${token}`,
) {
  const headers = { authorization, 'content-type': 'application/octet-stream' }
  const response = await fetch(`${base}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

const text = prose(100, 'api')

describe('the token', () => {
  it.each<[string, () => string]>([
    ['none', () => ''],
    ['another', () => `Bearer ${'x'.repeat(43)}`],
    ['a part of it', () => `Bearer ${token.slice(0, -1)}`],
    ['it and more', () => `Bearer ${token}x`],
    ['another scheme', () => `Basic ${token}`],
    ['an empty one', () => 'Bearer '],
  ])('%s opens nothing, and paths that are none look the same', async (_name, authorization) => {
    for (const path of ['/api/v1/fingerprints', '/api/v1/openapi.json', '/api/nothing']) {
      const { status, headers, body } = await call('GET', path, undefined, authorization())
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toContain('Bearer')
      expect(body).toMatchObject({ error: { code: 'unauthorised' } })
    }
    const { status } = await call('PUT', '/api/v1/fingerprints/plans/a.txt', text, authorization())
    expect(status).toBe(401)
    expect(await catalog.list()).toEqual([])
  })

  it('is made once, for its owner alone, and a new one counts at once', async () => {
    const file = apiTokenFile(dir)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await ensureApiToken(file)
    expect((await readFile(file, 'utf8')).trim()).toBe(token)
    await replaceApiToken(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await call('GET', '/api/v1/fingerprints')).status).toBe(401)
    const renewed = (await readFile(file, 'utf8')).trim()
    expect((await call('GET', '/api/v1/fingerprints', undefined, `Bearer ${renewed}`)).status).toBe(200)
  })

  it('in a file that others may read, or that is gone or empty, opens nothing', async () => {
    const file = apiTokenFile(dir)
    const content = await readFile(file)
    await chmod(file, 0o640)
    expect(await tokenProblem(file)).toMatchObject({ remedy: `chmod 600 ${file}` })
    expect((await call('GET', '/api/v1/fingerprints')).status).toBe(401)
    await chmod(file, 0o600)
    expect(await tokenProblem(file)).toBeNull()
    expect((await call('GET', '/api/v1/fingerprints')).status).toBe(200)
    await writeFile(file, '\n')
    expect(await tokenProblem(file)).toMatchObject({ problem: `${file} holds no token` })
    expect((await call('GET', '/api/v1/fingerprints', undefined, 'Bearer ')).status).toBe(401)
    await rm(file)
    expect((await call('GET', '/api/v1/fingerprints')).status).toBe(401)
    await writeFile(file, content, { mode: 0o600 })
  })
})

describe('documents', () => {
  it('are registered, replaced, shown and forgotten, and every step is audited', async () => {
    const path = '/api/v1/fingerprints/plans/folder/a%20b.txt'
    const query = '?label=secret&owner=o%40example.com&sensitivity=high&partner=makers&partner=lawyers'
    expect(await call('PUT', path + query, text)).toMatchObject({ status: 201, body: { added: 1, unchanged: 0 } })
    expect(await call('PUT', path + query, text)).toMatchObject({ status: 200, body: { added: 0, unchanged: 1 } })
    expect(await call('PUT', path + query, `${text} and more`)).toMatchObject({ status: 201, body: { added: 1 } })
    const about = {
      label: 'secret',
      owner: 'o@example.com',
      sensitivity: 'high',
      partners: ['lawyers', 'makers'],
      ignore: false,
    }
    expect((await call('GET', '/api/v1/fingerprints')).body).toMatchObject({
      collections: [{ name: 'plans', files: 1, ...about }],
    })
    const shown = await call('GET', '/api/v1/fingerprints/plans')
    expect(shown.headers.get('cache-control')).toBe('no-store')
    expect(shown.body).toMatchObject({
      collection: { name: 'plans' },
      documents: [{ name: 'folder/a b.txt', words: 102, addedAt: '2023-11-14T22:13:20.000Z', ...about }],
    })
    expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { removed: 1 } })
    expect(await call('DELETE', path)).toMatchObject({ status: 404, body: { error: { code: 'unknown-document' } } })
    expect((await call('GET', '/api/v1/fingerprints')).body).toEqual({ collections: [] })
    expect(audited).toEqual([
      ...Array.from({ length: 3 }, () => ({ action: 'add', collection: 'plans', documents: 1 })),
      { action: 'show', collection: 'plans' },
      ...Array.from({ length: 2 }, () => ({ action: 'remove', collection: 'plans', documents: 1 })),
    ])
  })

  it('nothing changes that could not be audited', async () => {
    auditFails = true
    const failed = await call('PUT', '/api/v1/fingerprints/plans/a.txt', text)
    expect(failed).toMatchObject({ status: 500, body: { error: { code: 'internal' } } })
    expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({ code: 'internal', error: { stack: expect.any(String) } })
    expect(JSON.stringify(failed.body)).not.toContain('disk')
    expect(await catalog.list()).toEqual([])
  })

  it('a whole collection is forgotten', async () => {
    await catalog.add([document('a', text), document('b', prose(50, 'b'))], 1)
    expect(await call('DELETE', '/api/v1/fingerprints/plans')).toMatchObject({ status: 200, body: { removed: 2 } })
    expect(await call('DELETE', '/api/v1/fingerprints/plans')).toMatchObject({ status: 404 })
  })

  it('come in pages', async () => {
    await catalog.add(
      ['a', 'b', 'c'].map((name) => document(name, prose(40, name))),
      1,
    )
    const first = await call('GET', '/api/v1/fingerprints/plans?limit=2')
    expect(first.body).toMatchObject({ documents: [{ name: 'a' }, { name: 'b' }], next: 'b' })
    const second = await call('GET', '/api/v1/fingerprints/plans?limit=2&after=b')
    expect(second.body).toMatchObject({ documents: [{ name: 'c' }] })
    expect(second.body).not.toHaveProperty('next')
  })

  it.each<[string, string, string, string | undefined, number, string]>([
    ['an unknown collection', 'GET', '/api/v1/fingerprints/none', undefined, 404, 'unknown-collection'],
    ['an unknown path', 'GET', '/api/v2', undefined, 404, 'unknown-path'],
    ['an unknown method', 'POST', '/api/v1/fingerprints', 'x', 404, 'unknown-path'],
    ['an empty document', 'PUT', '/api/v1/fingerprints/plans/a', '', 400, 'empty'],
    ['too little to recognise', 'PUT', '/api/v1/fingerprints/plans/a', 'hello', 422, 'not-registered'],
    ['an unknown parameter', 'PUT', '/api/v1/fingerprints/plans/a?lable=x', text, 400, 'invalid-request'],
    ['a flag that is none', 'PUT', '/api/v1/fingerprints/plans/a?ignore=perhaps', text, 400, 'invalid-request'],
    ['a control character', 'PUT', '/api/v1/fingerprints/pl%0Aans/a', text, 400, 'invalid-request'],
    ['no name', 'PUT', '/api/v1/fingerprints/plans/', text, 400, 'invalid-request'],
    ['a broken escape', 'PUT', '/api/v1/fingerprints/plans/%zz', text, 400, 'invalid-request'],
    ['a page of nothing', 'GET', '/api/v1/fingerprints/plans?limit=0', undefined, 400, 'invalid-request'],
  ])('%s is a clear error', async (_name, method, path, body, status, code) => {
    expect(await call(method, path, body)).toMatchObject({ status, body: { error: { code } } })
    expect(await catalog.list()).toEqual([])
  })
})

describe('limits', () => {
  it.each([
    ['apiCollectionNameMaxBytes', (n: number) => `/api/v1/fingerprints/${'c'.repeat(n)}/a`],
    ['apiDocumentNameMaxBytes', (n: number) => `/api/v1/fingerprints/plans/${'d'.repeat(n)}`],
  ] as const)('%s: at the limit and one past it', async (limit, path) => {
    expect((await call('PUT', path(limits[limit]), text)).status).toBe(201)
    expect((await call('PUT', path(limits[limit] + 1), text)).status).toBe(400)
  })

  it('apiPartnersMax and apiPageMax: at the limit and one past it', async () => {
    const partners = (n: number) => `?${Array.from({ length: n }, (_, i) => `partner=p${i}`).join('&')}`
    const path = '/api/v1/fingerprints/plans/a'
    expect((await call('PUT', path + partners(limits.apiPartnersMax), text)).status).toBe(201)
    expect((await call('PUT', path + partners(limits.apiPartnersMax + 1), text)).status).toBe(400)
    const page = (n: number) => call('GET', `/api/v1/fingerprints/plans?limit=${n}`)
    expect((await page(limits.apiPageMax)).status).toBe(200)
    expect((await page(limits.apiPageMax + 1)).status).toBe(400)
  })

  it('apiUploadMaxBytes: taken at the limit, refused one past it while it still comes', async () => {
    const words = Buffer.from(prose(200_000)).subarray(0, UPLOAD_MAX_BYTES)
    expect((await call('PUT', '/api/v1/fingerprints/plans/large.txt', new Uint8Array(words))).status).toBe(201)
    const upload = httpRequest(`${base}/api/v1/fingerprints/plans/larger.txt`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    })
    upload.on('error', () => undefined)
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    upload.write(words)
    upload.write('x')
    const [response] = await answered
    expect(response.statusCode).toBe(413)
    upload.destroy()
    expect((await catalog.list()).map((row) => row.name)).toEqual(['large.txt'])
  })

  it('apiUploadsMax: one more is asked to come again', async () => {
    const started = Array.from({ length: limits.apiUploadsMax }, (_, i) => {
      const upload = httpRequest(`${base}/api/v1/fingerprints/plans/${i}.txt`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      })
      upload.write(text.slice(0, 100))
      return upload
    })
    await expect
      // A request with a mistake takes no place itself.
      .poll(async () => (await call('PUT', '/api/v1/fingerprints/plans/one-more.txt?lable=x', 'x')).body, {
        timeout: 10_000,
      })
      .toMatchObject({ error: { code: 'busy' } })
    for (const upload of started) {
      const answered = once(upload, 'response') as Promise<[IncomingMessage]>
      upload.end(text.slice(100))
      const [response] = await answered
      expect(response.statusCode).toBe(201)
      response.resume()
    }
    expect((await call('PUT', '/api/v1/fingerprints/plans/one-more.txt', text)).status).toBe(201)
  })
})

it('describes exactly the paths that there are', async () => {
  expect((await call('GET', '/api/v1/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(openApi)))
  for (const [path, methods] of Object.entries(openApi.paths)) {
    const actual = path.replace('{collection}', 'plans').replace('{document}', 'a')
    for (const method of ['get', 'put', 'delete', 'post']) {
      const { body } = await call(method.toUpperCase(), actual, method === 'put' ? 'x' : undefined)
      const { code } = (body.error ?? {}) as { code?: string }
      expect([path, method, code === 'unknown-path']).toEqual([path, method, !(method in methods)])
    }
  }
})
