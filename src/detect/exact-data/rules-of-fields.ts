/** Which detection rules the columns of registered tables have as their types, without a word of how rules are run. */
import type { DetectionRule } from '../../core/detection-rule.ts'
import { GatewayError } from '../../core/errors.ts'
import type { ExactDataIndex } from './exact-data-index.ts'

/** Ids of the rules that columns of the indexes have as their types, sorted. */
export function fieldRuleIds(indexes: readonly Pick<ExactDataIndex, 'columns'>[]): string[] {
  return [...new Set(indexes.flatMap(({ columns }) => columns.flatMap(({ rule }) => rule ?? [])))].sort()
}

/** Whether a rule can be a column's type: it finds values by itself. */
export function isFieldRule({ patterns, words }: DetectionRule): boolean {
  return patterns.length > 0 || (words ?? []).length > 0
}

/**
 * The rules with these ids. Throws GatewayError `exact-data-rule` when one is not in force: its column would never be
 * found, without a word.
 */
export function rulesOfFields(rules: readonly DetectionRule[], ids: readonly string[]): DetectionRule[] {
  return ids.map((id) => {
    const rule = rules.find((one) => one.id === id)
    if (rule && isFieldRule(rule)) return rule
    const message = `a registered table has values of the rule \`${id}\`, which is not in force: switch it on again, or index the table under another schema`
    throw new GatewayError('exact-data-rule', { temporary: false, publicMessage: message, message })
  })
}
