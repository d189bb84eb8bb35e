import { spawn } from 'node:child_process'

export interface ScorerRun {
  readonly output: string
  readonly seconds: number
  /** `timeout`: it was stopped, and what it printed until then is what there is. */
  readonly end: 'done' | 'failed' | 'timeout'
}

const PROGRESS_MS = 10_000

/** Runs a program with its children to its end or until the time is up; says on stderr that it goes on. */
export function runScorer(name: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<ScorerRun> {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1000)
  // A group of its own, so that stopping it stops the commands that it started too.
  const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  let late = false
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const progress = setInterval(() => process.stderr.write(`${name}: ${seconds()} s\n`), PROGRESS_MS)
  const timer = setTimeout(() => {
    late = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(progress)
      clearTimeout(timer)
      const output = Buffer.concat(chunks).toString('utf8')
      resolve({ output, seconds: seconds(), end: late ? 'timeout' : code === 0 ? 'done' : 'failed' })
    })
  })
}
