import { unreachable } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { ExtractLimits } from '../extract/budget.ts'
import type {
  IsolatedOutcome,
  IsolatedPart,
  IsolatedReading,
  IsolationFailure,
  TextSink,
} from '../extract/isolation.ts'
import { FrameError } from './sandbox-frames.ts'
import type { SandboxSaid } from './sandbox-messages.ts'
import type { OpenSandbox, SandboxEnd } from './sandbox-process.ts'
import { SandboxSession } from './sandbox-session.ts'

/**
 * The sandbox of one scan thread: a process that reads parts of hostile formats, started when it is first needed, kept
 * for many parts, killed at the deadline of one, replaced after a death, after many parts and after growth. A death is
 * told as a failure with the path of the part that was being read; the next part meets a new process. A sandbox that
 * can't be started at all throws: that is no fault of the content.
 */
export class Sandbox {
  readonly #open: OpenSandbox
  readonly #textMaxBytes: number
  readonly #partMaxBytes: number
  readonly #onStart: (isStarting: boolean) => void
  #session: SandboxSession | null = null
  #partsRead = 0
  #last: Promise<unknown> = Promise.resolve()

  /**
   * `partMaxBytes`: larger parts would not fit into the memory of the process, and are not handed over. `onStart` is told
   * when a part begins to wait for a process, and when it does so no longer.
   */
  constructor(
    open: OpenSandbox,
    { textMaxBytes }: Pick<ExtractLimits, 'textMaxBytes'>,
    partMaxBytes: number,
    onStart: (isStarting: boolean) => void = () => undefined,
  ) {
    this.#open = open
    this.#onStart = onStart
    this.#textMaxBytes = textMaxBytes
    this.#partMaxBytes = Math.min(partMaxBytes, limits.sandboxRequestMaxBytes)
  }

  /** Reads one part; further ones wait. Texts that are handed on go to `sink`. */
  async extract(part: IsolatedPart, sink: TextSink | null = null): Promise<IsolatedOutcome> {
    const mine = this.#last.then(() => this.#extract(part, sink))
    this.#last = mine.catch(() => undefined)
    return await mine
  }

  close(): void {
    this.#session?.kill()
  }

  async #extract(part: IsolatedPart, sink: TextSink | null): Promise<IsolatedOutcome> {
    const from = performance.now()
    if (part.bytes.length > this.#partMaxBytes) {
      return { failure: { path: part.path, reason: 'too-large', detail: 'memory' }, waitedMs: 0 }
    }
    for (let attempt = 1; ; attempt++) {
      const session = await this.#started()
      const waitedMs = performance.now() - from
      const outcome = await this.#read(session, part, sink)
      // It was gone before it was told anything of this part, killed by hand or for lack of memory elsewhere.
      if (outcome === 'unheard' && attempt < limits.sandboxStartAttemptsMax) continue
      if (outcome === 'unheard') throw new SandboxUnavailableError()
      return { ...outcome, waitedMs }
    }
  }

  async #started(): Promise<SandboxSession> {
    if (this.#session?.isAlive) return this.#session
    this.#onStart(true)
    try {
      for (let attempt = 1; attempt <= limits.sandboxStartAttemptsMax; attempt++) {
        const session = new SandboxSession(this.#open, this.#textMaxBytes)
        this.#session = session
        this.#partsRead = 0
        if (await isReady(session)) return session
        session.kill()
      }
    } finally {
      this.#onStart(false)
    }
    throw new SandboxUnavailableError()
  }

  async #read(
    session: SandboxSession,
    part: IsolatedPart,
    sink: TextSink | null,
  ): Promise<IsolatedReading | 'unheard'> {
    const { bytes, source, ...known } = part
    const request = { ...known, sourceSize: source?.size ?? null }
    const isWhole = part.depth === 0
    let endsAt = performance.now() + part.left.budget.ms
    const own = isWhole ? part.left.budget.ms : part.left.budget.ms * limits.sandboxPartTimeShare
    const left = { ...part.left, budget: { ...part.left.budget, ms: own } }
    let at: string | null = null
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    let isServing = false
    const watch = () => {
      clearTimeout(timer)
      if (isOver) return
      const msLeft = Math.max(0, endsAt - performance.now())
      const share = isWhole && at === part.path ? 1 : limits.sandboxPartTimeShare
      const graceMs = Math.max(limits.sandboxGraceMinMs, msLeft * limits.sandboxGraceShare)
      timer = setTimeout(() => session.kill(), msLeft * share + graceMs)
    }
    const serve = async (said: Asked) => {
      clearTimeout(timer)
      const from = performance.now()
      // Whoever asks again and again is no longer given time for it.
      if (from > endsAt + limits.sandboxGraceMinMs) return session.kill()
      isServing = true
      session.reply(await answerOf(said, part, sink))
      isServing = false
      // It could do nothing meanwhile.
      endsAt += performance.now() - from
      watch()
    }
    const done = new Promise<Extract<SandboxSaid, { kind: 'done' }>>((resolve, reject) => {
      session.listen((said) => {
        if (isServing) reject(new FrameError('words where it should wait'))
        else if (said.kind === 'done') resolve(said)
        else if (said.kind === 'at') {
          at = isBelow(said.path, part.path) ? said.path : part.path
          watch()
        } else if (said.kind !== 'ready') serve(said).catch(reject)
      })
    })
    watch()
    try {
      session.send({ ...request, left }, bytes)
      const end = await Promise.race([done, session.ended]).catch((thrown: unknown) => {
        session.kill()
        if (!(thrown instanceof FrameError)) throw thrown
        return 'nonsense' as const
      })
      if (typeof end === 'string') {
        if (at === null && (end === 'crash' || end === 'memory')) return 'unheard'
        return { failure: failureOf(end, at ?? part.path) }
      }
      if (!end.extraction.parts.every(({ path }) => isBelow(path, part.path))) {
        session.kill()
        return { failure: failureOf('nonsense', part.path) }
      }
      this.#partsRead += 1
      const { memoryBytes, cpuMs } = end.use
      const isSpent =
        this.#partsRead >= limits.sandboxPartsMax ||
        memoryBytes > limits.sandboxMemoryKeptMaxBytes ||
        cpuMs > limits.sandboxCpuMs
      if (isSpent) session.kill()
      return { extraction: end.extraction }
    } finally {
      isOver = true
      clearTimeout(timer)
      session.listen(() => undefined)
    }
  }
}

type Asked = Extract<SandboxSaid, { kind: 'read' | 'text' }>

/** What a sandbox waits for. Throws a FrameError when it may not ask that, else what the source or the sink throws. */
async function answerOf(said: Asked, { source, path }: IsolatedPart, sink: TextSink | null): Promise<Uint8Array> {
  switch (said.kind) {
    case 'read': {
      const { at, length } = said
      if (!source || at + length > source.size || length > limits.extractStreamChunkBytes)
        throw new FrameError('bytes that are not there')
      return source.read(at, length)
    }
    case 'text':
      if (!sink || !isBelow(said.path, path)) throw new FrameError('text of another part')
      if (said.isEnd) await sink.end(said.path)
      else await sink.write(said.path, said.utf8)
      return NOTHING
    default:
      return unreachable(said)
  }
}

const NOTHING = new Uint8Array(0)

/** Crosses threads as its message alone. */
export const SANDBOX_UNAVAILABLE = 'the sandbox for parsers does not start'

class SandboxUnavailableError extends Error {
  override readonly name = 'SandboxUnavailableError'

  constructor() {
    super(SANDBOX_UNAVAILABLE)
  }
}

async function isReady(session: SandboxSession): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(false), limits.sandboxStartMaxMs)
      session.listen((said) => resolve(said.kind === 'ready'))
      void session.ended.then(() => resolve(false))
    })
  } finally {
    clearTimeout(timer)
  }
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}

function failureOf(end: SandboxEnd, path: string): IsolationFailure {
  switch (end) {
    case 'killed':
    case 'cpu-time':
      return { path, reason: 'timeout', detail: 'parser' }
    case 'memory':
      return { path, reason: 'too-large', detail: 'memory' }
    case 'crash':
    case 'nonsense':
      return { path, reason: 'corrupt', detail: 'parser crashed' }
    default:
      return unreachable(end)
  }
}
