import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { limits } from '../core/limits.ts'
import { type SandboxLaunch, sandboxEnvironment } from './sandbox-launch.ts'

/** Why a sandbox process is no more; `killed` by its owner. */
export type SandboxEnd = 'crash' | 'memory' | 'cpu-time' | 'killed' | 'nonsense'

/** A running sandbox process, in this thread or behind another one. */
export interface SandboxPipe {
  write(bytes: Uint8Array): void
  kill(): void
}

export interface SandboxEvents {
  onChunk(chunk: Buffer): void
  /** Once, when the process is gone. */
  onEnd(end: SandboxEnd): void
}

/** Starts a process. Failing to start is an end like others. */
export type OpenSandbox = (events: SandboxEvents) => SandboxPipe

const LAST_WORDS_MS = 1_000

/**
 * Starts sandbox processes from this thread, which must be one that lives as long as the process: only the thread that
 * started a process can tell the system that it has taken note of its end. Neither keeps the event loop alive.
 */
export function openProcesses(launch: SandboxLaunch): OpenSandbox {
  return (events) => {
    let killed = false
    let lastWords = ''
    let answered = 0
    const child = spawned(launch)
    if (child === null) {
      setImmediate(() => events.onEnd('crash'))
      return { write: () => undefined, kill: () => undefined }
    }
    child.unref()
    // Without a descriptor to be had for its pipes it has none, and an error follows.
    const [, , words, channel, filter] = (child.stdio ?? []) as (Duplex | null | undefined)[]
    const kill = () => {
      killed = true
      child.kill('SIGKILL')
    }
    for (const stream of [words, channel, filter]) {
      // A stream that breaks is told by the end of the process.
      stream?.on('error', () => undefined)
      if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
    }
    if (launch.filter) filter?.end(launch.filter)
    words?.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString('latin1')).slice(-limits.sandboxLastWordsMaxBytes)
    })
    channel?.on('data', (chunk: Buffer) => {
      answered += chunk.length
      if (answered > limits.sandboxAnswerMaxBytes) child.kill('SIGKILL')
      else events.onChunk(chunk)
    })
    let told = false
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (told) return
      told = true
      channel?.destroy()
      if (killed) events.onEnd('killed')
      else events.onEnd(answered > limits.sandboxAnswerMaxBytes ? 'nonsense' : causeOf(code, signal, lastWords))
    }
    child.once('error', () => end(null, null))
    child.once('exit', (code, signal) => {
      // Its last words name the cause; whoever else holds their pipe open is not waited for.
      const timer = setTimeout(() => end(code, signal), LAST_WORDS_MS)
      child.once('close', () => {
        clearTimeout(timer)
        end(code, signal)
      })
    })
    const write = (bytes: Uint8Array) => {
      answered = 0
      channel?.write(bytes)
    }
    return { write, kill }
  }
}

/** Null where the system has no memory for it: of that alone `spawn` throws, all else it tells by an event. */
function spawned({ command, args, filter }: SandboxLaunch): ChildProcess | null {
  try {
    return spawn(command, args, {
      env: sandboxEnvironment,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(filter === null ? [] : (['pipe'] as const))],
    })
  } catch {
    return null
  }
}

const SIGXCPU = 24

function causeOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): SandboxEnd {
  // Under bubblewrap a signal becomes an exit code, as in a shell.
  if (signal === 'SIGXCPU' || code === 128 + SIGXCPU) return 'cpu-time'
  return /out of memory|allocation failed|failed to allocate|OOM/i.test(lastWords) ? 'memory' : 'crash'
}
