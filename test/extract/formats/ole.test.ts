import { constants, deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { docxOf, oleOf, read, zipOf } from './making.ts'

const utf16 = (text: string) => Buffer.from(text, 'utf16le')

/** A Word 97 document: a header block, the text in one 16-bit piece, a table stream with the piece. */
function docOf(text: string, flags = 0x0200): { WordDocument: Buffer; '1Table': Buffer } {
  const fib = Buffer.alloc(0x400)
  fib.writeUInt16LE(0xa5ec, 0)
  fib.writeUInt16LE(0x00c1, 2)
  fib.writeUInt16LE(flags, 10)
  const pieces = Buffer.alloc(5 + 8 + 8)
  pieces[0] = 2
  pieces.writeUInt32LE(16, 1)
  pieces.writeUInt32LE(text.length, 9)
  pieces.writeUInt32LE(fib.length, 15)
  fib.writeUInt32LE(0, 0x1a2)
  fib.writeUInt32LE(pieces.length, 0x1a6)
  return { WordDocument: Buffer.concat([fib, utf16(text)]), '1Table': pieces }
}

const u32 = (...values: number[]) => Buffer.concat(values.map((v) => Buffer.from([v, v >> 8, v >> 16, v >> 24])))

/** A level of a list: numbers as `kind` has them, its text with a zero byte and up where they stand. */
function levelOf(start: number, kind: number, text: string): Buffer {
  const rest = Buffer.from([...new Array<number>(18).fill(0), 0, 0, 0, 0])
  return Buffer.concat([u32(start), Buffer.from([kind, 0]), rest, u16(text.length), utf16(text)])
}

/** The same with paragraphs in lists: `lists` has for each paragraph the number of its list and its level, or null. */
function listedDocOf(paragraphs: readonly (readonly [text: string, list: number, level: number] | string)[]) {
  const texts = paragraphs.map((paragraph) => `${typeof paragraph === 'string' ? paragraph : paragraph[0]}\r`)
  const { WordDocument, '1Table': pieces } = docOf(texts.join(''))
  // One list of nine levels, `1.`, `1.a` and bullets; two instances of it, the second with a start of its own.
  const listHead = Buffer.concat([u32(77), u32(0), u16(...new Array<number>(9).fill(0xfff)), Buffer.from([0, 0])])
  const levels = [levelOf(1, 0, '\0.'), levelOf(1, 4, '\0.\x01'), ...new Array<Buffer>(7).fill(levelOf(1, 23, '*'))]
  const lists = Buffer.concat([u16(1), listHead, ...levels])
  const instance = (changes: number) => Buffer.concat([u32(77, 0, 0), Buffer.from([changes, 0, 0, 0])])
  const instances = Buffer.concat([u32(2), instance(0), instance(1), u32(0xffffffff), u32(0xffffffff, 7, 0x10)])
  const page = Buffer.alloc(512)
  page[511] = paragraphs.length
  let [at, free] = [0x400, 506]
  for (const [i, paragraph] of paragraphs.entries()) {
    page.writeUInt32LE(at, i * 4)
    at += (texts[i]?.length ?? 0) * 2
    page.writeUInt32LE(at, (i + 1) * 4)
    if (typeof paragraph === 'string') continue
    const [, list, level] = paragraph
    const modifiers = Buffer.concat([u16(0, 0x460b, list, 0x260a), Buffer.from([level])])
    free -= 12
    page[free] = 5
    modifiers.copy(page, free + 1)
    page[(paragraphs.length + 1) * 4 + i * 13] = free / 2
  }
  const main = Buffer.concat([WordDocument, Buffer.alloc((512 - (WordDocument.length % 512)) % 512), page])
  const style = Buffer.concat([u16(0xffe, 0x13, 0, 0, 0), u16(9), utf16('Aurora\u2122 v'), u16(0)])
  const sheet = Buffer.concat([u16(18, 1, 10), Buffer.alloc(14), u16(style.length), style])
  const tables: [number, Buffer][] = [
    [0xa2, sheet],
    [0x102, u32(0x400, at, main.length / 512 - 1)],
    [0x2e2, lists.subarray(0, 2 + 28)],
    [0x2ea, instances],
  ]
  let table = pieces
  for (const [place, bytes] of tables) {
    main.writeUInt32LE(table.length, place)
    main.writeUInt32LE(bytes.length, place + 4)
    table = Buffer.concat([table, place === 0x2e2 ? lists : bytes])
  }
  return { WordDocument: main, '1Table': table }
}

function biff(...records: readonly [number, Buffer][]): Buffer {
  return Buffer.concat(
    records.map(([type, data]) => {
      const head = Buffer.alloc(4)
      head.writeUInt16LE(type, 0)
      head.writeUInt16LE(data.length, 2)
      return Buffer.concat([head, data])
    }),
  )
}

const BOF = Buffer.from('0006050000000000', 'hex')
const u16 = (...values: number[]) => Buffer.from(values.flatMap((v) => [v & 0xff, v >> 8]))
const string8 = (text: string) => Buffer.concat([u16(text.length), Buffer.from([0]), Buffer.from(text, 'latin1')])

function record(type: number, data: Buffer, instance = 0): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16LE(instance << 4, 0)
  head.writeUInt16LE(type, 2)
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data])
}

describe('doc', () => {
  it('reads cells, rows, fields and paragraphs', async () => {
    const text =
      'Title\rName\x07Card\x07\x07Ann\x074111\x07\x07see \x13 HYPERLINK "https://x.example" \x14here\x15 end\r'
    const result = await read(oleOf(docOf(text)), 'x.doc')
    expect(result.text).toContain('Title\nName\tCard\nAnn\t4111\nsee here end\nHYPERLINK "https://x.example"')
    expect(result.said).toEqual([])
  })

  it('reads the numbers of lists in front of their paragraphs', async () => {
    const tree = listedDocOf([
      ['first', 1, 0],
      ['inner', 1, 1],
      ['again', 1, 1],
      'between',
      ['second', 1, 0],
      ['begins anew', 1, 1],
      ['bullet', 1, 2],
      ['another list', 2, 0],
      ['no list', 0, 0],
    ])
    const result = await read(oleOf(tree), 'x.doc')
    const lines = ['1.\tfirst', '1.a\tinner', '1.b\tagain', 'between', '2.\tsecond', '2.a\tbegins anew', 'bullet']
    expect(result.text).toContain([...lines, '7.\tanother list', 'no list'].join('\n'))
    expect(result.text).toContain('Aurora\u2122 v')
    expect(result.said).toEqual([])
  })

  it('reads the text all the same where its lists are broken', async () => {
    const { WordDocument, '1Table': table } = listedDocOf([['first', 1, 0], 'second'])
    for (let length = 21; length < table.length; length += 7) {
      const cut = await read(oleOf({ WordDocument, '1Table': table.subarray(0, length) }), 'x.doc')
      expect(cut.text, `${length} bytes`).toMatch(/first\nsecond/)
    }
  })

  /** A document of Word 95 or before: a header, the text in one stretch, a table of fonts with character sets. */
  function oldDocOf(text: Buffer, more: { version?: number; charset?: number; flags?: number; fonts?: number[] } = {}) {
    const fib = Buffer.alloc(0x300)
    fib.writeUInt16LE(more.version === undefined ? 0xa5dc : 0xa5db, 0)
    fib.writeUInt16LE(more.version ?? 0x65, 2)
    fib.writeUInt16LE(0x409, 6)
    fib.writeUInt16LE(more.flags ?? 0, 10)
    fib.writeUInt16LE(more.charset ?? 0, 0x14)
    fib.writeUInt32LE(fib.length, 0x18)
    fib.writeUInt32LE(fib.length + text.length, 0x1c)
    const fonts = (more.fonts ?? []).map((set) =>
      Buffer.concat([Buffer.from([9, 0, 0, 0, set, 0]), Buffer.from('Abc\0')]),
    )
    const table = Buffer.concat([u16(0), ...fonts])
    fib.writeUInt32LE(fib.length + text.length, 0xd0)
    fib.writeUInt32LE(table.length, 0xd4)
    return Buffer.concat([fib, text, table])
  }

  it('reads Word 6 in the code pages of its fonts, of the Macintosh too', async () => {
    const russian = Buffer.concat([Buffer.from('plain\r'), Buffer.from('d7e5f2fbf0e5', 'hex'), Buffer.from('\r')])
    const mixed = await read(oleOf({ WordDocument: oldDocOf(russian, { fonts: [0, 204, 2] }) }), 'x.doc')
    expect(mixed.text).toContain('\u0427\u0435\u0442\u044b\u0440\u0435')
    expect(mixed.text.match(/plain/g)).toHaveLength(1)
    const latin = await read(
      oleOf({ WordDocument: oldDocOf(Buffer.from('caf\xe9\r', 'latin1'), { fonts: [0] }) }),
      'x.doc',
    )
    expect(latin.text).toContain('caf\u00e9')
    const mac = oldDocOf(Buffer.from('caf\x8e\r', 'latin1'), { charset: 0x100 })
    expect((await read(oleOf({ WordDocument: mac }), 'x.doc')).text).toContain('caf\u00e9')
    expect([...mixed.said, ...latin.said]).toEqual([])
  })

  it('reads Word 6 that was saved fast, and tells pieces that come to more than the file', async () => {
    const u32 = (...values: number[]) => u16(...values.flatMap((value) => [value & 0xffff, value >>> 16]))
    const text = Buffer.from('first piece, second piece\r', 'latin1')
    const saved = (...pieces: (readonly [offset: number, length: number])[]) => {
      const file = oldDocOf(text, { flags: 4 })
      const ends = pieces.map((_, i) => pieces.slice(0, i + 1).reduce((sum, [, length]) => sum + length, 0))
      const places = pieces.map(([offset]) => Buffer.concat([u16(0), u32(offset), u16(0)]))
      const plc = Buffer.concat([u32(0, ...ends), ...places])
      const table = Buffer.concat([Buffer.from([2]), u32(plc.length), plc])
      file.writeUInt32LE(file.length, 0x160)
      file.writeUInt32LE(table.length, 0x164)
      return read(oleOf({ WordDocument: Buffer.concat([file, table]) }), 'x.doc')
    }
    const whole = await saved([0x300 + 13, 12], [0x300, 11])
    expect(whole.text).toContain('second piecefirst piece')
    expect(whole.said).toEqual([])
    const file = [0, 0x300] as const
    const repeated = await saved(file, file, [0x300, text.length])
    expect(repeated.said).toContain('partial doc saved fast')
    expect(repeated.text).toContain('first piece, second piece')
  })

  it('reads Word 2, which stands in no compound file', async () => {
    const text = Buffer.from('a letter\rcell\x07\x07', 'latin1')
    const whole = await read(oldDocOf(text, { version: 0x2d }), 'x.doc')
    expect(whole.text).toContain('a letter\ncell')
    expect(whole.said).toEqual([])
    const fast = await read(oldDocOf(text, { version: 0x2d, flags: 4 }), 'x.doc')
    expect(fast.text).toContain('a letter')
    expect(fast.said).toEqual(['partial doc saved fast'])
    const sealed = await read(oldDocOf(text, { version: 0x2d, flags: 0x100 }), 'x.doc')
    expect(sealed.said).toEqual(['encrypted XOR obfuscation'])
    expect(sealed.text).not.toContain('letter')
    expect((await read(oldDocOf(text, { version: 0x2d }).fill(0, 0x18, 0x20), 'x.doc')).said).toEqual([
      'corrupt doc pieces',
    ])
  })

  it.each([
    [0x0300, '0100', 'encrypted RC4'],
    [0x0300, '0200', 'encrypted RC4 CryptoAPI'],
    [0x8300, '0000', 'encrypted XOR obfuscation'],
  ])('says how it is encrypted: %s', async (flags, version, said) => {
    const tree = docOf('secret', flags)
    const result = await read(oleOf({ ...tree, '1Table': Buffer.from(`${version}0000`, 'hex') }), 'x.doc')
    expect(result.said).toContain(said)
    expect(result.text).not.toContain('secret')
  })

  it('descends into the object pool and packages', async () => {
    const native = Buffer.concat([
      Buffer.alloc(4),
      u16(2),
      Buffer.from('notes.txt\0C:\\tmp\\notes.txt\0'),
      Buffer.alloc(4),
      Buffer.from('0400000061626300', 'hex'),
      Buffer.from([11, 0, 0, 0]),
      Buffer.from('packed text'),
    ])
    const tree = {
      ...docOf('outer\r'),
      ObjectPool: {
        _1: { '\x01Ole10Native': native },
        _2: { ...docOf('inner doc\r') },
        _3: { Package: docxOf('<w:p><w:r><w:t>inner docx</w:t></w:r></w:p>') },
      },
    }
    const result = await read(oleOf(tree), 'x.doc')
    for (const text of ['outer', 'packed text', 'notes.txt', 'inner doc', 'inner docx'])
      expect(result.text).toContain(text)
  })
})

describe('xls', () => {
  const sheet = (name: string, at: number, hidden = 0) =>
    Buffer.concat([Buffer.from([at & 0xff, at >> 8, 0, 0, hidden, 0, name.length, 0]), Buffer.from(name)])

  it('reads shared strings across a record boundary, numbers, formulas and a hidden sheet', async () => {
    const sst = Buffer.concat([
      Buffer.from('0200000002000000', 'hex'),
      string8('Card'),
      u16(10),
      Buffer.from([0]),
      Buffer.from('split '),
    ])
    const rest = Buffer.concat([Buffer.from([1]), utf16('ωstr')])
    const number = Buffer.alloc(14)
    number.writeUInt16LE(1, 0)
    number.writeUInt16LE(1, 2)
    number.writeDoubleLE(4111111111111111, 6)
    const formula = Buffer.alloc(22)
    formula.writeUInt16LE(2, 0)
    formula.writeUInt16LE(0xffff, 12)
    const globals = (at: number) =>
      biff([0x809, BOF], [0x85, sheet('Hidden', at, 1)], [0xfc, sst], [0x3c, rest], [0x0a, Buffer.alloc(0)])
    const at = globals(0).length
    const cells = biff(
      [0x809, BOF],
      [0xfd, u16(0, 0, 0, 0, 0)],
      [0xfd, u16(0, 1, 0, 1, 0)],
      [0x203, number],
      [0x06, Buffer.concat([formula, Buffer.from([0x17, 6, 0]), Buffer.from('hidden')])],
      [0x207, string8('cached')],
      [0x0a, Buffer.alloc(0)],
    )
    const result = await read(oleOf({ Workbook: Buffer.concat([globals(at), cells]) }), 'x.xls')
    expect(result.text).toContain('Hidden\nCard\tsplit ωstr\n\t4111111111111111\ncached')
    expect(result.text).toContain('\nhidden')
    expect(result.traits).toContain('hidden-content')
    expect(result.said).toEqual([])
  })

  it.each([
    [Buffer.from('0000', 'hex'), 'encrypted XOR obfuscation'],
    [Buffer.from('01000100', 'hex'), 'encrypted RC4'],
    [Buffer.from('01000200', 'hex'), 'encrypted RC4 CryptoAPI'],
  ])('says how it is encrypted', async (pass, said) => {
    const result = await read(oleOf({ Workbook: biff([0x809, BOF], [0x2f, pass], [0xfc, Buffer.alloc(9)]) }), 'x.xls')
    expect(result.said).toEqual([said])
  })

  it('reads a workbook of Excel 3, which stands in no compound file', async () => {
    const label = Buffer.concat([u16(0, 0, 0, 5), Buffer.from('hello')])
    const file = biff([0x209, u16(0, 0x10, 0)], [0x204, label], [0x0a, Buffer.alloc(0)])
    expect((await read(file, 'x.xls')).text).toContain('hello')
  })

  const strings = (count: number, text: Buffer) =>
    Buffer.concat([u16(count, 0, count, 0), text, string8('behind')].slice(0, count + 1))
  const label = Buffer.concat([u16(0, 0, 0), string8('in the cell')])
  it.each<[string, [number, Buffer][], string[]]>([
    [
      'whole',
      [
        [0xfc, strings(2, string8('Card'))],
        [0xfd, u16(0, 0, 0, 1, 0)],
        [0x204, label],
      ],
      [],
    ],
    ['more shared strings stated than are there', [[0xfc, strings(1, string8('Card')).fill(9, 4, 5)]], []],
    ['a shared string that is cut', [[0xfc, strings(1, string8('Card').subarray(0, 5))]], ['corrupt xls strings']],
    [
      'a cell with a string that is not there',
      [
        [0xfc, strings(1, string8('Card'))],
        [0xfd, u16(0, 0, 0, 7, 0)],
      ],
      ['corrupt xls strings'],
    ],
    ['a cell whose text is cut', [[0x204, label.subarray(0, 12)]], ['corrupt xls strings']],
    [
      'a text box whose text is cut',
      [
        [0x1b6, Buffer.concat([Buffer.alloc(10), u16(9, 0, 0, 0)])],
        [0x3c, Buffer.from('\0box')],
      ],
      ['corrupt xls strings'],
    ],
    ['a sheet that is not where it should be', [[0x85, sheet('Gone', 4)]], ['corrupt xls sheets']],
  ])('says what is missing of its strings: %s', async (_name, records, said) => {
    const result = await read(oleOf({ Workbook: biff([0x809, BOF], ...records, [0x0a, Buffer.alloc(0)]) }), 'x.xls')
    expect(result.said).toEqual(said)
  })

  it('reads a shared string whose head ends a record', async () => {
    const sst = Buffer.concat([u16(2, 0, 2, 0), string8('Card'), u16(4), Buffer.from([1])])
    const rest = Buffer.concat([Buffer.from([1]), utf16('wide')])
    const cells: [number, Buffer][] = [0, 1].map((index) => [0xfd, u16(index, 0, 0, index, 0)])
    const stream = biff([0x809, BOF], [0xfc, sst], [0x3c, rest], ...cells, [0x0a, Buffer.alloc(0)])
    const result = await read(oleOf({ Workbook: stream }), 'x.xls')
    expect(result.text).toContain('Card\nwide')
    expect(result.said).toEqual([])
  })

  it('gives out shared strings that no cell shows, each once', async () => {
    const sst = Buffer.concat([u16(3, 0, 3, 0), string8('shown'), string8('left behind'), string8('too')])
    const stream = biff([0x809, BOF], [0xfc, sst], [0xfd, u16(0, 0, 0, 0, 0)], [0x0a, Buffer.alloc(0)])
    const result = await read(oleOf({ Workbook: stream }), 'x.xls')
    expect(result.text).toContain('shown\nleft behind\ntoo')
    expect(result.text.match(/shown/g)).toHaveLength(1)
  })

  it('reads what it keeps of other workbooks', async () => {
    const number = Buffer.alloc(9)
    number[0] = 1
    number.writeDoubleLE(4111111111111111, 1)
    const nothing = Buffer.alloc(9)
    const kept = Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from([2]), string8('Card'), nothing, number])
    const stream = biff([0x809, BOF], [0x5a, kept], [0x5a, kept.subarray(0, 7)], [0x0a, Buffer.alloc(0)])
    const result = await read(oleOf({ Workbook: stream }), 'x.xls')
    expect(result.text).toContain('Card\n4111111111111111')
  })

  it('reads a workbook of Excel 2', async () => {
    const cell = (row: number, column: number, value: Buffer) =>
      Buffer.concat([u16(row, column), Buffer.from([0, 0, 0]), value])
    const double = Buffer.alloc(8)
    double.writeDoubleLE(4111111111111111)
    const marked = Buffer.from('000000000000ffff', 'hex')
    const file = biff(
      [0x09, u16(2, 0x10)],
      [0x04, cell(0, 0, Buffer.from('\x05hello'))],
      [0x02, cell(0, 1, u16(4711))],
      [0x03, cell(1, 0, double)],
      [0x05, cell(1, 1, Buffer.from([1, 0]))],
      [0x05, cell(1, 2, Buffer.from([7, 1]))],
      [0x06, cell(2, 0, Buffer.concat([double, Buffer.from('\0\x08\x17\x06hidden')]))],
      [0x06, cell(3, 0, Buffer.concat([marked, Buffer.from([0, 0])]))],
      [0x07, Buffer.from('\x06cached')],
      [0x0a, Buffer.alloc(0)],
    )
    const result = await read(file, 'x.xls')
    expect(result.text).toContain('hello\t4711\n4111111111111111\tTRUE\n4111111111111111\ncached')
    expect(result.text).toContain('\nhidden')
    expect(result.said).toEqual([])
  })

  it('tells a record that runs past the end', async () => {
    const stream = Buffer.concat([biff([0x809, BOF]), u16(0xfc, 9000)])
    expect((await read(oleOf({ Workbook: stream }), 'x.xls')).said).toContain('corrupt xls records')
  })
})

describe('ppt', () => {
  it('reads text atoms, tells encryption and broken records', async () => {
    const stream = Buffer.concat([record(4000, utf16('wide\rsecond')), record(4008, Buffer.from('narrow'))])
    const plain = await read(oleOf({ 'PowerPoint Document': stream }), 'x.ppt')
    expect(plain.text).toContain('wide\nsecond\nnarrow')
    expect(plain.said).toEqual([])
    const sealed = await read(
      oleOf({ 'PowerPoint Document': Buffer.concat([stream, record(0x2f14, Buffer.alloc(4))]) }),
      'x.ppt',
    )
    expect(sealed.said).toEqual(['encrypted RC4 CryptoAPI'])
    const broken = await read(oleOf({ 'PowerPoint Document': stream.subarray(0, 20) }), 'x.ppt')
    expect(broken.said).toEqual(['corrupt ppt records'])
  })

  it('reads comments, which stand in a blob of later versions', async () => {
    const comment = record(12000, record(4026, utf16('a comment')))
    comment.writeUInt16LE(0x0f, 0)
    const result = await read(oleOf({ 'PowerPoint Document': record(5003, comment) }), 'x.ppt')
    expect(result.text).toContain('a comment')
    expect(result.said).toEqual([])
    const other = record(5003, Buffer.alloc(50, 0x91))
    expect((await read(oleOf({ 'PowerPoint Document': other }), 'x.ppt')).said).toEqual([])
  })

  it('reads blobs in blobs, however deep', async () => {
    const head = Buffer.alloc(8)
    head.writeUInt16LE(5003, 2)
    const heads = Buffer.concat(Array.from({ length: 50_000 }, () => head))
    const inner = record(4026, utf16('at the bottom'))
    const whole = Buffer.concat([heads, inner])
    for (let at = 0; at < heads.length; at += 8) whole.writeUInt32LE(whole.length - at - 8, at + 4)
    const result = await read(oleOf({ 'PowerPoint Document': whole }), 'x.ppt')
    expect(result.text).toContain('at the bottom')
    expect(result.said).toEqual([])
  })
})

describe('ppt structure', () => {
  const container = (type: number, ...parts: Buffer[]) => {
    const whole = record(type, Buffer.concat(parts))
    whole.writeUInt16LE(0x0f, 0)
    return whole
  }
  const text = (words: string) => record(4000, utf16(words))
  const readPpt = (stream: Buffer, more = {}) => read(oleOf({ 'PowerPoint Document': stream, ...more }), 'x.ppt')

  it('reads on behind records that do not fit into their container, and tells them', async () => {
    const liar = record(4000, utf16('said'))
    liar.writeUInt32LE(9000, 4)
    const result = await readPpt(Buffer.concat([container(1000, liar), container(1006, text('a later slide'))]))
    expect(result.text).toContain('said')
    expect(result.text).toContain('a later slide')
    expect(result.said).toEqual(['corrupt ppt records'])
  })

  it('reads packages of later versions, which look like containers', async () => {
    const layout = zipOf([{ name: 'drs/slideLayouts/slideLayout1.xml', data: Buffer.from('<a:t>of a layout</a:t>') }])
    const theme = zipOf([{ name: 'drs/theme/theme1.xml', data: Buffer.from('<a:t>of a theme</a:t>') }])
    const master = container(1016, container(1064, layout), record(1038, theme), text('of the master'))
    const result = await readPpt(Buffer.concat([master, container(1006, text('of a slide'))]))
    expect(result.text).toContain('of the master')
    expect(result.text).toContain('of a slide')
    expect(result.text).toContain('of a layout')
    expect(result.text).not.toContain('of a theme')
    expect(result.said).toEqual([])
  })

  it('reads archives that are none of its packages, and what tags of add-ins hold', async () => {
    const other = zipOf([
      { name: 'drs/theme/theme1.xml', data: Buffer.from('<a:t>of a theme</a:t>') },
      { name: 'list.txt', data: Buffer.from('kept in a record') },
    ])
    const tagged = zipOf([{ name: 'notes.txt', data: Buffer.from('kept in a tag') }])
    const object = record(4113, Buffer.concat([Buffer.alloc(4), oleOf({ Package: Buffer.from('kept in an object') })]))
    object.writeUInt16LE(0x10, 0)
    const result = await readPpt(
      Buffer.concat([record(1038, other), record(5003, Buffer.concat([record(1064, tagged), object]))]),
    )
    for (const place of ['a record', 'a tag', 'an object']) expect(result.text).toContain(`kept in ${place}`)
    expect(result.said).toEqual([])
  })

  it('tells a storage of the later format that is none', async () => {
    const result = await read(oleOf({ PP97_DUALSTORAGE: Buffer.from('words of it') }), 'x.ppt')
    expect(result.said).toEqual(['corrupt ppt stream'])
  })

  it('reads what looks like text in a large broken stream', async () => {
    const liar = record(4000, utf16('said'))
    liar.writeUInt32LE(9_000_000, 4)
    const result = await readPpt(Buffer.concat([container(1000, liar), Buffer.from('words\x01'.repeat(200_000))]))
    expect(result.text).toContain('words\nwords')
    expect(result.said).toEqual(['corrupt ppt records'])
  })

  it('steps over zeros between two savings', async () => {
    const first = container(1000, text('saved first'))
    const stream = Buffer.concat([first, Buffer.alloc(407), container(1000, text('saved again'))])
    const result = await readPpt(stream)
    expect(result.text).toContain('saved first\nsaved again')
    expect(result.said).toEqual([])
  })

  it('takes the last edit for a sign of encryption where nothing else says so', async () => {
    const noise = Buffer.alloc(64, 0x9d)
    const user = Buffer.alloc(32)
    user.writeUInt32LE(0xe391c05f, 12)
    user.writeUInt32LE(noise.length, 16)
    const edit = (length: number) => Buffer.concat([noise, record(4085, Buffer.alloc(length))])
    expect((await readPpt(edit(32), { 'Current User': user })).said).toEqual(['encrypted RC4 CryptoAPI'])
    expect((await readPpt(edit(28), { 'Current User': user })).said).toEqual(['corrupt ppt records'])
  })

  it('takes an object whose deflated data has no end for whole once its stated length is there', async () => {
    const inner = oleOf({ Workbook: Buffer.alloc(0), note: Buffer.alloc(600, 1) })
    const deflated = deflateSync(inner, { finishFlush: constants.Z_SYNC_FLUSH })
    const object = (stated: number) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(stated)
      const whole = record(4113, Buffer.concat([length, deflated]))
      whole.writeUInt16LE(0x10, 0)
      return whole
    }
    expect((await readPpt(object(inner.length))).said).toEqual([])
    expect((await readPpt(object(inner.length + 9))).said).toEqual(['corrupt embedded object'])
  })

  it('reads PowerPoint 95, alone and beside the later format', async () => {
    const old = {
      'PersistentStorage Directory': Buffer.alloc(8),
      'PowerPoint Document': Buffer.alloc(900, 4),
      Text_Content: Buffer.from('the old slides\rcaf\xe9', 'latin1'),
    }
    const alone = await read(oleOf(old), 'x.ppt')
    expect(alone.text).toContain('the old slides\ncaf\u00e9')
    expect(alone.said).toEqual(['partial PowerPoint 95'])
    const dual = { PP97_DUALSTORAGE: { 'PowerPoint Document': text('the new slides') } }
    const both = await read(oleOf({ ...old, ...dual }), 'x.ppt')
    expect(both.text).toContain('the new slides')
    expect(both.text).toContain('the old slides')
    expect(both.said).toEqual(['partial PowerPoint 95'])
    expect((await read(oleOf(dual), 'x.ppt')).text).toContain('the new slides')
  })
})

describe('small objects', () => {
  const header = Buffer.concat([u16(28), Buffer.alloc(26)])

  it('reads what was typed into equations, old and new', async () => {
    const old = [...'x=41'].flatMap((char) => [0x02, 0x83, char.charCodeAt(0), 0])
    const before = Buffer.concat([header, Buffer.from([3, 1, 1, 3, 0, 10, 1, ...old, 0, 0x12, 0x88, 0x31, 0, 0])])
    const first = await read(oleOf({ 'Equation Native': before, '\x01Ole': Buffer.alloc(20) }), 'x.bin')
    expect(first.text).toContain('x=41 1')
    expect(first.said).toEqual([])
    const now = [...'pin'].flatMap((char) => [2, 4, 0x81, char.charCodeAt(0), 0, 7])
    const after = Buffer.concat([header, Buffer.from([5, 1, 0, 5, 1, 0x44, 0, 0, ...now, 0, 2])])
    const second = await read(oleOf({ 'Equation Native': after }), 'x.bin')
    expect(second.text).toContain('pin')
    expect(second.said).toEqual([])
    const empty = await read(oleOf({ 'Equation Native': Buffer.from([9]) }), 'x.bin')
    expect(empty.said).toEqual(['unsupported compound file of unknown kind'])
  })

  it.each(['Package', 'CONTENTS', '\x01Ole10Native'])('reads what is packed beside them: %s', async (name) => {
    const packed = zipOf([{ name: 'inner.txt', data: 'inside the package' }])
    const native = Buffer.concat([u16(packed.length, 0), packed])
    const beside = { [name]: name === '\x01Ole10Native' ? native : packed }
    const equation = Buffer.concat([header, Buffer.from([3, 1, 1, 3, 0, 10, 1, 0])])
    for (const object of [{ 'Equation Native': equation }, { f: Buffer.from('\0Label1\0'), o: Buffer.from('\0OK\0') }])
      expect((await read(oleOf({ ...object, ...beside }), 'x.bin')).text).toContain('inside the package')
  })

  it('reads forms of macros and the pictures in them', async () => {
    const picture = Buffer.concat([
      Buffer.from('0452e30b918fce119de300aa004bb8516c740000', 'hex'),
      u16(12, 0),
      Buffer.from('text picture'),
    ])
    const objects = Buffer.concat([Buffer.from('\0\x02OK\0\0'), picture, Buffer.from('\0Cancel\0')])
    const result = await read(oleOf({ f: Buffer.from('\0Label1\0'), o: objects }), 'x.bin')
    for (const text of ['Label1', 'OK', 'Cancel', 'text picture']) expect(result.text).toContain(text)
    expect(result.said).toEqual([])
  })
})

describe('vsd', () => {
  it.each([
    [6, Buffer.from('Mod\xe8le de calque', 'latin1')],
    [11, utf16('Mod\u00e8le de calque')],
  ])('reads the words of version %s', async (version, words) => {
    const head = Buffer.alloc(0x40)
    head[0x1a] = version
    head.writeUInt32LE(1, 0x24)
    head.writeUInt32LE(head.length, 0x24 + 8)
    head.writeUInt32LE(words.length, 0x24 + 12)
    const result = await read(oleOf({ VisioDocument: Buffer.concat([head, words]) }), 'x.vsd')
    expect(result.text).toContain('Mod\u00e8le de calque')
    expect(result.said).toEqual([])
  })
})

describe('msg', () => {
  const attachment = (name: string, data: Buffer) => ({
    __substg1: Buffer.alloc(0),
    '__substg1.0_3707001F': utf16(name),
    '__substg1.0_37010102': data,
  })

  it('reads subject, bodies, recipients, attachments and messages inside', async () => {
    const inner = { '__properties_version1.0': Buffer.alloc(24), '__substg1.0_0037001F': utf16('inner subject') }
    const result = await read(
      oleOf({
        '__properties_version1.0': Buffer.alloc(32),
        '__substg1.0_0037001F': utf16('outer subject'),
        '__substg1.0_1000001F': utf16('plain body'),
        '__substg1.0_10130102': Buffer.from('<p>html <b>bo</b>dy</p>'),
        '__recip_version1.0_#00000000': { '__substg1.0_39FE001F': utf16('bob@partner.example') },
        '__attach_version1.0_#00000000': attachment('a.txt', Buffer.from('attached text')),
        '__attach_version1.0_#00000001': { '__substg1.0_3701000D': inner },
      }),
      'x.msg',
    )
    for (const text of ['outer subject', 'plain body', 'html body', 'bob@partner.example', 'inner subject']) {
      expect(result.text).toContain(text)
    }
    expect(result.textOf('a.txt')).toBe('attached text')
    expect(result.said).toEqual([])
  })

  it.each([
    [16, '__recip_version1.0_#00000000', { '__substg1.0_39FE001F': utf16('bob@partner.example') }],
    [20, '__attach_version1.0_#00000000', attachment('a.txt', Buffer.from('attached text'))],
  ])('tells recipients and attachments that are not there (stated at %d)', async (at, name, storage) => {
    const table = Buffer.alloc(32)
    table.writeUInt32LE(1, at)
    const tree = { '__properties_version1.0': table, '__substg1.0_0037001F': utf16('subject') }
    expect((await read(oleOf({ ...tree, [name]: storage }), 'x.msg')).said).toEqual([])
    expect((await read(oleOf(tree), 'x.msg')).said).toEqual(['corrupt msg storages'])
  })
})

describe('property sets', () => {
  /** One section with one string ([MS-OLEPS]): header, section, its one property. */
  function propertySet(text: string): Buffer {
    const head = Buffer.alloc(48)
    head.writeUInt16LE(0xfffe, 0)
    head.writeUInt32LE(1, 24)
    head.writeUInt32LE(48, 44)
    const value = Buffer.concat([u16(0x1e, 0, text.length, 0), Buffer.from(text)])
    return Buffer.concat([head, u16(16 + value.length, 0, 1, 0, 4, 0, 16, 0), value])
  }
  const withByte = (at: number, byte: number) => {
    const bytes = propertySet('the author')
    bytes[at] = byte
    return bytes
  }
  it.each<[string, Buffer, string[]]>([
    ['whole', propertySet('the author'), []],
    ['empty', Buffer.alloc(0), []],
    ['of zeros', Buffer.alloc(64), []],
    ['of no sections', withByte(24, 0).subarray(0, 28), []],
    ['of no sections, with something behind them', withByte(24, 0), ['corrupt document properties']],
    ['of anything else', Buffer.alloc(64, 1), ['corrupt document properties']],
    ['cut in its head', propertySet('the author').subarray(0, 27), ['corrupt document properties']],
    ['cut before its section', propertySet('the author').subarray(0, 50), ['corrupt document properties']],
    ['with more sections than it holds', withByte(24, 4), ['corrupt document properties']],
    ['with a section elsewhere', withByte(46, 1), ['corrupt document properties']],
    ['with more properties than it holds', withByte(53, 1), ['corrupt document properties']],
    ['with a property elsewhere', withByte(62, 1), ['corrupt document properties']],
    ['with a string longer than the rest', withByte(70, 1), ['corrupt document properties']],
  ])('%s', async (_name, bytes, said) => {
    const result = await read(oleOf({ ...docOf('words\r'), '\x05SummaryInformation': bytes }), 'x.doc')
    expect(result.said).toEqual(said)
    expect(result.text.includes('the author')).toBe(
      bytes.includes('the author') && (said.length === 0 || bytes[24] === 4 || bytes[53] === 1 || bytes[70] === 1),
    )
  })
})

describe('sealed packages', () => {
  const xml = '<encryption><keyData keyBits="256" cipherAlgorithm="AES"/></encryption>'

  it('tells the cipher of an encrypted package', async () => {
    const info = Buffer.concat([Buffer.from('0400040040000000', 'hex'), Buffer.from(xml)])
    const result = await read(oleOf({ EncryptionInfo: info, EncryptedPackage: Buffer.alloc(64) }), 'x.docx')
    expect(result.said).toEqual(['encrypted agile AES-256'])
  })

  it('tells rights management and reads the label outside the seal', async () => {
    const labels = '<labelList><label id="{2096f6a2-d2f7-48be-b329-b73aaa526e5d}" enabled="1" removed="0"/></labelList>'
    const result = await read(
      oleOf({
        EncryptedPackage: Buffer.alloc(64),
        '\x06DataSpaces': {
          TransformInfo: { DRMEncryptedTransform: { '\x06Primary': Buffer.alloc(8) }, LabelInfo: Buffer.from(labels) },
        },
      }),
      'x.docx',
    )
    expect(result.said).toEqual(['encrypted rights management'])
    expect(result.traits).toContain('irm-protected')
    expect(result.labels).toContainEqual(
      expect.objectContaining({ scheme: 'msip', id: '2096f6a2-d2f7-48be-b329-b73aaa526e5d' }),
    )
  })
})

describe('macros', () => {
  it('reads module source and sets the trait', async () => {
    const literal = (text: string) => {
      const bytes = Buffer.from(text, 'latin1')
      const out: number[] = [1, 0, 0]
      for (let i = 0; i < bytes.length; i += 8) out.push(0, ...bytes.subarray(i, i + 8))
      const chunk = Buffer.from(out)
      chunk.writeUInt16LE(0xb000 | (chunk.length - 4), 1)
      return chunk
    }
    const dirRecord = (id: number, data: Buffer) => {
      const head = Buffer.alloc(6)
      head.writeUInt16LE(id, 0)
      head.writeUInt32LE(data.length, 2)
      return Buffer.concat([head, data]).toString('latin1')
    }
    const dir = dirRecord(3, u16(1252)) + dirRecord(0x1a, Buffer.from('Module1')) + dirRecord(0x31, Buffer.alloc(4))
    const project = oleOf({
      VBA: {
        dir: literal(dir),
        _VBA_PROJECT: Buffer.alloc(4),
        Module1: literal('Sub Leak()\r\n key = "AKIA4111"\r\nEnd Sub'),
      },
    })
    const result = await read(
      zipOf([
        { name: '[Content_Types].xml', data: '<Types/>' },
        { name: 'word/document.xml', data: '<w:document/>' },
        { name: 'word/vbaProject.bin', data: project },
      ]),
      'x.docm',
    )
    expect(result.text).toContain('key = "AKIA4111"')
    expect(result.traits).toContain('macro')
  })
})
