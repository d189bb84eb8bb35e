import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Match } from '../../src/core/finding.ts'
import { type CompiledRuleSet, compileRules } from '../../src/detect/compile-rules.ts'
import { detectText } from '../../src/detect/detect-text.ts'
import type { DetectOptions, TextDetection } from '../../src/detect/detector.ts'

const file = join(import.meta.dirname, '../fixtures/rules/engine.yaml')

export function engineRules(): CompiledRuleSet {
  const { rules, diagnostics } = compileRules([{ file: 'engine.yaml', text: readFileSync(file, 'utf8') }])
  if (!rules) throw new Error(JSON.stringify(diagnostics))
  return rules
}

export const FINDING_KEY = new Uint8Array(32).fill(7)

export function detectIn(
  rules: CompiledRuleSet,
  text: string | Buffer,
  options: Partial<DetectOptions> = {},
): TextDetection {
  return detectText(rules, { part: 0, utf8: Buffer.from(text) }, { findingKey: FINDING_KEY, ...options })
}

/** `detector confidence via value`, one line a match. */
export function summary(matches: readonly Match[]): string[] {
  return matches.map((match) =>
    [match.detector, match.confidence, match.via.join('>') || 'text', match.normalized].join(' '),
  )
}
