import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
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
