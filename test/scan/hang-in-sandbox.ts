/** Run by a test as a process or a thread of its own: starts a sandbox whose parser never ends. */
import { workerData } from 'node:worker_threads'
import { Sandbox } from '../../src/scan/sandbox.ts'
import type { SandboxLaunch } from '../../src/scan/sandbox-launch.ts'
import { hostileFile, readMail } from './sandboxes.ts'

interface Told extends Omit<SandboxLaunch, 'filter'> {
  readonly filter: readonly number[]
}

const told = JSON.parse((workerData as string | null) ?? process.argv[2] ?? '') as Told
const filter = told.filter.length > 0 ? Uint8Array.from(told.filter) : null
const sandbox = new Sandbox({ ...told, filter }, { textMaxBytes: 1_000_000 })
await readMail(sandbox, { 'loop.pdf': hostileFile('hang') }, { timeMs: 600_000 })
