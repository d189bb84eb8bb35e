import { afterEach, describe, expect, it } from 'vitest'
import type { SandboxLaunch } from '../../src/scan/sandbox-launch.ts'
import { ScanPool } from '../../src/scan/scan-pool.ts'
import { waitFor } from '../support/wait-for.ts'
import { descendantsOf, hostileFile, hostileSandbox, mailWith } from './sandboxes.ts'

const { launch } = await hostileSandbox()
const before = new Set(descendantsOf(process.pid))
const sandboxes = () => descendantsOf(process.pid).filter((pid) => !before.has(pid))

let pool: ScanPool | null = null
afterEach(async () => {
  await pool?.close()
  pool = null
  await waitFor('the end of all sandboxes', () => sandboxes().length === 0)
})

async function start(sandbox: SandboxLaunch, deadlineMs = 60_000): Promise<ScanPool> {
  pool = await ScanPool.start({
    threads: 1,
    deadlineMs,
    memoryMaxBytes: 256 * 1024 * 1024,
    detectors: { rules: [], catalogRevision: 'none' },
    settings: { findingKey: new Uint8Array(32), extract: {}, sandbox },
  })
  return pool
}

const mail = (files: Readonly<Record<string, Buffer>>) => ({
  bytes: Uint8Array.from(mailWith(files)),
  as: 'mail' as const,
  filename: null,
  declaredType: null,
})

describe('a scan pool with a sandbox', () => {
  it('reports the part that ended it, and has everything else inspected', async () => {
    const running = await start(launch)
    const { parts, uninspected } = await running.scan(
      mail({ 'a.pdf': hostileFile('abort'), 'b.pdf': hostileFile('say', 'B') }),
    )
    expect(uninspected).toEqual([{ path: 'mail/a.pdf', reason: 'corrupt', detail: 'parser crashed' }])
    expect(parts.map(({ path, textLength }) => [path, textLength]).slice(1)).toEqual([
      ['mail/a.pdf', 0],
      ['mail/b.pdf', 1],
    ])
    const { texts } = await running.extract(mail({ 'c.pdf': hostileFile('say', 'C') }))
    expect(Buffer.from(texts.at(-1)?.utf8 ?? []).toString()).toBe('C')
  })

  it('starts none for mail without files, and ends it with the pool', async () => {
    const running = await start(launch)
    await running.scan(mail({}))
    expect(sandboxes()).toEqual([])
    await running.scan(mail({ 'a.pdf': hostileFile('say', 'A') }))
    expect(sandboxes()).not.toEqual([])
    await running.close()
    await waitFor('an end of the sandbox that leaves no zombie', () => sandboxes().length === 0)
  })

  it('takes it along when a scan is killed at its deadline', async () => {
    const running = await start(launch, 3_000)
    const scanned = running.scan(mail({ 'a.pdf': hostileFile('hang') }))
    await waitFor('a sandbox', () => sandboxes().length > 0)
    expect((await scanned).uninspected).toMatchObject([{ path: 'mail', reason: 'timeout' }])
    await waitFor('an end of the sandbox that leaves no zombie', () => sandboxes().length === 0)
    expect((await running.scan(mail({ 'b.pdf': hostileFile('say', 'B') }))).uninspected).toEqual([])
  })

  it('has no verdict when the sandbox does not start, and tries again later', async () => {
    const broken = await start({ ...launch, args: [...launch.args.slice(0, -1), '/no/such/entry.ts'] })
    await expect(broken.scan(mail({ 'a.pdf': hostileFile('say', 'A') }))).rejects.toMatchObject({
      code: 'scan-unavailable',
      temporary: true,
    })
    expect((await broken.scan(mail({}))).uninspected).toEqual([])
  })
})
