import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { packedKindOf } from '../../../src/extract/readers/packed-data.ts'
import { read } from './making.ts'

const text = (mark: number, value: string) => Buffer.concat([Buffer.from([mark + value.length]), Buffer.from(value)])
const bytes = (...pieces: (number | Buffer)[]) =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'number' ? Buffer.from([piece]) : piece)))

const card = '4995742143324248'
const cborFile = bytes(
  0xa2,
  text(0x60, 'card'),
  text(0x60, card),
  text(0x60, 'list'),
  0x83,
  0x18,
  0xff,
  0x20,
  0xfb,
  Buffer.from('3ff8000000000000', 'hex'),
)
const packFile = bytes(
  0x82,
  text(0xa0, 'card'),
  text(0xa0, card),
  text(0xa0, 'list'),
  0x93,
  0xcc,
  0xff,
  0xff,
  0xcb,
  Buffer.from('3ff8000000000000', 'hex'),
)

describe('data that programs pack', () => {
  it.each([
    ['CBOR', 'cbor', cborFile],
    ['MessagePack', 'msgpack', packFile],
  ] as const)('is read, a value behind its name: %s', async (_, kind, file) => {
    expect(packedKindOf(file)).toBe(kind)
    const result = await read(file, 'a.bin')
    expect(result.text).toContain(`card\t${card}\nlist\t255\n-1\n1.5`)
    expect(result.said).toEqual([])
  })

  it('is read in pieces, behind tags and in strings of bytes', async () => {
    const pieces = bytes(0x7f, text(0x60, '4995'), text(0x60, '7421'), 0xff)
    const file = bytes(0xd9, 0xd9, 0xf7, 0xbf, text(0x60, 'a'), pieces, text(0x60, 'b'), text(0x40, 'card 4908'), 0xff)
    const result = await read(file, 'a.bin')
    expect(result.text).toContain('a\t49957421\nb\tcard 4908')
    expect(result.said).toEqual([])
  })

  it.each([
    ['CBOR', '821b56c9157e8f3aa2f53b7fffffffffffffff', '6253553190893691637\n-9223372036854775808'],
    ['MessagePack', '92cf56c9157e8f3aa2f5d38000000000000000', '6253553190893691637\n-9223372036854775808'],
  ])('keeps every digit of numbers of eight bytes: %s', async (_, hex, numbers) => {
    expect((await read(Buffer.from(hex, 'hex'), 'a.bin')).text).toContain(numbers)
  })

  it.each([
    ['a list of fifteen', '\x9f378282246310005'],
    ['a list with a count in two bytes', `\xdc\x20\x20${'378282246310005 '.repeat(514)}`],
  ])('is read as text too where it may be one: %s', async (_, content) => {
    const file = Buffer.from(content, 'latin1')
    expect(packedKindOf(file)).toBe('msgpack')
    expect((await read(file, 'a.txt')).text).toContain('378282246310005')
  })

  it('is read for files in it', async () => {
    const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')
    const file = bytes(0x81, text(0xa0, 'picture'), 0xc4, gif.length, gif)
    expect((await read(file, 'a.bin')).paths).toContain('[bytes 1]')
  })

  it.each([
    ['cut off', cborFile.subarray(0, -1)],
    ['a count that lies', Buffer.from('9b7fffffffffffffff00000000', 'hex')],
    ['a length that lies', Buffer.from('8261617bffffffffffffffff00', 'hex')],
    ['nothing at the top but a string', Buffer.concat([Buffer.from([0x70]), Buffer.alloc(16, 0x61)])],
  ])('is no such data: %s', (_, file) => {
    expect(packedKindOf(file)).toBe(null)
  })

  it('is no such data when deeper than the limit', () => {
    const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x81), Buffer.from('a0', 'hex')])
    expect(packedKindOf(nested(limits.extractXmlDepthMax))).toBe('cbor')
    expect(packedKindOf(nested(limits.extractXmlDepthMax + 1))).toBe(null)
  })
})

describe('shortcuts of Windows', () => {
  const link = (flags: number, ...pieces: Buffer[]) => {
    const head = Buffer.alloc(76)
    head.write('L\0\0\0\x01\x14\x02\0', 'latin1')
    head.writeUInt32LE(flags, 20)
    return Buffer.concat([head, ...pieces, Buffer.alloc(4)])
  }
  const string = (value: string) => Buffer.concat([Buffer.from([value.length, 0]), Buffer.from(value, 'utf16le')])

  it('are read for all their strings', async () => {
    const file = link(4 | 32 | 128, string('a description'), string('--card 4995742143324248'))
    const { text, said, traits } = await read(file, 'a.lnk')
    expect(text).toContain('a description\n--card 4995742143324248')
    expect(said).toEqual([])
    expect(traits).not.toContain('trailing-data')
  })

  it('are read behind their end, and corrupt when cut off', async () => {
    const file = link(4 | 128, string('a description'))
    const more = await read(Buffer.concat([file, Buffer.from('card 4995742143324248 behind')]), 'a.lnk')
    expect(more.text).toContain('card 4995742143324248 behind')
    expect(more.traits).toContain('trailing-data')
    expect((await read(file.subarray(0, 77), 'a.lnk')).said).toEqual(['corrupt lnk'])
  })
})
