import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { read } from './making.ts'

/** A database that SQLite itself wrote. */
function database(...statements: (string | [string, ...(string | number | Uint8Array)[]])[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sqlite-'))
  try {
    const file = join(folder, 'a.db')
    const db = new DatabaseSync(file)
    for (const statement of statements) {
      if (typeof statement === 'string') db.exec(statement)
      else db.prepare(statement[0]).run(...(statement.slice(1) as (string | number | Uint8Array)[]))
    }
    db.close()
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('SQLite databases', () => {
  it('are read table by table, a value under its column', async () => {
    const file = database(
      'CREATE TABLE cards (id INTEGER PRIMARY KEY, "card number" TEXT, amount NUMERIC(10, 2), PRIMARY_NOTE, CHECK (amount > 0))',
      "INSERT INTO cards VALUES (7, '4995742143324248', 12.5, -3), (8, 'x', 9007199254740993, 1)",
    )
    const { text, said } = await read(file, 'a.db')
    expect(text).toContain(
      'cards\nid\tcard number\tamount\tPRIMARY_NOTE\n7\t4995742143324248\t12.5\t-3\n8\tx\t9007199254740993\t1',
    )
    expect(text).toContain('CREATE TABLE cards')
    expect(said).toEqual([])
  })

  it('are read through trees and overflow pages', async () => {
    const long = 'long '.repeat(5000)
    const rows = Array.from({ length: 3000 }, (_, i) => `('row ${i} of many')`).join(',')
    const file = database('CREATE TABLE t (x)', `INSERT INTO t VALUES ${rows}`, [
      'INSERT INTO t VALUES (?)',
      `${long}end`,
    ])
    const { text, said } = await read(file, 'a.db')
    expect(text.match(/row \d+ of many/g)?.length).toBe(3000)
    expect(text).toContain(`${long}end`)
    expect(said).toEqual([])
  })

  it.each(['UTF-16le', 'UTF-16be'])('are read in %s', async (encoding) => {
    const file = database(
      `PRAGMA encoding = '${encoding}'`,
      'CREATE TABLE t (x)',
      "INSERT INTO t VALUES ('Müller 4995')",
    )
    expect((await read(file, 'a.db')).text).toContain('Müller 4995')
  })

  it('are read where a table is an index', async () => {
    const rows = Array.from({ length: 2000 }, (_, i) => `('key ${i}', 'value ${i};')`).join(',')
    const file = database('CREATE TABLE t (k PRIMARY KEY, v) WITHOUT ROWID', `INSERT INTO t VALUES ${rows}`)
    const { text } = await read(file, 'a.db')
    expect(text.match(/value \d+;/g)?.length).toBe(2000)
  })

  it('tell files and text in blobs', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000', 'hex')
    const file = database(
      'CREATE TABLE t (x)',
      ['INSERT INTO t VALUES (?)', png],
      ['INSERT INTO t VALUES (?)', Buffer.from('card 4995')],
    )
    const { text, paths } = await read(file, 'a.db')
    expect(text).toContain('card 4995')
    expect(paths).toContain('[blob 1]')
  })

  it('are read for what was deleted', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `('deleted ${i};')`).join(',')
    const file = database('CREATE TABLE t (x)', `INSERT INTO t VALUES ${rows}`, 'DROP TABLE t')
    expect((await read(file, 'a.db')).text).toContain('deleted 250;')
    const one = database(
      'CREATE TABLE t (x)',
      "INSERT INTO t VALUES ('stays'), ('goes 4995742143324248')",
      "DELETE FROM t WHERE x LIKE 'goes%'",
    )
    expect((await read(one, 'a.db')).text).toContain('4995742143324248')
  })

  it('are read once where blocks that were given back lie over one another', async () => {
    const file = database('CREATE TABLE t (x)', "INSERT INTO t VALUES ('stays')")
    const page = 4096
    file.write('goes 4995742143324248', page + 3100, 'latin1')
    file.writeUInt16BE(100, page + 1)
    file.writeUInt16BE(100, page + 5)
    // Each begins four bytes behind the one before, and goes on to the end of the page.
    for (let at = 100; at < 3000; at += 4) {
      file.writeUInt16BE(at + 4, page + at)
      file.writeUInt16BE(page - at, page + at + 2)
    }
    const { text } = await read(file, 'a.db')
    expect(text.match(/4995742143324248/g)?.length).toBe(1)
  })

  it('are corrupt when damaged, and what is whole is read', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `('row ${i};')`).join(',')
    const file = database('CREATE TABLE t (x)', `INSERT INTO t VALUES ${rows}`)
    file.fill(0xff, 4096 * 2, 4096 * 2 + 2000)
    const { text, said } = await read(file, 'a.db')
    expect(text).toContain('row 400;')
    expect(said).toEqual(['corrupt sqlite pages'])
    const cut = await read(file.subarray(0, 60), 'a.db')
    expect(cut.said).toEqual(['corrupt sqlite pages'])
  })

  it('end where overflow chains come to more than the budget', async () => {
    const file = database('CREATE TABLE t (x)', ['INSERT INTO t VALUES (?)', 'x'.repeat(100_000)])
    expect((await read(file, 'a.db', { limits: { inflatedMaxBytes: 50_000 } })).said).toEqual(['too-large sqlite'])
    expect((await read(file, 'a.db')).said).toEqual([])
  })
})
