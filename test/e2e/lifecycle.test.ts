import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sendMail } from '../support/mail-client.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { traceId } from '../support/trace-id.ts'
import { waitFor } from '../support/wait-for.ts'

/** How the gateway starts, refuses to start, and ends. */
const sink = new SmtpSink()
let gateway: GatewayProcess
let config: Record<string, unknown>

beforeAll(async () => {
  await sink.start()
  config = {
    delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
  }
  gateway = await GatewayProcess.prepare({ config })
})

afterEach(() => {
  sink.script = undefined
})

afterAll(async () => {
  await gateway?.remove()
  await sink.stop()
})

const send = (text: string) => sendMail(gateway.port(), { text })
const copies = (id: string) => sink.messages.filter(({ content }) => traceId(content) === id).length

describe('a signal', () => {
  it('drains: what is in hand is finished and recorded, nothing new is taken, exit 0', async () => {
    sink.script = ({ command }) => (command === 'dot' ? { trickle: '250 2.0.0 queued', everyMs: 50 } : undefined)
    await gateway.start()
    const { id } = await send('in hand')
    await sink.until(() => sink.attempts.some(({ content }) => traceId(content) === id))
    const port = gateway.port()
    const ended = gateway.stop('SIGTERM')
    await waitFor('the door to close', () => refuses(port))
    expect(await ended).toBe(0)
    await gateway.start()
    const exported = await gateway.command(['audit', 'export', '--submission', id])
    expect(exported.stdout.match(/"event":"delivery"/g)).toHaveLength(1)
    expect(copies(id)).toBe(1)
  })

  it('given twice stops at once, and what was in hand is done after the next start', async () => {
    sink.script = ({ command }) => (command === 'dot' ? 'hang' : undefined)
    const { id } = await send('hangs')
    await sink.until(() => sink.attempts.some(({ content }) => traceId(content) === id))
    const ended = gateway.stop('SIGTERM')
    await waitFor('the drain to begin', () => gateway.stderr.includes('Stopping:'))
    let code: number | string | undefined
    void ended.then((value) => {
      code = value
    })
    await waitFor('the end', () => {
      gateway.signal('SIGTERM')
      return code !== undefined
    })
    expect(code).toBe(0)
    sink.script = undefined
    const before = copies(id)
    await gateway.start()
    await waitFor('the delivery', () => copies(id) > before)
    expect(await gateway.stop('SIGINT')).toBe(0)
  })

  it('that comes while it starts is kept until it can drain', async () => {
    const starting = gateway.start().catch((thrown: Error) => thrown)
    await waitFor('the start', () => gateway.stderr.includes('spool opened'))
    gateway.signal('SIGTERM')
    await starting
    expect(await gateway.ended()).toBe(0)
    expect(gateway.stderr).toContain('gateway stopped')
  })
})

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}

describe('it refuses to start', () => {
  const serve = () => gateway.command(['serve'])
  const keys = () => join(gateway.dir, 'data/keys')

  it.each([
    ['a listener', () => ({ listeners: [{ name: 'relay', port: sink.port }] }), 'listeners.0.port'],
    ['the admin port', () => ({ admin: { port: sink.port } }), 'admin.port'],
  ])('where the port of %s is in use, and names the key to change', async (_, change, key) => {
    await gateway.configure({ ...config, ...change() })
    const { code, stderr } = await serve()
    expect({ code, stderr }).toMatchObject({ code: 2 })
    expect(stderr).toContain(key)
    expect(stderr).toContain(String(sink.port))
  })

  it.each([
    ['broken YAML', 'listeners:\n  - name: relay\n   port: 0\n', /^sluice\.yaml:3:\d+ \S+ /m],
    [
      'an unknown key',
      'listeners: [{ name: relay, port: 0 }]\nlisteners_max: 3\n',
      /^sluice\.yaml:2:1 unknown-key .*listeners_max/m,
    ],
    ['a wrong value', 'listeners:\n  - { name: relay, port: 99999 }\n', /^sluice\.yaml:2:\d+ \S+ /m],
    [
      'a contradiction',
      'listeners: [{ name: relay, port: 0, kind: submission }]\n',
      /^sluice\.yaml:1:\d+ clear-text-auth /m,
    ],
  ])('on %s, with file, row and column', async (_, text, expected) => {
    await writeFile(join(gateway.dir, 'sluice.yaml'), text)
    const { code, stderr, stdout } = await serve()
    expect(stderr).toMatch(expected)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('on a broken policy, with its place', async () => {
    await gateway.configure(config)
    const file = join(gateway.dir, 'policies/broken.yaml')
    await writeFile(
      file,
      'policy: broken\nname: Broken\nrules:\n  - { id: a, when: { finding: { detector: nothing } }, action: stop }\n',
    )
    const { code, stderr } = await serve()
    await rm(file)
    expect(stderr).toMatch(/^policies\/broken\.yaml:4:\d+ \S+ /m)
    expect(code).toBe(2)
  })

  it('without a key file, and names the command that mends it', async () => {
    await rename(join(keys(), 'audit.key'), join(keys(), 'away'))
    const { code, stderr } = await serve()
    await rename(join(keys(), 'away'), join(keys(), 'audit.key'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/audit\.key[\s\S]*(backup|sluice keys create)/)
  })

  it('on a key file that others can read, and names the command that mends it', async () => {
    await chmod(join(keys(), 'audit.key'), 0o644)
    const { code, stderr } = await serve()
    await chmod(join(keys(), 'audit.key'), 0o600)
    expect(code).toBe(2)
    expect(stderr).toMatch(/chmod 600 \S*audit\.key/)
  })

  it('beside itself, on one data folder', async () => {
    await gateway.start()
    const { code, stderr } = await serve()
    expect(stderr).toMatch(/another|running/i)
    expect(code).toBe(2)
    expect((await send('still here')).code).toBe(250)
    expect(await gateway.stop()).toBe(0)
  })

  it('where stored state has lost its keys', async () => {
    await rename(keys(), `${keys()}-away`)
    const { code, stderr } = await serve()
    await rename(`${keys()}-away`, keys())
    expect(code).toBe(2)
    expect(stderr).toContain('put the keys back from the backup')
  })
})
