import { describe, expect, it } from 'vitest'
import { formatDiagnostic } from '../../../src/core/diagnostic.ts'
import { buildRuleSet } from '../../../src/detect/compile-rules.ts'
import { auditRules } from '../../../src/detect/rules/audit-rules.ts'
import { parseRules } from '../../../src/detect/rules/parse-rules.ts'

const rule = (id: string, body: string) => `  - id: ${id}
    name: ${id}
    family: custom
    description: d
${body.trim().replace(/^ {4}/gm, '').replace(/^/gm, '    ')}
`

function complaints(...rules: string[]): string[] {
  const parsed = parseRules([{ file: 'a.yaml', text: `rules:\n${rules.join('')}` }])
  expect(parsed.diagnostics.map(formatDiagnostic)).toEqual([])
  return auditRules(buildRuleSet(parsed.rules), parsed.places).map(formatDiagnostic)
}

const sound = (id: string, regex = 'ab\\d+', example = 'ab1') =>
  rule(
    id,
    `patterns: [{ id: p, regex: '${regex}', confidence: low, raise: { words: high } }]
    evidence: { words: { keywords: [near], within: 9 } }
    examples: ['${example}', 'near ${example}']
    negative_examples: [x]`,
  )

describe('the audit of rules', () => {
  it('has nothing to say of sound ones', () => {
    expect(complaints(sound('one'), sound('two', 'cd\\d+', 'cd1'))).toEqual([])
  })

  it.each<[string, string[], RegExp]>([
    [
      'a pattern that stands in two rules',
      [sound('one'), sound('two')],
      /^a\.yaml:14:\d+ duplicate-pattern .*`one\/p`/,
    ],
    [
      'a pattern that an earlier one shadows',
      [
        rule(
          'one',
          `patterns:
      - { id: p, regex: 'ab\\d+', confidence: high }
      - { id: q, regex: 'ab\\d+', confidence: medium, validators: [luhn] }
    examples: [ab18, 'ab 18']
    negative_examples: [x]`,
        ),
      ],
      /^a\.yaml:8:\d+ shadowed-pattern `p`/,
    ],
    ['a pattern that no example reaches', [sound('one', 'ab\\b\\d+|cd', 'ab1')], /unreachable-pattern .*`p`/],
    [
      'a level that nothing is lifted to',
      [sound('one').replace('confidence: low', 'confidence: high')],
      /unreachable-level .*`words` lifts nothing to `high`/,
    ],
    [
      'a level that nothing is lowered to',
      [
        `${sound('one').replace('raise: { words: high }', 'raise: { words: medium }')}    anti_evidence: { no: { keywords: [no], effect: medium } }\n`,
      ],
      /unreachable-level .*`no` lowers nothing/,
    ],
    [
      'a threshold that changes nothing',
      [
        `${sound('one').replace('words: high', 'words: medium')}    threshold: { unique: 2, below_confidence: medium }\n`,
      ],
      /unreachable-level .*threshold/,
    ],
    ['a keyword that can’t be found', [sound('one').replace('[near]', "[near, '--']")], /impossible-keyword `--`/],
    [
      'a pattern that reads far everywhere',
      [sound('one', '[^@]{1,300}\\d\\d', 'ab12')],
      /slow-pattern it takes \d+\.\d steps/,
    ],
  ])('refuses %s', (_, rules, expected) => {
    expect(complaints(...rules).join('\n')).toMatch(expected)
  })

  it('counts the same steps each time', () => {
    const slow = sound('one', '[^@]{1,300}\\d\\d', 'ab12')
    expect(complaints(slow)).toEqual(complaints(slow))
  })

  it('looks at word lists and combinations too', () => {
    const words = rule(
      'words',
      'words: [{ id: w, terms: [blue heron], confidence: low }]\n    examples: [heron]\n    negative_examples: [x]',
    )
    const pair = rule(
      'pair',
      'combinations: [{ id: c, rule: words, within: 9, all: [{ rule: words }], confidence: high }]\n    examples: [x]\n    negative_examples: [x]',
    )
    expect(complaints(words, pair).map((line) => line.replace(/:.*`(\w)`:.*/, ' $1'))).toEqual(['a.yaml w', 'a.yaml c'])
  })
})
