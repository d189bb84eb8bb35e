import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExactDataCatalog } from '../../src/catalog/exact-data-catalog.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { FieldRules } from '../../src/detect/exact-data/field-rules.ts'
import { CUSTOMERS, chunks, newTables, partRules, rowsFound, schemaOf, tableKey } from '../detect/exact-data/tables.ts'

const CSV =
  'No;Last;First;iban;born;city;comment\r\nK-100017;Nightjar;Anna;DE89370400440532013000;1980-03-07;Berlin;x\r\n'

/** The name of its table under the tests' key. */
const CUSTOMERS_FILE = '577b652d54ad8f6eeab856e0afe3c047.exact'

async function failure(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(GatewayError)
  return error
}

describe('the catalogue of tables', () => {
  it('builds an index from a table, its columns in any order', async () => {
    const { tables } = await newTables()
    const seen: number[] = []
    expect(await tables.index(CUSTOMERS, chunks(CSV), 5, { onProgress: (rows) => seen.push(rows) })).toEqual({
      name: 'customers',
      rows: 1,
      values: 6,
      columns: ['no', 'first', 'last', 'iban', 'born', 'city'],
      indexedAt: 5,
      file: expect.stringMatching(/^[0-9a-f]{32}\.exact$/),
      unusable: {},
    })
    const { indexes, revision } = await tables.open()
    expect(indexes.flatMap((index) => rowsFound(index, 'Anna Nightjar'))).toEqual(['0: first last'])
    expect(indexes[0]?.codeLengths).toEqual({ digits: [], mixed: [7, 22] })
    expect(revision).toBe('customers@5')
    expect(await tables.list()).toMatchObject([{ name: 'customers', rows: 1 }])
  })

  it('says of each column how much of it can’t be looked for', async () => {
    const { tables } = await newTables()
    const csv = `no,first,last,iban,born,city\n12,,,none,soon,\n12345,${'x '.repeat(9)},,,1.1.2000,-\n`
    expect((await tables.index(CUSTOMERS, chunks(csv), 1)).unusable).toEqual({
      no: 1,
      first: 1,
      iban: 1,
      born: 1,
      city: 1,
    })
  })

  it('says which cells a column’s rule does not accept', async () => {
    const { tables } = await newTables()
    const schema = schemaOf('name: t\ncolumns: [{ name: no, kind: code, rule: part_no, alone: true }]\n')
    const csv = 'no\nP-12345-6\n P-12345-7 \n12345-8\nP-12345-9 or so\n\n'
    const built = await tables.index(schema, chunks(csv), 1, { fields: new FieldRules(partRules, ['part_no']) })
    expect(built).toMatchObject({ rows: 4, values: 2, unusable: { no: 2 } })
    expect((await tables.open()).indexes[0]?.codeLengths).toEqual({ digits: [], mixed: [] })
  })

  it('replaces an index, and keeps the old one when the new table is bad', async () => {
    const { tables, dir } = await newTables()
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    const before = await readFile(join(dir, CUSTOMERS_FILE))
    for (const [csv, code, message] of [
      ['no;last\n1;2\n', 'column-missing', 'the table has no column `first`; it has `no`, `last`'],
      [`${CSV}"K`, 'csv-malformed', 'record 3: a quoted field is never closed'],
      [CSV.split('\r\n')[0] ?? '', 'table-empty', 'the table has a header and no rows'],
      ['', 'table-empty', 'the table has a header and no rows'],
    ] as const)
      expect(await failure(tables.index(CUSTOMERS, chunks(csv), 6))).toMatchObject({ code, message })
    expect((await readFile(join(dir, CUSTOMERS_FILE))).equals(before)).toBe(true)
    await tables.index(CUSTOMERS, chunks(CSV.replace('Nightjar', 'Kestrel')), 7)
    const { indexes, revision } = await tables.open()
    expect(revision).toBe('customers@7')
    expect(indexes.flatMap((index) => rowsFound(index, 'Anna Nightjar'))).toEqual([])
    expect(indexes.flatMap((index) => rowsFound(index, 'Anna Kestrel'))).toEqual(['0: first last'])
  })

  it('removes an index', async () => {
    const { tables, dir } = await newTables()
    expect(await tables.remove('customers')).toBe(false)
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    expect(await tables.remove('customers')).toBe(true)
    expect(await tables.open()).toEqual({ indexes: [], revision: 'none' })
    expect(await readdir(dir)).toEqual([])
  })

  it('takes a table of many rows, equal values and long ones', async () => {
    const { tables } = await newTables()
    const schema = schemaOf('name: t\ncolumns: [{ name: no, kind: code, alone: true }, { name: city, kind: words }]\n')
    const rows = Array.from({ length: 60_000 }, (_, i) => `${1_000_000 + i},City ${i % 40}`)
    const built = await tables.index(schema, chunks(`no,city\n${rows.join('\n')}\n`), 1)
    expect(built).toMatchObject({ rows: 60_000, values: 60_000 })
    const [index] = (await tables.open()).indexes
    if (!index) throw new Error('nothing was indexed')
    for (const i of [0, 1, 49_999, 50_000, 59_999]) expect(rowsFound(index, `${1_000_000 + i}`)).toEqual([`${i}: no`])
    expect(rowsFound(index, '1060000')).toEqual([])
  })
})

describe('the files', () => {
  it('hold no value, tell no name and are the owner’s alone', async () => {
    const { tables, dir } = await newTables()
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    const [file = ''] = await readdir(dir)
    const bytes = await readFile(join(dir, file))
    for (const value of [
      'Nightjar',
      'nightjar',
      'K-100017',
      'k100017',
      '3704',
      '1980-03-07',
      'Berlin',
      'berlin',
      'customers',
      'iban',
      'born',
    ])
      expect(bytes.includes(value) || file.includes(value), value).toBe(false)
    expect((await stat(join(dir, file))).mode & 0o077).toBe(0)
  })

  it('are of no use with another key', async () => {
    const { tables, dir } = await newTables()
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    const thief = new ExactDataCatalog(dir, new Uint8Array(32).fill(6))
    await expect(thief.open()).rejects.toMatchObject({ code: 'catalog-key', temporary: false })
  })

  it('that a crash left behind are passed over and cleared away', async () => {
    const { tables, dir } = await newTables()
    await writeFile(join(dir, `.${CUSTOMERS_FILE}.x.tmp`), 'half')
    await writeFile(join(dir, 'documents.json'), 'another catalogue’s')
    expect((await tables.open()).indexes).toEqual([])
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    expect((await readdir(dir)).sort()).toEqual([CUSTOMERS_FILE, 'documents.json'])
  })

  it.each<[string, (file: string) => Promise<void>]>([
    ['empty', (file) => truncate(file, 0)],
    ['cut off', async (file) => truncate(file, (await stat(file)).size - 1)],
    ['of something else', (file) => writeFile(file, 'x'.repeat(10_000))],
  ])('that are %s are said to be damaged', async (_name, damage) => {
    const { tables, dir } = await newTables()
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    await damage(join(dir, CUSTOMERS_FILE))
    expect(await failure(tables.open())).toMatchObject({ code: 'catalog-damaged', temporary: false })
    expect(await failure(tables.list())).toMatchObject({ code: 'catalog-damaged' })
  })

  it('under another name, or with a byte changed, are said to be damaged', async () => {
    const { tables, dir } = await newTables()
    await tables.index(CUSTOMERS, chunks(CSV), 5)
    const good = await readFile(join(dir, CUSTOMERS_FILE))
    await writeFile(join(dir, 'others.exact'), good)
    expect(await failure(tables.open())).toMatchObject({ code: 'catalog-damaged' })
    await rm(join(dir, 'others.exact'))
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 0x41
      await writeFile(join(dir, CUSTOMERS_FILE), bad)
      const error: unknown = await new ExactDataCatalog(dir, tableKey).open().catch((thrown: unknown) => thrown)
      expect(error, `byte ${at} of ${good.length}`).toMatchObject({ code: 'catalog-damaged' })
    }
  })
})
