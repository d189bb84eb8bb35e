import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SHARED_ROWS_MAX } from '../../../src/catalog/exact-data-table.ts'
import { limits } from '../../../src/core/limits.ts'
import { BLOCK_WORDS } from '../../../src/detect/words/word-blocks.ts'
import { CUSTOMERS, detectRows, indexTable, rowsFound, schemaOf } from './tables.ts'

const ROWS = [
  ['K-100017', 'Anna', 'Müller-Lüdenscheidt', 'DE89 3704 0044 0532 0130 00', '1980-03-07', 'Berlin'],
  ['K-100018', 'Bob', 'O’Brien', 'GB82 WEST 1234 5698 7654 32', '1975-12-31', 'Cork'],
  ['K-100019', 'Chihiro', '山田', 'FR14 2004 1010 0505 0001 3M02 606', '1990-01-02', 'Saint Denis'],
]
const customers = await indexTable(CUSTOMERS, ROWS)
const filler = (bytes: number) =>
  'xyzzy '
    .repeat(Math.ceil(bytes / 6))
    .slice(0, bytes - 1)
    .padEnd(bytes, ' ')

describe('rows of a table', () => {
  it.each<[string, string, string[]]>([
    [
      'as they stand in it',
      ROWS.map((row) => row.join(',')).join('\n'),
      [0, 1, 2].map((row) => `${row}: no first last iban born city`),
    ],
    ['one value that identifies alone', 'Your number is k 100018.', ['1: no']],
    ['a name in another order', 'Dear O’BRIEN, Bob', ['1: last first']],
    ['a name without accents, over lines', 'anna\nmuller ludenscheidt', ['0: first last']],
    ['an account beside a surname', 'IBAN: DE89370400440532013000 (Müller-Lüdenscheidt)', ['0: iban last']],
    ['an account in groups of its own', 'obrien? O.Brien GB82-WEST-1234-5698-7654-32', ['1: last iban']],
    ['a date written the other way', 'born 31.12.1975: Mr O’Brien', ['1: born last']],
    ['a date that may be read both ways', '山田 2/1/1990', ['2: last born']],
    ['in full-width letters and digits', 'Ｋ－１０００１７', ['0: no']],
    ['several columns', 'Bob O’Brien of Cork, 1975-12-31', ['1: first last city born']],
    ['one column alone', 'Müller-Lüdenscheidt came', []],
    ['columns of two rows', 'Anna O’Brien', []],
    ['part of a value', 'Anna Müller', []],
    ['more digits than the number has', 'K-1000170', []],
    ['letters around the number', 'XK100017', []],
  ])('%s', (_name, text, expected) => {
    expect(rowsFound(customers, text)).toEqual(expected)
  })

  it('are told with what a reviewer needs and nothing else', () => {
    const text = 'Re: Ärger with K-100017 today'
    const [match] = detectRows(customers, text).matches
    expect(match).toEqual({
      detector: 'customers',
      family: 'personal',
      kind: 'exact-data',
      confidence: 'high',
      part: 3,
      start: Buffer.byteLength('Re: Ärger with '),
      end: Buffer.byteLength('Re: Ärger with K-100017'),
      value: '',
      normalized: 'customers/0',
      via: [],
      evidence: [{ kind: 'threshold', name: 'no', effect: 'identifies alone' }],
      document: 'customers',
    })
    expect(detectRows(customers, text, true).matches[0]?.value).toBe('K-100017')
    expect(detectRows(customers, 'Bob O’Brien', true).matches[0]?.value).toBe('Bob O’Brien')
  })

  it('found twice count once', () => {
    const { matches } = detectRows(customers, `${'K-100017 '.repeat(50)} ${'Bob O’Brien '.repeat(50)}`)
    expect(matches.map((match) => match.normalized)).toEqual(['customers/0', 'customers/1'])
  })

  it('stay apart where two have the same values', async () => {
    const index = await indexTable(CUSTOMERS, [...ROWS, ['K-200000', ...(ROWS[1] ?? []).slice(1)]])
    expect(rowsFound(index, 'Bob O’Brien')).toEqual(['1: first last', '3: first last'])
  })

  it('are found wherever blocks of words end', () => {
    for (const shift of [0, 1, 2, 5, 9, 40, 70]) {
      const text = `${'w '.repeat(BLOCK_WORDS - 8 + shift)}GB82 WEST 1234 5698 7654 32 Bob O’Brien${' w'.repeat(30)}`
      expect(rowsFound(customers, text), `shift ${shift}`).toEqual(['1: iban first last'])
    }
  })

  it('of several tables are found in one go', async () => {
    const staff = await indexTable(
      schemaOf('name: staff\nfamily: contact\ncolumns: [{ name: mail, kind: words, alone: true }]\n'),
      [['Zed.Quux@example.com']],
    )
    const { matches } = detectRows([customers, staff], 'zed.quux@example.com wrote to K-100018')
    expect(matches.map(({ detector, family, normalized }) => [detector, family, normalized])).toEqual([
      ['customers', 'personal', 'customers/1'],
      ['staff', 'contact', 'staff/0'],
    ])
  })

  it('need the key', () => {
    expect(rowsFound({ ...customers, key: new Uint8Array(32).fill(9) }, ROWS.join('\n'))).toEqual([])
  })
})

describe('the distance', () => {
  it('counts from the beginning of the first value to that of the last', () => {
    const at = `Bob ${filler(96)}O’Brien`
    expect(at.indexOf('O’Brien')).toBe(100)
    expect(rowsFound(customers, at)).toEqual(['1: first last'])
    expect(rowsFound(customers, `Bob ${filler(97)}O’Brien`)).toEqual([])
    expect(rowsFound(customers, `O’Brien${filler(100)}Bob`.replace(/^O’Brien./, 'O’Brien '))).toEqual([])
  })

  it('may be the whole part', async () => {
    const schema = schemaOf(
      'name: t\ncolumns: [{ name: a, kind: words }, { name: b, kind: words }]\nmatch: { within: part }\n',
    )
    const index = await indexTable(schema, [['alpha', 'beta']])
    expect(rowsFound(index, `alpha ${filler(100_000)} beta`)).toEqual(['0: a b'])
  })

  it('is kept by every column of a match', async () => {
    const schema = schemaOf(
      'name: t\ncolumns: [{ name: a, kind: words }, { name: b, kind: words }, { name: c, kind: words }]\nmatch: { columns: 3, within: 50 }\n',
    )
    const index = await indexTable(schema, [['alpha', 'beta', 'gamma']])
    expect(rowsFound(index, `alpha ${filler(20)} beta ${filler(10)} gamma`)).toEqual(['0: a b c'])
    expect(rowsFound(index, `alpha ${filler(40)} beta ${filler(40)} gamma`)).toEqual([])
    // A nearer place of the same value makes it.
    expect(rowsFound(index, `alpha ${filler(60)} beta alpha ${filler(20)} gamma`)).toEqual(['0: b a c'])
  })
})

describe('columns', () => {
  const schema = (columns: number) =>
    schemaOf(
      `name: t\ncolumns: [${['a', 'b', 'c'].map((name) => `{ name: ${name}, kind: words }`).join(', ')}]\nmatch: { columns: ${columns} }\n`,
    )

  it('must be as many as asked for', async () => {
    const three = await indexTable(schema(3), [['alpha', 'beta', 'gamma']])
    expect(rowsFound(three, 'alpha beta')).toEqual([])
    expect(rowsFound(three, 'beta gamma alpha')).toEqual(['0: b c a'])
  })

  it('may be named that must stand together', async () => {
    const sets = schemaOf(
      `name: t
columns: [{ name: first, kind: words }, { name: last, kind: words }, { name: born, kind: date }, { name: iban, kind: code }]
match: { together: [[last, born], [iban, first]], within: 60 }
`,
    )
    const index = await indexTable(sets, [['Anna', 'Muster', '1980-03-07', 'DE89370400440532013000']])
    expect(rowsFound(index, 'Anna Muster')).toEqual([])
    expect(rowsFound(index, 'Muster DE89 3704 0044 0532 0130 00')).toEqual([])
    expect(rowsFound(index, 'Muster, 7.3.1980')).toEqual(['0: last born'])
    expect(rowsFound(index, 'Anna Muster, 7.3.1980')).toEqual(['0: first last born'])
    expect(rowsFound(index, 'Anna: DE89 3704 0044 0532 0130 00')).toEqual(['0: first iban'])
    expect(rowsFound(index, `Muster ${'. '.repeat(60)} 7.3.1980`)).toEqual([])
    // Most columns stand elsewhere; the set decides.
    const apart = `Anna Muster ${'. '.repeat(60)} Muster 7.3.1980`
    expect(rowsFound(index, apart)).toEqual(['0: last born'])
  })

  it('and so many of any besides, where both are asked for', async () => {
    const both = schemaOf(
      `name: t
columns: [{ name: a, kind: words }, { name: b, kind: words }, { name: c, kind: words }]
match: { columns: 3, together: [[a, b]] }
`,
    )
    const index = await indexTable(both, [['alpha', 'beta', 'gamma']])
    expect(rowsFound(index, 'alpha beta')).toEqual(['0: a b'])
    expect(rowsFound(index, 'beta gamma')).toEqual([])
    expect(rowsFound(index, 'beta gamma alpha')).toEqual(['0: b c a'])
  })

  it('of telephone numbers meet however the number is written', async () => {
    const phones = schemaOf(
      'name: t\ncolumns: [{ name: last, kind: words }, { name: phone, kind: phone, alone: true }]\n',
    )
    const index = await indexTable(phones, [
      ['Muster', '+49 (0)170 1234567'],
      ['Smith', '020 7946 0958'],
    ])
    for (const text of ['0170 1234567', '+491701234567', '0049-170-123 45 67', 'call (0170) 123.45.67 now'])
      expect([text, rowsFound(index, text)]).toEqual([text, ['0: phone']])
    expect(rowsFound(index, '+44 20 7946 0958')).toEqual(['1: phone'])
    for (const text of ['1234567', '0170 1234568', '9990170 12345670'])
      expect([text, rowsFound(index, text)]).toEqual([text, []])
  })

  it('may not share a place', async () => {
    const index = await indexTable(schema(2), [['alpha', 'alpha beta', '']])
    expect(rowsFound(index, 'alpha beta')).toEqual([])
    expect(rowsFound(index, 'alpha beta, alpha')).toHaveLength(1)
  })

  it('with the same value need it twice', async () => {
    const index = await indexTable(schema(2), [['alpha', 'alpha', '']])
    expect(rowsFound(index, 'alpha')).toEqual([])
    expect(rowsFound(index, 'alpha alpha')).toEqual(['0: a b'])
  })

  it('of another kind are not met by the same letters', async () => {
    const mixed = schemaOf('name: t\ncolumns: [{ name: a, kind: code, alone: true }, { name: b, kind: words }]\n')
    const index = await indexTable(mixed, [['', '4711 0815']])
    expect(rowsFound(index, '4711 0815')).toEqual([])
  })

  it('that are empty never meet', async () => {
    const index = await indexTable(schema(2), [['alpha', '', '']])
    expect(rowsFound(index, 'alpha , ,  alpha')).toEqual([])
  })
})

describe('common values', () => {
  const schema = schemaOf(
    'name: t\ncolumns: [{ name: first, kind: words }, { name: city, kind: words }, { name: last, kind: words }]\n',
  )
  const people = (count: number) => Array.from({ length: count }, (_, i) => ['Maria', 'Lisboa', `Surname${i}`])

  it('lead to their rows while few have them, and to none past the limit', async () => {
    expect(rowsFound(await indexTable(schema, people(SHARED_ROWS_MAX)), 'Maria, Lisboa')).toHaveLength(SHARED_ROWS_MAX)
    expect(rowsFound(await indexTable(schema, people(SHARED_ROWS_MAX + 1)), 'Maria, Lisboa')).toEqual([])
  })

  it('confirm a row that a rare value leads to', async () => {
    const index = await indexTable(schema, people(1_000))
    const text = 'Maria Surname7 and Maria Surname8'
    const found = detectRows(index, text, true).matches.map((match) => [match.normalized, match.value])
    expect(found).toEqual([
      ['t/7', 'Maria Surname7'],
      ['t/8', 'Maria Surname8'],
    ])
  })

  it('do not stand for a row whose rare value is far away', async () => {
    const index = await indexTable(schema, people(1_000))
    expect(rowsFound(index, `Maria, Lisboa ${filler(2_000)} Surname7`)).toEqual([])
  })
})

describe('a table that came out in bulk', () => {
  const schema = schemaOf(
    'name: t\ncolumns: [{ name: no, kind: code }, { name: first, kind: words }, { name: city, kind: words }]\n',
  )
  const person = (i: number) => [`${10_000_000 + i * 7}`, `First${i % 50}`, `City${i % 9}`]

  it('is as many rows as it has', async () => {
    const all = Array.from({ length: 3_000 }, (_, i) => person(i))
    const index = await indexTable(schema, all)
    const { matches, overflow } = detectRows(
      index,
      all
        .slice(500, 1_500)
        .map((row) => row.join('\t'))
        .join('\n'),
    )
    expect(new Set(matches.map((match) => match.normalized)).size).toBe(1_000)
    expect(overflow).toBe(false)
  })

  it('names nobody else who shares a surname and a city with one of them', async () => {
    const people = Array.from({ length: 900 }, (_, i) => [`${10_000_000 + i * 7}`, `First${i % 150}`, `City${i % 9}`])
    const index = await indexTable(
      schemaOf(
        'name: t\ncolumns: [{ name: no, kind: code, alone: true }, { name: first, kind: words }, { name: city, kind: words }]\n',
      ),
      people,
    )
    const { matches } = detectRows(
      index,
      people
        .slice(0, 100)
        .map((row) => row.join('\t'))
        .join('\n'),
    )
    expect(matches.map((match) => match.normalized)).toEqual(Array.from({ length: 100 }, (_, i) => `t/${i}`))
  })

  it('up to the limit is whole, past it says that it is not', async () => {
    const max = limits.detectMatchesPerRuleMax
    const all = Array.from({ length: max + 1 }, (_, i) => person(i))
    const index = await indexTable(schema, all)
    const text = (count: number) =>
      all
        .slice(0, count)
        .map((row) => row.join('\t'))
        .join('\n')
    const at = detectRows(index, text(max))
    expect([at.matches.length, at.overflow]).toEqual([max, false])
    const past = detectRows(index, text(max + 1))
    expect([past.matches.length, past.overflow]).toEqual([max, true])
  })
})

describe('any text', () => {
  it('is looked through without a throw, and finds what was put into it', () => {
    const noise = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        expect(rowsFound(customers, `${before}\nK-100017\n${after}`)).toContain('0: no')
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(detectRows(customers, Buffer.from(bytes).toString('latin1')).overflow).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
