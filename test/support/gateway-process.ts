import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'src/cli/main.ts')
/** Compiled code is kept between runs: the tests start many processes. */
const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'sluice-test-compile-cache') }

/** A small rule set and policies in which every action can be reached by a word in the text. */
const RULES = `rules:
  - id: test_word
    name: Words that tests use
    family: intellectual_property
    description: One word for each action.
    references: [https://sluice.example/test]
    patterns:
      - { id: word, regex: '(?:QUARANTINEME|BLOCKME|ENCRYPTME|TAGME)', confidence: high }
    examples: [QUARANTINEME, BLOCKME, ENCRYPTME]
    negative_examples: [nothing, of, interest]
  - id: credit_card
    name: Payment card
    family: financial
    description: Card numbers by their check digit.
    references: [https://sluice.example/test]
    patterns:
      - { id: pan, regex: '\\d{4}[ -]?\\d{4}[ -]?\\d{4}[ -]?\\d{4}', boundary: digit, validators: [luhn], confidence: high }
    examples: ['4111 1111 1111 1111', '4111111111111111', '5555-5555-5555-4444']
    negative_examples: ['4111 1111 1111 1112', '1', '2']
${['quarantine', 'block', 'encrypt', 'tag']
  .map(
    (word) => `  - id: ${word}_word
    name: ${word}
    family: custom
    description: Asks for an action.
    references: [https://sluice.example/test]
    patterns: [{ id: word, regex: '${word.toUpperCase()}ME', confidence: high }]
    examples: [${word.toUpperCase()}ME, a ${word.toUpperCase()}ME, ${word.toUpperCase()}ME b]
    negative_examples: [nothing, of, interest]`,
  )
  .join('\n')}
`

const POLICIES = `policy: test
name: Test
applies_to: { recipient: outside }
rules:
  - { id: cards, severity: high, when: { finding: { detector: credit_card, confidence: high } }, action: quarantine, message: cards }
  - { id: quarantine, severity: medium, when: { finding: { detector: quarantine_word, confidence: high } }, action: quarantine, message: held }
  - { id: block, severity: critical, when: { finding: { detector: block_word, confidence: high } }, action: block, message: blocked }
  - id: encrypt
    severity: medium
    when: { finding: { detector: encrypt_word, confidence: high } }
    action: encrypt
    encrypt: { methods: [smime, openpgp], fallback: quarantine }
    message: sealed
  - { id: sealed, severity: medium, when: { uninspected: [encrypted, corrupt, ambiguous, partial, too-deep, too-large, too-many, timeout] }, action: quarantine, message: unseen }
`

export interface GatewayProcessOptions {
  /** Added to, or instead of, the defaults of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** Words before `node`, such as `strace …`. */
  readonly wrapper?: readonly string[]
}

/** `sluice serve` as a child process, in a folder of its own that outlives restarts. */
export class GatewayProcess {
  readonly dir: string
  readonly #options: GatewayProcessOptions
  #process: ChildProcess | null = null
  #stderr = ''
  #ports = new Map<string, number>()
  #adminPort = 0

  private constructor(dir: string, options: GatewayProcessOptions) {
    this.dir = dir
    this.#options = options
  }

  static async prepare(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-e2e-'))
    const gateway = new GatewayProcess(dir, options)
    for (const folder of ['rules', 'policies']) await mkdir(join(dir, folder))
    await writeFile(join(dir, 'rules/test.yaml'), RULES)
    await writeFile(join(dir, 'policies/test.yaml'), POLICIES)
    await gateway.configure(options.config ?? {})
    await gateway.command(['keys', 'create'])
    return gateway
  }

  static async start(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.prepare(options)
    await gateway.start()
    return gateway
  }

  async configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    const whole = {
      hostname: 'dlp.example.com',
      data_dir: './data',
      listeners: [{ name: 'relay', port: 0 }],
      admin: { port: 0 },
      organisation: { domains: ['example.com'], reviewers: ['security@example.com'] },
      rules: ['./rules'],
      policies: ['./policies'],
      scan: { threads: 1 },
      ...config,
    }
    await writeFile(join(this.dir, 'sluice.yaml'), JSON.stringify(whole))
  }

  async start(): Promise<void> {
    this.#stderr = ''
    const [program = process.execPath, ...args] = [
      ...(this.#options.wrapper ?? []),
      process.execPath,
      main,
      'serve',
      '--config',
      'sluice.yaml',
    ]
    const child = spawn(program, args, {
      cwd: this.dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...compileCache, ...this.#options.env },
    })
    this.#process = child
    child.stderr?.setEncoding('utf8')
    await new Promise<void>((done, fail) => {
      child.on('exit', (code, signal) =>
        fail(new Error(`the gateway ended (${code ?? signal}): ${this.#stderr.slice(-3000)}`)),
      )
      child.stderr?.on('data', (text: string) => {
        this.#stderr += text
        if (/^then {2}(?:npx )?sluice quarantine list/m.test(this.#stderr)) done()
      })
    })
    child.removeAllListeners('exit')
    for (const [, port, name] of this.#stderr.matchAll(/^SMTP {2}\S+:(\d+) {2}\((\S+)\)/gm))
      this.#ports.set(name ?? '', Number(port))
    this.#adminPort = Number(/^Admin http:\/\/\S+:(\d+)\//m.exec(this.#stderr)?.[1])
  }

  port(listener = 'relay'): number {
    const port = this.#ports.get(listener)
    if (!port) throw new Error(`no listener ${listener}: ${this.#stderr}`)
    return port
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Sends a signal to the process if it is still there, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Resolves once the process has ended by itself, with its exit code or the signal's name. */
  async ended(): Promise<number | string> {
    const child = this.#process
    if (!child) return 0
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return child.exitCode ?? child.signalCode ?? 0
  }

  /** Everything it wrote to stderr since the last start: people's lines and the log. */
  get stderr(): string {
    return this.#stderr
  }

  async admin(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}${path}`)
    return { status: response.status, body: await response.text() }
  }

  /** Runs a command of `sluice` on this installation, or on the configuration that `args` name. */
  async command(args: readonly string[], input = ''): Promise<{ code: number; stdout: string; stderr: string }> {
    const config = args.includes('--config') ? [] : ['--config', 'sluice.yaml']
    const child = spawn(process.execPath, [main, ...args, ...config], {
      cwd: this.dir,
      stdio: 'pipe',
      env: { ...process.env, ...compileCache, ...this.#options.env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.end(input)
    const [code] = (await once(child, 'close')) as [number]
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
  }

  /** Sends a signal and waits for the end. Resolves with the exit code, or the signal's name. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.signal(signal)
    return await this.ended()
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.dir, { recursive: true, force: true })
  }

  read(file: string): Promise<string> {
    return readFile(join(this.dir, file), 'utf8')
  }
}
