import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'

const main = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts')

/** `sluice worker` as a child process on the installation of a gateway. */
export class WorkerProcess {
  readonly #process: ChildProcess
  #stderr = ''

  private constructor(child: ChildProcess) {
    this.#process = child
  }

  static async start(dir: string): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [main, 'worker', '--config', 'sluice.yaml'], {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const worker = new WorkerProcess(child)
    child.stderr?.setEncoding('utf8')
    await new Promise<void>((done, fail) => {
      child.on('exit', (code, signal) => fail(new Error(`the worker ended (${code ?? signal}): ${worker.#stderr}`)))
      child.stderr?.on('data', (text: string) => {
        worker.#stderr += text
        if (/^Worker ready/m.test(worker.#stderr)) done()
      })
    })
    child.removeAllListeners('exit')
    return worker
  }

  async admin(path: string): Promise<{ status: number; body: string }> {
    const port = /^Admin http:\/\/\S+:(\d+)\//m.exec(this.#stderr)?.[1]
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, body: await response.text() }
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Ids of the messages it decided, by its log. */
  get decided(): string[] {
    return [...this.#stderr.matchAll(/"id":"([0-9A-Z]{26})"[^\n]*"msg":"decided"/g)].map((match) => match[1] ?? '')
  }

  get stderr(): string {
    return this.#stderr
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode ?? 0
    const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    child.kill(signal)
    const [code, by] = await gone
    return code ?? by ?? 0
  }
}
