import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../../src/scan/file-source.ts'
import { ScanPool, type ScanRequest } from '../../src/scan/scan-pool.ts'
import { lines, SMALL, sha256 } from '../extract/stream/streamed.ts'
import { oneWordRule } from '../support/one-word-rule.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-in-place-'))
const text = `PLATYPUS\n${lines(200_000)}ünd PLATYPUS\n${lines(150_000)}PLATYPUS`
let pool: ScanPool
beforeAll(async () => {
  pool = await ScanPool.start({
    threads: 1,
    deadlineMs: 60_000,
    memoryMaxBytes: 256 * 1024 * 1024,
    detectors: { rules: [{ file: 'word.yaml', text: oneWordRule('PLATYPUS') }], catalogRevision: 'none' },
    settings: { findingKey: new Uint8Array(32).fill(1), extract: { limits: SMALL } },
  })
})
afterAll(async () => {
  await pool.close()
  rmSync(folder, { recursive: true, force: true })
})

function fileJob(name: string, content: string | Uint8Array): ScanRequest {
  const file = join(folder, name)
  writeFileSync(file, content)
  const size = Buffer.byteLength(content)
  const sha = () => Promise.resolve(sha256(Buffer.from(content)))
  return { bytes: new Uint8Array(0), file, size, sha256: sha, as: 'upload', filename: name, declaredType: null }
}

describe('a file that is scanned where it stands', () => {
  it.each([
    ['a.log', (content: string) => Buffer.from(content)],
    ['a.log.gz', (content: string) => zlib.gzipSync(content, { level: 0 })],
  ])('%s has what stands in it found, from its first byte to its last', async (name, pack) => {
    const packed = pack(text)
    const report = await pool.scan(fileJob(name, packed))
    expect(report.uninspected).toEqual([])
    const [found] = report.findings
    const part = name.endsWith('.gz') ? `${name}/a.log` : name
    const points = [...text]
    const places = (found?.matches ?? []).filter((match) => match.part === part)
    expect(places.map(({ start, end }) => points.slice(start, end).join(''))).toEqual(Array(3).fill('PLATYPUS'))
    expect(found).toMatchObject({ count: 3, unique: 1, perPart: { [part]: { count: 3, unique: 1 } } })
    expect(report.parts[0]).toMatchObject({ path: name, size: packed.length, sha256: sha256(packed) })
    const shown = report.parts.find(({ path }) => path === part)
    expect(shown?.textLength).toBe(points.length + (part === name ? `\n${name}`.length : 0))
  })

  it('is told to be gone, and to have become shorter', async () => {
    const missing = { ...fileJob('gone.log', 'x'), file: join(folder, 'nowhere.log') }
    const { uninspected, parts } = await pool.scan(missing)
    expect(uninspected).toEqual([{ path: 'gone.log', reason: 'corrupt', detail: 'scan worker failed' }])
    expect(parts[0]?.sha256).toBe(sha256(Buffer.from('x')))

    const job = fileJob('short.log', text)
    const opened = openFile(job.file as string)
    truncateSync(job.file as string, 1_000)
    expect(() => opened.source.read(0, 2_000)).toThrow(/shorter/)
    expect(opened.source.read(opened.source.size, 10)).toHaveLength(0)
    opened.close()
  })
})
