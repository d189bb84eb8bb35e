import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { contentChunks } from '../../../src/extract/prints/content-chunks.ts'
import { SKIPPED_FRAMES_MAX } from '../../../src/extract/readers/skippable-frames.ts'
import { has, made, zipOf } from '../formats/making.ts'
import { lines, sha256, streamed } from './streamed.ts'

const BIG = lines(400_000)
const SMALL_TEXT = 'small file with card 4111 1111 1111 1111'
const files = { 'a.txt': BIG, 'b.txt': SMALL_TEXT }
const tar = (...names: string[]) => made('tar', ['-cf', 'x.tar', ...names], files, 'x.tar')
const zip = zipOf([
  { name: 'a.txt', data: BIG },
  { name: 'b.txt', data: SMALL_TEXT },
  { name: 'c.txt', data: BIG, store: true },
])

/** Stored, so that what is read is large as well. */
const gzipped = (content: string | Uint8Array) => zlib.gzipSync(content, { level: 0 })

type Single = [id: string, filename: string, make: () => Buffer]
const tools: readonly (readonly [string, Single])[] = [
  ['bzip2', ['bz2', 'a.txt.bz2', () => made('bzip2', ['-1', '-k', 'a.txt'], files, 'a.txt.bz2')]],
  ['xz', ['xz', 'a.txt.xz', () => made('xz', ['-0', '-k', 'a.txt'], files, 'a.txt.xz')]],
  ['xz', ['lzma', 'a.txt.lzma', () => made('xz', ['-0', '--format=lzma', '-k', 'a.txt'], files, 'a.txt.lzma')]],
  ['lz4', ['lz4', 'a.txt.lz4', () => made('lz4', ['-q', 'a.txt', 'o.lz4'], files, 'o.lz4')]],
  ['lz4', ['lz4', 'a.txt.lz4', () => made('lz4', ['-q', '-l', 'a.txt', 'o.lz4'], files, 'o.lz4')]],
]
/** A frame that decoders pass over, with what pzstd writes into one. */
const SIZE_FRAME = Buffer.from('502a4d1804000000aa000000', 'hex')
const singles: readonly Single[] = [
  ['gz', 'a.txt.gz', () => gzipped(BIG)],
  ['gz', 'a.txt.gz', () => zlib.gzipSync(BIG)],
  ['gz', 'a.txt.gz', () => Buffer.concat([gzipped(BIG.slice(0, 100_001)), zlib.gzipSync(BIG.slice(100_001))])],
  ['zst', 'a.txt.zst', () => zlib.zstdCompressSync(BIG)],
  [
    'zst',
    'a.txt.zst',
    () => Buffer.concat([zlib.zstdCompressSync(BIG.slice(0, 200_000)), zlib.zstdCompressSync(BIG.slice(200_000))]),
  ],
  ['zst', 'a.txt.zst', () => Buffer.concat([SIZE_FRAME, zlib.zstdCompressSync(BIG), SIZE_FRAME])],
  ...tools.filter(([tool]) => has(tool)).map(([, single]) => single),
]

describe('a large text in one compressor', () => {
  it.each(singles)('%s is handed on as it comes out', async (id, filename, make) => {
    const bytes = make()
    const result = await streamed(bytes, filename, { limits: { streamFromBytes: 8 * 1024 } })
    const path = `${filename}/a.txt`
    expect(result.said).toEqual([])
    expect(result.passed.get(path) === BIG).toBe(true)
    expect(result.ended).toContain(path)
    const part = result.extraction.parts.find((one) => one.path === path)
    expect(part).toMatchObject({ size: BIG.length, sha256: sha256(Buffer.from(BIG)), via: [id], depth: 1 })
    expect(result.extraction.parts[0]).toMatchObject({ size: bytes.length, sha256: sha256(bytes) })
    expect(result.extraction.texts).toEqual([])
  })

  it.each(singles)('%s that is cut off is told, with what came out before', async (_id, filename, make) => {
    const bytes = make()
    const cut = bytes.subarray(0, Math.floor(bytes.length * 0.7))
    const result = await streamed(cut, filename, { limits: { streamFromBytes: 8 * 1024 } })
    expect(result.said.join()).toMatch(/corrupt/)
    const came = result.passed.get(`${filename}/a.txt`) ?? ''
    expect(BIG.startsWith(came.trimEnd())).toBe(true)
  })

  it('has what stands behind it read', async () => {
    const result = await streamed(Buffer.concat([gzipped(BIG), Buffer.from('hidden behind it')]), 'a.txt.gz')
    expect(result.passed.get('a.txt.gz/[trailing]')).toBe('hidden behind it')
    expect(result.extraction.parts[0]?.traits).toContain('trailing-data')
  })

  it('has what decoders pass over read apart', async () => {
    const frame = Buffer.from('\x5b\x2a\x4d\x18\x0f\0\0\0hidden in frame', 'latin1')
    const file = Buffer.concat([frame, zlib.zstdCompressSync(BIG)])
    const result = await streamed(file, 'a.txt.zst', { limits: { streamFromBytes: 8 * 1024 } })
    expect(result.passed.get('a.txt.zst/a.txt') === BIG).toBe(true)
    expect(result.passed.get('a.txt.zst/[skippable]')).toBe('hidden in frame')
    expect(result.extraction.parts[0]?.traits).toContain('trailing-data')
    const long = Buffer.concat([frame.subarray(0, 4), Buffer.from([1, 0x20, 0, 0]), Buffer.alloc(0x2001, 0x41), file])
    expect((await streamed(long, 'a.txt.zst', { limits: { streamFromBytes: 8 * 1024 } })).said).toEqual([
      'a.txt.zst: too-large zst',
    ])
  })

  it('stops at too many frames that decoders pass over', async () => {
    const frame = Buffer.from('\x5b\x2a\x4d\x18\x05\0\0\0words', 'latin1')
    const said = async (count: number) => {
      const file = Buffer.concat([zlib.zstdCompressSync(BIG), ...Array(count).fill(frame)])
      return (await streamed(file, 'a.txt.zst', { limits: { streamFromBytes: 8 * 1024 } })).said
    }
    expect(await said(SKIPPED_FRAMES_MAX)).toEqual([])
    expect(await said(SKIPPED_FRAMES_MAX + 1)).toEqual(['a.txt.zst: too-large zst'])
  })

  it('stops at what the message may unpack to, and at its ratio', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024, 'nothing at all\n'))
    const bounds = { streamFromBytes: 8 * 1024, inflatedMaxBytes: 1024 * 1024, ratioFloorBytes: 0 }
    const result = await streamed(bomb, 'a.txt.gz', { limits: { ...bounds, ratioMax: 20 } })
    expect(result.said).toEqual(['a.txt.gz: too-large gz'])
    expect(result.passed.get('a.txt.gz/a.txt')?.length).toBeLessThanOrEqual(bomb.length * 20)
    const other = await streamed(bomb, 'a.txt.gz', { limits: { ...bounds, ratioMax: 1_000 } })
    expect(other.said).toEqual(['a.txt.gz: too-large gz'])
  })

  it('is read in little memory', async () => {
    const text = lines(6_000_000)
    const result = await streamed(gzipped(text), 'a.txt.gz')
    expect(result.passed.get('a.txt.gz/a.txt') === text).toBe(true)
    expect(result.mostAtOnce).toBeLessThanOrEqual(1024 * 1024)
  })
})

describe('a large archive', () => {
  it.skipIf(!has('tar')).each(['tar', 'tar.gz', 'tar.zst'])('%s has its members read one by one', async (suffix) => {
    const plain = tar('a.txt', 'b.txt')
    const bytes = suffix === 'tar' ? plain : suffix === 'tar.gz' ? gzipped(plain) : zlib.zstdCompressSync(plain)
    const result = await streamed(bytes, `x.${suffix}`, { limits: { streamFromBytes: 8 * 1024 } })
    const root = suffix === 'tar' ? 'x.tar' : `x.${suffix}/x.tar`
    expect(result.said).toEqual([])
    expect(result.passed.get(`${root}/a.txt`) === BIG).toBe(true)
    expect(result.passed.get(`${root}/b.txt`)).toBe(SMALL_TEXT)
    expect(result.extraction.parts.find(({ path }) => path === `${root}/a.txt`)?.sha256).toBe(sha256(Buffer.from(BIG)))
    expect(result.passed.get(root)).toContain('a.txt\nb.txt')
  })

  it.skipIf(!has('tar'))('tar that is cut off says where', async () => {
    const result = await streamed(tar('b.txt', 'a.txt').subarray(0, 200_000), 'x.tar')
    expect(result.said).toEqual(['x.tar/a.txt: corrupt truncated'])
    expect(BIG.startsWith(result.passed.get('x.tar/a.txt') ?? '?')).toBe(true)
    expect(result.passed.get('x.tar/b.txt')).toBe(SMALL_TEXT)
  })

  it('zip is read by its directory', async () => {
    const result = await streamed(zip, 'x.zip')
    expect(result.said).toEqual([])
    for (const name of ['a.txt', 'c.txt']) expect(result.passed.get(`x.zip/${name}`) === BIG, name).toBe(true)
    expect(result.passed.get('x.zip/b.txt')).toBe(SMALL_TEXT)
    expect(result.extraction.parts.map(({ path, size }) => [path, size])).toEqual([
      ['x.zip', zip.length],
      ['x.zip/a.txt', BIG.length],
      ['x.zip/b.txt', SMALL_TEXT.length],
      ['x.zip/c.txt', BIG.length],
    ])
  })

  it('zip with a wrong checksum, or cut off, is told', async () => {
    const wrong = Buffer.from(zip)
    const at = wrong.lastIndexOf(BIG.slice(1_000, 1_050))
    wrong.write('#', at + 1)
    expect((await streamed(wrong, 'x.zip')).said).toEqual(['x.zip/c.txt: corrupt checksum'])
    const cut = await streamed(zip.subarray(0, zip.length - 300_000), 'x.zip')
    expect(cut.said).toContain('x.zip: corrupt no central directory')
    expect(cut.passed.get('x.zip/a.txt') === BIG).toBe(true)
  })

  it('has what its directory does not account for read', async () => {
    const hiding = zipOf([
      { name: 'a.txt', data: BIG, store: true },
      { name: 'b.txt', data: SMALL_TEXT, before: Buffer.from('hidden between entries') },
    ])
    const result = await streamed(hiding, 'x.zip')
    expect(result.passed.get('x.zip/[gap]')).toBe('hidden between entries')
  })

  it.skipIf(!has('genisoimage')).each([
    ['names of old', []],
    ['Rock Ridge', ['-R']],
    ['Joliet', ['-J']],
    ['both', ['-J', '-R']],
  ])('image of ISO 9660 is read by its directories: %s', async (kind, flags) => {
    const folder = { 'a.txt': BIG, 'b c ö.txt': SMALL_TEXT, 'c.txt': '' }
    const image = made(
      'genisoimage',
      ['-quiet', '-V', 'VOLUME', ...flags, '-o', 'x.iso', '-m', 'x.iso', '.'],
      folder,
      'x.iso',
    )
    const result = await streamed(image, 'x.iso')
    expect(result.said).toEqual([])
    const texts = [...result.passed]
    expect(texts.filter(([, text]) => text === BIG)).toHaveLength(1)
    expect(texts.filter(([, text]) => text === SMALL_TEXT)).toHaveLength(1)
    if (kind !== 'names of old') expect(result.passed.get('x.iso/b c ö.txt')).toBe(SMALL_TEXT)
    expect(result.passed.get('x.iso')).toContain('VOLUME')
    const cut = await streamed(image.subarray(0, image.length - 500_000), 'x.iso')
    expect(cut.said.join()).toMatch(/corrupt/)
  })

  it('has the prints of a file that was held', async () => {
    const prints = { chunks: true, pictures: false }
    const { extraction, said } = await streamed(zip, 'x.zip', { prints })
    const { chunks } = contentChunks(zip)
    expect(chunks).not.toBe('')
    expect(said).toEqual([])
    expect(extraction.prints).toEqual([{ part: 0, chunks }])
  })

  it('mbox has its messages read one by one', async () => {
    const message = (at: number) =>
      `From a@x.example Mon Nov 23 10:00:00 2026\nFrom: a@x.example\nTo: b@y.example\nSubject: no. ${at}\n\nbody ${at}\n${lines(4_000)}\n`
    const box = Array.from({ length: 60 }, (_, at) => message(at)).join('')
    const result = await streamed(Buffer.from(box), 'mail.mbox')
    expect(result.said).toEqual([])
    expect(result.extraction.parts.filter(({ depth }) => depth === 1)).toHaveLength(60)
    const texts = [...result.passed.values()].join('\n')
    for (const at of [0, 31, 59]) expect(texts).toContain(`body ${at}\n`)
  })

  it.skipIf(!has('tar'))('has a member read whole that is read by its places', async () => {
    const outer = made('tar', ['-cf', 'x.tar', 'in.zip'], { 'in.zip': zip }, 'x.tar')
    const limits = { streamFromBytes: 8 * 1024 }
    const result = await streamed(zlib.gzipSync(outer), 'x.tar.gz', { limits })
    expect(result.said).toEqual([])
    expect(result.passed.get('x.tar.gz/x.tar/in.zip/a.txt') === BIG).toBe(true)
    expect(result.passed.get('x.tar.gz/x.tar/in.zip/b.txt')).toBe(SMALL_TEXT)
  })
})
