import { describe, expect, it } from 'vitest'
import { formatDiagnostic } from '../../../src/core/diagnostic.ts'
import { compileRules } from '../../../src/detect/compile-rules.ts'
import { parseRules } from '../../../src/detect/rules/parse-rules.ts'

const sound = `rules:
  - id: one
    name: One
    family: secret
    description: d
    patterns:
      - { id: p, regex: 'abc\\d+', confidence: high }
    examples: [abc1]
    negative_examples: [abc]
`

function complaints(text: string, more: readonly { file: string; text: string }[] = []): string[] {
  return parseRules([{ file: 'a.yaml', text }, ...more]).diagnostics.map(formatDiagnostic)
}

describe('rule files', () => {
  it('give rules with their defaults', () => {
    const { rules, diagnostics } = parseRules([{ file: 'a.yaml', text: sound }])
    expect(diagnostics).toEqual([])
    expect(rules[0]).toMatchObject({
      id: 'one',
      patterns: [{ boundary: 'word', validators: [], requires: [], raise: {} }],
      evidence: {},
      antiEvidence: {},
    })
  })

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'an unknown key',
      (t) => t.replace('family:', 'famly:'),
      /^a\.yaml:4:5 unknown-key `famly` is not a key .*did you mean `family`/,
    ],
    ['an unknown family', (t) => t.replace('secret', 'secrets'), /^a\.yaml:4:13 invalid-value .*did you mean `secret`/],
    ['bad YAML', (t) => t.replace('[abc1]', '[abc1'), /^a\.yaml:\d+:\d+ yaml-syntax /],
    [
      'a pattern that RE2 refuses',
      (t) => t.replace("'abc\\d+'", "'(?=abc)'"),
      /^a\.yaml:7:\d+ bad-pattern not an RE2 pattern/,
    ],
    ['a pattern that matches nothing', (t) => t.replace("'abc\\d+'", "'a*'"), /^a\.yaml:7:\d+ matches-empty /],
    ['a pattern of assertions alone', (t) => t.replace("'abc\\d+'", "'\\b'"), /^a\.yaml:7:\d+ matches-empty /],
    [
      'a loop over nothing',
      (t) => t.replace("'abc\\d+'", "'x(?:a?)*'"),
      /^a\.yaml:7:\d+ bad-pattern .*may match nothing/,
    ],
    [
      'a pattern that is too large',
      (t) => t.replace("'abc\\d+'", "'(?:(?:[a-z]{1,30}){1,30} ){1,20}'"),
      /^a\.yaml:7:\d+ (?:large|bad)-pattern /,
    ],
    [
      'an unknown validator',
      (t) => t.replace('confidence: high', "confidence: high, validators: ['lunh']"),
      /^a\.yaml:7:\d+ unknown-validator /,
    ],
    [
      'a validator with a bad argument',
      (t) => t.replace('confidence: high', "confidence: high, validators: ['entropy(x)']"),
      /unknown-validator validator `entropy` wants/,
    ],
    [
      'a validator with a needless argument',
      (t) => t.replace('confidence: high', "confidence: high, validators: ['luhn(2)']"),
      /unknown-validator validator `luhn` takes no argument/,
    ],
    [
      'evidence that isn’t there',
      (t) => t.replace('confidence: high', 'confidence: high, raise: { words: high }'),
      /^a\.yaml:7:\d+ unknown-evidence .*`words`/,
    ],
    [
      'required evidence that isn’t there',
      (t) => t.replace('confidence: high', 'confidence: high, requires: [words]'),
      /unknown-evidence .*`words`/,
    ],
    [
      'evidence that nothing uses',
      (t) => `${t}    evidence: { words: { keywords: [x] } }\n`,
      /unused-evidence .*`words`/,
    ],
    ['empty anti-evidence', (t) => `${t}    anti_evidence: { words: {} }\n`, /empty-evidence `words`/],
    ['bad patterns in evidence', (t) => `${t}    anti_evidence: { words: { values: ['('] } }\n`, /bad-pattern /],
    ['no examples', (t) => t.replace('    examples: [abc1]\n', ''), /missing-examples .*`examples`/],
    [
      'no negative examples',
      (t) => t.replace('    negative_examples: [abc]\n', ''),
      /missing-examples .*`negative_examples`/,
    ],
    ['an unknown view', (t) => `${t}    views: [base65]\n`, /invalid-value .*did you mean `base64`/],
  ])('refuse %s', (_, change, expected) => {
    const found = complaints(change(sound))
    expect(found.join('\n')).toMatch(new RegExp(expected.source, 'm'))
    expect(compileRules([{ file: 'a.yaml', text: change(sound) }]).rules).toBeNull()
  })

  it('name both places of an id that stands twice, in whatever files', () => {
    expect(complaints(sound, [{ file: 'b.yaml', text: sound }])).toEqual([
      'b.yaml:2:9 duplicate-id rule `one` already stands at a.yaml:2',
    ])
  })

  it('tell all mistakes of all files at once', () => {
    const bad = sound.replace("'abc\\d+'", "'('").replace('examples: [abc1]', 'examples: []')
    expect(complaints(bad, [{ file: 'b.yaml', text: 'rules: 5' }]).length).toBe(3)
  })

  it('give the same revision for the same rules in other files, and another for other rules', () => {
    const revision = (...files: { file: string; text: string }[]) => compileRules(files).rules?.revision
    const two = sound.replace('id: one', 'id: two')
    const both = `${sound}${two.replace('rules:\n', '')}`
    expect(revision({ file: 'x', text: both })).toBe(revision({ file: 'b', text: two }, { file: 'a', text: sound }))
    expect(revision({ file: 'x', text: sound })).not.toBe(
      revision({ file: 'x', text: sound.replace('abc\\d', 'abd\\d') }),
    )
  })
})
