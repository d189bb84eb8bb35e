import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileRules } from '../../src/detect/compile-rules.ts'
import { detectText } from '../../src/detect/detect-text.ts'
import { testRules } from '../../src/detect/test-rules.ts'

/** The shipped rules for financial, national, health, personal and contact data: sound, and true to their own examples. */
const root = join(import.meta.dirname, '../../rules')
const folders = ['financial', 'national-id', 'health', 'personal', 'contact']
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => ({
    file: `rules/${folder}/${name}`,
    text: readFileSync(join(root, folder, name), 'utf8'),
  })),
)
const { rules, diagnostics } = compileRules(files)

function loud(text: string): string[] {
  if (rules === null) throw new Error('no rules')
  const { matches } = detectText(rules, { part: 0, utf8: Buffer.from(text) }, { findingKey: new Uint8Array(32) })
  return matches
    .filter((match) => match.confidence !== 'low' && ['financial', 'national_id', 'health'].includes(match.family))
    .map((match) => match.detector)
}

describe('shipped rules for regulated data', () => {
  it('compile without an error and give at least 400 rules', () => {
    expect(diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([])
    expect(rules?.rules.length).toBeGreaterThanOrEqual(400)
  })

  it('find their examples and stay silent on their negative examples', () => {
    if (rules === null) throw new Error('no rules')
    expect(testRules(rules).filter((result) => !result.ok)).toEqual([])
  })

  it('have references, three examples, three negative examples and known misses each', () => {
    const poor = (rules?.rules ?? []).filter(
      ({ rule }) =>
        rule.references.length < 1 ||
        rule.examples.length < 3 ||
        rule.negativeExamples.length < 3 ||
        rule.knownMisses.length < 1,
    )
    expect(poor.map(({ rule }) => rule.id)).toEqual([])
  })

  it.each([
    'Version 4.11.1111.1111 was released on 2024-03-15 at 12:30:45.',
    'commit 5f8340809953492cfe2152252191ba1cc601c7cc',
    'Order 4929126626368257 has been shipped, tracking 1Z999AA10123456784.',
    'ISBN 978-3-16-148410-0, ISSN 2049-3630',
    'uuid 123e4567-e89b-12d3-a456-426614174000',
    'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'mean 0.4111111111111111, epoch 1700000000000, invoice 2024-000123',
    'Meeting at 10:00, room 123456789, call in code 987 654 321',
    'multipart/mixed; boundary="===============4933777876898452091=="',
    'Driving licence valid for 12 months, issued 2021-03-15, expires 15.03.2022, fee 45.00',
    'Der Führerschein kostet 2300 Euro, gültig 12 Monate ab 03.05.2024',
    'ratio -.4929126626368257, 0.4929126626368257, block blk_-4929126626368257',
    'id,inn\n1,0.058593911\n2,0.094111296',
    'sku: 4012888888881, pallet 34896487',
    'Cc: 20210315 people and 1028622622 more',
    'DUI statistics 012345678, Taj Mahal visitors 005425860, CPR training 20240315',
    'Carte nationale: réunion nationale, identité visuelle, 326890803 visites',
    'The seria ABC 123456 of the invoice, memory 64 MB: 20240101',
  ])('stay quiet on %s', (text) => {
    expect(loud(text)).toEqual([])
  })

  it.each([
    ['My card is 4111 1111 1111 1111', 'credit_card'],
    ['Überweisung an DE89 3704 0044 0532 0130 00', 'iban'],
    ['name;bsn\nJansen;111222333\nDe Vries;123456782', 'nl_bsn'],
    ['Codice fiscale RSSMRA85T10A562S', 'it_fiscal_code'],
    ['身份证号码：11010519491231002X', 'cn_ric'],
    ['NHS number: 943 476 5919', 'uk_nhs_number'],
    ['SSN 219-09-9998', 'us_ssn'],
  ])('find what matters in %s', (text, detector) => {
    expect(loud(text)).toContain(detector)
  })
})
