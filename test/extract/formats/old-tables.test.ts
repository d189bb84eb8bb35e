import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { read } from './making.ts'

const u16 = (...values: number[]) => Buffer.from(values.flatMap((v) => [v & 0xff, (v >> 8) & 0xff]))
const double = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}
const records = (...items: [type: number, ...data: Buffer[]][]) =>
  Buffer.concat(
    items.map(([type, ...data]) => {
      const whole = Buffer.concat(data)
      return Buffer.concat([u16(type, whole.length), whole])
    }),
  )
const END: [number] = [1]

describe('lotus', () => {
  /** A cell of WK1: format, column, row. */
  const wk1 = (column: number, row: number) => Buffer.concat([Buffer.from([0xff]), u16(column, row)])

  it('reads cells of 1-2-3 and what else is said', async () => {
    const file = records(
      [0, u16(0x406)],
      [0x0f, wk1(1, 1), Buffer.from('^4111 1111\0')],
      [0x0f, wk1(0, 0), Buffer.from("'Caf\x82\0", 'latin1')],
      [0x0d, wk1(1, 0), u16(0xfffe)],
      [0x0e, wk1(0, 1), double(4111111111111111)],
      [0x10, wk1(0, 2), double(Number.NaN), u16(7), Buffer.from('\x06hidden\0')],
      [0x33, wk1(0, 2), Buffer.from('cached\0')],
      [0x0b, Buffer.from('RANGENAME\0')],
      END,
      [0x99, Buffer.from('behind the end')],
    )
    const result = await read(file, 'x.wk1')
    expect(result.text).toContain('Caf\u00e9\t-2\n4111111111111111\t4111 1111\ncached\n')
    for (const text of ['hidden', 'RANGENAME', 'behind the end']) expect(result.text).toContain(text)
    expect(result.said).toEqual([])
  })

  it('reads a file behind the end as one', async () => {
    const file = records([0, u16(0x406)], [0x0d, wk1(0, 0), u16(7)], END)
    const result = await read(Buffer.concat([file, gzipSync('behind the records')]), 'x.wk1')
    expect(result.text).toContain('behind the records')
    expect(result.traits).toContain('trailing-data')
    expect(result.said).toEqual([])
  })

  it('reads cells of Quattro Pro for Windows, page by page, and of Works', async () => {
    const wb2 = (column: number, page: number, row: number) => Buffer.concat([Buffer.from([column, page]), u16(row, 0)])
    const quattro = records(
      [0, u16(0x1002)],
      [0x0f, wb2(0, 1, 0), Buffer.from("'second\0")],
      [0x0f, wb2(0, 0, 0), Buffer.from("'first\0")],
      END,
    )
    expect((await read(quattro, 'x.wb2')).text).toContain('first\nsecond')
    const works = records([0xff, u16(0x404)], [0x0f, u16(1, 0, 0), Buffer.from('"of works\0')], END)
    expect((await read(works, 'x.wks')).text).toContain('of works')
  })

  it('reads the numbers of 1-2-3 since release 3', async () => {
    const wk3 = (row: number) => Buffer.concat([u16(row), Buffer.from([0, 0])])
    const head = Buffer.concat([u16(0x1000, 4), Buffer.alloc(22)])
    const packed = (value: number) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(value)
      return bytes
    }
    const file = records(
      [0, head],
      [0x16, wk3(0), Buffer.from("'label\0")],
      // 1.5 is a mantissa of 1.1 in binary with an exponent of zero.
      [0x17, wk3(1), Buffer.from('00000000000000c0ff3f', 'hex')],
      [0x17, wk3(2), Buffer.from('00000000000000c0ffbf', 'hex')],
      [0x18, wk3(3), u16(21 << 1)],
      [0x18, wk3(4), u16((((7 << 3) | 2) << 1) | 1)],
      [0x25, wk3(5), packed((12345 << 6) | 2)],
      [0x25, wk3(6), packed((12345 << 6) | 0x32)],
      [0x28, wk3(7), double(4111), Buffer.from('\x06inside\0')],
      END,
    )
    const result = await read(file, 'x.wk3')
    expect(result.text).toContain('label\n1.5\n-1.5\n21\n0.35\n1234500\n-123.45\n4111\ninside')
    expect(result.said).toEqual([])
  })

  it.each<[string, Buffer, string[]]>([
    [
      'a password',
      records([0, u16(0x406)], [0x4b, u16(1, 2)], [0x0f, wk1(0, 0), Buffer.from("'secret\0")]),
      ['encrypted 1-2-3 password'],
    ],
    [
      'a record that is cut',
      records([0, u16(0x406)], [0x0f, wk1(0, 0), Buffer.from("'words\0")]).subarray(0, -3),
      ['corrupt 1-2-3 records'],
    ],
    ['no end', records([0, u16(0x406)], [0x0d, wk1(0, 0), u16(7)]), ['corrupt 1-2-3 records']],
  ])('tells %s', async (_name, file, said) => {
    const result = await read(file, 'x.wk1')
    expect(result.said).toEqual(said)
    expect(result.text).not.toContain('secret')
  })
})

describe('dbf', () => {
  type Field = [name: string, type: string, length: number]
  /** A table: its head, descriptions of fields, and records as they are. */
  function tableOf(fields: Field[], rows: Buffer[], more: { driver?: number; count?: number; level7?: boolean } = {}) {
    const [at, each, name] = more.level7 ? [68, 48, 32] : [32, 32, 11]
    const head = Buffer.alloc(at + each * fields.length + 1)
    head[0] = more.level7 ? 4 : 3
    // The day of the last change, which tells such a file from another.
    head.set([95, 7, 26], 1)
    head.writeUInt32LE(more.count ?? rows.length, 4)
    head.writeUInt16LE(head.length, 8)
    head.writeUInt16LE(1 + fields.reduce((sum, field) => sum + field[2], 0), 10)
    head[29] = more.driver ?? 0
    for (const [i, field] of fields.entries()) {
      head.write(field[0], at + i * each, 'latin1')
      head.write(field[1], at + i * each + name, 'latin1')
      head[at + i * each + (more.level7 ? 33 : 16)] = field[2]
    }
    head[head.length - 1] = 0x0d
    return Buffer.concat([head, ...rows, Buffer.from([0x1a])])
  }
  const row = (text: string, flag = ' ') => Buffer.from(`${flag}${text}`, 'latin1')

  it('reads records under the names of their fields, deleted ones too', async () => {
    const file = tableOf(
      [
        ['NAME', 'C', 6],
        ['CARD', 'N', 9],
      ],
      [row('Ann   4111 1111'), row('Bob          17', '*')],
    )
    const result = await read(file, 'x.dbf')
    expect(result.text).toContain('NAME\tCARD\nAnn\t4111 1111\nBob\t17')
    expect(result.said).toEqual([])
  })

  it('reads the long names of dBASE 7', async () => {
    const file = tableOf([['a name of more than ten', 'C', 3]], [row('abc')], { level7: true })
    expect((await read(file, 'x.dbf')).text).toContain('a name of more than ten\nabc')
  })

  it.each([
    ['its language driver', 0xc9, Buffer.from('20cce8f0', 'hex'), '\u041c\u0438\u0440'],
    ['UTF-8', 0, Buffer.from(' caf\u00e9'), 'caf\u00e9'],
  ])('reads text by %s', async (_name, driver, bytes, text) => {
    const file = tableOf([['T', 'C', bytes.length - 1]], [bytes], { driver })
    expect((await read(file, 'x.dbf')).text).toContain(text)
  })

  it('reads binary values', async () => {
    const money = Buffer.alloc(8)
    money.writeBigInt64LE(123_450_000n)
    const time = Buffer.alloc(8)
    time.writeInt32LE(2_440_588 + 1, 0)
    time.writeInt32LE(3_600_000, 4)
    const whole = Buffer.alloc(4)
    whole.writeInt32LE(-78_051_120)
    const fields: Field[] = [
      ['I', 'I', 4],
      ['Y', 'Y', 8],
      ['T', 'T', 8],
      ['B', 'B', 8],
    ]
    const file = tableOf(fields, [Buffer.concat([row(''), whole, money, time, double(0.5)])])
    expect((await read(file, 'x.dbf')).text).toContain('-78051120\t12345\t1970-01-02T01:00:00.000Z\t0.5')
  })

  it('reads what no field claims, in a record and behind their descriptions', async () => {
    const file = tableOf([['NAME', 'C', 3]], [row('abcand more'), row('defbeside  ')])
    // The length of records goes beyond that of their fields.
    file.writeUInt16LE(12, 10)
    const records = file.readUInt16LE(8)
    const linked = Buffer.concat([file.subarray(0, records), Buffer.from('base.dbc\0\0'), file.subarray(records)])
    linked.writeUInt16LE(records + 10, 8)
    const padded = linked.subarray(0, records + 10 + 12 * 2)
    const result = await read(padded, 'x.dbf')
    for (const text of ['abc\tand more', 'def\tbeside', 'base.dbc']) expect(result.text).toContain(text)
    const wide = tableOf([['I', 'I', 12]], [row('card 4111 11')])
    expect((await read(wide, 'x.dbf')).text).toContain('card 4111 11')
  })

  it('reads a file behind the end as one', async () => {
    const file = tableOf([['NAME', 'C', 3]], [row('abc')])
    const result = await read(Buffer.concat([file, gzipSync('behind the records')]), 'x.dbf')
    expect(result.text).toContain('behind the records')
    expect(result.traits).toContain('trailing-data')
    expect(result.said).toEqual([])
  })

  it('tells records that are missing, and a head that is none', async () => {
    const fields: Field[] = [['NAME', 'C', 3]]
    const none = tableOf(fields, [row('abc')])
    none.writeUInt16LE(1, 10)
    expect((await read(none, 'x.dbf')).said).toEqual(['corrupt dbf header'])
    const short = await read(tableOf(fields, [row('abc')], { count: 2 }), 'x.dbf')
    expect(short.text).toContain('abc')
    expect(short.said).toEqual(['corrupt dbf records'])
    const longer = await read(tableOf(fields, [row('abc'), row('def')], { count: 1 }), 'x.dbf')
    expect(longer.text).toContain('abc\ndef')
    expect(longer.said).toEqual([])
  })
})
