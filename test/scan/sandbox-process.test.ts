import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openProcesses, type SandboxEnd } from '../../src/scan/sandbox-process.ts'
import { hostileSandbox } from './sandboxes.ts'

describe('a sandbox process that the system does not start', () => {
  it('has ended, where starting it throws', async () => {
    const { launch } = await hostileSandbox('process')
    // More than the system takes for one argument (E2BIG).
    const open = openProcesses({ ...launch, args: ['x'.repeat(1024 * 1024)] })
    const end = await new Promise<SandboxEnd>((onEnd) => {
      const pipe = open({ onChunk: () => undefined, onEnd })
      pipe.write(new Uint8Array(3))
    })
    expect(end).toBe('crash')
  })

  it('has ended, where no file descriptor is left', async () => {
    const script = join(import.meta.dirname, 'without-descriptors.ts')
    const { stdout } = await promisify(execFile)('prlimit', ['--nofile=64', process.execPath, script])
    expect(stdout).toBe('ended: crash\n')
  })
})
