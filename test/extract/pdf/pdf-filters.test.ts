import { constants, deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeStream } from '../../../src/extract/pdf/pdf-filters.ts'
import { isDict, PdfReader } from '../../../src/extract/pdf/pdf-value.ts'

function decode(data: Buffer | string, dict: string, maxBytes = 1_000_000) {
  const value = new PdfReader(dict).value()
  if (!isDict(value)) throw new Error('no dictionary')
  return decodeStream(Buffer.from(data as string, 'latin1'), value, maxBytes)
}

describe('filters of PDF streams', () => {
  it.each([
    ['none', 'plain', '<< >>', 'plain'],
    ['hexadecimal, an odd digit last', '48 65 6C6c6F7>', '<< /Filter /ASCIIHexDecode >>', 'Hellop'],
    ['base 85', '87cURD]j7BEbo80~>', '<< /Filter /ASCII85Decode >>', 'Hello world!'],
    ['base 85 with zeros', 'z87cUR~>', '<< /Filter [/A85] >>', '\0\0\0\0Hell'],
    ['runs', '\x04Hello\xfe!\x80rest', '<< /Filter /RunLengthDecode >>', 'Hello!!!'],
    // ISO 32000-2, 7.4.4.2, example 1.
    ['LZW', '\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01', '<< /Filter /LZWDecode >>', '-----A---B'],
    ['two, one after the other', deflateSync('Hello').toString('hex'), '<< /Filter [/AHx /Fl] >>', 'Hello'],
  ])('decode: %s', (_, data, dict, expected) => {
    expect(decode(data, dict).bytes?.toString('latin1')).toBe(expected)
  })

  it.each([
    ['sub', [1, 1, 1, 1], [1, 2, 3]],
    ['up', [0, 1, 2, 3, 2, 1, 1, 1], [1, 2, 3, 2, 3, 4]],
    ['average', [0, 4, 4, 4, 3, 2, 2, 2], [4, 4, 4, 4, 6, 7]],
    ['paeth', [0, 4, 5, 6, 4, 1, 1, 1], [4, 5, 6, 5, 6, 7]],
  ])('undo the predictor of PNG: %s', (_, rows, expected) => {
    const packed = deflateSync(Buffer.from(rows)).toString('latin1')
    const dict = '<< /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 3 >> >>'
    expect([...(decode(packed, dict).bytes ?? [])]).toEqual(expected)
  })

  it('gives nothing past the limit, and all at it', () => {
    const packed = deflateSync(Buffer.alloc(1000)).toString('latin1')
    expect(decode(packed, '<< /Filter /FlateDecode >>', 1000).bytes).toHaveLength(1000)
    expect(decode(packed, '<< /Filter /FlateDecode >>', 999)).toMatchObject({ bytes: null, isTooLarge: true })
    expect(decode('\x81a', '<< /Filter /RL >>', 127).isTooLarge).toBe(true)
    expect(decode('\x81a', '<< /Filter /RL >>', 128).bytes).toHaveLength(128)
  })

  it('make no more room than the data fills', () => {
    const wide = '/DecodeParms << /Predictor 12 /Colors 99999 /BitsPerComponent 99999 /Columns 999999 >>'
    const row = deflateSync(Buffer.from('\0row')).toString('latin1')
    expect(decode(row, `<< /Filter /FlateDecode ${wide} >>`).bytes?.toString('latin1')).toBe('row\0')
    const single = decode('\0a'.repeat(100_000), '<< /Filter /RL >>').bytes
    expect([single?.length, single?.every((byte) => byte === 0x61)]).toEqual([100_000, true])
    expect(decode('\0', '<< /Filter /RL >>').bytes).toHaveLength(0)
  })

  it('decode LZW to the limit and not past it', () => {
    const packed = '\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01'
    expect(decode(packed, '<< /Filter /LZW >>', 10).bytes).toHaveLength(10)
    expect(decode(packed, '<< /Filter /LZW >>', 9).isTooLarge).toBe(true)
  })

  it.each([
    ['early', '', 511],
    ['late', '/DecodeParms << /EarlyChange 0 >>', 512],
  ])('decode LZW whose codes grow %s', (_, parameters, last) => {
    // Bytes alone: each adds an entry to the table but the first, and none of them is used.
    const bits = Array.from({ length: 300 }, (_, i) => (i % 256).toString(2).padStart(258 + i > last ? 10 : 9, '0'))
    const packed = (bits.join('').match(/.{8}/g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 2)))
    const { bytes } = decode(packed.join(''), `<< /Filter /LZW ${parameters} >>`)
    expect([...(bytes ?? [])].slice(0, 299)).toEqual(Array.from({ length: 299 }, (_, i) => i % 256))
  })

  it('tells what breaks off from what is empty or lacks its checksum alone', () => {
    const packed = deflateSync(Buffer.from('some words '.repeat(50)))
    const flate = '<< /Filter /FlateDecode >>'
    expect(decode(packed.subarray(0, 20).toString('latin1'), flate).isBroken).toBe(true)
    expect(decode(packed.subarray(0, -4).toString('latin1'), flate).isBroken).toBe(false)
    expect(decode('', flate)).toMatchObject({ isBroken: false })
  })

  it('takes a stream for whole whose writer flushed it and did not end it', () => {
    const deflate = deflateSync(Buffer.from('some words '.repeat(50)), { finishFlush: constants.Z_SYNC_FLUSH })
    const flate = '<< /Filter /FlateDecode >>'
    const { bytes, isBroken } = decode(`${deflate.toString('latin1')}\r\n`, flate)
    expect([bytes?.toString(), isBroken]).toEqual(['some words '.repeat(50), false])
    expect(decode(deflate.subarray(0, -8).toString('latin1'), flate).isBroken).toBe(true)
  })

  it('gives what a stream with a wrong checksum shows, and says so', () => {
    const packed = deflateSync(Buffer.from('some words'))
    packed[packed.length - 1] = (packed.at(-1) ?? 0) ^ 1
    expect(decode(packed.toString('latin1'), '<< /Filter /FlateDecode >>')).toEqual({
      bytes: Buffer.from('some words'),
      isBroken: true,
      isTooLarge: false,
    })
  })

  it('gives nothing for filters of pictures', () => {
    expect(decode('x', '<< /Filter /DCTDecode >>')).toEqual({ bytes: null, isBroken: false, isTooLarge: false })
  })
})
