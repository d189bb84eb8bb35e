/**
 * Whether the patterns of a rule can be compiled and want something. What takes most of the time of reading rules; it
 * depends on the patterns alone. Pure; all mistakes of the rule at once.
 */
import RE2 from 're2'
import { PATTERN_END_INSTRUCTIONS, PATTERN_INSTRUCTIONS_MAX } from '../match/program.ts'
import { lengthOf, stepsOf } from '../regex/ast.ts'
import { parseRegex, RegexUnsupported } from '../regex/parse-regex.ts'
import { isPlainRegex } from '../regex/plain-regex.ts'
import type { RulePlace } from './rule-place.ts'
import type { RuleDocument } from './rule-schema.ts'

type Path = readonly (string | number)[]

export function checkPatterns(rule: RuleDocument, place: RulePlace): void {
  for (const [i, { regex }] of rule.patterns.entries()) checkPrimary(regex, ['patterns', i, 'regex'], place)
  for (const [name, { patterns }] of Object.entries(rule.evidence))
    for (const [i, regex] of patterns.entries()) checkRegex(regex, ['evidence', name, 'patterns', i], place)
  for (const [name, group] of Object.entries(rule.anti_evidence))
    for (const key of ['patterns', 'values'] as const)
      for (const [i, regex] of group[key].entries()) checkRegex(regex, ['anti_evidence', name, key, i], place)
}

function checkPrimary(regex: string, path: Path, place: RulePlace): void {
  // A plain one is short, and wants a character.
  if (isPlainRegex(regex) || !checkRegex(regex, path, place)) return
  try {
    const node = parseRegex(regex)
    if (lengthOf(node).min === 0)
      place.report(path, 'matches-empty', 'the pattern can match without reading a character; make it want something')
    if (stepsOf(node) + PATTERN_END_INSTRUCTIONS > PATTERN_INSTRUCTIONS_MAX)
      place.report(path, 'large-pattern', 'the pattern is too large; lower its repeat counts')
  } catch (thrown) {
    if (!(thrown instanceof RegexUnsupported)) throw thrown
    place.report(path, 'bad-pattern', thrown.message)
  }
}

export function checkRegex(regex: string, path: Path, place: RulePlace): boolean {
  if (isPlainRegex(regex)) return true
  try {
    const compiled = new RE2(regex, '')
    if (!compiled.test('')) return true
    place.report(path, 'matches-empty', 'the pattern matches the empty string; make it want something')
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : 'cannot be compiled'
    place.report(path, 'bad-pattern', `not an RE2 pattern: ${message} (no look-around, no back-references)`)
  }
  return false
}
