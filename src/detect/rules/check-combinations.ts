/** Names of rules that combinations speak of: they must be rules, other ones, and of the kind that finds by itself. Pure. */
import { nearest } from '../../yaml/nearest.ts'
import type { RulePlace } from './rule-place.ts'
import type { RuleDocument } from './rule-schema.ts'

export interface KnownRules {
  readonly ids: ReadonlySet<string>
  /** Rules that are combinations of others. */
  readonly combined: ReadonlySet<string>
  /** Switched off by an override. */
  readonly disabled: ReadonlySet<string>
}

export function checkCombinations(rule: RuleDocument, place: RulePlace, known: KnownRules): void {
  for (const [index, combination] of rule.combinations.entries()) {
    const path = ['combinations', index]
    if (combination.all.length + combination.any.length === 0)
      place.report(path, 'missing-key', 'write under `all` or `any` which rules must be near')
    checkNames(rule.id, combination.rule, [...path, 'rule'], place, known)
    for (const key of ['all', 'any'] as const)
      for (const [i, companion] of combination[key].entries())
        checkNames(rule.id, companion.rule, [...path, key, i, 'rule'], place, known)
  }
}

function checkNames(
  own: string,
  names: readonly string[],
  path: readonly (string | number)[],
  place: RulePlace,
  { ids, combined, disabled }: KnownRules,
): void {
  for (const name of names) {
    if (!ids.has(name)) {
      const hint = nearest(name, [...ids])
      place.report(path, 'unknown-rule', `there is no rule \`${name}\`${hint ? `; did you mean \`${hint}\`?` : ''}`)
    } else if (name === own || combined.has(name))
      place.report(path, 'nested-combination', `\`${name}\` is a combination itself; name the rules that it is made of`)
    else if (disabled.has(name))
      place.report(path, 'disabled-rule', `\`${name}\` is switched off by an override, so nothing of it can be near`)
  }
}

/** Rules that combinations of the document name. */
export function combinedRules({ combinations }: RuleDocument): string[] {
  return combinations.flatMap(({ rule, all, any }) => [...rule, ...[...all, ...any].flatMap((c) => c.rule)])
}
