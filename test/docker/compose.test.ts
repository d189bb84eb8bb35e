import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { parseConfig } from '../../src/config/load-config.ts'
import { parseDuration } from '../../src/config/units.ts'
import { limits } from '../../src/core/limits.ts'
import { dockerDir, mount, readCompose } from './compose-file.ts'

const compose = readCompose()
const services = Object.entries(compose.services)
const read = (file: string) => readFileSync(join(dockerDir, file), 'utf8')
const service = (name: string) => {
  const found = compose.services[name]
  if (!found) throw new Error(`no service ${name}`)
  return found
}

function sluiceConfig() {
  const { config, diagnostics } = parseConfig('/etc/sluice/sluice.yaml', read('config/sluice.yaml'), {})
  expect(diagnostics).toEqual([])
  if (!config) throw new Error('unreachable: diagnostics are empty')
  return config
}

describe('compose.yaml', () => {
  it('has the four services', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['gateway', 'postfix', 'redis', 'worker'])
  })

  it('declares every volume, network, secret and service that is referred to, and no other', () => {
    const named = services.flatMap(([, s]) => s.volumes.map((v) => mount(v).source)).filter((v) => !/^\./.test(v))
    expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort())
    const networks = services.flatMap(([, s]) => Object.keys(s.networks))
    expect([...new Set(networks)].sort()).toEqual(Object.keys(compose.networks).sort())
    expect([...new Set(services.flatMap(([, s]) => s.secrets))].sort()).toEqual(Object.keys(compose.secrets).sort())
    for (const [, s] of services)
      for (const name of Object.keys(s.depends_on)) expect(compose.services).toHaveProperty(name)
  })

  it('mounts and builds only what exists', () => {
    for (const [name, s] of services) {
      if (s.build) expect(statSync(join(dockerDir, s.build.context, s.build.dockerfile)).isFile(), name).toBe(true)
      for (const { source } of s.volumes.map(mount).filter((v) => v.source.startsWith('.')))
        expect(statSync(join(dockerDir, source)).mode & 0o444, source).toBe(0o444)
    }
  })

  it('mounts configuration read-only, and no two things on one place', () => {
    for (const [name, s] of services) {
      const mounts = s.volumes.map(mount)
      for (const m of mounts.filter((v) => v.source.startsWith('.')))
        expect(m.readOnly, `${name} ${m.source}`).toBe(true)
      const targets = [...mounts.map((m) => m.target), ...s.tmpfs.map((t) => t.split(':')[0])]
      expect(new Set(targets).size, name).toBe(targets.length)
    }
  })

  it('publishes no host port twice, and nothing but SMTP beyond the loopback address', () => {
    const ports = services.flatMap(([, s]) => s.ports)
    const host = ports.map((port) => port.split(':').at(-2))
    expect(new Set(host).size).toBe(host.length)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual(['25:25'])
  })

  it('publishes ports only from services on a network that is not internal', () => {
    for (const [name, s] of services.filter(([, { ports }]) => ports.length > 0))
      expect(
        Object.keys(s.networks).some((n) => !compose.networks[n]?.internal),
        name,
      ).toBe(true)
    expect(Object.keys(service('redis').networks)).toEqual(['queue'])
    expect(compose.networks.queue?.internal).toBe(true)
    expect(compose.networks.mail?.internal).toBe(true)
  })

  it('waits only for services that have a health check', () => {
    const images: Record<string, string> = { gateway: 'Dockerfile', postfix: 'postfix/Dockerfile' }
    for (const name of services.flatMap(([, s]) => Object.keys(s.depends_on))) {
      const { healthcheck } = service(name)
      const inImage = images[name] ? read(images[name]).includes('HEALTHCHECK') : false
      expect(inImage || healthcheck !== undefined, name).toBe(true)
    }
  })

  it('gives the worker what the gateway has, but the admin port and the right to write keys', () => {
    const [gateway, worker] = [service('gateway'), service('worker')]
    expect(worker.image).toBe(gateway.image)
    expect(worker.secrets).toEqual(gateway.secrets)
    expect(worker.volumes).toEqual(gateway.volumes.map((v) => (v.startsWith('keys:') ? `${v}:ro` : v)))
    expect(Object.keys(worker.networks)).toEqual(['queue'])
  })

  it('gives Sluice longer to stop than it takes to drain', () => {
    for (const name of ['gateway', 'worker'])
      expect(parseDuration(service(name).stop_grace_period)).toBeGreaterThan(limits.drainTimeoutMs)
  })
})

describe('the configuration that is mounted', () => {
  it('names folders of the containers that are volumes or in the image', () => {
    const config = sluiceConfig()
    const targets = service('gateway').volumes.map((v) => mount(v).target)
    expect(targets).toContain(config.data_dir)
    expect(targets.some((target) => config.keys_dir?.startsWith(`${target}/`))).toBe(true)
    for (const path of [...config.rules, ...config.policies])
      expect(path).toMatch(/^\/opt\/sluice\/(?:rules|policies)$/)
    expect(config.dispatch).toMatchObject({ kind: 'bullmq', redis_file: '/run/secrets/redis-url' })
    for (const target of [config.data_dir, '/var/lib/sluice-keys'])
      expect(read('Dockerfile')).toMatch(new RegExp(`^VOLUME .*"${target}"`, 'm'))
  })

  it('lets Postfix alone into the gateway, and the gateway alone behind the filter', () => {
    const config = sluiceConfig()
    const address = (name: string) => service(name).networks.mail?.ipv4_address ?? 'none'
    expect(config.listeners.map((l) => l.clients)).toEqual([[`${address('postfix')}/32`]])
    expect(config.listeners[0]?.xforward_from).toEqual([`${address('postfix')}/32`])
    expect(read('postfix/master.cf')).toContain(`-o mynetworks=${address('gateway')}/32`)
    const subnet = compose.networks.mail?.ipam?.config[0].subnet ?? ''
    for (const name of ['postfix', 'gateway'])
      expect(`${address(name).split('.').slice(0, 3).join('.')}.0/24`, name).toBe(subnet)
  })

  it('uses the same ports on both sides', () => {
    const config = sluiceConfig()
    const [listener] = config.listeners
    expect(read('postfix/main.cf')).toMatch(
      new RegExp(`^content_filter = sluice:\\[gateway\\]:${listener?.port}$`, 'm'),
    )
    expect(config.delivery.default).toMatchObject({ hosts: [{ host: 'postfix', port: 10026 }] })
    expect(read('postfix/master.cf')).toMatch(/^10026 +inet .* smtpd$/m)
    expect(service('gateway').ports).toEqual([`127.0.0.1:9925:${config.admin.port}`])
    expect(read('healthcheck.mjs')).toContain(`http://127.0.0.1:${config.admin.port}`)
    expect(service('worker').environment.SLUICE_ADMIN_URL).toBe(`http://127.0.0.1:${config.worker.admin.port}`)
  })

  it('takes messages of one size in Postfix and in Sluice', () => {
    const size = /^message_size_limit = (\d+)$/m.exec(read('postfix/main.cf'))?.[1]
    expect(Number(size)).toBe(sluiceConfig().limits.message_size)
  })

  it('has Redis never evict a job', () => {
    expect(read('redis.conf')).toMatch(/^maxmemory-policy noeviction$/m)
  })

  it('has no open relay: Postfix takes mail of nobody else until told', () => {
    expect(read('postfix/main.cf')).toMatch(/^mynetworks = 127\.0\.0\.0\/8$/m)
  })
})

describe('sluice.service', () => {
  const unit = new Map(
    read('sluice.service')
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

  it('gives Sluice longer to stop than it takes to drain, and does not repeat a start that cannot work', () => {
    expect(parseDuration(unit.get('TimeoutStopSec') ?? '')).toBeGreaterThan(limits.drainTimeoutMs)
    expect(unit.get('RestartPreventExitStatus')).toBe(String(exitCodes.usage))
  })

  it('leaves the one writable folder that the data stands in', () => {
    expect(unit.get('ProtectSystem')).toBe('strict')
    expect(unit.get('StateDirectory')).toBe('sluice')
    expect(unit.has('ReadWritePaths')).toBe(false)
    expect(unit.has('MemoryDenyWriteExecute')).toBe(false)
  })
})

describe('make-secrets.sh', () => {
  it('writes one password for both sides, private by its folder, once', () => {
    const dir = join(mkdtempSync(join(tmpdir(), 'sluice-secrets-')), 'secrets')
    const run = () => spawnSync('sh', [join(dockerDir, 'make-secrets.sh'), dir], { encoding: 'utf8' })
    expect(run().status).toBe(0)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    for (const { file } of Object.values(compose.secrets)) {
      const name = file.replace('./secrets/', '')
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o444)
    }
    const url = new URL(readFileSync(join(dir, 'redis-url'), 'utf8').trim())
    expect(url.hostname).toBe('redis')
    expect(url.password).toMatch(/^[0-9a-f]{48}$/)
    expect(readFileSync(join(dir, 'redis-auth'), 'utf8')).toBe(`requirepass ${url.password}\n`)
    const again = run()
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('holds secrets already')
    rmSync(join(dir, '..'), { recursive: true })
  })
})
