/** Word lists and allow-lists of rules -> what a scan looks them up in: one index for each language of stems. Pure. */
import type { DetectionRule, WordList } from '../../core/detection-rule.ts'
import type { CompiledElement, CompiledGroup, CompiledRule } from '../compile-rules.ts'
import { namedGroups } from '../evidence/named-groups.ts'
import { resolveValidator } from '../validators/registry.ts'
import { foldedWords } from './fold.ts'
import type { StemLanguage } from './stemmer.ts'
import { WordIndex } from './word-index.ts'

export interface CompiledWords extends CompiledElement {
  readonly list: WordList
}

export interface CompiledDictionary {
  readonly index: WordIndex
  /** By the number that the index knows a list by. */
  readonly lists: readonly CompiledWords[]
}

export function compileWords(
  rule: CompiledRule,
  list: WordList,
  evidence: ReadonlyMap<string, CompiledGroup>,
): CompiledWords {
  return { rule, pattern: list, list, kind: 'dictionary', term: null, ...namedGroups(rule, list, evidence) }
}

export function compileDictionaries(words: readonly CompiledWords[]): CompiledDictionary[] {
  const byLanguage = Map.groupBy(words, ({ list }) => list.language)
  return [...byLanguage].map(([language, lists]) => {
    const terms = lists.flatMap(({ list }, number) => list.terms.map(({ text }) => ({ list: number, text })))
    return { index: new WordIndex(terms, language as StemLanguage | null), lists }
  })
}

export const NO_WEIGHTS: ReadonlyMap<string, number> = new Map()

/** Weight of each term of the rule by its canonical form. */
export function termWeights({ words = [] }: DetectionRule): Map<string, number> {
  return new Map(
    words.flatMap(({ terms }) => terms.map(({ text, weight }) => [foldedWords(text).join(' '), weight] as const)),
  )
}

/** An allow-list's values as they are written and as the rule's validators write them, in lower case. */
export function allowedValues(rule: DetectionRule, written: readonly string[]): Set<string> {
  const allowed = new Set<string>()
  const chains = rule.patterns.map(({ validators }) => validators.map(resolveValidator))
  for (const text of written) {
    allowed.add(text.trim().toLowerCase())
    for (const chain of chains) {
      let value: string | null = text.trim()
      for (const use of chain)
        value = value === null || typeof use === 'string' ? null : use.validator.check(value, use.argument)
      if (value !== null) allowed.add(value.toLowerCase())
    }
    if (rule.words) allowed.add(foldedWords(text).join(' '))
  }
  return allowed
}
