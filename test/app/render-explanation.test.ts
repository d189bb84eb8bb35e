import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderExplanation } from '../../src/app/commands/render-explanation.ts'
import { compileDetectors, detectAll } from '../../src/detect/detect-all.ts'
import { textExtraction } from '../support/text-extraction.ts'

const folder = join(import.meta.dirname, '../../rules')
const file = (name: string) => ({ file: name, text: readFileSync(join(folder, name), 'utf8') })
const OWN = {
  file: 'own.yaml',
  text: `rules:
  - id: deal
    name: Deal
    family: custom
    description: d
    words: [{ id: w, weighted: { merger: 3, exclusivity: 3 } }]
    score: { medium: 6 }
    examples: [merger exclusivity]
    negative_examples: [merger]
  - id: file_number
    name: File number
    family: custom
    description: d
    patterns: [{ id: p, regex: 'R-\\d{4}', confidence: medium, requires: [signature] }]
    evidence: { signature: { patterns: ['signed by'] } }
    examples: ['R-1234 signed by']
    negative_examples: [R-12]
  - id: claim_number
    name: Claim number
    family: custom
    description: d
    patterns: [{ id: p, regex: '\\d{9}', confidence: medium, requires: [words] }]
    evidence: { words: { keywords: [claim] } }
    examples: ['claim 123456789']
    negative_examples: ['123456789']
overrides:
  - rule: credit_card
    except: { near: { keywords: [sandbox order], within: 20 } }
    examples: ['card 4111 1111 1111 1111']
`,
}
const detectors = compileDetectors({
  rules: [file('financial/payment-cards.yaml'), file('national-id/benelux-france.yaml'), OWN],
  catalogRevision: '',
})

function explanationOf(text: string, reveal = false): string {
  const options = { findingKey: new Uint8Array(32), reveal, explain: true }
  const { findings, nearMisses, explained } = detectAll(detectors, textExtraction(text, 'mail/note.txt'), options)
  const revisions = { policies: '', rules: '', catalog: '' }
  const report = { parts: [], uninspected: [], findings, labels: [], nearMisses, explained, revisions, elapsedMs: 0 }
  return `${renderExplanation([], report).join('\n')}\n${JSON.stringify(report)}`
}

describe('an explanation of findings', () => {
  it('names the pattern, the validator, the keyword with its distance, the part and the offsets', () => {
    const lines = explanationOf('BSN: 111222333')
    expect(lines).toContain('mail/note.txt at 5-14\n')
    expect(lines).toContain('validator id(nl.bsn): accepted')
    expect(lines).toContain('keyword words "bsn" at distance 2: raised to high')
  })

  it('names the view', () => {
    const hidden = Buffer.from('card 5425 2334 3010 9903').toString('base64')
    expect(explanationOf(`see ${hidden}`)).toContain(`mail/note.txt at 10-${4 + hidden.length} via base64`)
  })

  it.each<[string, string, RegExp]>([
    [
      'what an exception silenced',
      'sandbox order 5425 2334 3010 9903',
      /near miss: credit_card in mail\/note\.txt at 14-33: silenced by anti-evidence except-near "sandbox order" at distance 1/,
    ],
    [
      'what wanted evidence',
      'code R-4711',
      /near miss: file_number in mail\/note\.txt at 5-11: missing keyword signature/,
    ],
    [
      'what a validator rejected',
      'card 5425 2334 3010 9904',
      /near miss: credit_card in mail\/note\.txt at 5-24: rejected by validator card\(major\)/,
    ],
    [
      'what no keyword stands near, several rules at once',
      'number 111222333',
      /near miss: nl_bsn, claim_number in mail\/note\.txt at 7-16: missing keyword words/,
    ],
    ['what weighed too little', 'the merger', /near miss: deal in mail\/note\.txt at 4-10: silenced by score 3 of 6/],
  ])('tells as a near miss %s', (_, text, expected) => {
    expect(explanationOf(text)).toMatch(expected)
  })

  it('holds nothing of a value, unless it is asked to', () => {
    const text = 'BSN 111222333, card 5425 2334 3010 9903, sandbox order 4532 0151 1283 0366'
    expect(explanationOf(text)).not.toMatch(/111222|5425|2334|3010 99|4532|0151|1128/)
    expect(explanationOf(text, true)).toMatch(/111222333/)
  })
})
