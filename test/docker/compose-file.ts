import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** docker/compose.yaml in the shape it uses. A key that isn't known here is a mistake, or a line to add. */
export const dockerDir = resolve(import.meta.dirname, '../../docker')

const network = z.strictObject({ ipv4_address: z.ipv4().optional() })
const service = z.strictObject({
  restart: z.literal('unless-stopped'),
  init: z.literal(false),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string().regex(/^[A-Z_]+$/)).default([]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  build: z.strictObject({ context: z.string(), dockerfile: z.string().default('Dockerfile') }).optional(),
  image: z.string().regex(/^[a-z0-9/.-]+:[\w.-]+$/),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).default({}),
  ports: z.array(z.string().regex(/^(?:[\d.]+:)?\d+:\d+$/)).default([]),
  networks: z.record(z.string(), network),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(?::ro)?$/)).default([]),
  secrets: z.array(z.string()).default([]),
  tmpfs: z.array(z.string().regex(/^\/\w+(?::mode=\d{4})?$/)),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD-SHELL'), z.string()]),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
    })
    .optional(),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .default('10s'),
})
const composeFile = z.strictObject({
  name: z.literal('sluice'),
  'x-contained': z.unknown(),
  'x-sluice': z.unknown(),
  services: z.record(z.string(), service),
  networks: z.record(
    z.string(),
    z.strictObject({
      internal: z.literal(true).optional(),
      ipam: z.strictObject({ config: z.tuple([z.strictObject({ subnet: z.cidrv4() })]) }).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.strictObject({})),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

export type Compose = z.output<typeof composeFile>

export function readCompose(): Compose {
  return composeFile.parse(parse(readFileSync(join(dockerDir, 'compose.yaml'), 'utf8'), { merge: true }))
}

/** Source, target and mode of `source:target[:ro]`. */
export function mount(volume: string): { source: string; target: string; readOnly: boolean } {
  const [source = '', target = '', mode] = volume.split(':')
  return { source, target, readOnly: mode === 'ro' }
}
