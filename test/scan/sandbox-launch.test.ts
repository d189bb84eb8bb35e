import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingSandbox, prepareSandbox } from '../../src/scan/sandbox-launch.ts'
import { seccompFilter } from '../../src/scan/sandbox-seccomp.ts'

const memoryMaxBytes = 256 * 1024 * 1024

/** A bubblewrap that does what `script` does. */
function bubblewrap(script: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sluice-bwrap-')), 'bwrap')
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

describe('the choice of a sandbox', () => {
  it.each([
    ['may not make namespaces', 'echo "bwrap: No permissions to create new namespace" >&2; exit 1', 'No permissions'],
    ['does nothing', 'exit 0', 'it did not start'],
    ['runs something else', 'echo v1.2.3', 'it did not start'],
  ])('a bubblewrap that %s is not used, and that is told', async (_, script, said) => {
    const { launch, missing } = await prepareSandbox({ memoryMaxBytes, bubblewrap: bubblewrap(script) })
    expect(launch.kind).toBe('process')
    expect(launch.filter).toBeNull()
    expect(missing && missingSandbox(missing)).toContain(said)
  })

  it('a bubblewrap that is not there is not used', async () => {
    const { launch, missing } = await prepareSandbox({ memoryMaxBytes, bubblewrap: '/no/such/bwrap' })
    expect(launch.kind).toBe('process')
    expect(missing?.cause).toBe('not-usable')
  })

  it('limits stand in every launch, processes only where they are counted for the sandbox alone', async () => {
    const { launch } = await prepareSandbox({ memoryMaxBytes, kind: 'process' })
    const line = [launch.command, ...launch.args].join(' ')
    for (const limit of ['--data=', '--cpu=', '--fsize=0', '--core=0', '--nofile=', '--max-old-space-size=192'])
      expect(line).toContain(limit)
    expect(line).toContain('--pdeathsig KILL')
    expect(line).not.toContain('--nproc')
  })
})

describe('the seccomp filter', () => {
  interface Call {
    readonly audit?: number
    readonly number: number
    readonly flags?: number
  }

  /** Runs the program as the kernel would: seccomp(2), linux/filter.h. */
  function judge(arch: string, { audit, number, flags = 0 }: Call): number {
    const program = Buffer.from(seccompFilter(arch) ?? [])
    const data: Record<number, number> = { 0: number, 4: audit ?? audits[arch] ?? 0, 16: flags }
    let accumulator = 0
    for (let at = 0; at < program.length / 8; at++) {
      const [code, yes, no] = [program.readUInt16LE(at * 8), program[at * 8 + 2] ?? 0, program[at * 8 + 3] ?? 0]
      const k = program.readUInt32LE(at * 8 + 4)
      if (code === 0x06) return k
      if (code === 0x20) accumulator = (data[k] ?? 0) >>> 0
      else if (code === 0x15) at += accumulator === k ? yes : no
      else if (code === 0x35) at += accumulator >= k ? yes : no
      else if (code === 0x45) at += (accumulator & k) !== 0 ? yes : no
      else throw new Error(`instruction ${code}`)
    }
    throw new Error('fell off the end')
  }

  const audits: Record<string, number> = { x64: 0xc000003e, arm64: 0xc00000b7 }
  const ALLOW = 0x7fff0000
  const EPERM = 0x00050001
  const ENOSYS = 0x00050026
  const KILL = 0x80000000
  const SIGCHLD = 17
  const THREAD = 0x3d0f00

  it.each([
    ['x64', 'read', { number: 0 }, ALLOW],
    ['x64', 'mmap', { number: 9 }, ALLOW],
    ['x64', 'execve', { number: 59 }, ALLOW],
    ['x64', 'futex', { number: 202 }, ALLOW],
    ['x64', 'a thread', { number: 56, flags: THREAD }, ALLOW],
    ['x64', 'a process', { number: 56, flags: SIGCHLD }, EPERM],
    ['x64', 'fork', { number: 57 }, EPERM],
    ['x64', 'clone3', { number: 435 }, ENOSYS],
    ['x64', 'socket', { number: 41 }, EPERM],
    ['x64', 'ptrace', { number: 101 }, EPERM],
    ['x64', 'io_uring_setup', { number: 425 }, EPERM],
    ['x64', 'a call of the x32 ABI', { number: 0x40000029 }, EPERM],
    ['x64', 'a call of another machine', { number: 0, audit: 0x40000003 }, KILL],
    ['arm64', 'read', { number: 63 }, ALLOW],
    ['arm64', 'a thread', { number: 220, flags: THREAD }, ALLOW],
    ['arm64', 'a process', { number: 220, flags: SIGCHLD }, EPERM],
    ['arm64', 'socket', { number: 198 }, EPERM],
  ])('%s: %s', (arch, _, call, verdict) => {
    expect(judge(arch, call)).toBe(verdict)
  })

  it('is none for a processor whose numbers are not known', () => {
    expect(seccompFilter('mips')).toBeNull()
  })
})
