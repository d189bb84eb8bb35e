import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { extract } from '../../../src/extract/extract.ts'
import { endOfArchive } from '../../../src/extract/readers/archive-shape.ts'
import { SKIPPED_FRAMES_MAX } from '../../../src/extract/readers/skippable-frames.ts'
import { SPARSE_PIECES_MAX } from '../../../src/extract/readers/sparse-map.ts'
import { has, made, read, zipOf } from './making.ts'
import { rar4Of, rar5Of } from './making-rar.ts'

const CARD = 'card 4111 1111 1111 1111'
const files = { 'a.txt': CARD, 'b.txt': 'second file' }

function filled(text: string): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)])
}

function tarHeader(name: string, type: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write(size.toString(8).padStart(11, '0'), 124)
  header.write(`        ${type}`, 148)
  header.write('ustar\x0000', 257, 'latin1')
  return summed(header)
}

function summed(header: Buffer): Buffer {
  header.write('        ', 148)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  )
  return header
}

/** An archive of one sparse file in the old format whose first piece begins elsewhere than the others let it. */
function oldMapChanged(file: Buffer): Buffer {
  const changed = Buffer.from(file)
  changed.write('77777777777', 386, 'latin1')
  summed(changed.subarray(0, 512))
  return changed
}

describe('gzip', () => {
  it('joins members and names the child as the header does', async () => {
    const named = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 0x18, 0, 0, 0, 0, 0, 3]),
      Buffer.from('inner.txt\0a comment\0'),
      zlib.gzipSync('first ').subarray(10),
    ])
    const result = await read(Buffer.concat([named, zlib.gzipSync('second')]), 'x.gz')
    expect(result.textOf('inner.txt')).toBe('first second')
    expect(result.text).toContain('a comment')
  })

  it('reads what stands behind the last member, and keeps what a truncated one gives', async () => {
    const behind = await read(Buffer.concat([zlib.gzipSync('x'), Buffer.from('hidden behind it')]), 'x.txt.gz')
    expect(behind.text).toContain('hidden behind it')
    expect(behind.traits).toContain('trailing-data')
    const noise = Array.from({ length: 9000 }, (_, i) => String((i * 7919) % 10007)).join(' ')
    const packed = zlib.gzipSync(`${CARD} ${noise}`)
    const cut = await read(packed.subarray(0, packed.length / 2), 'x.txt.gz')
    expect(cut.text).toContain(CARD)
    expect(cut.reasons).toContain('corrupt')
  })

  it('says once that a header is broken', async () => {
    const broken = Buffer.concat([Buffer.from([0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 3]), Buffer.alloc(100, 0x41)])
    const result = await read(broken, 'x.gz')
    expect(result.said).toEqual(['corrupt gz header'])
  })

  it('stops a bomb', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const result = await read(bomb, 'x.gz', { limits: { inflatedMaxBytes: 1024 * 1024 } })
    expect(result.said).toContain('too-large gz')
  })
})

describe('single-file compressors', () => {
  const cases: readonly [string, string, Buffer | null][] = [
    ['zstd', 'a.txt.zst', zlib.zstdCompressSync(CARD)],
    [
      'zstd of two frames',
      'a.txt.zst',
      Buffer.concat([zlib.zstdCompressSync('card 4111 1111 '), zlib.zstdCompressSync('1111 1111')]),
    ],
    ['xz', 'a.txt.xz', has('xz') ? made('xz', ['-k', 'a.txt'], files, 'a.txt.xz') : null],
    ['lzma', 'a.txt.lzma', has('xz') ? made('xz', ['--format=lzma', '-k', 'a.txt'], files, 'a.txt.lzma') : null],
    ['bzip2', 'a.txt.bz2', has('bzip2') ? made('bzip2', ['-k', 'a.txt'], files, 'a.txt.bz2') : null],
    ['lz4', 'a.txt.lz4', has('lz4') ? made('lz4', ['-q', 'a.txt', 'a.txt.lz4'], files, 'a.txt.lz4') : null],
  ]
  it.each(cases.filter((c) => c[2] !== null))('%s', async (_, name, bytes) => {
    const result = await read(bytes ?? Buffer.alloc(0), name)
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.said).toEqual([])
  })

  it('lz4 as the first programs wrote it, and frames that decoders pass over', async () => {
    const block = (text: string) => Buffer.from([text.length + 1, 0, 0, 0, text.length << 4, ...Buffer.from(text)])
    const legacy = Buffer.concat([Buffer.from('02214c18', 'hex'), block('card 4111 '), block('1111 1111 1111')])
    const skipped = Buffer.from('\x52\x2a\x4d\x18\x11\0\0\0hidden in a frame', 'latin1')
    const plain = await read(Buffer.concat([legacy, legacy]), 'a.txt.lz4')
    expect(plain.textOf('a.txt')).toBe(`${CARD}${CARD}`)
    expect([plain.said, plain.traits.size]).toEqual([[], 0])
    const odd = await read(Buffer.concat([legacy, skipped, legacy]), 'a.txt.lz4')
    expect(odd.textOf('a.txt')).toBe(`${CARD}${CARD}`)
    expect(odd.textOf('[skippable]')).toBe('hidden in a frame')
    expect((await read(legacy.subarray(0, -2), 'a.txt.lz4')).said).toEqual(['corrupt lz4'])
  })

  it('frames that decoders pass over, up to a number, and whatever their length', async () => {
    const frame = (text: string) =>
      Buffer.concat([Buffer.from([0x52, 0x2a, 0x4d, 0x18, text.length, 0, 0, 0]), Buffer.from(text)])
    const lz4 = Buffer.concat([Buffer.from('02214c18', 'hex'), Buffer.from([5, 0, 0, 0, 4 << 4]), Buffer.from('text')])
    for (const [name, packed] of [
      ['a.txt.zst', zlib.zstdCompressSync(Buffer.from('text'))],
      ['a.txt.lz4', lz4],
    ] as const) {
      const said = async (count: number) => {
        const file = Buffer.concat([packed, frame('').subarray(0, 8), ...Array(count).fill(frame('4111')), packed])
        const { text, reasons } = await read(file, name)
        expect(text).toContain('4111')
        return [...reasons]
      }
      expect(await said(SKIPPED_FRAMES_MAX)).toEqual([])
      expect(await said(SKIPPED_FRAMES_MAX + 1)).toEqual(['too-large'])
    }
  })

  it.skipIf(!has('xz'))('lzma with other properties than the usual', async () => {
    const file = made('xz', ['--format=raw', '--lzma1=lc=1,lp=2,pb=0,dict=12288', '-k', '-c', 'a.txt'], files, '-')
    const head = Buffer.from([(0 * 5 + 2) * 9 + 1, 0, 0x30, 0, 0, ...Buffer.alloc(8, 0xff)])
    expect((await read(Buffer.concat([head, file]), 'a.txt.lzma')).text).toContain(CARD)
  })

  it('tells a broken stream and stops a bomb of each', async () => {
    const zero = Buffer.alloc(32 * 1024 * 1024)
    const bombs: [string, Buffer][] = [['x.zst', zlib.zstdCompressSync(zero)]]
    if (has('bzip2')) bombs.push(['x.bz2', made('bzip2', ['-k', 'z'], { z: zero }, 'z.bz2')])
    if (has('xz')) bombs.push(['x.xz', made('xz', ['-0', '-k', 'z'], { z: zero }, 'z.xz')])
    if (has('lz4')) bombs.push(['x.lz4', made('lz4', ['-q', 'z', 'z.lz4'], { z: zero }, 'z.lz4')])
    for (const [name, bytes] of bombs) {
      const result = await read(bytes, name, { limits: { inflatedMaxBytes: 256 * 1024 } })
      expect(result.reasons, name).toContain('too-large')
      const broken = Buffer.from(bytes)
      broken.fill(0x55, 12, 40)
      expect((await read(broken, name)).reasons.size, name).toBeGreaterThan(0)
    }
  })
})

describe('tar', () => {
  it.skipIf(!has('tar'))('reads every dialect', async () => {
    const long = `${'d'.repeat(90)}-${'n'.repeat(90)}.txt`
    for (const format of ['v7', 'ustar', 'gnu', 'pax']) {
      const name = format === 'v7' || format === 'ustar' ? 'a.txt' : long
      const file = made('tar', [`--format=${format}`, '-cf', 'x.tar', name], { [name]: CARD }, 'x.tar')
      const result = await read(file, 'x.tar')
      expect(result.textOf(name), format).toBe(CARD)
      expect(result.said, format).toEqual([])
    }
  })

  describe.skipIf(!has('tar'))('sparse files', () => {
    // Enough pieces for a header that continues.
    const content =
      Array.from({ length: 9 }, (_, i) => `${`piece ${i} `.repeat(100)}${'\0'.repeat(20_000)}`).join('') + CARD
    const formats = ['--format=gnu', ...['0.0', '0.1', '1.0'].map((v) => `--format=posix --sparse-version=${v}`)]
    const sparse = (format: string) => {
      const script = `cp --sparse=always a.txt b && mv b a.txt && tar ${format} --sparse -cf x.tar a.txt`
      return made('sh', ['-c', script], { 'a.txt': content }, 'x.tar')
    }

    it.each(formats)('come out with their holes: %s', async (format) => {
      const file = sparse(format)
      expect(file.length).toBeLessThan(content.length)
      const result = await extract({ bytes: file, filename: 'x.tar', declaredType: null, as: 'upload' })
      const digest = createHash('sha256').update(content).digest('hex')
      expect(result.parts[1]).toMatchObject({ path: 'x.tar/a.txt', size: content.length, sha256: digest })
      // Zeros between words are no text.
      expect(result.uninspected.map(({ reason }) => reason)).toEqual(['unsupported'])
    })

    it.each(formats)('come out with short holes where there is no room for all of them: %s', async (format) => {
      const result = await read(sparse(format), 'x.tar', { limits: { inflatedMaxBytes: 30_000 } })
      expect(result.textOf('a.txt')).toContain('piece 8 piece 8')
      expect(result.textOf('a.txt')).toContain(CARD)
      expect(result.said).toEqual(['unsupported application/octet-stream'])
    })

    it.each(formats)('are partial where their map is wrong: %s', async (format) => {
      const file = sparse(format)
      const size = String(content.length)
      const short = file.toString('latin1').replaceAll(`size=${size}`, `size=${'1'.padStart(size.length, '0')}`)
      const changed = format.includes('gnu') ? oldMapChanged(file) : Buffer.from(short, 'latin1')
      const result = await read(changed, 'x.tar')
      expect(result.said).toContain('partial sparse file')
      expect(result.text).toContain(CARD)
    })
  })

  it('goes on behind a sparse file whose map is longer than any file needs', async () => {
    const value = `GNU.sparse.map=${'0,1,'.repeat(SPARSE_PIECES_MAX)}0,1\n`
    const record = `${value.length + 7} ${value}`
    const file = Buffer.concat([
      tarHeader('x', 'x', record.length),
      filled(record),
      tarHeader('a.txt', '0', CARD.length),
      filled(CARD),
      Buffer.alloc(1024),
    ])
    const result = await read(file, 'x.tar')
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.said).toEqual(['partial sparse file'])
  })

  it('takes a size of pax whatever zeros stand in front of it', async () => {
    const size = String(CARD.length).padStart(24, '0')
    const record = `33 size=${size}\n`
    const file = Buffer.concat([
      tarHeader('x', 'x', record.length),
      filled(record),
      tarHeader('a.txt', '0', 0),
      filled(CARD),
    ])
    const result = await read(Buffer.concat([file, Buffer.alloc(1024)]), 'x.tar')
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.said).toEqual([])
  })

  it.skipIf(!has('tar'))('reads what hides behind the end and says where a header is broken', async () => {
    const file = made('tar', ['-cf', 'x.tar', 'a.txt', 'b.txt'], files, 'x.tar')
    const behind = await read(Buffer.concat([file, Buffer.from('hidden behind the tar')]), 'x.tar')
    expect(behind.text).toContain('hidden behind the tar')
    file.write('zzzz', 1024 + 148)
    const broken = await read(file, 'x.tar')
    expect(broken.said).toContain('corrupt tar header')
    expect(broken.text).toContain('second file')
  })
})

describe('archives by libarchive', () => {
  it.skipIf(!has('7z'))('reads 7z and says what is encrypted in it', async () => {
    const open = await read(made('7z', ['a', 'x.7z', 'a.txt', 'b.txt'], files, 'x.7z'), 'x.7z')
    expect(open.textOf('a.txt')).toBe(CARD)
    expect(open.said).toEqual([])
    const entries = await read(made('7z', ['a', '-psesame', 'x.7z', 'a.txt'], files, 'x.7z'), 'x.7z')
    expect(entries.said).toEqual(['encrypted archive entry'])
    const directory = await read(made('7z', ['a', '-psesame', '-mhe=on', 'x.7z', 'a.txt'], files, 'x.7z'), 'x.7z')
    expect(directory.said).toEqual(['encrypted archive directory'])
  })

  it.skipIf(!has('cpio') || !has('ar'))('reads cpio and ar', async () => {
    const cpio = await read(made('cpio', ['-o', '-H', 'newc'], files, '-', 'a.txt\nb.txt\n'), 'x.cpio')
    expect(cpio.textOf('a.txt')).toBe(CARD)
    const ar = await read(made('ar', ['rc', 'x.ar', 'a.txt'], files, 'x.ar'), 'x.ar')
    expect(ar.text).toContain(CARD)
  })

  it.skipIf(!has('7z'))('tells a broken archive', async () => {
    const file = made('7z', ['a', 'x.7z', 'a.txt'], files, 'x.7z')
    file.fill(0xff, 40)
    expect((await read(file, 'x.7z')).reasons.size).toBeGreaterThan(0)
  })
})

describe('archives that are not all there', () => {
  const folder = { ...files, 'c.txt': CARD }
  const packers: readonly [string, string, Buffer | null][] = [
    ['ar', 'x.a', has('ar') ? made('ar', ['rc', 'x.a', 'b.txt', 'c.txt'], folder, 'x.a') : null],
    [
      'cpio',
      'x.cpio',
      has('cpio') ? made('cpio', ['-o', '-H', 'newc', '--quiet'], folder, '-', 'b.txt\nc.txt\n') : null,
    ],
    ['7z', 'x.7z', has('7z') ? made('7z', ['a', 'x.7z', 'b.txt', 'c.txt'], folder, 'x.7z') : null],
  ]

  it.each(packers.filter((packer) => packer[2] !== null))('are told wherever they end: %s', async (_, name, file) => {
    const bytes = file ?? Buffer.alloc(0)
    const whole = await read(bytes, name)
    expect(whole.text).toContain(CARD)
    expect(whole.said).toEqual([])
    for (let length = 40; length < bytes.length - 1; length += 7) {
      const cut = await read(bytes.subarray(0, length), name)
      expect(cut.reasons.size > 0 || cut.text.includes(CARD), `${length} bytes`).toBe(true)
    }
  })

  it.skipIf(!has('7z'))('are told to be one volume of several', async () => {
    const noise = Buffer.from(Array.from({ length: 30_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff))
    const first = made('7z', ['a', '-v9k', '-m0=copy', 'x.7z', 'noise'], { noise }, 'x.7z.001')
    expect((await read(first, 'x.7z.001')).said).toContain('partial multi-volume')
    const rar4 = Buffer.from('526172211a0700cf907301000d00000000000000', 'hex')
    expect((await read(rar4, 'x.part1.rar')).said).toContain('partial multi-volume')
    const rar5 = Buffer.from('526172211a070100a1a2a3a405010000010000', 'hex')
    expect((await read(rar5, 'x.part1.rar')).said).not.toContain('partial multi-volume')
    rar5[15] = 1
    expect((await read(rar5, 'x.part1.rar')).said).toContain('partial multi-volume')
    const cabinet = Buffer.alloc(64)
    cabinet.write('MSCF')
    cabinet.writeUInt16LE(2, 30)
    expect((await read(cabinet, 'x.cab')).said).toContain('partial multi-volume')
  })
})

describe('archives that tell where they end', () => {
  it.skipIf(!has('7z'))('have what stands behind them read', async () => {
    const archive = made('7z', ['a', 'x.7z', 'a.txt'], files, 'x.7z')
    const result = await read(Buffer.concat([archive, Buffer.from('a hidden line')]), 'x.7z')
    expect(result.text).toContain('a hidden line')
    expect(result.traits).toContain('trailing-data')
    expect([...(await read(archive, 'x.7z')).traits]).toEqual([])
  })

  it.each([
    ['cabinet', 64, 64],
    ['cabinet of a lying size', 4_000_000_000, null],
    ['cabinet smaller than its header', 8, null],
  ])('are measured: %s', (_, size, end) => {
    const cabinet = Buffer.alloc(80)
    cabinet.write('MSCF')
    cabinet.writeUInt32LE(size, 8)
    expect(endOfArchive(cabinet)).toBe(end)
  })
})

describe('archives with a zip file as their last member', () => {
  const inner = zipOf([{ name: 'inner.txt', data: 'inside the zip file' }])
  const members = { 'notes.txt': CARD, 'inner.zip': inner }
  it.each([
    ['RAR 4', 'x.rar', rar4Of(members)],
    ['RAR 5', 'x.rar', rar5Of(members)],
    ['ar', 'x.a', has('ar') ? made('ar', ['rc', 'x.a', 'notes.txt', 'inner.zip'], members, 'x.a') : null],
  ])('are read as what they are, with all of their members: %s', async (_, name, bytes) => {
    if (bytes === null) return
    const result = await read(bytes, name)
    expect(result.textOf('notes.txt')).toBe(CARD)
    expect(result.textOf('inner.zip/inner.txt')).toBe('inside the zip file')
    expect(result.traits).not.toContain('polyglot')
    expect(result.said).toEqual([])
  })

  it('are polyglots where no member is that zip file, whatever they say of their length', async () => {
    const header = (name: string, { length }: Uint8Array | string) =>
      `${name.padEnd(16)}${'0'.padEnd(24)}${'644'.padEnd(8)}${String(length).padEnd(10)}\`\n`
    // The table of long names is part of the archive and none of its files.
    const pieces = [
      '!<arch>\n',
      header('notes.txt/', CARD),
      CARD,
      CARD.length % 2 ? '\n' : '',
      header('//', inner),
      inner,
    ]
    const result = await read(Buffer.concat(pieces.map((piece) => Buffer.from(piece))), 'x.a')
    expect(result.textOf('notes.txt')).toBe(CARD)
    expect(result.text).toContain('inside the zip file')
    expect(result.traits).toContain('polyglot')
  })

  it('are polyglots where it stands behind them', async () => {
    const result = await read(Buffer.concat([rar5Of({ 'notes.txt': CARD }), inner]), 'x.rar')
    expect(result.textOf('notes.txt')).toBe(CARD)
    expect(result.text).toContain('inside the zip file')
    expect(result.traits).toContain('polyglot')
  })
})

describe('self-extractors', () => {
  const stub = Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), Buffer.alloc(2000, 0x90)])

  it.skipIf(!has('7z'))('give up the archive behind their code, and stay unsupported for the code', async () => {
    const archive = made('7z', ['a', 'x.7z', 'a.txt'], files, 'x.7z')
    const mark = archive.subarray(0, 8)
    const result = await read(Buffer.concat([stub, mark, Buffer.alloc(100, 1), archive]), 'setup.exe')
    expect(result.text).toContain(CARD)
    expect(result.said).toEqual(['unsupported application/vnd.microsoft.portable-executable'])
    expect(result.traits).toContain('trailing-data')
  })

  it('are read for strings as any program', async () => {
    const result = await read(Buffer.concat([stub, Buffer.from('\0a string in it\0')]), 'tool.exe')
    expect(result.text).toContain('a string in it')
    expect(result.reasons).toContain('unsupported')
  })
})
