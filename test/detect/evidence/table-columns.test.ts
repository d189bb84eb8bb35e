import { describe, expect, it } from 'vitest'
import { TableColumns } from '../../../src/detect/evidence/table-columns.ts'

function headers(text: string, value: string): string[] {
  const bytes = Buffer.from(text)
  return new TableColumns(bytes)
    .headerOf(bytes.indexOf(value))
    .map(({ start, end }) => bytes.toString('utf8', start, end))
}

describe('table columns', () => {
  it.each<[string, string, string[]]>([
    ['TABs', 'name\tssn\tcity\nAda\t111\tRome\nBob\tVALUE\tOslo', ['ssn', '111']],
    ['semicolons', 'name;ssn\nAda;1\nBob;VALUE', ['ssn', '1']],
    ['commas', 'name,ssn,city\nAda,1,Rome\nBob,VALUE,Oslo', ['ssn', '1']],
    ['bars, as in Markdown', '| name | ssn |\n|------|-----|\n| Ada | 1 |\n| Bob 2" | VALUE |', [' ssn ', '-----']],
    ['bars, as a database prints', ' name | ssn | city\n------+-----+------\n Bob | VALUE | x', [' ssn ']],
    ['a grid', '+---+---+\n| a | b |\n+---+---+\n| 1 | VALUE |\n+---+---+', [' b ']],
    ['one bar', 'name | ssn\nBob | VALUE', []],
    ['quoted separators', 'a,b,c\n"x, y",VALUE,z', ['b']],
    ['a row with one cell more', 'a\tb\tc\n1\t2\t3\t4\n1\tVALUE\t3\t4', ['b', '2']],
    ['the first row itself', 'a\tVALUE\tc\n1\t2\t3', []],
    ['no table', 'one, two and VALUE', []],
    ['another table above', 'x\ty\n1\t2\n\nname\tssn\nBob\tVALUE', ['ssn']],
  ])('%s', (_, text, expected) => {
    expect(headers(text, 'VALUE')).toEqual(expected)
  })

  it('says which rows a header cell heads', () => {
    const text = Buffer.from('prose\nname\tssn\n1\t2\n3\t4\nmore prose')
    const rows = new TableColumns(text).headedBy(text.indexOf('ssn'))
    expect(rows && text.toString('utf8', rows.start, rows.end)).toBe('\n1\t2\n3\t4')
    expect(new TableColumns(text).headedBy(text.indexOf('more'))).toBeNull()
  })

  it('takes a line past the limit for no table', () => {
    const long = Buffer.from(`a\tb\n${'x\t'.repeat(40_000)}VALUE`)
    expect(new TableColumns(long).headerOf(long.indexOf('VALUE'))).toEqual([])
  })
})
