import { describe, expect, it } from 'vitest'
import { formatDiagnostic } from '../../../src/core/diagnostic.ts'
import { limits } from '../../../src/core/limits.ts'
import { type CompiledRuleSet, compileRules } from '../../../src/detect/compile-rules.ts'
import { parseRules, type RuleFile } from '../../../src/detect/rules/parse-rules.ts'
import { testRules } from '../../../src/detect/test-rules.ts'
import { detectIn, summary } from '../engine-rules.ts'

const SHIPPED = `rules:
  - id: card
    name: Card
    family: financial
    description: d
    patterns: [{ id: digits, regex: '\\d{16}', boundary: digit, validators: [luhn], confidence: medium, raise: { words: high } }]
    evidence: { words: { keywords: [card], within: 30 } }
    examples: ['card 4111111111111111']
    negative_examples: ['4111111111111112']
  - id: badge
    name: Badge
    family: custom
    description: d
    patterns: [{ id: code, regex: 'B-\\d{4}', confidence: medium }]
    examples: ['B-1234']
    negative_examples: ['B-12']
`

const rule = (id: string, body: string) => `  - id: ${id}
    name: ${id}
    family: custom
    description: d
${body.replace(/^/gm, '    ')}
    examples: [x]
    negative_examples: [y]
`

function files(own: string, lists?: RuleFile['lists']): RuleFile[] {
  return [
    { file: 'shipped.yaml', text: SHIPPED },
    { file: 'own.yaml', text: own, ...(lists && { lists }) },
  ]
}

function complaints(own: string, lists?: RuleFile['lists']): string[] {
  return parseRules(files(own, lists)).diagnostics.map(formatDiagnostic)
}

function compiled(own: string, lists?: RuleFile['lists']): CompiledRuleSet {
  const { rules, diagnostics } = compileRules(files(own, lists))
  if (!rules) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return rules
}

function found(own: string, text: string, lists?: RuleFile['lists']): string[] {
  return summary(detectIn(compiled(own, lists), text).matches)
}

const HERONS = `rules:\n${rule('herons', 'words: [{ id: names, terms: [Blue Heron], files: [more.txt], confidence: medium, raise: { talk: high } }]\nevidence: { talk: { keywords: [budget], within: 40 } }')}`
const MORE = { 'more.txt': '\uFEFF# birds\nGrey Egret\r\n\n' }

describe('word lists', () => {
  it.each<[string, string, string]>([
    ['in the text', 'the blue heron', 'herons medium text blue heron'],
    ['from a file', 'GREY EGRET', 'herons medium text grey egret'],
    ['with evidence near', 'budget of Blue-Heron', 'herons high text blue heron'],
    ['through look-alike letters', 'Blu\u0435 H\u0435ron', 'herons medium unicode blue heron'],
    ['through entities', 'Bl&#117;e H&#x65;ron', 'herons medium html blue heron'],
    ['through base64', Buffer.from('about Blue Heron at last').toString('base64'), 'herons medium base64 blue heron'],
    ['through URL escapes', 'q=%42lue%20%48eron', 'herons medium url blue heron'],
    ['held apart', 'B l u e H e r o n', 'herons medium separators blue heron'],
  ])('find terms %s', (_, text, expected) => {
    expect(found(HERONS, text, MORE)).toEqual([expected])
  })

  it('are of the kind `dictionary`', () => {
    const [match] = detectIn(compiled(HERONS, MORE), 'blue heron').matches
    expect(match?.kind).toBe('dictionary')
  })

  it.each<[string, string, RuleFile['lists'], RegExp]>([
    ['a file that is missing', 'files: [gone.txt]', { 'gone.txt': null }, /^own\.yaml:6:\d+ file-missing `gone\.txt`/],
    ['a file outside of the folder', 'files: [../x.txt]', {}, /bad-path/],
    ['a line that is neither', 'files: [a.txt]', { 'a.txt': 'fine\na\tb\n' }, /bad-line a\.txt line 2/],
    ['a term without letters', "terms: ['--']", {}, /empty-term/],
    ['a term of one letter', "terms: ['C++']", {}, /short-term .*pattern/],
    ['a term that stands twice', "terms: ['a-b', 'A B']", {}, /duplicate-term .*`a-b`/],
    ['a long term', `terms: ['${'w '.repeat(limits.wordListTermMaxWords + 1)}']`, {}, /long-term/],
    ['no term', 'files: [a.txt]', { 'a.txt': '# nothing\n' }, /empty-words/],
    ['an unknown language', 'terms: [ab], language: klingon', {}, /invalid-value .*`english`/],
    ['weights without a score', 'weighted: { ab: 2 }', {}, /option-without-effect .*`score`/],
  ])('refuse %s', (_, entry, lists, expected) => {
    const text = `rules:\n${rule('own', `words: [{ id: w, confidence: low, ${entry} }]`)}`
    expect(complaints(text, lists).join('\n')).toMatch(expected)
  })

  it('take as many terms as the limit says, and not one more', () => {
    const list = (count: number) => ({ 'a.txt': Array.from({ length: count }, (_, i) => `t${i}`).join('\n') })
    const text = `rules:\n${rule('own', 'words: [{ id: w, confidence: low, files: [a.txt] }]')}`
    expect(complaints(text, list(limits.wordListTermsMax))).toEqual([])
    expect(complaints(text, list(limits.wordListTermsMax + 1)).join()).toMatch(/too-many/)
  })

  it('tell the first mistakes of a list, and that there are more', () => {
    const text = `rules:\n${rule('own', 'words: [{ id: w, confidence: low, files: [a.txt] }]')}`
    const told = complaints(text, { 'a.txt': Array.from({ length: 100 }, () => '--').join('\n') })
    expect(told).toHaveLength(6)
    expect(told.at(-1)).toMatch(/too-many-mistakes/)
  })
})

describe('weighted words', () => {
  const DEAL = `rules:\n${rule(
    'deal',
    'words: [{ id: w, language: english, weighted: { merger: 4, due diligence: 4, press release: -6 } }]\nscore: { low: 4, high: 8, repeats_max: 2 }',
  )}`

  it.each<[string, string[]]>([
    ['a merger', ['deal low text merger']],
    ['mergers and due diligence', ['deal high text merger', 'deal high text due diligence']],
    ['a merger, the merger', ['deal high text merger', 'deal high text merger']],
    ['merger merger merger press release', []],
    ['a press release', []],
    ['nothing', []],
  ])('add up: %s', (text, expected) => {
    expect(found(DEAL, text)).toEqual(expected)
  })

  it('say as a near miss what was too little', () => {
    const { nearMisses } = detectIn(compiled(DEAL), 'merger press release')
    expect(nearMisses[0]?.silencedBy).toEqual({ kind: 'score', name: '-2 of 4', effect: 'silenced' })
  })

  it.each<[string, string, RegExp]>([
    ['levels in the wrong order', 'score: { low: 9, high: 8 }\nwords: [{ id: w, terms: [ab] }]', /unreachable-level/],
    ['no level', 'score: {}\nwords: [{ id: w, terms: [ab] }]', /missing-key/],
    [
      'a confidence besides',
      'score: { low: 1 }\nwords: [{ id: w, terms: [ab], confidence: low }]',
      /option-without-effect/,
    ],
    [
      'patterns besides',
      'score: { low: 1 }\npatterns: [{ id: p, regex: x+, confidence: low }]',
      /option-without-effect/,
    ],
    ['no confidence and no score', 'words: [{ id: w, terms: [ab] }]', /missing-key .*`confidence`/],
  ])('refuse %s', (_, body, expected) => {
    expect(complaints(`rules:\n${rule('own', body)}`).join('\n')).toMatch(expected)
  })
})

describe('combinations', () => {
  const pair = (body: string) =>
    `rules:\n${rule('pair', `combinations: [{ id: c, rule: card, within: 20, confidence: high, ${body} }]`)}`
  const CARD = '4111111111111111'

  it.each<[string, string, string, boolean]>([
    ['all of them', 'all: [{ rule: badge }]', `${CARD} of B-1234`, true],
    ['none near', 'all: [{ rule: badge }]', `${CARD} of nobody`, false],
    ['before', 'all: [{ rule: badge }]', `B-1234: ${CARD}`, true],
    ['at the distance', 'all: [{ rule: badge }]', `${CARD}${' '.repeat(20)}B-1234`, true],
    ['one past the distance', 'all: [{ rule: badge }]', `${CARD}${' '.repeat(21)}B-1234`, false],
    ['characters, not bytes', 'all: [{ rule: badge }]', `${CARD} ${'é'.repeat(18)} B-1234`, true],
    ['counted values', 'all: [{ rule: badge, count: 2 }]', `B-1234 ${CARD} B-5678`, true],
    ['one value twice', 'all: [{ rule: badge, count: 2 }]', `B-1234 ${CARD} B-1234`, false],
    ['too unsure', 'all: [{ rule: badge, at_least: high }]', `B-1234 ${CARD}`, false],
    ['any of them', 'any: [{ rule: badge, count: 9 }, { rule: badge }]', `B-1234 ${CARD}`, true],
    ['all but none of any', 'all: [{ rule: badge }], any: [{ rule: badge, count: 2 }]', `B-1234 ${CARD}`, false],
    ['one of several rules', 'all: [{ rule: [card, badge] }]', `B-1234 ${CARD}`, true],
    ['not itself', 'all: [{ rule: card }]', CARD, false],
    ['another of its kind', 'all: [{ rule: card }]', `${CARD} 5555555555554444`, true],
    ['what a view shows', 'all: [{ rule: badge }]', `${CARD} B&#45;1234`, true],
  ])('find %s', (_, body, text, expected) => {
    expect(found(pair(body), text).some((line) => line.startsWith('pair high'))).toBe(expected)
  })

  it('say what was near, and what was missing', () => {
    const rules = compiled(pair('all: [{ rule: badge }]'))
    const match = detectIn(rules, `${CARD} of B-1234`).matches.find(({ detector }) => detector === 'pair')
    expect(match?.evidence).toContainEqual({ kind: 'rule', name: 'badge', distance: 4, effect: 'required' })
    const [miss] = detectIn(rules, CARD).nearMisses
    expect(miss).toMatchObject({ detector: 'pair', silencedBy: { kind: 'rule', name: 'badge', effect: 'missing' } })
  })

  it('use building blocks that are no findings', () => {
    const own = `${pair('all: [{ rule: block }]')}${rule('block', 'building_block: true\nwords: [{ id: w, terms: [holder], confidence: low }]')}`
    expect(found(own, `holder ${CARD}`).map((line) => line.split(' ')[0])).toEqual(['card', 'pair'])
  })

  it('say overflow past the limit of places, and not at it', () => {
    const rules = compiled(
      `rules:\n${rule('pair', 'combinations: [{ id: c, rule: badge, within: 1, confidence: low, all: [{ rule: card }] }]')}`,
    )
    const text = (count: number) => 'B-1234 '.repeat(count)
    expect(detectIn(rules, text(limits.detectCombinationPlacesMax)).overflow).toBe(false)
    const two = compiled(
      `rules:\n${rule('pair', 'combinations: [{ id: c, rule: badge, within: 1, confidence: low, all: [{ rule: card }] }, { id: d, rule: badge, within: 1, confidence: low, all: [{ rule: card }] }]')}`,
    )
    expect(detectIn(two, text(limits.detectCombinationPlacesMax / 2)).overflow).toBe(false)
    expect(detectIn(two, text(limits.detectCombinationPlacesMax / 2 + 1)).overflow).toBe(true)
  })

  it.each<[string, string, RegExp]>([
    ['a rule that isn’t there', pair('all: [{ rule: bagde }]'), /^own\.yaml:6:\d+ unknown-rule .*`badge`/],
    ['no companion', pair('all: []'), /missing-key/],
    ['itself', pair('all: [{ rule: pair }]'), /nested-combination/],
    [
      'a rule switched off',
      `${pair('all: [{ rule: badge }]')}overrides: [{ rule: badge, enabled: false }]\n`,
      /disabled-rule/,
    ],
    [
      'a distance past the limit',
      pair('all: [{ rule: badge }]').replace('within: 20', 'within: 2001'),
      /invalid-value/,
    ],
    [
      'a building block that nobody uses',
      `rules:\n${rule('b', 'building_block: true\nwords: [{ id: w, terms: [ab], confidence: low }]')}`,
      /option-without-effect/,
    ],
  ])('refuse %s', (_, own, expected) => {
    expect(complaints(own).join('\n')).toMatch(expected)
  })
})

describe('overrides', () => {
  const CARD = 'card 4111111111111111'

  it.each<[string, string, string, string[]]>([
    ['switch a rule off', 'enabled: false', CARD, []],
    ['cap the confidence', 'confidence_max: low', CARD, ['card low text 4111111111111111']],
    [
      'change a pattern’s level',
      'patterns: { digits: { confidence: low, raise: { words: medium } } }',
      CARD,
      ['card medium text 4111111111111111'],
    ],
    ['want evidence', 'patterns: { digits: { requires: [words] } }', '4111111111111111', []],
    [
      'add keywords',
      'evidence: { words: { keywords: [carte] } }',
      'carte 4111111111111111',
      ['card high text 4111111111111111'],
    ],
    ['set a threshold', 'threshold: { unique: 2, below_confidence: null }', CARD, []],
    ['allow a value, however written', "except: { values: ['4111-1111-1111-1111'] }", CARD, []],
    ['allow values of a file', 'except: { files: [ok.txt] }', CARD, []],
    [
      'allow values by pattern',
      "except: { patterns: ['4111\\d+'], effect: low }",
      CARD,
      ['card low text 4111111111111111'],
    ],
    ['allow near words', 'except: { near: { keywords: [sample] } }', `sample ${CARD}`, []],
    ['leave other values alone', "except: { values: ['5555555555554444'] }", CARD, ['card high text 4111111111111111']],
  ])('%s', (_, body, text, expected) => {
    const own = `overrides:\n  - rule: card\n    ${body}\n`
    expect(found(own, text, { 'ok.txt': '4111 1111 1111 1111\n' })).toEqual(expected)
  })

  it('take the place of the rule’s examples with their own', () => {
    const own = (example: string) =>
      `overrides:\n  - rule: card\n    except: { values: ['4111111111111111'] }\n    examples: ['${example}']\n    negative_examples: ['4111111111111111']\n`
    const results = (example: string) => testRules(compiled(own(example))).filter((result) => result.rule === 'card')
    expect(results('card 5555555555554444').map(({ ok }) => ok)).toEqual([true, true])
    expect(results('card 4111111111111111').map(({ ok }) => ok)).toEqual([false, true])
  })

  it('give another revision, and are known to be off', () => {
    const off = parseRules(files('overrides: [{ rule: card, enabled: false }]\n'))
    expect(off.rules.map(({ id }) => id)).toEqual(['badge'])
    expect(off.disabled.map(({ id }) => id)).toEqual(['card'])
    const capped = compiled('overrides: [{ rule: card, confidence_max: low }]\n').revision
    expect(capped).not.toBe(compileRules(files('')).rules?.revision)
  })

  it.each<[string, string, RegExp]>([
    ['an unknown rule', '{ rule: crad, enabled: false }', /^own\.yaml:2:\d+ unknown-rule .*`card`/],
    ['an unknown pattern', '{ rule: card, patterns: { digit: { confidence: low } } }', /unknown-pattern .*`digits`/],
    ['unknown evidence', '{ rule: card, evidence: { word: { keywords: [x] } } }', /unknown-evidence .*`words`/],
    ['raise by unknown evidence', '{ rule: card, patterns: { digits: { raise: { x: low } } } }', /unknown-evidence/],
    ['no change', '{ rule: card }', /option-without-effect/],
    ['changes of what is off', '{ rule: card, enabled: false, confidence_max: low }', /option-without-effect/],
    [
      'no pattern left',
      '{ rule: card, patterns: { digits: { enabled: false } } }',
      /option-without-effect .*`enabled: false`/,
    ],
    ['an empty exception', '{ rule: card, except: {} }', /empty-evidence/],
    ['a bad pattern', "{ rule: card, except: { patterns: ['('] } }", /bad-pattern/],
    [
      'two for one rule',
      '{ rule: card, confidence_max: low }\n  - { rule: [badge, card], enabled: false }',
      /duplicate-id .*own\.yaml:2/,
    ],
  ])('refuse %s', (_, entry, expected) => {
    expect(complaints(`overrides:\n  - ${entry}\n`).join('\n')).toMatch(expected)
  })

  it('are checked even where another entry of the file has no right shape', () => {
    const broken = rule('broken', 'words: [{ id: w, terms: [ab], confidence: lots }]')
    const own = `rules:\n${broken}overrides:\n  - { rule: crad, enabled: false }\n  - { rule: broken, enabled: false }\n`
    expect(complaints(own).map((line) => line.split(' ')[1])).toEqual(['invalid-value', 'unknown-rule'])
  })

  it('refuse a file that holds nothing', () => {
    expect(complaints('rules: []\n').join()).toMatch(/missing-key write `rules` or `overrides`/)
  })
})
