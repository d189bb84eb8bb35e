/** Run by a test as a process of its own: starts a sandbox whose parser never ends, and says so when it is in it. */
import { Sandbox } from '../../src/scan/sandbox.ts'
import type { SandboxLaunch } from '../../src/scan/sandbox-launch.ts'
import { openProcesses } from '../../src/scan/sandbox-process.ts'
import { hostileFile, readMail } from './sandboxes.ts'

interface Told extends Omit<SandboxLaunch, 'filter'> {
  readonly filter: readonly number[]
}

const told = JSON.parse(process.argv[2] ?? '') as Told
const filter = told.filter.length > 0 ? Uint8Array.from(told.filter) : null
const open = openProcesses({ ...told, filter })
const sandbox = new Sandbox(
  (events) =>
    open({
      ...events,
      onChunk: (chunk) => {
        events.onChunk(chunk)
        if (chunk.includes('loop.pdf')) console.log('in it')
      },
    }),
  { textMaxBytes: 1_000_000 },
  1_000_000,
)
await readMail(sandbox, { 'loop.pdf': hostileFile('hang') }, { timeMs: 600_000 })
