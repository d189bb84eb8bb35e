import { describe, expect, it } from 'vitest'
import type { IsolatedExtraction } from '../../src/extract/isolation.ts'
import { type Frame, FrameError, FrameReader, frameHead } from '../../src/scan/sandbox-frames.ts'
import { doneHeader, readSaid } from '../../src/scan/sandbox-messages.ts'

const HEADER_MAX = 64
const BODY_MAX = 32

function read(chunks: readonly Buffer[]): Frame[] {
  const reader = new FrameReader(HEADER_MAX, BODY_MAX)
  const frames: Frame[] = []
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(frame))
  return frames
}

const frame = (header: object, body = '') => Buffer.concat([frameHead(header, body.length), Buffer.from(body)])
const plain = (frames: readonly Frame[]) => frames.map(({ header, body }) => [header, Buffer.from(body).toString()])

describe('frames', () => {
  const wire = Buffer.concat([frame({ a: 1 }, 'one'), frame({}), frame({ b: 'ü' }, 'three')])
  const said = [
    [{ a: 1 }, 'one'],
    [{}, ''],
    [{ b: 'ü' }, 'three'],
  ]

  it.each([1, 2, 3, 7, 8, 9, 15, 1_000])('come in chunks of %d bytes', (size) => {
    const chunks = Array.from({ length: Math.ceil(wire.length / size) }, (_, at) =>
      wire.subarray(at * size, (at + 1) * size),
    )
    expect(plain(read(chunks))).toEqual(said)
  })

  it('are as large as they may be, and no larger', () => {
    const header = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
    expect(read([frame(header(HEADER_MAX), 'x'.repeat(BODY_MAX))])).toHaveLength(1)
    expect(() => read([frame(header(HEADER_MAX + 1))])).toThrow(FrameError)
    expect(() => read([frame({}, 'x'.repeat(BODY_MAX + 1))])).toThrow(FrameError)
    // Told by the lengths alone: what they announce is not waited for.
    expect(() => read([frameHead({}, 0xffffffff)])).toThrow(FrameError)
  })

  it('are held once: a body stands in one piece of memory that is exactly its own', () => {
    const [said] = read([...frame({ a: 1 }, 'x'.repeat(BODY_MAX))].map((byte) => Buffer.from([byte])))
    expect(said?.body.buffer.byteLength).toBe(BODY_MAX)
  })

  it('in front of nonsense are heard', () => {
    const frames: Frame[] = []
    const reader = new FrameReader(HEADER_MAX, BODY_MAX)
    const nonsense = Buffer.concat([frame({ a: 1 }), Buffer.alloc(64, 0xff)])
    expect(() => reader.push(nonsense, (each) => frames.push(each))).toThrow(FrameError)
    expect(plain(frames)).toEqual([[{ a: 1 }, '']])
  })
})

const extraction: IsolatedExtraction = {
  sniffedType: 'image/x-xcf',
  via: ['zip'],
  traits: ['attachment'],
  parts: [
    {
      id: 1,
      parent: 0,
      path: 'mail/a.zip/b.txt',
      filename: 'b.txt',
      declaredType: null,
      sniffedType: 'text/plain',
      size: 3,
      sha256: 'ab'.repeat(32),
      depth: 2,
      via: ['zip'],
      traits: [],
    },
  ],
  texts: [
    { part: 0, utf8: Buffer.from('b.txt') },
    { part: 1, utf8: Buffer.from('abc') },
  ],
  uninspected: [{ path: 'mail/a.zip/c.txt', reason: 'encrypted', detail: 'ZipCrypto' }],
  labels: [{ scheme: 'tlp', id: 'RED', name: 'RED', part: 'mail/a.zip/b.txt' }],
  prints: [{ part: 1, chunks: 'AAAA', picture: 'QUJD' }],
  left: { budget: { inflatedBytes: 1, textBytes: 2, parts: 3, ms: 4.5 }, pictures: { pictures: 5, ms: -1.5 } },
}
const use = { memoryBytes: 1, cpuMs: 1.5 }

/** As it comes out of a frame, but for one value; undefined leaves it out. */
function done(path: readonly (string | number)[] = [], value?: unknown): Frame {
  const header: unknown = JSON.parse(JSON.stringify(doneHeader(extraction, use)))
  const last = path.at(-1)
  if (last !== undefined) {
    const holder = path.slice(0, -1).reduce((from, name) => Reflect.get(Object(from), name) as unknown, header)
    if (value === undefined) Reflect.deleteProperty(Object(holder), last)
    else Reflect.set(Object(holder), last, value)
  }
  return { header, body: Buffer.from('b.txtabc') }
}

describe('what a sandbox says', () => {
  it('comes through whole', () => {
    const said = readSaid(done())
    expect(said).toEqual({ kind: 'done', extraction, use })
  })

  it.each<[string, (string | number)[], unknown]>([
    ['a field more', ['extra'], 1],
    ['a field less', ['labels'], undefined],
    ['a field of Object', ['parts', 0, 'constructor'], 'x'],
    ['a part that is not next', ['parts', 0, 'id'], 2],
    ['a part that holds itself', ['parts', 0, 'parent'], 1],
    ['a second root', ['parts', 0, 'parent'], null],
    ['a hash that is none', ['parts', 0, 'sha256'], '<b>'],
    ['a type that is none', ['sniffedType'], 'image/<b>'],
    ['a trait that is none', ['traits', 0], 'clean'],
    ['a reason that is none', ['uninspected', 0, 'reason'], 'fine'],
    ['a print of no part', ['prints', 0, 'part'], 2],
    ['a print that is no base64', ['prints', 0, 'chunks'], '<b>'],
    ['a text of no part', ['texts', 1, 0], 2],
    ['a text beyond the body', ['texts', 1, 1], 4],
    ['a text short of the body', ['texts', 1, 1], 2],
    ['a negative length', ['texts', 0, 1], -1],
    ['more budget than a number', ['left', 'budget', 'inflatedBytes'], null],
    ['an endless path', ['parts', 0, 'path'], 'x'.repeat(2_000_000)],
  ])('is not believed with %s', (_, path, value) => {
    expect(() => readSaid(done(path, value))).toThrow(FrameError)
  })

  it.each([
    null,
    1,
    'done',
    [],
    {},
    { kind: 'ready', at: 1 },
    { kind: 'at' },
    { kind: 'at', path: 1 },
    { kind: 'gone' },
  ])('is not believed when it is %j', (header) => {
    expect(() => readSaid({ header, body: new Uint8Array(0) })).toThrow(FrameError)
  })
})
