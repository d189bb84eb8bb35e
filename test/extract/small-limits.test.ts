import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { berChildren, berContent, berNodeAt } from '../../src/extract/asn1/ber.ts'
import { biffRecords } from '../../src/extract/office/biff-records.ts'
import { drawingWords } from '../../src/extract/office/office-art.ts'
import { PdfPictures } from '../../src/extract/office/pdf-pictures.ts'
import { emfWords, wmfWords } from '../../src/extract/readers/metafile-text.ts'
import { pictureTexts } from '../../src/extract/readers/picture-texts.ts'
import { WalkNotes } from '../../src/extract/walk-notes.ts'
import { changeable } from '../support/changeable-limits.ts'
import { oleOf, ooxmlOf, read, zipOf } from './formats/making.ts'
import { pdfOf } from './pdf/making-pdf.ts'
import { readMail, readUpload } from './reading.ts'

/** Limits that only large or hostile files reach, made small: at each all is read, one past it that is told. */
vi.mock('../../src/core/limits.ts', async (original) => {
  const { copyOf } = await import('../support/changeable-limits.ts')
  return copyOf(await original<typeof import('../../src/core/limits.ts')>())
})

const change = changeable(limits)

describe('what a message is told of', () => {
  it('extractUninspectedMax', () => {
    change({ extractUninspectedMax: 2 })
    const notes = new WalkNotes(() => 'mail')
    for (const name of ['a', 'b']) notes.say(`mail/${name}`, 'encrypted', 'zip')
    expect(notes.uninspected).toHaveLength(2)
    for (const name of ['c', 'd']) notes.say(`mail/${name}`, 'encrypted', 'zip')
    expect(notes.uninspected.slice(2)).toEqual([{ path: 'mail', reason: 'too-many', detail: 'uninspected parts' }])
  })

  it('extractLabelsMax', () => {
    change({ extractLabelsMax: 2 })
    const notes = new WalkNotes(() => 'mail')
    const label = { scheme: 'header', name: 'Secret', part: 'mail' } as const
    for (const id of ['1', '2']) notes.label({ ...label, id })
    expect(notes.uninspected).toEqual([])
    notes.label({ ...label, id: '3' })
    expect(notes.labels).toHaveLength(2)
    expect(notes.uninspected).toEqual([{ path: 'mail', reason: 'too-many', detail: '2 labels' }])
  })
})

it('texts: extractTextInputMaxBytes', async () => {
  change({ extractTextInputMaxBytes: 100 })
  expect((await readUpload('a'.repeat(100), { filename: 'a.txt' })).uninspected).toEqual([])
  expect((await readUpload('a'.repeat(101), { filename: 'a.txt' })).uninspected).toEqual(['too-large text'])
})

it('readings of an ambiguous message: extractMimeReadingsMax', async () => {
  change({ extractMimeReadingsMax: 3 })
  const said = async (others: number) => {
    const numbers = Array.from({ length: 1 + others }, (_, i) => i)
    const type = `Content-Type: multipart/mixed; ${numbers.map((n) => `boundary=b${n}`).join('; ')}`
    const bodies = numbers.map((n) => `--b${n}\r\n\r\nbody ${n}\r\n--b${n}--\r\n`).join('')
    return (await readMail(`Subject: x\r\n${type}\r\n\r\n${bodies}`)).uninspected
  }
  expect(await said(3)).toEqual(['ambiguous boundaries'])
  expect(await said(4)).toContain('too-many 3 readings')
})

it('codings of an upload: extractContentEncodingsMax', async () => {
  const said = async (codings: number) => {
    const encoding = Array.from({ length: codings }, () => 'gzip').join(', ')
    const request = { method: 'PUT', url: 'https://x.example/', headers: { 'content-encoding': encoding } }
    return (await readUpload('text', { request })).uninspected
  }
  expect((await said(limits.extractContentEncodingsMax)).join()).not.toContain('too-deep')
  expect(await said(limits.extractContentEncodingsMax + 1)).toContain('too-deep content-encoding')
})

describe('zip', () => {
  const items = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `${i}.txt`, data: `text ${i}` }))

  it('extractArchiveEntriesMax, with a directory and without', async () => {
    change({ extractArchiveEntriesMax: 3 })
    expect((await read(zipOf(items(3)), 'x.zip')).said).toEqual([])
    expect((await read(zipOf(items(4)), 'x.zip')).said).toContain('too-many 3 entries')
    const bare = (count: number) => {
      const file = zipOf(items(count))
      return file.subarray(0, file.indexOf('PK\x01\x02', 0, 'latin1'))
    }
    expect((await read(bare(3), 'x.zip')).said).toEqual(['corrupt no central directory'])
    expect((await read(bare(4), 'x.zip')).said).toContain('too-many 3 entries')
  })

  it('extractSniffNamesMax: what stands between entries', async () => {
    change({ extractSniffNamesMax: 3 })
    const file = (count: number) =>
      zipOf(items(count).map((item) => ({ ...item, before: Buffer.from('words between') })))
    expect((await read(file(3), 'x.zip')).said).toEqual([])
    expect((await read(file(4), 'x.zip')).said).toContain('too-many data between entries')
  })

  it('extractEntryMaxBytes', async () => {
    change({ extractEntryMaxBytes: 1_000 })
    const file = (bytes: number) => zipOf([{ name: 'a.txt', data: 'a'.repeat(bytes) }])
    expect((await read(file(1_000), 'x.zip')).said).toEqual([])
    expect((await read(file(1_001), 'x.zip')).reasons).toContain('too-large')
  })
})

it('storages in storages: extractOleDepthMax', async () => {
  change({ extractOleDepthMax: 3 })
  const nested = (depth: number) => {
    let tree: Parameters<typeof oleOf>[0] = { Contents: Buffer.from('w\0o\0r\0d\0s\0 \0i\0n\0s\0i\0d\0e\0'.repeat(9)) }
    for (let i = 0; i < depth; i++) tree = { [`storage ${i}`]: tree }
    return oleOf(tree)
  }
  expect((await read(nested(3), 'x.bin')).said).not.toContain('too-deep storages')
  expect((await read(nested(4), 'x.bin')).said).toContain('too-deep storages')
})

it('tables of a database: extractPartsMax', async () => {
  change({ extractPartsMax: 3 })
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tables-'))
  const database = async (tables: number) => {
    const file = join(folder, `${tables}.db`)
    const db = new DatabaseSync(file)
    for (let i = 0; i < tables; i++) db.exec(`CREATE TABLE t${i} (a); INSERT INTO t${i} VALUES ('row of ${i}')`)
    db.close()
    return await readFile(file)
  }
  expect((await read(await database(3), 'a.db')).said).toEqual([])
  expect((await read(await database(4), 'a.db')).said).toEqual(['too-many tables'])
  await rm(folder, { recursive: true })
})

describe('OpenPGP packets', () => {
  const signature = Buffer.from([0xc2, 2, 4, 0])
  const literal = Buffer.concat([Buffer.from([0xcb, 11]), Buffer.from('t\0\0\0\0\0words')])
  const armoured = (...packets: readonly Buffer[]) =>
    `-----BEGIN PGP MESSAGE-----\r\n\r\n${Buffer.concat(packets).toString('base64')}\r\n-----END PGP MESSAGE-----\r\n`

  it('are looked at however many stand before one that is encrypted', async () => {
    const many = Array.from({ length: 300 }, () => signature)
    expect((await readMail(`Subject: x\r\n\r\n${armoured(...many)}`)).uninspected).toEqual([])
    const sealed = armoured(...many, Buffer.from([0xd2, 2, 1, 0]))
    expect((await readMail(`Subject: x\r\n\r\n${sealed}`)).uninspected).toEqual(['encrypted PGP'])
  })

  it('are told where one of them can not be unpacked, whatever else is there', async () => {
    const packed = (algorithm: number, body: Buffer) =>
      Buffer.concat([Buffer.from([0xc8, body.length + 1, algorithm]), body])
    const said = async (...packets: readonly Buffer[]) =>
      (await readMail(`Subject: x\r\n\r\n${armoured(...packets)}`)).uninspected
    expect(await said(packed(1, deflateRawSync(literal)), signature)).toEqual([])
    expect(await said(packed(3, literal), literal, signature)).toEqual(['encrypted PGP'])
    const nested = (depth: number): Buffer => (depth === 0 ? literal : packed(0, nested(depth - 1)))
    expect(await said(nested(4), signature)).toEqual([])
    expect(await said(nested(5), signature)).toEqual(['encrypted PGP'])
  })

  it('extractRecordsMax', async () => {
    change({ extractRecordsMax: 3 })
    const said = async (before: number) => {
      const message = armoured(...Array.from({ length: before }, () => signature), literal)
      return (await readMail(`Subject: x\r\n\r\n${message}`)).uninspected
    }
    expect(await said(2)).toEqual([])
    expect(await said(3)).toEqual(['too-many OpenPGP packets'])
  })
})

describe('records', () => {
  const octets = (...content: readonly Buffer[]) => {
    const body = Buffer.concat(content)
    return Buffer.concat([Buffer.from([0x24, body.length]), body])
  }
  const piece = Buffer.from([0x04, 1, 0x61])

  it('of BER: extractRecordsMax, and depth', () => {
    change({ extractRecordsMax: 3 })
    const content = (bytes: Buffer) => {
      const node = berNodeAt(bytes, 0, bytes.length)
      return node ? berContent(bytes, node).toString() : ''
    }
    expect(content(octets(piece, piece, piece))).toBe('aaa')
    expect(() => content(octets(piece, piece, piece, piece))).toThrow('too-many')
    const nested = (depth: number) => {
      let bytes = piece
      for (let i = 0; i < depth; i++) bytes = octets(bytes)
      return bytes
    }
    expect(content(nested(33))).toBe('a')
    expect(() => content(nested(34))).toThrow('too-deep')
    expect(berChildren(piece, { tag: 4, constructed: false, from: 2, to: 3, end: 3 })).toEqual([])
  })

  it.each<[string, (count: number) => unknown]>([
    ['Excel', (count) => [...biffRecords(Buffer.alloc(4 * count, '\x01\0\0\0'))]],
    ['drawings', (count) => drawingWords(Buffer.alloc(8 * count))],
    ['EMF', (count) => emfWords(Buffer.alloc(8 * count, '\x01\0\0\0\x08\0\0\0'))],
    ['WMF', (count) => wmfWords(Buffer.concat([Buffer.alloc(18), Buffer.alloc(6 * count, '\x03\0\0\0\0\0')]))],
    [
      'PNG',
      (count) =>
        pictureTexts(
          Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(12 * count, '\0\0\0\0tIME\0\0\0\0')]),
          'image/png',
        ),
    ],
  ])('of %s: extractRecordsMax', (_, run) => {
    change({ extractRecordsMax: 3 })
    expect(() => run(3)).not.toThrow()
    expect(() => run(4)).toThrow('too-many')
  })
})

it('formulas of a workbook past extractArchiveEntriesMax: those that hold something', async () => {
  change({ extractArchiveEntriesMax: 8 })
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const formulas = [...Array.from({ length: 9 }, (_, i) => `A${i}+B123456`), '&quot;falcon&quot;', '4111111111111111+0']
  const rows = formulas.map((formula) => `<row><c><f>${formula}</f><v>1</v></c></row>`).join('')
  const file = ooxmlOf(
    'xl/workbook.xml',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
    {
      'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
      'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`,
    },
  )
  const { text, said } = await read(file, 'x.xlsx')
  expect(said).toEqual([])
  expect(text).toContain('=A7+B123456')
  expect(text).not.toContain('=A8+B123456')
  expect(text).toContain('="falcon"')
  expect(text).toContain('=4111111111111111+0')
})

it('records of 1-2-3: extractRecordsMax', async () => {
  change({ extractRecordsMax: 4 })
  const said = async (names: number) => {
    const name = Buffer.from('\x0b\0\x05\0words', 'latin1')
    const file = Buffer.concat([
      Buffer.from('\0\0\x02\0\x06\x04', 'latin1'),
      ...Array(names).fill(name),
      Buffer.from([1, 0, 0, 0]),
    ])
    return (await read(file, 'x.wk1')).said
  }
  expect(await said(2)).toEqual([])
  expect(await said(3)).toEqual(['too-many 1-2-3 records'])
})

it('formulas of Excel 2: all of them', async () => {
  change({ extractArchiveEntriesMax: 1 })
  const record = (type: number, data: Buffer) => {
    const head = Buffer.alloc(4)
    head.writeUInt16LE(type, 0)
    head.writeUInt16LE(data.length, 2)
    return Buffer.concat([head, data])
  }
  // Row, column, attributes, a number, and a string among the tokens.
  const formula = (row: number, word: string) =>
    record(
      0x06,
      Buffer.concat([
        Buffer.from([row, 0, 0, 0]),
        Buffer.alloc(13),
        Buffer.from([0x17, word.length]),
        Buffer.from(word),
      ]),
    )
  const words = ['first', 'second', 'third']
  const file = Buffer.concat([
    record(0x09, Buffer.from([2, 0, 0x10, 0])),
    ...words.map((word, row) => formula(row, word)),
    record(0x0a, Buffer.alloc(0)),
  ])
  const { text, said } = await read(file, 'x.xls')
  for (const word of words) expect(text).toContain(word)
  expect(said).toEqual([])
})

it('pictures of a page: extractPagePicturesMax', async () => {
  change({ extractPagePicturesMax: 2 })
  const picture = `q 50 0 0 50 0 0 cm BI /W 60 /H 60 /BPC 8 /CS /G ID ${'\x80'.repeat(3_600)} EI Q\n`
  const cut = async (count: number) => {
    const { rasters, isCut } = await new PdfPictures(pdfOf(picture.repeat(count)), null).onPage(1)
    return { found: rasters.length > 0, isCut }
  }
  expect(await cut(2)).toEqual({ found: true, isCut: false })
  expect(await cut(3)).toEqual({ found: true, isCut: true })
})
