/** Written conditions -> Condition trees, with bounded nesting, and a canonical text for comparing them. */
import { limits } from '../core/limits.ts'
import type { Path } from '../yaml/parse-yaml.ts'
import { canonicalJson } from './canonical-json.ts'
import type { CompileScope } from './compile-scope.ts'
import type { Condition } from './condition.ts'
import { conditionKinds, type WrittenCondition } from './condition-registry.ts'

const kindsByKey = new Map(conditionKinds.map((kind) => [kind.key, kind]))

/** `scopeAt` gives the scope for complaints below a path. Several keys of one map are an `all` of them. */
export function compileCondition(
  written: WrittenCondition,
  path: Path,
  scopeAt: (path: Path) => CompileScope,
  nesting = 0,
): Condition {
  if (nesting > limits.policyNestingMax) {
    scopeAt(path).problem(
      [],
      'too-nested',
      `Conditions may be nested ${limits.policyNestingMax} deep; split the rule in two.`,
    )
    return groupOf('any', [])
  }
  const conditions = Object.entries(written)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): Condition => {
      const at = [...path, key]
      if (key === 'all' || key === 'any' || key === 'none') {
        const inner = value as readonly WrittenCondition[]
        return groupOf(
          key,
          inner.map((one, index) => compileCondition(one, [...at, index], scopeAt, nesting + 1)),
        )
      }
      const kind = kindsByKey.get(key)
      if (!kind) throw new Error(`no condition kind ${key}`)
      return {
        kind: 'leaf',
        key,
        canonical: canonicalJson({ [key]: value }),
        leaf: Object.freeze(kind.compile(value, scopeAt(at))),
      }
    })
  const [only] = conditions
  return conditions.length === 1 && only ? only : groupOf('all', conditions)
}

/** Nested groups of the same kind are flattened and sorted in the canonical text, so that order doesn't matter. */
export function groupOf(kind: 'all' | 'any' | 'none', of: readonly Condition[]): Condition {
  const texts = flatten(kind, of).map((condition) => condition.canonical)
  const canonical = `{"${kind}":[${[...new Set(texts)].sort().join(',')}]}`
  return { kind, of, canonical: texts.length === 1 && kind !== 'none' ? (texts[0] ?? canonical) : canonical }
}

/** Members of a group, with nested groups of the same kind opened (`none` is not associative and stays). */
export function flatten(kind: 'all' | 'any' | 'none', of: readonly Condition[]): Condition[] {
  if (kind === 'none') return [...of]
  return of.flatMap((condition) => (condition.kind === kind ? flatten(kind, condition.of) : [condition]))
}
