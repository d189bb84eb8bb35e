import { describe, expect, it } from 'vitest'
import { buildRuleSet, choicesMade } from '../../../src/detect/compile-rules.ts'
import { NO_LITERAL, type PlanChoices, planKey } from '../../../src/detect/match/plan-pattern.ts'
import { parseRules } from '../../../src/detect/rules/parse-rules.ts'
import { rawMatches } from './raw-matches.ts'

const PATTERNS = [
  '[a-z0-9._-]{1,40}@[a-z0-9-]{1,20}\\.example',
  '[A-Za-z]{2,20} (?:Street|Avenue|Road)',
  '(?i)[a-z]{3,12}(?:secret|token)[a-z]{0,4}=[0-9a-f]{8}',
  '(?m)^[^:\\n]{1,40}: (?:internal|confidential) .{1,20}$',
  'ghx_[0-9a-f]{12}',
  '\\d{3}-\\d{4}',
]
const text = `From: confidential things
anna.schmidt@mail.example lives in Long Acre Street 555-1234, apitoken=0123abcd ghx_0123456789ab
note 7: internal matters
XMLSECRETs=deadbeef, b@c.example; 12 Abbey Road`

const { rules, diagnostics } = parseRules([
  {
    file: 'a.yaml',
    text: JSON.stringify({
      rules: PATTERNS.map((regex, i) => ({
        id: `r${i}`,
        name: 'n',
        family: 'custom',
        description: 'd',
        patterns: [{ id: 'p', regex, confidence: 'high' }],
        examples: ['x'],
        negative_examples: ['y'],
      })),
    }),
  },
])

function found(choices: PlanChoices): string[] {
  const matches = rawMatches(buildRuleSet(rules, [], choices), Buffer.from(text))
  return [...matches].flatMap(([{ rule }, spans]) => spans.map((span) => `${rule.rule.id} ${span}`)).sort()
}

const keys = rules.flatMap(({ patterns }) => patterns.map(planKey))
const all = (choice: number): PlanChoices => new Map(keys.map((key) => [key, choice]))

describe('the choice how a pattern is looked for', () => {
  it.each([NO_LITERAL, 0, 1, 2, 3, 99, -7, 0.5])('changes nothing that is found: %d for all', (choice) => {
    expect(diagnostics).toEqual([])
    const afresh = found(new Map())
    expect(new Set(afresh.map((line) => line.split(' ')[0])).size).toBe(PATTERNS.length)
    expect(found(all(choice))).toEqual(afresh)
  })

  it('is taken over', () => {
    const plans = (choices: PlanChoices) => buildRuleSet(rules, [], choices).patterns.map(({ plan }) => plan.by)
    expect(plans(new Map())).toContain('literal')
    expect(plans(all(NO_LITERAL))).not.toContain('literal')
    const made = choicesMade(buildRuleSet(rules).patterns)
    expect(plans(made)).toEqual(plans(new Map()))
  })
})
