import { describe, expect, it } from 'vitest'
import { read, zipOf } from './making.ts'

/** Protocol buffers: varints, and fields with a length in front. */
function varint(value: number): Buffer {
  const out: number[] = []
  let left = value
  do {
    out.push((left % 128) | (left >= 128 ? 0x80 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return Buffer.from(out)
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)])
const double = (field: number, value: number) => {
  const out = Buffer.alloc(8)
  out.writeDoubleLE(value)
  return Buffer.concat([varint(field * 8 + 1), out])
}
const bytes = (field: number, ...parts: (Buffer | string)[]) => {
  const data = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data])
}

type Item = readonly [id: number, type: number, data: Buffer]

/** Objects behind their headers, in one chunk of snappy without any copies. */
function iwaOf(...items: readonly Item[]): Buffer {
  const body = Buffer.concat(
    items.flatMap(([id, type, data]) => {
      const info = Buffer.concat([number(1, id), bytes(2, number(1, type), number(3, data.length))])
      return [varint(info.length), info, data]
    }),
  )
  const packed = Buffer.concat([varint(body.length), Buffer.from([61 << 2]), Buffer.alloc(2), body])
  packed.writeUInt16LE(body.length - 1, packed.length - body.length - 2)
  const head = Buffer.alloc(4)
  head.writeUIntLE(packed.length, 1, 3)
  return Buffer.concat([head, packed])
}

const reference = (id: number) => number(1, id)

function decimal(digits: bigint, power: number): Buffer {
  const out = Buffer.alloc(16)
  let left = digits
  for (let i = 0; i < 14; i++, left >>= 8n) out[i] = Number(left & 0xffn)
  const biased = power + 0x1820
  out[14] = (biased << 1) & 0xff
  out[15] = (biased >> 7) & 0x7f
  return out
}

function cell(flags: number, ...values: Buffer[]): Buffer {
  const head = Buffer.alloc(12)
  head[0] = 5
  head.writeUInt32LE(flags, 8)
  return Buffer.concat([head, ...values])
}

function key(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}

function row(cells: readonly Buffer[]): Buffer {
  const places = Buffer.alloc(cells.length * 2)
  let at = 0
  cells.forEach((one, i) => {
    places.writeUInt16LE(one.length === 0 ? 0xffff : at, i * 2)
    at += one.length
  })
  return bytes(5, number(1, 0), bytes(6, ...cells), bytes(7, places))
}

const strings: Item = [11, 6005, Buffer.concat([number(1, 1), bytes(3, number(1, 7), bytes(3, 'Card number'))])]
const model: Item = [
  10,
  6001,
  Buffer.concat([
    bytes(4, bytes(3, bytes(1, number(1, 0), bytes(2, reference(12)))), bytes(4, reference(11))),
    bytes(8, 'Accounts'),
  ]),
]
const tile: Item = [
  12,
  6002,
  Buffer.concat([
    row([cell(8, key(7)), Buffer.alloc(0), cell(1, decimal(4929123456789012n, 0))]),
    row([cell(1, decimal(125n, -1)), cell(1, decimal(12345678901234567n, -2))]),
  ]),
]
const packageOf = (...items: readonly Item[]) =>
  zipOf([
    { name: 'Index/Document.iwa', data: iwaOf([1, 1, bytes(3, 'a title')]), store: true },
    { name: 'Index/Tables/Tile.iwa', data: iwaOf(...items), store: true },
  ])

describe('iWork since 2013', () => {
  it('reads tables row by row, numbers as numbers', async () => {
    const result = await read(packageOf(model, strings, tile), 'x.numbers')
    expect(result.said).toEqual([])
    expect(result.text).toContain('Accounts\nCard number\t\t4929123456789012\n12.5\t123456789012346\n')
  })

  it('reads every string, breaks in it too, whether it could be a message or not', async () => {
    const story = bytes(3, 'first page\x05second page\x0e')
    const nested = bytes(1, bytes(2, bytes(3, '1234567890'.repeat(5))), double(4, 4929123456789012))
    const result = await read(packageOf([20, 2001, story], [21, 9999, nested]), 'x.pages')
    expect(result.said).toEqual([])
    expect(result.text).toContain('first page\nsecond page')
    expect(result.text.split('\n')).toContain('1234567890'.repeat(5))
    expect(result.text).toContain('4929123456789012')
  })

  it.each([
    ['2013', 1, 8, 0x18c, 5],
    ['2015', 4, 12, 0xd8c, 7],
  ])('reads tables of %s, styles and formats passed over', async (_, version, headBytes, styles, count) => {
    const old = (flags: number, ...values: Buffer[]) => {
      const head = Buffer.alloc(headBytes)
      head[0] = version
      head.writeUInt32LE(flags | styles | 2, 4)
      return Buffer.concat([head, Buffer.alloc(4 * count, 0x55), ...values])
    }
    const real = (value: number) => {
      const out = Buffer.alloc(8)
      out.writeDoubleLE(value)
      return out
    }
    const cells = [old(0x10, key(7)), old(0x20, real(4929123456789012)), old(0x40, real(86_400 * 366))]
    const places = Buffer.alloc(8, 0xff)
    let at = 0
    for (const [i, one] of cells.entries()) {
      places.writeUInt16LE(at, i * 2)
      at += one.length
    }
    const rows: Item = [12, 6002, bytes(5, number(1, 0), bytes(3, ...cells), bytes(4, places))]
    const result = await read(packageOf(model, strings, rows), 'x.numbers')
    expect(result.text).toContain('Card number\t4929123456789012\t2002-01-02')
    expect(result.said).toEqual([])
  })

  it('tells tables of later versions, and archives that are cut off', async () => {
    const later: Item = [12, 6002, bytes(5, number(1, 0), bytes(6, Buffer.alloc(20, 6)), bytes(7, Buffer.alloc(2)))]
    expect((await read(packageOf(model, strings, later), 'x.numbers')).said).toEqual(['partial iWork tables'])
    const cut = iwaOf([1, 1, bytes(3, 'a title')])
    const file = zipOf([{ name: 'Index/Document.iwa', data: cut.subarray(0, cut.length - 4), store: true }])
    expect((await read(file, 'x.pages')).reasons).toContain('corrupt')
  })

  it('survives references in circles and places outside', async () => {
    const self: Item = [10, 6001, bytes(4, bytes(3, bytes(1, bytes(2, reference(10)))), bytes(4, reference(10)))]
    const wild: Item = [12, 6002, bytes(5, bytes(6, Buffer.from([5])), bytes(7, Buffer.from('ffeeddcc', 'hex')))]
    expect((await read(packageOf(self, model, wild), 'x.numbers')).text).toContain('a title')
  })
})
