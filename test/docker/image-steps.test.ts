import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { freePort } from '../support/redis.ts'
import { swaks } from '../support/swaks.ts'
import { waitFor } from '../support/wait-for.ts'
import { dockerDir } from './compose-file.ts'

/**
 * The steps of docker/Dockerfile outside of an image: builds and prunes a copy of the repository, then starts what is
 * left as the user of the image, who can write none of it. Not as root, the user stays the one who runs the tests.
 */
const root = resolve(dockerDir, '..')
const isRoot = process.getuid?.() === 0
const user = isRoot ? { uid: 10001, gid: 10001 } : {}
const place = mkdtempSync(join(tmpdir(), 'sluice-image-'))
const source = join(place, 'build')
const image = join(place, 'opt')
const etc = join(place, 'etc')
const state = join(place, 'state')
const bin = join(place, 'bin')
const env = { PATH: [bin, '/usr/bin', '/bin'].join(delimiter), NODE_ENV: 'production' }
let admin = 0
let smtp = 0

/** A build step on the copy. Under `npm test` the environment names the repository itself: that must not reach npm. */
function script(name: string, ...args: string[]) {
  const clean = Object.entries(process.env).filter(([key]) => !/^npm_|^INIT_CWD$/i.test(key))
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const done = spawnSync(join(source, 'docker', name), args, {
    cwd: source,
    encoding: 'utf8',
    env: { ...Object.fromEntries(clean), PATH: path },
  })
  expect(done.status, done.stdout + done.stderr).toBe(0)
}

/** As a command runs in the container: as its user, in its folder, with nothing of this machine but Node. */
function inImage(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const entrypoint = join(image, 'docker/entrypoint.sh')
  return spawnSync(entrypoint, args, { ...user, cwd: etc, encoding: 'utf8', env: { ...env, ...more } })
}

function health(url: string) {
  const file = join(image, 'docker/healthcheck.mjs')
  const child = spawn(process.execPath, [file], { ...user, env: { ...env, SLUICE_ADMIN_URL: url }, stdio: 'pipe' })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  return once(child, 'close').then(([code]) => ({ code: Number(code), said }))
}

beforeAll(async () => {
  for (const dir of [source, etc, state, bin]) mkdirSync(dir)
  chmodSync(place, 0o755)
  // node_modules by hard links: it is large, and the steps only remove from it. npm rewrites its own record in place.
  const linked = spawnSync('cp', ['-al', join(root, 'node_modules'), source])
  if (linked.status !== 0) spawnSync('cp', ['-a', join(root, 'node_modules'), source])
  const record = 'node_modules/.package-lock.json'
  rmSync(join(source, record))
  for (const file of [record, 'package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'tsconfig.json'])
    copyFileSync(join(root, file), join(source, file))
  copyFileSync(join(root, 'tsconfig.build.json'), join(source, 'tsconfig.build.json'))
  for (const dir of ['bin', 'src', 'types', 'rules', 'policies', 'docker'])
    cpSync(join(root, dir), join(source, dir), { recursive: true })
  script('build.sh')
  script('prune.sh', image)
  chmodSync(image, 0o755)
  mkdirSync(join(image, 'docker'))
  for (const file of ['entrypoint.sh', 'healthcheck.mjs'])
    copyFileSync(join(dockerDir, file), join(image, 'docker', file))
  copyFileSync(process.execPath, join(bin, 'node'))
  if (isRoot) chownSync(state, 10001, 10001)
  chmodSync(state, 0o700)
  ;[admin, smtp] = [await freePort(), await freePort()]
})

afterAll(() => {
  spawnSync('chmod', ['-R', 'u+w', image])
  rmSync(place, { recursive: true, force: true })
})

/** What compose mounts, but for addresses, paths and the queue. */
function writeConfig() {
  const config = parse(readFileSync(join(dockerDir, 'config/sluice.yaml'), 'utf8'))
  const changed = {
    ...config,
    data_dir: join(state, 'data'),
    keys_dir: join(state, 'keys'),
    listeners: [{ ...config.listeners[0], host: '127.0.0.1', port: smtp, clients: ['127.0.0.1'] }],
    admin: { host: '127.0.0.1', port: admin },
    delivery: {},
    rules: [join(image, 'rules')],
    policies: [join(image, 'policies')],
    dispatch: { kind: 'embedded' },
    scan: { threads: 1 },
  }
  writeFileSync(join(etc, 'sluice.yaml'), stringify(changed))
}

function starts(gateway: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((done, fail) => {
    gateway.once('exit', (code) => fail(new Error(`ended with ${code}: ${said}`)))
    gateway.stderr?.on('data', (chunk: Buffer) => {
      said += chunk
      if (/^then {2}(?:npx )?sluice quarantine list/m.test(said)) done()
    })
  })
}

describe('the tree of the image', () => {
  it('holds what runs and nothing that builds', () => {
    for (const there of [
      'dist/cli/main.js',
      'dist/prepared-rules',
      'rules',
      'policies',
      'node_modules/re2/build/Release/re2.node',
      'LICENSE',
    ])
      expect(existsSync(join(image, there)), there).toBe(true)
    const gone = ['src', 'node_modules/vitest', 'node_modules/typescript', 'node_modules/@biomejs', 'package-lock.json']
    for (const away of [...gone, 'node_modules/re2/vendor', 'node_modules/re2/build/Release/obj.target'])
      expect(existsSync(join(image, away)), away).toBe(false)
  })

  it('left the repository it was made from as it was', () => {
    for (const kept of ['node_modules/typescript', 'node_modules/re2/vendor', 'node_modules/vitest'])
      expect(existsSync(join(root, kept)), kept).toBe(true)
  })

  it('can be written by nobody', () => {
    const { stdout } = spawnSync('find', [image, '(', '-type', 'f', '-o', '-type', 'd', ')', '-perm', '/222'], {
      encoding: 'utf8',
    })
    const own = [
      image,
      join(image, 'docker'),
      join(image, 'docker/entrypoint.sh'),
      join(image, 'docker/healthcheck.mjs'),
    ]
    expect(stdout.split('\n').filter((path) => path !== '' && !own.includes(path))).toEqual([])
    if (!isRoot) return
    const touch = spawnSync('touch', [join(image, 'dist/x')], { ...user, encoding: 'utf8' })
    expect(touch.stderr).toContain('Permission denied')
  })

  it('says its version, and what to mount when there is no configuration', () => {
    expect(inImage(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    for (const args of [['serve'], ['worker'], []]) {
      const { status, stderr } = inImage(args)
      expect(status, args.join()).toBe(2)
      expect(stderr).toContain('sluice.yaml is missing')
    }
  })

  it('says that nobody is there when the gateway does not run', async () => {
    const { code, said } = await health(`http://127.0.0.1:${await freePort()}`)
    expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('a gateway started from it', () => {
  it('takes mail, holds a card number, is healthy, and drains on SIGTERM', { timeout: 90_000 }, async () => {
    writeConfig()
    const gateway = spawn(join(image, 'docker/entrypoint.sh'), ['serve'], { ...user, cwd: etc, env, stdio: 'pipe' })
    try {
      await starts(gateway)
      // The entrypoint became node: signals reach it, and it is who the image says.
      const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8')
      expect(status).toMatch(/^Name:\s+(?:node|MainThread)$/m)
      if (isRoot) expect(status).toMatch(/^Uid:\s+10001\s+10001\s+10001\s+10001$/m)
      expect(await health(`http://127.0.0.1:${admin}`)).toEqual({ code: 0, said: '' })
      expect((await swaks(smtp, { body: 'Visa card 4111 1111 1111 1111' })).code).toBe(0)
      const held = await waitFor('the message to be held', () => inImage(['quarantine', 'list', '--json']).stdout)
      expect(JSON.parse(held)).toMatchObject({ cause: 'quarantine', sender: 'a@example.com' })
      expect(statSync(join(state, 'keys')).mode & 0o777).toBe(0o700)
      gateway.removeAllListeners('exit')
      const gone = once(gateway, 'exit')
      gateway.kill('SIGTERM')
      expect(await gone).toEqual([0, null])
    } finally {
      gateway.kill('SIGKILL')
    }
  })

  it('finds nothing wrong with itself afterwards', () => {
    const { status, stdout } = inImage(['doctor'])
    expect(status, stdout).toBe(0)
  })
})
