import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { limits } from '../../src/core/limits.ts'
import { ScanPool, type ScanPoolOptions, type ScanRequest } from '../../src/scan/scan-pool.ts'
import { oneWordRule } from '../support/one-word-rule.ts'

const detectors = (word: string) => ({
  rules: [{ file: 'word.yaml', text: oneWordRule(word) }],
  catalogRevision: 'none',
  fingerprints: null,
  labelMap: null,
})

let pool: ScanPool | null = null
const crashes: string[] = []

afterEach(async () => {
  await pool?.close()
  pool = null
  crashes.length = 0
})

async function start(options: Partial<ScanPoolOptions> = {}): Promise<ScanPool> {
  pool = await ScanPool.start({
    threads: 1,
    deadlineMs: 30_000,
    memoryMaxBytes: 256 * 1024 * 1024,
    detectors: detectors('PLATYPUS'),
    settings: { findingKey: new Uint8Array(32).fill(1), extract: {} },
    onCrash: (problem, detail) => crashes.push(`${problem}: ${detail}`),
    ...options,
  })
  return pool
}

const upload = (bytes: ScanRequest['bytes']): ScanRequest => ({
  bytes,
  as: 'upload',
  filename: 'a.txt',
  declaredType: 'text/plain',
})
const text = (content: string) => upload(Uint8Array.from(Buffer.from(content)))

describe('a scan job', () => {
  it('prints nothing, whatever a library has to say of a damaged picture', async () => {
    const running = await start()
    const picture = readFileSync(join(import.meta.dirname, '../extract/ocr/letters.heic'))
    const bytes = picture.subarray(0, (picture.length * 2) / 3)
    const printed: string[] = []
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0),
    )
    const { uninspected } = await running.scan({ bytes, as: 'upload', filename: 'a.heic', declaredType: null })
    // What a thread printed is told when it ends, at the latest.
    await running.close()
    for (const spy of spies) spy.mockRestore()
    expect(uninspected).toHaveLength(1)
    expect(printed).toEqual([])
  })

  it('takes a Buffer that is part of a pool', async () => {
    const running = await start()
    const bytes = Buffer.from('Subject: x\r\n\r\nPLATYPUS\r\n')
    const report = await running.scan({ bytes, as: 'mail', filename: null, declaredType: null })
    expect(report.uninspected).toEqual([])
    expect(report.findings).toHaveLength(1)
    expect(bytes.toString()).toContain('PLATYPUS')
  })

  it('that runs past its deadline is killed, and its content counts as not inspected', async () => {
    const scanned = await (await start({ deadlineMs: 1 })).scan(text('PLATYPUS '.repeat(500_000)))
    expect(scanned.uninspected).toEqual([{ path: 'a.txt', reason: 'timeout', detail: 'scan killed after 1 ms' }])
    expect(scanned.parts).toMatchObject([{ path: 'a.txt', size: 4_500_000 }])
    expect(scanned.findings).toEqual([])
    expect(crashes).toEqual(['timeout: killed after 1 ms'])
  })

  it('does not hold its content while it waits, nor time out for the jobs in front of it', async () => {
    const one = await start()
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const asked: string[] = []
    const gated = (name: string, wait: Promise<void>) =>
      upload(async () => {
        asked.push(name)
        await wait
        return Uint8Array.from(Buffer.from('PLATYPUS'))
      })
    const first = one.scan(gated('first', gate))
    const second = one.scan(gated('second', Promise.resolve()))
    await setImmediate()
    expect(asked).toEqual(['first'])
    open()
    expect((await first).findings).toHaveLength(1)
    expect((await second).findings).toHaveLength(1)
    expect(asked).toEqual(['first', 'second'])
  })

  it('that is larger than it may be is not read, and told so; at the limit it is scanned', async () => {
    const running = await start({ sizeMaxBytes: 8 })
    const request = (size: number) => ({
      ...upload(() => (size > 8 ? Promise.reject(new Error('read')) : Promise.resolve(Buffer.from('PLATYPUS')))),
      size,
      sha256: () => Promise.resolve('ab'.repeat(32)),
    })
    expect((await running.scan(request(8))).findings).toHaveLength(1)
    expect(await running.scan(request(9))).toMatchObject({
      parts: [{ path: 'a.txt', size: 9, sha256: 'ab'.repeat(32) }],
      uninspected: [{ path: 'a.txt', reason: 'too-large', detail: '8 bytes' }],
      findings: [],
    })
    expect(crashes).toEqual([])
  })

  it('that is one more than may wait is put off, and so are those that wait at the end', async () => {
    const running = await start()
    const never = () => running.scan(upload(() => new Promise(() => {}))).catch((error: unknown) => error)
    const putOff = { code: 'scan-unavailable', temporary: true }
    // One is being read, the others wait.
    const jobs = Array.from({ length: 1 + limits.scanWaitingMax }, never)
    expect(await never()).toMatchObject(putOff)
    const waiting = Promise.all(jobs.slice(1))
    await running.close()
    for (const error of await waiting) expect(error).toMatchObject(putOff)
  })

  it('that would have to be held is bounded whatever the ceiling for files is', async () => {
    const running = await start()
    const size = limits.extractWholeMaxBytes + 1
    const request = { ...upload(() => Promise.reject(new Error('read'))), size, sha256: 'ab'.repeat(32) }
    expect(await running.scan(request)).toMatchObject({
      parts: [{ path: 'a.txt', size }],
      uninspected: [{ path: 'a.txt', reason: 'too-large', detail: `${limits.extractWholeMaxBytes} bytes` }],
    })
  })

  it('that is small is handed over while the worker is at another small one, never behind or before a large one', async () => {
    const one = await start()
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const asked: string[] = []
    const job = (name: string, size: number, wait: Promise<void> = Promise.resolve()) =>
      one.scan({
        ...upload(async () => {
          asked.push(name)
          await wait
          return Uint8Array.from(Buffer.from('PLATYPUS'))
        }),
        size,
      })
    const { scanAheadMax, scanAheadMaxBytes } = limits
    const small = Array.from({ length: scanAheadMax + 1 }, (_, i) => job(`small ${i}`, scanAheadMaxBytes, gate))
    const jobs = [...small, job('large', scanAheadMaxBytes + 1), job('last', 1)]
    await setImmediate()
    expect(asked).toEqual(Array.from({ length: scanAheadMax }, (_, i) => `small ${i}`))
    open()
    for (const report of await Promise.all(jobs)) expect(report.findings).toHaveLength(1)
    expect(asked.slice(scanAheadMax)).toEqual([`small ${scanAheadMax}`, 'large', 'last'])
  })

  it('that stood behind one that was killed is not taken for its fault, and gets a verdict of its own', async () => {
    const running = await start({ deadlineMs: 1 })
    const asked = [0, 0, 0]
    const jobs = asked.map((_, i) =>
      running.scan({
        ...upload(async () => {
          asked[i] = (asked[i] ?? 0) + 1
          return Uint8Array.from(Buffer.from('PLATYPUS '.repeat(500_000)))
        }),
        size: 1,
      }),
    )
    for (const report of await Promise.all(jobs)) expect(report.uninspected).toMatchObject([{ reason: 'timeout' }])
    expect(crashes).toHaveLength(3)
    expect(asked).toEqual([1, 2, 2])
  })

  it('for which the system has no thread is put off', async () => {
    const settings = { findingKey: new Uint8Array(32).fill(1), extract: {} }
    const ending = await start({ deadlineMs: 1, settings })
    // A worker can't be given a function, so from now on none can be started.
    Object.assign(settings.extract, { onlyHere: () => undefined })
    const first = ending.scan(text('PLATYPUS '.repeat(200_000)))
    const second = expect(ending.scan(text('PLATYPUS'))).rejects.toMatchObject({ code: 'scan-unavailable' })
    expect(await first).toMatchObject({ uninspected: [{ reason: 'timeout' }] })
    await second
    await expect(ending.scan(text('PLATYPUS'))).rejects.toMatchObject({ code: 'scan-unavailable', temporary: true })
  })

  it('whose content cannot be read fails with that error, not with a verdict', async () => {
    const failing = await start()
    const corrupt = new GatewayError('blob-corrupt', { temporary: false, publicMessage: 'no' })
    await expect(failing.scan(upload(() => Promise.reject(corrupt)))).rejects.toBe(corrupt)
    expect((await failing.scan(text('PLATYPUS'))).findings).toHaveLength(1)
  })

  it('that the pool breaks off at its end is no verdict but a temporary error', async () => {
    const ending = await start()
    const jobs = [1, 2, 3].map(() => ending.scan(text('PLATYPUS '.repeat(200_000))))
    const outcomes = Promise.allSettled(jobs)
    await ending.close()
    for (const outcome of await outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value.uninspected).toEqual([])
      else expect(outcome.reason).toMatchObject({ code: 'scan-unavailable', temporary: true })
    }
    await expect(ending.scan(text('PLATYPUS'))).rejects.toMatchObject({ code: 'scan-unavailable' })
    expect(crashes).toEqual([])
  })
})

describe('new detectors', () => {
  it('take over at once; jobs that are under way or wait end with a whole report', async () => {
    const reloaded = await start()
    const before = reloaded.revisions
    const jobs = [1, 2, 3, 4].map(() => reloaded.scan(text('PLATYPUS and WOMBAT '.repeat(20_000))))
    await reloaded.reload(detectors('WOMBAT'))
    expect(reloaded.revisions.rules).not.toBe(before.rules)
    const after = await reloaded.scan(text('a WOMBAT'))
    expect(after.findings).toHaveLength(1)
    for (const report of await Promise.all(jobs)) {
      expect(report.uninspected).toEqual([])
      expect(report.findings).toHaveLength(1)
    }
    expect(crashes).toEqual([])
  })

  it('end with the pool, and so does what the former ones were at', async () => {
    const ending = await start()
    let give: (bytes: Uint8Array) => void = () => undefined
    const before = ending.scan(upload(() => new Promise((resolve) => (give = resolve))))
    await ending.reload(detectors('WOMBAT'))
    const broken = expect(before).rejects.toMatchObject({ code: 'scan-unavailable', temporary: true })
    const late = expect(ending.reload(detectors('QUOKKA'))).rejects.toMatchObject({ code: 'scan-unavailable' })
    await ending.close()
    give(Uint8Array.from(Buffer.from('PLATYPUS')))
    await Promise.all([broken, late])
    expect(crashes).toEqual([])
  })

  it('that are broken leave the old ones in force', async () => {
    const kept = await start()
    const broken = { ...detectors('WOMBAT'), rules: [{ file: 'word.yaml', text: 'rules: nonsense' }] }
    await expect(kept.reload(broken)).rejects.toThrow()
    expect((await kept.scan(text('a PLATYPUS'))).findings).toHaveLength(1)
  })
})
