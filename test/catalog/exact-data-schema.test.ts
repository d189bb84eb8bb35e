import { describe, expect, it } from 'vitest'
import { parseExactDataSchema } from '../../src/catalog/exact-data-schema.ts'

const problems = (text: string) =>
  parseExactDataSchema('s.yaml', text).diagnostics.map((d) => `${d.file}:${d.row}:${d.column} ${d.code} ${d.message}`)

describe('the schema of an exact-data index', () => {
  it('is read with its defaults', () => {
    const { schema, diagnostics } = parseExactDataSchema(
      's.yaml',
      'name: customers\ncolumns:\n  - { name: no, kind: code, alone: true }\n  - { name: born, kind: date }\n',
    )
    expect(diagnostics).toEqual([])
    expect(schema).toEqual({
      name: 'customers',
      family: 'personal',
      columns: [
        { name: 'no', kind: 'code', alone: true },
        { name: 'born', kind: 'date', alone: false },
      ],
      match: { within: 300 },
    })
  })

  it('says every mistake at once, each with its place', () => {
    const found = problems(
      'name: a b\nfamily: persnal\ncolumns:\n  - { name: no, kind: number }\n  - { kind: date }\nmatch: { columns: 1 }\nwithin: 3\n',
    )
    expect(found).toHaveLength(6)
    expect(found.some((text) => text.startsWith('s.yaml:1:7 ') && text.includes('letters, digits'))).toBe(true)
    expect(found.some((text) => text.startsWith('s.yaml:2:9 ') && text.includes('personal'))).toBe(true)
    expect(found.some((text) => text.startsWith('s.yaml:4:23 ') && text.includes('words'))).toBe(true)
    expect(found.some((text) => text.startsWith('s.yaml:7:1 ') && text.includes('within'))).toBe(true)
  })

  it.each([
    [
      'a column that stands twice',
      'name: a\ncolumns:\n  - { name: x, kind: code }\n  - { name: x, kind: words }\n',
      's.yaml:4:13 duplicate-column column `x` stands here twice',
    ],
    [
      'more columns asked for than there are',
      'name: a\ncolumns:\n  - { name: x, kind: code }\nmatch: { columns: 2 }\n',
      's.yaml:4:8 unreachable no row can match: 2 columns are asked for and there are 1',
    ],
    [
      'a set with a column that is none',
      'name: a\ncolumns:\n  - { name: x, kind: code }\n  - { name: y, kind: code }\nmatch: { together: [[x, z]] }\n',
      's.yaml:5:25 unknown-column there is no column `z`; the columns are `x`, `y`',
    ],
    ['no columns', 'name: a\ncolumns: []\n', 's.yaml:2:10 '],
    ['a name that is a path', 'name: ../x\ncolumns:\n  - { name: x, kind: code, alone: true }\n', 's.yaml:1:7 '],
    ['what is no YAML', 'name: [', 's.yaml:1:'],
  ])('refuses %s', (_name, text, expected) => {
    const { schema } = parseExactDataSchema('s.yaml', text)
    expect(schema).toBeNull()
    expect(problems(text).join('\n')).toContain(expected)
  })

  it('takes one column that identifies alone', () => {
    expect(
      parseExactDataSchema('s.yaml', 'name: a\ncolumns: [{ name: x, kind: code, alone: true }]\n').schema,
    ).not.toBeNull()
  })
})
