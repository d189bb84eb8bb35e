import { describe, expect, it } from 'vitest'
import { configJsonSchema } from '../../src/app/config-reference.ts'
import { parseConfig } from '../../src/config/load-config.ts'
import { compilePolicies } from '../../src/policy/compile-policies.ts'
import { policyJsonSchema } from '../../src/policy/json-schema.ts'

const base: Record<string, unknown> = { listeners: [{ name: 'relay', port: 2525 }] }

function complaints(changes: Record<string, unknown>): string[] {
  const { diagnostics } = parseConfig('s.yaml', JSON.stringify({ ...base, ...changes }), {})
  return diagnostics.map(({ code, message }) => `${code} ${message}`)
}

const listener = (changes: Record<string, unknown>) => ({ listeners: [{ name: 'relay', port: 2525, ...changes }] })
const hop = (changes: Record<string, unknown>) => ({
  delivery: { default: { hosts: [{ host: 'mx.example.com', ...changes }] } },
})

describe('a setting that contradicts another, or cannot be', () => {
  it.each([
    [
      {
        listeners: [
          { name: 'a', port: 1 },
          { name: 'a', port: 2 },
        ],
      },
      'duplicate-name listener `a` stands here twice; give each its own name',
    ],
    [
      {
        listeners: [
          { name: 'a', port: 25 },
          { name: 'b', port: 25 },
        ],
      },
      'duplicate-port port 25 on 127.0.0.1 is `listeners.0.port` already; choose another',
    ],
    [
      { ...base, admin: { port: 2525 } },
      'duplicate-port port 2525 on 127.0.0.1 is `listeners.0.port` already; choose another',
    ],
    [
      listener({ clients: [] }),
      'contradiction a relay without clients refuses everybody; list the networks that may send',
    ],
    [
      listener({ clients: ['10.0.0.0/33'] }),
      'invalid-value `listeners.0.clients.0`: write a network such as `10.0.0.0/8`, `2001:db8::/32` or one address',
    ],
    [
      listener({ clients: ['300.0.0.1'] }),
      'invalid-value `listeners.0.clients.0`: write a network such as `10.0.0.0/8`, `2001:db8::/32` or one address',
    ],
    [
      listener({ users_file: 'u' }),
      'contradiction nobody signs in at a relay: remove `users_file`, or write `kind: submission`',
    ],
    [listener({ tls: { required: true } }), 'contradiction `tls.required` needs `tls.mode: starttls` or `implicit`'],
    [
      listener({ tls: { certificate: 'c', key: 'k' } }),
      'contradiction a certificate is of no use with `tls.mode: none`; write `starttls` or `implicit`',
    ],
    [listener({ tls: { mode: 'starttls' } }), 'missing-certificate `tls.mode: starttls` needs `certificate` and `key`'],
    [
      listener({ kind: 'submission', users_file: 'u' }),
      'clear-text-auth a submission listener takes passwords over TLS only: set `tls.mode`',
    ],
    [
      listener({ kind: 'submission', tls: { mode: 'implicit', certificate: 'c', key: 'k' } }),
      'missing-key a submission listener needs `users_file`; make one with `sluice users add`',
    ],
    [hop({ port: 0 }), 'invalid-value `delivery.default.hosts.0.port` is `0`; write a whole number from 1 to 65535'],
    [
      hop({ tls: 'none', implicit_tls: true }),
      'contradiction `implicit_tls` is TLS, `tls: none` is not; write `required` or `verified`',
    ],
    [
      hop({ tls: 'none', auth: { user: 'u', password_file: 'p' } }),
      'contradiction `auth` is sent over TLS only; write `tls: required` or `verified`',
    ],
    [
      hop({ tls: { verified: { pin: 'abc' } } }),
      'invalid-value `delivery.default.hosts.0.tls.verified.pin`: write a SHA-256, 64 hex digits or base64',
    ],
    [
      { delivery: { retry_first: '2h', retry_max: '1h' } },
      'contradiction the first pause (2h) is longer than the longest (`retry_max`, 1h); swap them',
    ],
    [
      { delivery: { routes: [{ domains: ['a.example', 'A.example'], to: { maildir: 'm' } }] } },
      'duplicate-name `A.example` has a route already; only one can be taken',
    ],
    [
      { delivery: { routes: [{ domains: ['*'], to: { maildir: 'm' } }] } },
      'invalid-value `delivery.routes.0.domains.0`: write a domain such as `example.com` or `*.example.com`',
    ],
    [
      { organisation: { reviewers: ['security'] } },
      'invalid-value `organisation.reviewers.0`: write an address such as `security@example.com`',
    ],
    [
      { organisation: { managers: { jo: 'boss@example.com' } } },
      'invalid-value the name `organisation.managers.jo`: write an address such as `security@example.com`',
    ],
    [
      { organisation: { partners: { p: ['not a domain'] } } },
      'invalid-value `organisation.partners.p.0`: write a domain such as `example.com` or an address such as `jo@example.com`',
    ],
    [
      { dispatch: { kind: 'bullmq' } },
      'missing-key `dispatch.kind: bullmq` needs `redis` or `redis_file`, one of them',
    ],
    [
      { dispatch: { kind: 'bullmq', redis: 'localhost' } },
      'invalid-value `dispatch.redis`: write a URL such as `redis://127.0.0.1:6379/0`',
    ],
  ])('%j', (changes, expected) => {
    expect(complaints(changes)).toEqual([expected])
  })

  it.each([
    [{ organisation: { partners: { p: ['partner.example', '*.partner.example', '@p.example', 'jo@p.example'] } } }],
    [{ organisation: { reviewers: ['security@[192.0.2.1]', 'größe@bücher.example'] } }],
    [listener({ clients: ['::1', '2001:db8::/32', '0.0.0.0/0'] })],
    [
      {
        listeners: [
          { name: 'a', port: 0 },
          { name: 'b', port: 0 },
        ],
        admin: { port: 0 },
      },
    ],
    [
      {
        listeners: [
          { name: 'a', port: 25, host: '10.0.0.1' },
          { name: 'b', port: 25, host: '10.0.0.2' },
        ],
      },
    ],
    [hop({ implicit_tls: true, tls: 'required', auth: { user: 'u', password_file: 'p' } })],
  ])('but not %j', (changes) => {
    expect(complaints(changes)).toEqual([])
  })
})

interface Node {
  readonly properties?: Record<string, Node>
  readonly additionalProperties?: Node | boolean
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
  readonly allOf?: readonly Node[]
  readonly $ref?: string
  readonly definitions?: Record<string, Node>
}

const CONFIG_DEPTH_MAX = 7
const POLICY_DEPTH_MAX = 5
/** One of each type; some of them is wrong anywhere. */
const wrong = [null, true, -1, 0.5, 1e9, '', '\u0000', [], {}, { nothing: 1 }]

/** A document for every place that the schema knows, with `value` there and nothing else. */
function* documents(node: Node, root: Node, depth: number): Generator<(value: unknown) => unknown> {
  if (depth < 0) return
  const target = node.$ref ? root.definitions?.[node.$ref.replace('#/definitions/', '')] : node
  if (!target) return
  for (const [key, child] of Object.entries(target.properties ?? {})) {
    yield (value) => ({ [key]: value })
    for (const inner of documents(child, root, depth - 1)) yield (value) => ({ [key]: inner(value) })
  }
  if (typeof target.additionalProperties === 'object')
    for (const inner of documents(target.additionalProperties, root, depth - 1))
      yield (value) => ({ name: inner(value) })
  if (target.items) for (const inner of documents(target.items, root, depth - 1)) yield (value) => [inner(value)]
  for (const branch of [...(target.anyOf ?? []), ...(target.oneOf ?? []), ...(target.allOf ?? [])])
    yield* documents(branch, root, depth - 1)
}

/** Words of the libraries, which say what is wrong and not what to do. */
const FOREIGN = /Invalid|expected|received|Too (?:big|small)|Unrecognized|undefined|\bobject\b|\bstring\b|\barray\b/
/** What a complaint has to hold: an instruction. */
const REMEDY =
  /\b(?:write|must be|did you mean|remove|use|give|set|list|choose|swap|needs?|names? one|stands?|say|put|let|make|define|register|build|known)\b/

describe('whatever is wrong wherever', () => {
  const places = [...documents(configJsonSchema() as Node, configJsonSchema() as Node, CONFIG_DEPTH_MAX)]

  it('in the configuration, says what to write', () => {
    const bad = new Set<string>()
    for (const place of places)
      for (const value of wrong)
        for (const { message } of parseConfig('s.yaml', JSON.stringify(place(value)), {}).diagnostics)
          if (FOREIGN.test(message) || !REMEDY.test(message)) bad.add(message)
    expect(places.length).toBeGreaterThan(100)
    expect([...bad]).toEqual([])
  })

  it('in a policy, says what to write', () => {
    const schema = policyJsonSchema() as Node
    const rule = { id: 'r', action: 'block', when: { channel: 'mail' } }
    const head = { policy: 'p', name: 'P', rules: [rule] }
    const scope = {
      detectors: [],
      directory: { internalDomains: [], partners: {}, groups: {} },
      collections: [],
      labelLevels: [],
      templates: [],
      missingDetectors: 'error' as const,
    }
    const bad = new Set<string>()
    const seen = new Set<string>()
    for (const place of documents(schema, schema, POLICY_DEPTH_MAX)) {
      const shape = JSON.stringify(place('*'))
      if (seen.has(shape)) continue
      seen.add(shape)
      for (const value of wrong) {
        const written = place(value) as Record<string, unknown>
        const text = JSON.stringify({ ...head, ...written })
        for (const { message } of compilePolicies([{ file: 'p.yaml', text }], scope).diagnostics)
          if (FOREIGN.test(message) || !REMEDY.test(message)) bad.add(message)
      }
    }
    expect(seen.size).toBeGreaterThan(50)
    expect([...bad]).toEqual([])
  })
})
