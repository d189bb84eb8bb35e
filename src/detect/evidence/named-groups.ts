import type { RulePattern } from '../../core/detection-rule.ts'
import type { CompiledElement, CompiledGroup, CompiledRule } from '../compile-rules.ts'

/** The evidence groups that a pattern or word list names. Throws where the rule doesn't have one. */
export function namedGroups(
  { rule }: Pick<CompiledRule, 'rule'>,
  element: Pick<RulePattern, 'requires' | 'raise'>,
  evidence: ReadonlyMap<string, CompiledGroup>,
): Pick<CompiledElement, 'requires' | 'raise'> {
  const named = (name: string) => {
    const group = evidence.get(name)
    if (!group) throw new Error(`rule ${rule.id} names the evidence group ${name}, which it doesn't have`)
    return group
  }
  return {
    requires: element.requires.map(named),
    raise: Object.entries(element.raise).map(([name, to]) => ({ group: named(name), to })),
  }
}
