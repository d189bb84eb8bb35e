import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real redis-server of its own on a free port, with AOF, that can be killed, restarted and flushed. */
export class TestRedis {
  readonly port: number
  readonly #dir: string
  #process: ChildProcess | null = null

  private constructor(port: number, dir: string) {
    this.port = port
    this.#dir = dir
  }

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), await mkdtemp(join(tmpdir(), 'sluice-redis-')))
    await redis.restart()
    return redis
  }

  /** Folder of its append-only file: all that was ever written to it. */
  get dir(): string {
    return this.#dir
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`
  }

  async restart(): Promise<void> {
    const args = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--dir',
      this.#dir,
      '--appendonly',
      'yes',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ]
    this.#process = spawn('redis-server', args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/bin:/usr/sbin` },
    })
    while (!(await answers(this.port))) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async flush(): Promise<void> {
    await command(this.port, 'FLUSHALL\r\n')
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#dir, { recursive: true, force: true })
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function answers(port: number): Promise<boolean> {
  return (await command(port, 'PING\r\n').catch(() => '')).startsWith('+PONG')
}

function command(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
    socket.write(line)
  })
}
