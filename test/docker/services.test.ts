import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { GatewayProcess } from '../support/gateway-process.ts'
import { freePort } from '../support/redis.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { swaks } from '../support/swaks.ts'
import { waitFor } from '../support/wait-for.ts'
import { dockerDir, readCompose } from './compose-file.ts'

/**
 * The services of docker/compose.yaml without containers: a real Postfix and a real Redis with the files that compose
 * mounts, a gateway and a worker with the keys of docker/config/sluice.yaml. Only addresses, ports and paths differ.
 */
const dir = mkdtempSync(join(tmpdir(), 'sluice-services-'))
const etc = join(dir, 'postfix')
const secrets = join(dir, 'secrets')
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/bin:/sbin:/bin` }
const ports = { submit: 0, reinject: 0, redis: 0 }
const sink = new SmtpSink()
const running: ChildProcess[] = []
let gateway: GatewayProcess

const read = (file: string) => readFileSync(join(dockerDir, file), 'utf8')
const postfix = (...args: string[]) => spawnSync('postfix', ['-c', etc, ...args], { env, encoding: 'utf8' })

function startRedis() {
  const conf = read('redis.conf')
    .replace('bind * -::*', 'bind 127.0.0.1')
    .replace('port 6379', `port ${ports.redis}`)
    .replace('/run/secrets', secrets)
    .replace('dir /tmp', `dir ${dir}`)
  writeFileSync(join(dir, 'redis.conf'), conf)
  const redis = spawn('redis-server', [join(dir, 'redis.conf')], { env, stdio: 'ignore' })
  running.push(redis)
}

/** The health check of compose, run by the same shell on this Redis. */
function redisIsHealthy(): boolean {
  const { healthcheck } = readCompose().services.redis ?? {}
  if (!healthcheck || !('test' in healthcheck)) throw new Error('redis has no health check')
  const command = healthcheck.test[1]
    .replaceAll('$$', '$')
    .replace('/run/secrets', secrets)
    .replace('redis-cli', `redis-cli -p ${ports.redis}`)
  return spawnSync('sh', ['-c', command], { env }).status === 0
}

function startPostfix(filter: number, relay: number) {
  for (const folder of [etc, join(dir, 'queue'), join(dir, 'lib')]) mkdirSync(folder)
  for (const folder of [dir, etc, join(dir, 'queue')]) chmodSync(folder, 0o755)
  const uid = Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }))
  chownSync(join(dir, 'lib'), uid, -1)
  writeFileSync(join(etc, 'main.cf'), read('postfix/main.cf'))
  const master = read('postfix/master.cf')
    .replace(/^smtp {9}inet/m, `127.0.0.1:${ports.submit} inet`)
    .replace(/^10026 +inet/m, `127.0.0.1:${ports.reinject} inet`)
    .replace('172.30.25.10/32', '127.0.0.1/32')
  writeFileSync(join(etc, 'master.cf'), master)
  const here = [
    `queue_directory=${dir}/queue`,
    `data_directory=${dir}/lib`,
    `maillog_file=${dir}/log`,
    `maillog_file_prefixes=${dir}`,
    `content_filter=sluice:[127.0.0.1]:${filter}`,
    `relayhost=[127.0.0.1]:${relay}`,
    'inet_interfaces=127.0.0.1',
    'inet_protocols=ipv4',
    'smtp_dns_support_level=disabled',
    'smtp_host_lookup=native',
  ]
  execFileSync('postconf', ['-c', etc, '-e', ...here], { env })
  const started = postfix('start')
  expect(started.status, started.stderr).toBe(0)
}

async function startWorker() {
  const main = join(dockerDir, '../src/cli/main.ts')
  const worker = spawn(process.execPath, [main, 'worker', '--config', 'sluice.yaml'], {
    cwd: gateway.dir,
    stdio: 'pipe',
  })
  running.push(worker)
  let said = ''
  worker.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  await waitFor('the worker', () => {
    if (worker.exitCode !== null) throw new Error(`the worker ended: ${said}`)
    return said.includes('Worker ready')
  })
}

beforeAll(async () => {
  for (const name of ['submit', 'reinject', 'redis'] as const) ports[name] = await freePort()
  execFileSync('sh', [join(dockerDir, 'make-secrets.sh'), secrets])
  const url = readFileSync(join(secrets, 'redis-url'), 'utf8').replace('redis:6379', `127.0.0.1:${ports.redis}`)
  rmSync(join(secrets, 'redis-url'))
  writeFileSync(join(secrets, 'redis-url'), url)
  startRedis()
  await waitFor('Redis', redisIsHealthy)
  const config = parse(read('config/sluice.yaml'))
  gateway = await GatewayProcess.start({
    config: {
      hostname: config.hostname,
      listeners: [
        { ...config.listeners[0], host: '127.0.0.1', port: 0, clients: ['127.0.0.1'], xforward_from: ['127.0.0.1'] },
      ],
      organisation: config.organisation,
      delivery: {
        default: { hosts: [{ ...config.delivery.default.hosts[0], host: '127.0.0.1', port: ports.reinject }] },
      },
      dispatch: { ...config.dispatch, redis_file: join(secrets, 'redis-url') },
    },
  })
  startPostfix(gateway.port(), await sink.start())
  await startWorker()
}, 90_000)

afterAll(async () => {
  postfix('stop')
  for (const child of running.reverse()) {
    if (child.exitCode !== null) continue
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
  await gateway?.remove()
  await sink.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('the services of compose.yaml', () => {
  it('has a Postfix that finds nothing to complain of in its configuration', () => {
    const { stderr, status } = spawnSync('postconf', ['-c', etc, '-n'], { env, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const services = spawnSync('postconf', ['-c', etc, '-M'], { env, encoding: 'utf8' })
    expect({ status: services.status, stderr: services.stderr }).toEqual({ status: 0, stderr: '' })
    expect(postfix('check').status).toBe(0)
  })

  it('keeps out of Redis who does not know the password', () => {
    const { stdout, stderr } = spawnSync('redis-cli', ['-p', String(ports.redis), 'ping'], { env, encoding: 'utf8' })
    expect(stdout + stderr).toContain('NOAUTH')
  })

  it('sends clean mail through Postfix, Sluice and Postfix again', async () => {
    expect((await swaks(ports.submit, { body: 'See you on Monday.' })).code).toBe(0)
    await sink.until(() => sink.messages.length === 1)
    const content = sink.messages[0]?.content.toString() ?? ''
    expect(content).toContain('by dlp.example.com (Sluice)')
    expect(content.match(/^Received: /gm)).toHaveLength(3)
    expect(sink.messages[0]?.recipients).toMatchObject([{ address: 'b@partner.example' }])
  })

  it('holds what a policy holds', async () => {
    expect((await swaks(ports.submit, { body: 'the card is 4111 1111 1111 1111' })).code).toBe(0)
    const item = await waitFor('the quarantine item', async () => {
      const { stdout } = await gateway.command(['quarantine', 'list', '--json'])
      return stdout.includes('"cause":"quarantine"') ? stdout : null
    })
    expect(JSON.parse(item.split('\n')[0] ?? '')).toMatchObject({ recipients: ['b@partner.example'] })
    expect(sink.messages.filter((message) => message.content.includes('4111'))).toEqual([])
  })
})
