/**
 * Detection rules -> what one scan thread needs to look for all of them at once: the automaton of their patterns, the
 * keyword table of their evidence, their validators. Everything that can be wrong with a rule is a Diagnostic; with any
 * error there is no rule set. Compiled sets hold native patterns and scratch memory, so each thread makes its own.
 */
import { createHash } from 'node:crypto'
import RE2 from 're2'
import type { AntiEvidenceGroup, DetectionRule, EvidenceGroup, RulePattern } from '../core/detection-rule.ts'
import type { Diagnostic } from '../core/diagnostic.ts'
import { KeywordMatcher } from './evidence/keyword-matcher.ts'
import { Automaton } from './match/automaton.ts'
import { Program } from './match/program.ts'
import { Scanner } from './match/scanner.ts'
import { parseRegex } from './regex/parse-regex.ts'
import { parseRules, type RuleFile } from './rules/parse-rules.ts'
import type { Term } from './term-rules.ts'
import { resolveValidator, type ValidatorUse } from './validators/registry.ts'
import { views } from './views/registry.ts'
import type { View } from './views/view.ts'
import type { ViewName } from './views/view-names.ts'

export interface CompiledGroup {
  readonly index: number
  readonly name: string
  /** Number of keywords. */
  readonly keywords: number
  /** Global, so that several hits of one window can be seen. */
  readonly patterns: readonly RE2[]
  readonly within: number
  readonly side: 'before' | 'after' | 'either'
  readonly column: boolean
}

export interface CompiledAntiGroup extends CompiledGroup {
  /** Match a whole value. */
  readonly values: readonly RE2[]
  readonly effect: AntiEvidenceGroup['effect']
}

export interface CompiledPattern {
  readonly index: number
  readonly rule: CompiledRule
  readonly pattern: RulePattern
  /** Gives the group `value` of a match; null when the whole match is the value. */
  readonly valueOf: RE2 | null
  /** For ad-hoc terms: what every match stands for, and how it was hidden. */
  readonly term: { readonly text: string; readonly via: readonly ViewName[] } | null
  readonly validators: readonly ValidatorUse[]
  readonly requires: readonly CompiledGroup[]
  readonly raise: readonly { readonly group: CompiledGroup; readonly to: RulePattern['confidence'] }[]
}

/** A place that a view wants to look at is found in the same pass as the rules. */
export interface CompiledTrigger {
  readonly view: View
}

export interface CompiledRule {
  readonly index: number
  readonly rule: DetectionRule
  readonly anti: readonly CompiledAntiGroup[]
}

export interface CompiledRuleSet {
  /** Hash over the rules' content; the same rules have the same revision on every machine. */
  readonly revision: string
  readonly rules: readonly CompiledRule[]
  readonly patterns: readonly CompiledPattern[]
  /** Numbered on from the patterns. */
  readonly triggers: readonly CompiledTrigger[]
  readonly scanner: Scanner
  readonly keywords: KeywordMatcher
  readonly groupsOfKeyword: readonly Int32Array[]
}

/** Reads and compiles rule files. `rules` is null when any diagnostic is an error. */
export function compileRules(files: readonly RuleFile[]): { rules: CompiledRuleSet | null; diagnostics: Diagnostic[] } {
  const { rules, diagnostics } = parseRules(files)
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { rules: null, diagnostics }
  return { rules: buildRuleSet(rules), diagnostics }
}

/** Compiles rules that `parseRules` has found sound; throws where one isn't. */
export function buildRuleSet(rules: readonly DetectionRule[], terms: readonly Term[] = []): CompiledRuleSet {
  const builder = new GroupBuilder()
  const program = new Program()
  const patterns: CompiledPattern[] = []
  const compiled = [...rules, ...terms.map((term) => term.rule)].map((rule, index): CompiledRule => {
    const evidence = new Map(Object.entries(rule.evidence).map(([name, group]) => [name, builder.group(name, group)]))
    const anti = Object.entries(rule.antiEvidence).map(([name, group]) => ({
      ...builder.group(name, { ...group, column: false }),
      values: group.values.map((value) => new RE2(`\\A(?:${value})\\z`, 'i')),
      effect: group.effect,
    }))
    const compiledRule: CompiledRule = { index, rule, anti }
    for (const pattern of rule.patterns)
      patterns.push(compilePattern(program, compiledRule, pattern, evidence, terms[index - rules.length]))
    return compiledRule
  })
  const triggers = views.flatMap((view) =>
    view.triggers.map((trigger): CompiledTrigger => {
      program.add(parseRegex(trigger.regex), trigger.boundary, trigger.endBoundary)
      return { view }
    }),
  )
  const automaton = new Automaton(program)
  const { keywords, groupsOfKeyword } = builder.finish()
  return {
    revision: revisionOf(rules),
    rules: compiled,
    patterns,
    triggers,
    scanner: new Scanner(automaton, patterns.length + triggers.length),
    keywords,
    groupsOfKeyword,
  }
}

function compilePattern(
  program: Program,
  rule: CompiledRule,
  pattern: RulePattern,
  evidence: ReadonlyMap<string, CompiledGroup>,
  term: Term | undefined,
): CompiledPattern {
  const named = (name: string) => {
    const group = evidence.get(name)
    if (!group) throw new Error(`rule ${rule.rule.id} names the evidence group ${name}, which it doesn't have`)
    return group
  }
  return {
    index: program.add(parseRegex(pattern.regex), pattern.boundary),
    rule,
    pattern,
    valueOf: /\(\?P?<value>/.test(pattern.regex) ? new RE2(`(?:${pattern.regex})\\z`, 'dy') : null,
    term: term ? { text: term.text, via: term.viaOfPattern[pattern.id] ?? [] } : null,
    validators: pattern.validators.map((name) => {
      const resolved = resolveValidator(name)
      if (typeof resolved === 'string') throw new Error(`rule ${rule.rule.id}: ${resolved}`)
      return resolved
    }),
    requires: pattern.requires.map(named),
    raise: Object.entries(pattern.raise).map(([name, to]) => ({ group: named(name), to })),
  }
}

class GroupBuilder {
  readonly #keywords: { keyword: string; group: number }[] = []
  #groups = 0

  group(name: string, group: EvidenceGroup): CompiledGroup {
    const index = this.#groups++
    for (const keyword of group.keywords) this.#keywords.push({ keyword, group: index })
    return {
      index,
      name,
      keywords: group.keywords.length,
      patterns: group.patterns.map((pattern) => new RE2(pattern, 'g')),
      within: group.within,
      side: group.side,
      column: group.column,
    }
  }

  finish(): { keywords: KeywordMatcher; groupsOfKeyword: Int32Array[] } {
    const keywords = new KeywordMatcher(this.#keywords.map(({ keyword }) => keyword))
    const groups: Set<number>[] = Array.from({ length: keywords.size }, () => new Set())
    for (const { keyword, group } of this.#keywords) groups[keywords.idOf(keyword)]?.add(group)
    return { keywords, groupsOfKeyword: groups.map((set) => Int32Array.from(set)) }
  }
}

const REVISION_HEX = 16

function revisionOf(rules: readonly DetectionRule[]): string {
  const byId = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(byId)).digest('hex').slice(0, REVISION_HEX)
}
