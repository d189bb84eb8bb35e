import { limits } from '../core/limits.ts'
import { FrameError, FrameReader, frameHead } from './sandbox-frames.ts'
import { readSaid, type SandboxRequest, type SandboxSaid } from './sandbox-messages.ts'
import type { OpenSandbox, SandboxEnd, SandboxPipe } from './sandbox-process.ts'

/**
 * The conversation with one sandbox process: frames out, checked words in, and how it ended, once. It decides nothing:
 * deadlines and replacement are those of its owner.
 */
export class SandboxSession {
  readonly #pipe: SandboxPipe
  readonly #frames: FrameReader
  #isNonsense = false
  #isAlive = true
  #listener: (said: SandboxSaid) => void = () => undefined
  /** Resolves when the process is gone. */
  readonly ended: Promise<SandboxEnd>

  constructor(open: OpenSandbox, textMaxBytes: number) {
    this.#frames = new FrameReader(limits.sandboxHeaderMaxBytes, textMaxBytes)
    let onEnd: (end: SandboxEnd) => void = () => undefined
    this.ended = new Promise((resolve) => {
      onEnd = (end) => {
        this.#isAlive = false
        resolve(this.#isNonsense ? 'nonsense' : end)
      }
    })
    this.#pipe = open({ onChunk: (chunk) => this.#hear(chunk), onEnd })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Who hears what it says from now on. */
  listen(listener: (said: SandboxSaid) => void): void {
    this.#listener = listener
  }

  send(request: SandboxRequest, bytes: Uint8Array): void {
    this.#pipe.write(frameHead(request, bytes.length))
    if (bytes.length > 0) this.#pipe.write(bytes)
  }

  /** What it waits for. */
  reply(bytes: Uint8Array): void {
    this.#pipe.write(frameHead({}, bytes.length))
    if (bytes.length > 0) this.#pipe.write(bytes)
  }

  kill(): void {
    this.#isAlive = false
    this.#pipe.kill()
  }

  #hear(chunk: Buffer): void {
    if (!this.#isAlive) return
    try {
      this.#frames.push(chunk, (frame) => this.#listener(readSaid(frame)))
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown
      this.#isNonsense = true
      this.kill()
    }
  }
}
