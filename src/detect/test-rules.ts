/** Runs the examples that stand in the rules: the rules' own tests. Pure. */
import { confidenceAtLeast } from '../core/finding.ts'
import type { CompiledRuleSet } from './compile-rules.ts'
import { detectText } from './detect-text.ts'

export interface RuleTestResult {
  readonly rule: string
  readonly kind: 'example' | 'negative-example'
  /** 0-based, in the rule's list. */
  readonly index: number
  readonly text: string
  readonly ok: boolean
  /** What was expected and what came, for a person. */
  readonly message: string
}

/**
 * An example must give a finding of its rule at any confidence (bulk rules: at least `threshold.unique` values must
 * stand in one example when they want to stay above it). A negative example must give none at medium or above.
 * `only`: ids of the rules whose examples are run; all of them by default.
 */
export function testRules(rules: CompiledRuleSet, only: ReadonlySet<string> | null = null): RuleTestResult[] {
  const results: RuleTestResult[] = []
  for (const { rule } of rules.rules) {
    if (only && !only.has(rule.id)) continue
    for (const [index, text] of rule.examples.entries()) {
      const found = findings(rules, rule.id, text)
      const ok = found.length > 0
      const message = ok ? `found at ${found.join(', ')}` : `rule ${rule.id} doesn't find its example`
      results.push({ rule: rule.id, kind: 'example', index, text, ok, message })
    }
    for (const [index, text] of rule.negativeExamples.entries()) {
      const loud = findings(rules, rule.id, text).filter((confidence) => confidenceAtLeast(confidence, 'medium'))
      const ok = loud.length === 0
      const message = ok ? 'silent' : `rule ${rule.id} finds its negative example at ${loud.join(', ')}`
      results.push({ rule: rule.id, kind: 'negative-example', index, text, ok, message })
    }
  }
  return results
}

const NO_KEY = new Uint8Array(32)

function findings(rules: CompiledRuleSet, id: string, text: string) {
  const detection = detectText(rules, { part: 0, utf8: Buffer.from(text) }, { findingKey: NO_KEY })
  return detection.matches.filter((match) => match.detector === id).map((match) => match.confidence)
}
