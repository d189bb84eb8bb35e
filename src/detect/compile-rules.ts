/**
 * Detection rules -> what one scan thread needs to look for all of them at once: the automaton of their patterns, the
 * keyword table of their evidence, their validators. Everything that can be wrong with a rule is a Diagnostic; with any
 * error there is no rule set. Compiled sets hold native patterns and scratch memory, so each thread makes its own.
 */
import RE2 from 're2'
import type { AntiEvidenceGroup, DetectionRule, EvidenceGroup, RulePattern } from '../core/detection-rule.ts'
import type { Diagnostic } from '../core/diagnostic.ts'
import { KeywordMatcher } from './evidence/keyword-matcher.ts'
import { namedGroups } from './evidence/named-groups.ts'
import { Automaton } from './match/automaton.ts'
import {
  NO_LITERAL,
  type PatternPlan,
  type PlanChoices,
  planKey,
  planLinePattern,
  planPattern,
} from './match/plan-pattern.ts'
import { prefixTables } from './match/prefix-table.ts'
import { Program } from './match/program.ts'
import { Scanner } from './match/scanner.ts'
import { SolePattern } from './match/sole-pattern.ts'
import { beginsLine, type RegexNode } from './regex/ast.ts'
import { foldCase } from './regex/code-points.ts'
import { parseRegex } from './regex/parse-regex.ts'
import type { RequiredLiterals } from './regex/required-literals.ts'
import { choicesOf, parseRules, type RuleFile } from './rules/parse-rules.ts'
import { revisionOf } from './rules/revision-of.ts'
import type { Term } from './term-rules.ts'
import { resolveValidator, type ValidatorUse } from './validators/registry.ts'
import { views } from './views/registry.ts'
import type { View } from './views/view.ts'
import type { ViewName } from './views/view-names.ts'
import {
  allowedValues,
  type CompiledDictionary,
  type CompiledWords,
  compileDictionaries,
  compileWords,
  NO_WEIGHTS,
  termWeights,
} from './words/compile-words.ts'

export interface CompiledGroup {
  readonly index: number
  readonly name: string
  /** Number of keywords. */
  readonly keywords: number
  /** Global, so that several hits of one window can be seen. Compiled when they are first asked for. */
  readonly patterns: readonly (() => RE2)[]
  readonly within: number
  readonly side: 'before' | 'after' | 'either'
  readonly column: boolean
}

export interface CompiledAntiGroup extends CompiledGroup {
  /** Match a whole value. Compiled when they are first asked for. */
  readonly values: readonly (() => RE2)[]
  /** Values that are meant one by one: as they are written and in their canonical form, in lower case. */
  readonly allowed: ReadonlySet<string>
  readonly effect: AntiEvidenceGroup['effect']
}

/** What a match is a match of: a pattern or a word list. */
export interface CompiledElement {
  readonly rule: CompiledRule
  readonly pattern: Pick<RulePattern, 'id' | 'confidence'>
  readonly kind: 'pattern' | 'dictionary'
  /** For ad-hoc terms: what every match stands for, and how it was hidden. */
  readonly term: { readonly text: string; readonly via: readonly ViewName[] } | null
  readonly requires: readonly CompiledGroup[]
  readonly raise: readonly { readonly group: CompiledGroup; readonly to: RulePattern['confidence'] }[]
}

export interface CompiledPattern extends CompiledElement {
  readonly sole: SolePattern
  /** Where it is looked for: near keywords that it requires, at lines' starts, or as `planPattern` says. */
  readonly plan: PatternPlan | { readonly by: 'keyword' | 'line' }
  readonly pattern: RulePattern
  /** Gives the group `value` of a match; null when the whole match is the value. Compiled when it is first asked for. */
  readonly valueOf: (() => RE2) | null
  readonly validators: readonly ValidatorUse[]
}

/** What the one pass over a text looks for: patterns, literals that stand for one, places that a view wants to see. */
export type ScanItem =
  | { readonly kind: 'pattern'; readonly pattern: CompiledPattern }
  | { readonly kind: 'literal'; readonly pattern: CompiledPattern; readonly required: RequiredLiterals }
  | { readonly kind: 'view'; readonly view: View }

export interface CompiledRule {
  readonly index: number
  readonly rule: DetectionRule
  readonly anti: readonly CompiledAntiGroup[]
  /** For weighted rules: weight of each term by its canonical form. */
  readonly weights: ReadonlyMap<string, number>
}

export interface CompiledRuleSet {
  /** Hash over the rules' content; the same rules have the same revision on every machine. */
  readonly revision: string
  readonly rules: readonly CompiledRule[]
  /** Those with a threshold. */
  readonly bulkRules: readonly CompiledRule[]
  /** Those with a score. */
  readonly weightedRules: readonly CompiledRule[]
  readonly combinedRules: readonly CompiledRule[]
  /** Rules whose matches are no findings. */
  readonly buildingBlocks: ReadonlySet<string>
  readonly dictionaries: readonly CompiledDictionary[]
  readonly patterns: readonly CompiledPattern[]
  /** Reports matches by their number in `items`. */
  readonly scanner: Scanner
  readonly items: readonly ScanItem[]
  /** Says where patterns that are sure by themselves can match, and nothing else. Made when it is first asked for. */
  readonly sureScanner: () => Scanner
  /** Looks for `lines`, patterns that begin at the start of a line. */
  readonly lineScanner: Scanner
  readonly lines: readonly CompiledPattern[]
  readonly keywords: KeywordMatcher
  readonly groupsOfKeyword: readonly Int32Array[]
  /** Evidence group -> patterns that are looked for near its keywords only. */
  readonly patternsNearGroup: readonly (readonly CompiledPattern[])[]
}

/** Reads and compiles rule files. `rules` is null when any diagnostic is an error. */
export function compileRules(files: readonly RuleFile[]): { rules: CompiledRuleSet | null; diagnostics: Diagnostic[] } {
  const { rules, diagnostics } = parseRules(files)
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { rules: null, diagnostics }
  return { rules: buildRuleSet(rules, [], choicesOf(files)), diagnostics }
}

/** How the patterns are looked for, as far as there was a choice. */
export function choicesMade(patterns: readonly CompiledPattern[]): PlanChoices {
  return new Map(
    patterns.flatMap(({ plan, pattern }) =>
      plan.by === 'keyword' ? [] : [[planKey(pattern), plan.by === 'literal' ? plan.nth : NO_LITERAL] as const],
    ),
  )
}

/**
 * Compiles rules that `parseRules` has found sound; throws where one isn't. `choices` spare the work of making them and
 * change nothing that is found.
 */
export function buildRuleSet(
  rules: readonly DetectionRule[],
  terms: readonly Term[] = [],
  choices: PlanChoices = new Map(),
): CompiledRuleSet {
  const builder = new GroupBuilder()
  const patterns: CompiledPattern[] = []
  const words: CompiledWords[] = []
  const compiled = [...rules, ...terms.map((term) => term.rule)].map((rule, index): CompiledRule => {
    const evidence = new Map(Object.entries(rule.evidence).map(([name, group]) => [name, builder.group(name, group)]))
    const anti = Object.entries(rule.antiEvidence).map(([name, group]) => ({
      ...builder.group(name, { ...group, column: false }),
      values: group.values.map((value) => once(() => new RE2(`\\A(?:${value})\\z`, 'i'))),
      allowed: allowedValues(rule, group.allowed ?? []),
      effect: group.effect,
    }))
    const compiledRule: CompiledRule = { index, rule, anti, weights: rule.score ? termWeights(rule) : NO_WEIGHTS }
    for (const list of rule.words ?? []) words.push(compileWords(compiledRule, list, evidence))
    for (const pattern of rule.patterns)
      patterns.push(compilePattern(compiledRule, pattern, evidence, choices, terms[index - rules.length]))
    return compiledRule
  })
  const { keywords, groupsOfKeyword, groups } = builder.finish()
  return {
    revision: revisionOf(rules),
    rules: compiled,
    bulkRules: compiled.filter(({ rule }) => rule.threshold),
    weightedRules: compiled.filter(({ rule }) => rule.score),
    combinedRules: compiled.filter(({ rule }) => rule.combinations),
    buildingBlocks: new Set(compiled.filter(({ rule }) => rule.buildingBlock).map(({ rule }) => rule.id)),
    dictionaries: compileDictionaries(words),
    patterns,
    ...compileScanner(patterns),
    keywords,
    groupsOfKeyword,
    patternsNearGroup: patternsByGroup(patterns, groups),
  }
}

function patternsByGroup(patterns: readonly CompiledPattern[], groups: number): CompiledPattern[][] {
  const byGroup: CompiledPattern[][] = Array.from({ length: groups }, () => [])
  for (const pattern of patterns)
    if (pattern.plan.by === 'keyword') for (const { index } of pattern.requires) byGroup[index]?.push(pattern)
  return byGroup
}

function compileScanner(
  patterns: readonly CompiledPattern[],
): Pick<CompiledRuleSet, 'scanner' | 'items' | 'sureScanner' | 'lineScanner' | 'lines'> {
  const places: ScanPlace[] = []
  const add = (item: ScanItem, sole: SolePattern) => places.push({ item, sole })
  for (const pattern of patterns) {
    const { plan, sole } = pattern
    if (plan.by === 'everywhere') add({ kind: 'pattern', pattern }, sole)
    if (plan.by === 'literal')
      for (const literal of plan.required.literals)
        add({ kind: 'literal', pattern, required: plan.required }, new SolePattern(literalNode(literal), 'none'))
  }
  for (const view of views as readonly View[])
    for (const { regex, boundary, endBoundary } of view.triggers)
      add({ kind: 'view', view }, new SolePattern(parseRegex(regex), boundary, endBoundary))
  const lines = patterns.filter((pattern) => pattern.plan.by === 'line')
  const { scanner, items } = scannerOf(places)
  return {
    items,
    scanner,
    sureScanner: once(() => scannerOf(places.filter(({ item }) => isSure(item))).scanner),
    lines,
    lineScanner: new Scanner(automatonOf(lines.map(({ sole }) => sole))),
  }
}

/** Where an item stands is found by a pattern. */
interface ScanPlace {
  readonly item: ScanItem
  readonly sole: SolePattern
}

function isSure(item: ScanItem): boolean {
  return item.kind !== 'view' && item.pattern.pattern.confidence === 'high'
}

/** A scanner that reports by number in `items`. */
function scannerOf(places: readonly ScanPlace[]): { scanner: Scanner; items: ScanItem[] } {
  const solesOf = (chosen: readonly ScanPlace[]) => chosen.map(({ sole }) => sole)
  const rare = places.filter(({ sole }) => sole.prefixes)
  const common = places.filter(({ sole }) => !sole.prefixes)
  return {
    items: [...common, ...rare].map(({ item }) => item),
    scanner: new Scanner(automatonOf(solesOf(common)), {
      prefixes: prefixTables(solesOf(rare)),
      automaton: automatonOf(solesOf(rare)),
    }),
  }
}

function automatonOf(patterns: readonly SolePattern[]): Automaton {
  const program = new Program()
  for (const sole of patterns) {
    program.add(sole.node, sole.boundary, sole.endBoundary)
    sole.forget()
  }
  return new Automaton(program)
}

function compilePattern(
  rule: CompiledRule,
  pattern: RulePattern,
  evidence: ReadonlyMap<string, CompiledGroup>,
  choices: PlanChoices,
  term: Term | undefined,
): CompiledPattern {
  const { requires, raise } = namedGroups(rule, pattern, evidence)
  // Evidence by pattern can stand anywhere, so only keywords alone can say where to look.
  const byKeyword = requires.length > 0 && requires.every((group) => group.keywords > 0 && group.patterns.length === 0)
  const sole = new SolePattern(parseRegex(pattern.regex), pattern.boundary)
  const chosen = choices.get(planKey(pattern))
  const plan = byKeyword ? KEYWORD : beginsLine(sole.node) ? planLinePattern(sole, chosen) : planPattern(sole, chosen)
  return {
    sole,
    plan,
    rule,
    pattern,
    valueOf: /\(\?P?<value>/.test(pattern.regex) ? once(() => new RE2(`(?:${pattern.regex})\\z`, 'dy')) : null,
    term: term ? { text: term.text, via: term.viaOfPattern[pattern.id] ?? [] } : null,
    validators: pattern.validators.map((name) => {
      const resolved = resolveValidator(name)
      if (typeof resolved === 'string') throw new Error(`rule ${rule.rule.id}: ${resolved}`)
      return resolved
    }),
    kind: 'pattern',
    requires,
    raise,
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const KEYWORD = { by: 'keyword' } as const

/** The literal: letters in lower case stand for either. */
function literalNode(literal: string): RegexNode {
  const items = [...literal].map((character): RegexNode => {
    const code = character.codePointAt(0) ?? 0
    const exact = character !== character.toLowerCase()
    return { kind: 'set', set: exact ? [code, code] : foldCase([code, code]) }
  })
  return { kind: 'cat', items }
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
      patterns: group.patterns.map((pattern) => once(() => new RE2(pattern, 'g'))),
      within: group.within,
      side: group.side,
      column: group.column,
    }
  }

  finish(): { keywords: KeywordMatcher; groupsOfKeyword: Int32Array[]; groups: number } {
    const keywords = new KeywordMatcher(this.#keywords.map(({ keyword }) => keyword))
    const groups: Set<number>[] = Array.from({ length: keywords.size }, () => new Set())
    for (const { keyword, group } of this.#keywords) groups[keywords.idOf(keyword)]?.add(group)
    return { keywords, groupsOfKeyword: groups.map((set) => Int32Array.from(set)), groups: this.#groups }
  }
}
