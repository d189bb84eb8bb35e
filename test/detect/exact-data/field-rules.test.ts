import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { exactDataDetector } from '../../../src/detect/exact-data/exact-data-detector.ts'
import { FieldRules } from '../../../src/detect/exact-data/field-rules.ts'
import { fieldRuleIds } from '../../../src/detect/exact-data/rules-of-fields.ts'
import { detectRows, indexTable, partRules, rowsFound, schemaOf } from './tables.ts'

const SCHEMA = schemaOf(`
name: parts
columns:
  - { name: no, kind: code, rule: part_no, alone: true }
  - { name: spare, kind: code, rule: part_no }
  - { name: maker, kind: words }
  - { name: stock, kind: code }
match: { columns: 2, within: 100 }
`)
const fields = new FieldRules(partRules, fieldRuleIds([SCHEMA]))
const parts = await indexTable(
  SCHEMA,
  [
    ['P-12345-6', 'P-77777-1', 'Nightjar', '4711'],
    ['P-12345-7', 'P-77777-2', 'Kestrel', '4712'],
    ['P-99999-9', '', 'Heron', 'P-12345-6'],
  ],
  fields,
)

describe('columns that have a rule as their type', () => {
  it.each<[string, string, string[]]>([
    ['are found where the rule accepts the value, without the words it wants', 'see P-12345-6.', ['0: no']],
    ['are not found as the rule does not accept them', 'see P 12345 6, P123456, p.12345.6', []],
    ['stand with other columns, before them', 'P-77777-1 by Nightjar', ['0: spare maker']],
    ['stand with other columns, behind them', 'Kestrel and 4712 make P-77777-2', ['1: maker stock spare']],
    ['stand with one another', 'P-77777-1 for P-12345-6', ['0: spare no']],
    ['are no value of a column without one', 'Heron P-99999-8 P123456', ['2: maker stock']],
    ['are none that a row has not', 'P-12345-8 P-77777-1', []],
    ['are found each', 'P-12345-7 P-99999-9', ['1: no', '2: no']],
  ])('%s', (_name, text, expected) => {
    expect(rowsFound(parts, text)).toEqual(expected)
  })

  it('need no others', async () => {
    const schema = schemaOf('name: t\ncolumns: [{ name: no, kind: code, rule: part_no, alone: true }]\n')
    const index = await indexTable(schema, [['P-12345-6'], ['P-12345-7']], new FieldRules(partRules, ['part_no']))
    expect(rowsFound(index, 'P-12345-7, P123456')).toEqual(['1: no'])
    expect(rowsFound([index, parts], 'P-12345-7 Kestrel 4712')).toEqual(['1: no', '1: no maker stock'])
  })

  it('say so when there are more values than are looked at', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `P-${10_000 + (i % 89_999)}-1`).join(' ')
    expect(detectRows(parts, many(limits.detectMatchesPerRuleMax)).overflow).toBe(false)
    expect(detectRows(parts, many(limits.detectMatchesPerRuleMax + 1)).overflow).toBe(true)
  })

  it('are refused while their rule is not in force, not passed over', () => {
    expect(() => exactDataDetector([parts], [])).toThrow(
      expect.objectContaining({ code: 'exact-data-rule', temporary: false }),
    )
    const bare = partRules.map((rule) => ({ ...rule, patterns: [] }))
    expect(() => exactDataDetector([parts], bare)).toThrow(expect.objectContaining({ code: 'exact-data-rule' }))
  })
})
