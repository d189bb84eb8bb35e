/** Places of a text that a column's rule accepts -> those of them that may hold a value of its column. */
import type { DetectionRule } from '../../core/detection-rule.ts'
import type { Candidate } from './candidate-walk.ts'
import { type CellKind, canonicalCell, dateValues } from './cell-values.ts'
import { type ExactDataIndex, fieldOf, hasValue, ValueHasher } from './exact-data-index.ts'
import { FieldRules } from './field-rules.ts'
import { fieldRuleIds } from './rules-of-fields.ts'

export class FieldWalk {
  readonly #indexes: readonly ExactDataIndex[]
  readonly #hasher: ValueHasher
  readonly #rules: FieldRules
  /** How values of a rule are written in the columns that have it. */
  readonly #kinds = new Map<string, Set<CellKind>>()

  /** `indexes`: at least one, all of one catalogue. Throws GatewayError `exact-data-rule`. */
  constructor(indexes: readonly ExactDataIndex[], rules: readonly DetectionRule[]) {
    this.#indexes = indexes
    this.#hasher = new ValueHasher(indexes[0]?.key ?? new Uint8Array(0))
    this.#rules = new FieldRules(rules, fieldRuleIds(indexes))
    for (const { kind, rule } of indexes.flatMap(({ columns }) => columns))
      if (rule !== undefined) this.#kinds.set(rule, (this.#kinds.get(rule) ?? new Set()).add(kind))
  }

  /** In order of their beginnings. */
  candidates(utf8: Uint8Array): { readonly found: readonly Candidate[]; readonly overflow: boolean } {
    const { places, overflow } = this.#rules.find(utf8)
    const found: Candidate[] = []
    for (const { rule, value, start, end } of places)
      for (const kind of this.#kinds.get(rule) ?? [])
        for (const canonical of canonicalValues(kind, value)) {
          const field = fieldOf({ kind, rule })
          const hash = this.#hasher.hash(field, canonical)
          if (this.#indexes.some((index) => hasValue(index, hash))) found.push({ field, hash, start, end })
        }
    return { found, overflow }
  }
}

/** A date in a text may mean either of two days. */
function canonicalValues(kind: CellKind, value: string): readonly string[] {
  if (kind === 'date') return dateValues(value)
  const canonical = canonicalCell(kind, value)
  return canonical === null ? [] : [canonical]
}
