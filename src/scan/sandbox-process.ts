import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { limits } from '../core/limits.ts'
import { type Frame, FrameError, FrameReader, frameHead } from './sandbox-frames.ts'
import { type SandboxLaunch, sandboxEnvironment } from './sandbox-launch.ts'
import { readSaid, type SandboxRequest, type SandboxSaid } from './sandbox-messages.ts'

/** Why a sandbox process is no more. */
export type SandboxEnd = 'crash' | 'memory' | 'cpu-time' | 'killed' | 'nonsense'

const LAST_WORDS_MS = 1_000

/**
 * One sandbox process and the channel to it. Says what it hears to one listener at a time, and how it ended, once. It
 * decides nothing: deadlines and replacement are those of its owner.
 */
export class SandboxProcess {
  readonly #child: ChildProcess
  readonly #channel: Duplex
  readonly #frames: FrameReader
  #lastWords = ''
  #killed = false
  #nonsense = false
  #listener: (said: SandboxSaid) => void = () => undefined
  /** Resolves when the process is gone. */
  readonly ended: Promise<SandboxEnd>
  #isAlive = true

  constructor(launch: SandboxLaunch, textMaxBytes: number) {
    const filtered = launch.filter !== null
    this.#child = spawn(launch.command, launch.args, {
      env: sandboxEnvironment,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(filtered ? (['pipe'] as const) : [])],
    })
    this.#frames = new FrameReader(limits.sandboxHeaderMaxBytes, textMaxBytes)
    const [, , , channel, filter] = this.#child.stdio as (Duplex | null)[]
    if (!channel) throw new Error('no channel')
    this.#channel = channel
    if (filter && launch.filter) {
      filter.on('error', () => undefined)
      filter.end(launch.filter)
    }
    // A channel that breaks is told by the end of the process.
    channel.on('error', () => undefined)
    channel.on('data', (chunk: Buffer) => this.#hear(chunk))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('latin1')).slice(-limits.sandboxLastWordsMaxBytes)
    })
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        channel.destroy()
        resolve(this.#causeOf(code, signal))
      }
      this.#child.once('error', () => {
        this.#isAlive = false
        end(null, null)
      })
      this.#child.once('exit', (code, signal) => {
        this.#isAlive = false
        // Its last words name the cause; whoever else holds their pipe open is not waited for.
        const timer = setTimeout(() => end(code, signal), LAST_WORDS_MS)
        this.#child.once('close', () => {
          clearTimeout(timer)
          end(code, signal)
        })
      })
    })
  }

  get isAlive(): boolean {
    return this.#isAlive && !this.#killed
  }

  /** Who hears what it says from now on. */
  listen(listener: (said: SandboxSaid) => void): void {
    this.#listener = listener
  }

  send(request: SandboxRequest, bytes: Uint8Array): void {
    this.#channel.write(frameHead(request, bytes.length))
    if (bytes.length > 0) this.#channel.write(bytes)
  }

  kill(): void {
    this.#killed = true
    this.#child.kill('SIGKILL')
  }

  #hear(chunk: Buffer): void {
    if (this.#killed || this.#nonsense) return
    let frames: readonly Frame[]
    try {
      frames = this.#frames.push(chunk)
      for (const frame of frames) this.#listener(readSaid(frame))
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown
      this.#nonsense = true
      this.#child.kill('SIGKILL')
    }
  }

  #causeOf(code: number | null, signal: NodeJS.Signals | null): SandboxEnd {
    if (this.#nonsense) return 'nonsense'
    if (this.#killed) return 'killed'
    // Under bubblewrap a signal becomes an exit code, as in a shell.
    if (signal === 'SIGXCPU' || code === 128 + 24) return 'cpu-time'
    return /out of memory|allocation failed|OOM/i.test(this.#lastWords) ? 'memory' : 'crash'
  }
}
