import { hash } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { readUpload } from '../reading.ts'
import { read } from './making.ts'

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(zlib.crc32(body), body.length + 4)
  return out
}

function pngOf(width: number, height: number, chunks: readonly Buffer[] = []): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const pixels = chunk('IDAT', zlib.deflateSync(Buffer.alloc((width + 1) * height)))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...chunks,
    pixels,
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A picture of RFC 9649 with chunks and the size that its file states. */
function webpOf(chunks: Readonly<Record<string, string>>, stated?: number): Buffer {
  const pieces = Object.entries(chunks).map(([type, data]) => {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(data.length)
    return Buffer.concat([Buffer.from(type), size, Buffer.from(data), Buffer.alloc(data.length % 2)])
  })
  const body = Buffer.concat([Buffer.from('WEBP'), ...pieces])
  const head = Buffer.from('RIFF\0\0\0\0')
  head.writeUInt32LE(stated ?? body.length, 4)
  return Buffer.concat([head, body])
}

/** A bitmap of `bits` and `compression` with these bytes between header and end, pixels from `pixelsAt` on. */
function bitmapOf(bits: number, compression: number, body: Buffer, pixelsAt = 54): Buffer {
  const out = Buffer.concat([bitmap().subarray(0, 54), body])
  out.writeUInt32LE(pixelsAt, 10)
  out.writeUInt16LE(bits, 28)
  out.writeUInt32LE(compression, 30)
  return out
}

/** The same with everything behind it counted as its own, in the size of the file and in that of the pixels. */
function lying(picture: Buffer, behind: Buffer): Buffer {
  const out = Buffer.concat([picture, behind])
  out.writeUInt32LE(out.length, 2)
  out.writeUInt32LE(out.length - 54, 34)
  return out
}

/** Two by two pixels of 24 bits, rows filled up to eight bytes; the size of the file left out. */
function bitmap(): Buffer {
  const out = Buffer.alloc(54 + 16, 0x33)
  out.fill(0, 0, 54)
  out.write('BM')
  out.writeUInt32LE(54, 10)
  out.writeUInt32LE(40, 14)
  out.writeInt32LE(2, 18)
  out.writeInt32LE(2, 22)
  out.writeUInt16LE(1, 26)
  out.writeUInt16LE(24, 28)
  return out
}

describe('pictures', () => {
  it('reads text chunks, plain and deflated', async () => {
    const result = await read(
      pngOf(16, 16, [
        chunk('tEXt', Buffer.from('Comment\0plain words')),
        chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), zlib.deflateSync('deflated words')])),
        chunk('iTXt', Buffer.from('Title\0\0\0\0\0international wörds')),
      ]),
      'x.png',
    )
    for (const text of ['plain words', 'deflated words', 'international wörds']) expect(result.text).toContain(text)
    expect(result.said).toEqual([])
  })

  it('tells pictures that may show text where that is not recognised, and leaves small ones alone', async () => {
    const off = { ocr: null }
    expect((await readUpload(pngOf(800, 600), {}, off)).uninspected).toEqual([
      'not-readable picture without text recognition',
    ])
    expect((await readUpload(pngOf(120, 40), {}, off)).uninspected).toEqual([])
  })

  it('reads what stands behind the picture', async () => {
    const result = await read(Buffer.concat([pngOf(16, 16), Buffer.from('hidden behind the picture')]), 'x.png')
    expect(result.text).toContain('hidden behind the picture')
    expect(result.traits).toContain('trailing-data')
  })

  it('takes a few odd bytes behind a picture for a trait, and more, or a file, for a part', async () => {
    const noise = (length: number) =>
      Buffer.concat(Array.from({ length: 32 }, (_, i) => hash('sha256', `${i}`, 'buffer'))).subarray(0, length)
    const few = await read(Buffer.concat([pngOf(16, 16), noise(40)]), 'x.png')
    expect(few.said).toEqual([])
    expect([...few.traits]).toEqual(['trailing-data'])
    const most = await read(Buffer.concat([pngOf(16, 16), noise(limits.extractTrailingNoiseMaxBytes)]), 'x.png')
    expect(most.said).toEqual([])
    const more = await read(Buffer.concat([pngOf(16, 16), noise(limits.extractTrailingNoiseMaxBytes + 1)]), 'x.png')
    expect(more.reasons).toContain('unsupported')
    expect(more.traits).toContain('trailing-data')
    const picture = pngOf(16, 16)
    const filled = await read(Buffer.concat([picture, noise(1024 - picture.length)]), 'x.png')
    expect(filled.said).toEqual([])
    expect(filled.traits).toContain('trailing-data')
    // PowerPoint fills its thumbnails up with tables of numbers, some of which pass for letters of UTF-16.
    const numbers = (count: number) =>
      Buffer.concat(Array.from({ length: count / 4 }, (_, i) => Buffer.from([0x61 + (i % 9), 0x06, 0, 0x15])))
    const memory = (bytes: number) =>
      Buffer.concat([picture, Buffer.alloc(-(picture.length + bytes) & 511), numbers(bytes)])
    const tables = await read(memory(limits.extractTrailingPaddingMaxBytes), 'x.png')
    expect(tables.said).toEqual([])
    expect(tables.traits).toContain('trailing-data')
    const longer = await read(memory(limits.extractTrailingPaddingMaxBytes + 4), 'x.png')
    expect(longer.reasons).toContain('unsupported')
    const hidden = 'Скрытый текст с номером договора. '.repeat(20)
    const text = Buffer.concat([
      picture,
      Buffer.alloc(-(picture.length + Buffer.byteLength(hidden)) & 511),
      Buffer.from(hidden),
    ])
    expect((await read(text, 'x.png')).text).toContain('номером договора')
    const archive = await read(Buffer.concat([pngOf(16, 16), zlib.gzipSync('a hidden line')]), 'x.png')
    expect(archive.text).toContain('a hidden line')
    expect(archive.traits).toContain('attachment')
    const padded = await read(Buffer.concat([pngOf(16, 16), Buffer.from('\r\n\0\0 \0')]), 'x.png')
    expect([...padded.traits]).toEqual([])
  })

  it.each<[string, Buffer]>([
    ['a.webp', Buffer.concat([Buffer.from('RIFF\x0c\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(4)])],
    ['a.bmp', bitmap()],
    ['a.heic', Buffer.from('0000001466747970686569630000000068656963' + '000000106d6461740102030405060708', 'hex')],
  ])('reads what stands behind %s', async (name, picture) => {
    const behind = await read(Buffer.concat([picture, zlib.gzipSync('a hidden line')]), name)
    expect(behind.text).toContain('a hidden line')
    expect(behind.traits).toContain('trailing-data')
    expect([...(await read(picture, name)).traits]).toEqual([])
  })

  it.each<[string, string, Buffer]>([
    ['a bitmap', 'a.bmp', lying(bitmap(), Buffer.from('a hidden line'))],
    ['masks', 'a.bmp', lying(bitmapOf(16, 3, Buffer.alloc(12 + 8, 7), 66), Buffer.from('a hidden line'))],
    [
      'run lengths',
      'a.bmp',
      lying(
        bitmapOf(
          8,
          1,
          Buffer.concat([Buffer.alloc(1024), Buffer.from('0201000000030102030000020101 0001'.replace(' ', ''), 'hex')]),
          1078,
        ),
        Buffer.from('a hidden line'),
      ),
    ],
    [
      'before the pixels',
      'a.bmp',
      bitmapOf(24, 0, Buffer.concat([Buffer.from('a hidden line'), Buffer.alloc(16)]), 67),
    ],
    ['a chunk of no known kind', 'a.webp', webpOf({ 'VP8 ': 'pixels', hide: 'a hidden line' })],
    [
      'no chunk',
      'a.webp',
      Buffer.concat([webpOf({ 'VP8 ': 'pixels' }, 40), Buffer.from('\x01a hidden line\x01 more')]),
    ],
  ])('reads what a file counts as its own but no viewer reads: %s', async (_, name, picture) => {
    const result = await read(picture, name)
    expect(result.text).toContain('a hidden line')
    expect(result.traits).toContain('trailing-data')
  })

  it('reads the strings of odd bytes', async () => {
    const odd = Buffer.concat([Buffer.from([1, 0, 2, 3]), Buffer.from('4111111111111111'), Buffer.from([0, 1, 5])])
    expect((await read(Buffer.concat([pngOf(16, 16), odd]), 'x.png')).text).toContain('4111111111111111')
  })

  it('takes the blocks that cameras put behind a picture one by one', async () => {
    const block = (name: string, data: Buffer) => {
      const head = Buffer.alloc(8)
      head.writeUInt32LE(name.length, 4)
      return Buffer.concat([head, Buffer.from(name), data])
    }
    const blocks = [
      block('Image_UTC_Data', Buffer.from('1700000000000')),
      block('Depth_Data', zlib.gzipSync('a line in a block')),
    ]
    const total = blocks.reduce((sum, { length }) => sum + length, 0)
    const directory = Buffer.alloc(12 + 12 * blocks.length + 8)
    directory.write('SEFH', 0)
    directory.writeUInt32LE(blocks.length, 8)
    let before = 0
    blocks.forEach((one, i) => {
      directory.writeUInt32LE(total - before, 12 + i * 12 + 4)
      directory.writeUInt32LE(one.length, 12 + i * 12 + 8)
      before += one.length
    })
    directory.writeUInt32LE(directory.length - 8, directory.length - 8)
    directory.write('SEFT', directory.length - 4)
    const whole = await read(Buffer.concat([pngOf(16, 16), ...blocks, directory]), 'x.png')
    expect(whole.said).toEqual([])
    for (const text of ['Image_UTC_Data', '1700000000000', 'a line in a block']) expect(whole.text).toContain(text)
    directory.writeUInt32LE(0xffffffff, 16)
    const lying = await read(Buffer.concat([pngOf(16, 16), ...blocks, directory]), 'x.png')
    expect(lying.traits).toContain('trailing-data')
  })

  it('reads comments of JPEG and GIF', async () => {
    const comment = Buffer.from('in a comment')
    const jpeg = Buffer.concat([
      Buffer.from('ffd8fffe', 'hex'),
      Buffer.from([0, comment.length + 2]),
      comment,
      Buffer.from('ffd9', 'hex'),
    ])
    expect((await read(jpeg, 'x.jpg')).text).toContain('in a comment')
    const gif = Buffer.concat([
      Buffer.from('GIF89a\x08\x00\x08\x00\x00\x00\x00', 'latin1'),
      Buffer.from([0x21, 0xfe, comment.length]),
      comment,
      Buffer.from([0, 0x3b]),
    ])
    expect((await read(gif, 'x.gif')).text).toContain('in a comment')
  })

  it('reads words of the previews in OpenDocument', async () => {
    const words = Buffer.concat([
      Buffer.from('VCLMTF\x01\x00', 'latin1'),
      Buffer.alloc(20),
      Buffer.from('drawn cell', 'utf16le'),
    ])
    const result = await read(words, 'TablePreview1.svm')
    expect(result.text).toContain('drawn cell')
    expect(result.said).toEqual([])
  })

  it('reads words that metafiles draw', async () => {
    const words = Buffer.from('drawn words', 'utf16le')
    const record = Buffer.alloc(76 + words.length)
    record.writeUInt32LE(84, 0)
    record.writeUInt32LE(record.length, 4)
    record.writeUInt32LE(words.length / 2, 44)
    record.writeUInt32LE(76, 48)
    words.copy(record, 76)
    const header = Buffer.alloc(88)
    header.writeUInt32LE(1, 0)
    header.writeUInt32LE(88, 4)
    header.write(' EMF', 40, 'latin1')
    const result = await read(Buffer.concat([header, record]), 'x.emf')
    expect(result.text).toContain('drawn words')
  })
})
