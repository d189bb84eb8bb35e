import { describe, expect, test } from 'vitest'
import { testRules } from '../../../src/detect/test-rules.ts'
import { found, rulesOf } from './rules-of.ts'

const rules = rulesOf('intellectual-property')

test('every rule finds its examples and leaves its negative examples alone', () => {
  expect(testRules(rules).filter((result) => !result.ok)).toEqual([])
  for (const { rule } of rules.rules) expect(rule.family, rule.id).toBe('intellectual_property')
})

describe('markings', () => {
  test.each([
    ['confidentiality_marking medium', 'STRICTLY CONFIDENTIAL\n\nPlans for next year'],
    ['confidentiality_marking medium', 'Bericht\n\n  Streng vertraulich  \n'],
    ['confidentiality_marking medium', 'Poufne'],
    ['confidentiality_marking medium', '社外秘'],
    ['confidentiality_marking high', 'Classification: Confidential'],
    ['confidentiality_marking high', 'Acme Ltd. Confidential and Proprietary'],
    ['tlp_marking high', 'TLP:AMBER+STRICT'],
    ['government_classification high', 'VS – NUR FÜR DEN DIENSTGEBRAUCH'],
    ['export_control_marking medium', 'ECCN: 3A001.a'],
    ['attorney_client_privilege high', 'PRIVILEGED & CONFIDENTIAL'],
  ])('%s: %s', (expected, text) => {
    expect(found(rules, text)).toContain(expected)
  })

  test.each([
    'This e-mail and any files with it are confidential and may be privileged.',
    'Diese E-Mail ist vertraulich.',
    'She asked me to keep it confidential, which I did.',
    'TLP:CLEAR',
  ])('the notice under a mail and the word in a sentence stay low: %s', (text) => {
    expect(found(rules, text)).toEqual([])
  })
})

describe('source code', () => {
  const line = (i: number) => `    total_${i} = compute(${i})\ndef step_${i}(value):\n    return value + ${i}\n`
  const file = (lines: number) => Array.from({ length: lines }, (_, i) => line(i)).join('')

  test('a few lines are low', () => {
    expect(found(rules, file(5), 'low')).toEqual(['source_code low'])
  })

  test('a file full is medium', () => {
    expect(found(rules, file(60))).toEqual(['source_code medium'])
  })

  test('the same lines over and over are not a file full', () => {
    expect(found(rules, line(1).repeat(60))).toEqual([])
  })
})

test('a deal takes five different terms', () => {
  const terms = ['term sheet', 'due diligence', 'data room', 'earn-out', 'share purchase agreement']
  expect(found(rules, terms.slice(1).join(', '))).toEqual([])
  expect(found(rules, terms.join(', '))).toEqual(['mergers_acquisitions medium'])
})
