/** Starts a sandbox in a process that has no file descriptor left, and prints how that ended. Run by its test. */
import { openSync } from 'node:fs'
import { prepareSandbox } from '../../src/scan/sandbox-launch.ts'
import { openProcesses } from '../../src/scan/sandbox-process.ts'

const { launch } = await prepareSandbox({ memoryMaxBytes: 64 * 1024 * 1024, kind: 'process' })
// Opened while there still are some.
process.stdout.write('')
try {
  for (;;) openSync('/dev/null', 'r')
} catch {}
const pipe = openProcesses(launch)({
  onChunk: () => undefined,
  onEnd: (end) => {
    process.stdout.write(`ended: ${end}\n`)
    process.exit(0)
  },
})
pipe.write(new Uint8Array(3))
