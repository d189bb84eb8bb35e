import zlib from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { defaultExtractLimits } from '../../src/extract/budget.ts'
import { extract } from '../../src/extract/extract.ts'
import type { Isolate, TextSink } from '../../src/extract/isolation.ts'
import { Sandbox } from '../../src/scan/sandbox.ts'
import { prepareSandbox } from '../../src/scan/sandbox-launch.ts'
import { openProcesses } from '../../src/scan/sandbox-process.ts'
import { zipOf } from '../extract/formats/making.ts'
import { lines, SMALL, sha256 } from '../extract/stream/streamed.ts'
import { hostileFile, hostileSandbox, sandboxOn } from './sandboxes.ts'

const { launch } = await prepareSandbox({ memoryMaxBytes: 256 * 1024 * 1024 })
const sandbox = new Sandbox(openProcesses(launch), defaultExtractLimits, limits.sandboxRequestMaxBytes)
afterAll(() => sandbox.close())

const BIG = lines(3_000_000)

interface Passed {
  readonly texts: Map<string, string>
  readonly sink: TextSink
}

function collecting(): Passed {
  const texts = new Map<string, string>()
  const sink = {
    write: (path: string, utf8: Uint8Array) => {
      texts.set(path, (texts.get(path) ?? '') + Buffer.from(utf8).toString('utf8'))
    },
    end: () => undefined,
  }
  return { texts, sink }
}

async function read(
  bytes: Buffer,
  filename: string,
  read = (at: number, length: number) => bytes.subarray(at, at + length),
) {
  const passed = collecting()
  const extraction = await extract(
    { bytes: new Uint8Array(0), source: { size: bytes.length, read }, filename, declaredType: null, as: 'upload' },
    { limits: { ...SMALL, streamFromBytes: 8 * 1024 }, isolate: (part, sink) => sandbox.extract(part, sink) },
    passed.sink,
  )
  const said = extraction.uninspected.map(({ path, reason, detail }) => `${path}: ${reason} ${detail}`)
  return { texts: passed.texts, parts: extraction.parts, said }
}

describe('a large file in the sandbox', () => {
  it('is asked for by its places, and its texts are handed on', async () => {
    const bytes = zlib.gzipSync(BIG)
    const { texts, parts, said } = await read(bytes, 'a.log.gz')
    expect(said).toEqual([])
    expect(texts.get('a.log.gz/a.log') === BIG).toBe(true)
    expect(parts.map(({ path, size, sha256: sum }) => [path, size, sum])).toEqual([
      ['a.log.gz', bytes.length, sha256(bytes)],
      ['a.log.gz/a.log', BIG.length, sha256(Buffer.from(BIG))],
    ])
  })

  it('is a zip whose small members come along', async () => {
    const zip = zipOf([
      { name: 'a.log', data: BIG },
      { name: 'b.txt', data: 'small' },
    ])
    const { texts, said } = await read(zip, 'x.zip')
    expect(said).toEqual([])
    expect(texts.get('x.zip/a.log') === BIG).toBe(true)
    expect(texts.get('x.zip/b.txt')).toBe('small')
    expect(texts.get('x.zip')).toContain('a.log\nb.txt')
  })

  it('fails the scan where its bytes are no longer there', async () => {
    const bytes = zlib.gzipSync(BIG)
    const gone = (at: number, length: number) => {
      if (at > 100_000) throw new Error('the file became shorter while it was read')
      return bytes.subarray(at, at + length)
    }
    await expect(read(bytes, 'a.log.gz', gone)).rejects.toThrow(/shorter/)
  })
})

describe('a parser that was taken over', () => {
  it.each(['overtake', 'ask', 'elsewhere'])('is ended when it speaks out of turn: %s', async (deed) => {
    const hostile = sandboxOn(await hostileSandbox())
    try {
      const { texts, sink } = collecting()
      const input = { filename: 'a.pdf', declaredType: null, as: 'upload' } as const
      const isolate: Isolate = (part, to) => hostile.extract(part, to)
      const read = await extract({ ...input, bytes: hostileFile(deed) }, { isolate }, sink)
      expect(read.uninspected).toEqual([{ path: 'a.pdf', reason: 'corrupt', detail: 'parser crashed' }])
      expect([...texts.keys()].filter((path) => path !== 'a.pdf')).toEqual([])
      const next = await extract({ ...input, bytes: hostileFile('say', 'SIBLING') }, { isolate }, sink)
      expect(next.uninspected).toEqual([])
    } finally {
      hostile.close()
    }
  })
})
