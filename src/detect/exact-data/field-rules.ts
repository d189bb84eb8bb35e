/**
 * Detection rules as the types of columns: what their patterns and validators accept is a value, and nothing else is
 * looked up. Words near it are not asked for, since the row itself is the evidence. Pure; bounded like every scan of a
 * text, and what is left out is said (`overflow`).
 */
import type { DetectionRule } from '../../core/detection-rule.ts'
import { buildRuleSet, type CompiledRuleSet } from '../compile-rules.ts'
import { TextScan } from '../scan-text.ts'
import { rulesOfFields } from './rules-of-fields.ts'

/** Where a rule accepts a value. Byte offsets into the UTF-8 text. */
export interface FieldPlace {
  readonly rule: string
  readonly value: string
  readonly start: number
  readonly end: number
}

export class FieldRules {
  readonly #rules: CompiledRuleSet | null

  /** `rules`: those in force. Throws what `rulesOfFields` throws. */
  constructor(rules: readonly DetectionRule[], wanted: readonly string[]) {
    const chosen = rulesOfFields(rules, wanted).map(withoutContext)
    this.#rules = chosen.length > 0 ? buildRuleSet(chosen) : null
  }

  /** In order of their beginnings; a place that several patterns of a rule accept is one. */
  find(utf8: Uint8Array): { readonly places: readonly FieldPlace[]; readonly overflow: boolean } {
    if (!this.#rules) return { places: [], overflow: false }
    const scan = new TextScan(this.#rules, utf8)
    scan.run()
    const places = new Map<string, FieldPlace>()
    for (const { pattern, value, start, end } of scan.claims) {
      const rule = pattern.rule.rule.id
      places.set(`${rule} ${start} ${end}`, { rule, value, start, end })
    }
    return { places: [...places.values()].sort((a, b) => a.start - b.start || a.end - b.end), overflow: scan.overflow }
  }

  /** Whether the rule accepts all of a cell but the white space around it. */
  accepts(rule: string, cell: string): boolean {
    const value = cell.trim()
    const bytes = Buffer.byteLength(value)
    return this.find(Buffer.from(value)).places.some(
      (place) => place.rule === rule && place.start === 0 && place.end === bytes,
    )
  }
}

/** The rule's patterns, word lists and validators alone. */
function withoutContext({ combinations: _, score: __, threshold: ___, ...rule }: DetectionRule): DetectionRule {
  const bare = { requires: [], raise: {} }
  return {
    ...rule,
    patterns: rule.patterns.map((pattern) => ({ ...pattern, ...bare })),
    ...(rule.words ? { words: rule.words.map((list) => ({ ...list, ...bare })) } : {}),
    evidence: {},
    antiEvidence: {},
  }
}
