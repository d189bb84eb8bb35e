/** The reference page of detection rules, made from the rules themselves: what each finds, how sure, and what it misses. */
import type { Combination, Companion, DetectionRule, RulePattern } from '../core/detection-rule.ts'
import { CONFIDENCES, type Confidence, FAMILIES, type Family } from '../core/finding.ts'

const TITLES: Readonly<Record<Family, string>> = {
  financial: 'Financial',
  national_id: 'National identifiers',
  health: 'Health',
  secret: 'Secrets',
  contact: 'Contact data',
  personal: 'Personal data',
  intellectual_property: 'Intellectual property',
  label: 'Labels',
  custom: 'Your own',
}

type Element = Pick<RulePattern, 'confidence' | 'requires' | 'raise'>

/** Markdown. The same rules give the same page: order is by family, then by id. */
export function rulesReference(rules: readonly DetectionRule[]): string {
  const families = FAMILIES.map((family) => ({
    family,
    rules: rules.filter((rule) => rule.family === family).sort((a, b) => (a.id < b.id ? -1 : 1)),
  })).filter((group) => group.rules.length > 0)
  return `${[
    ...head(rules.length),
    '| family | rules |',
    '| --- | --- |',
    ...families.map((group) => `| [${TITLES[group.family]}](#${anchor(group.family)}) | ${group.rules.length} |`),
    ...families.flatMap((group) => ['', `## ${TITLES[group.family]}`, '', ...group.rules.flatMap(section)]),
  ].join('\n')}\n`
}

function head(count: number): string[] {
  return [
    '# Detection rules',
    '',
    `The ${count} detection rules that come with Sluice. This page is made by \`sluice rules reference\`; don’t edit it by hand.`,
    'Policies refer to a rule by its id (`finding: { detector: ID }`) or to its family; [policy-author.md](policy-author.md)',
    'is their language. The rules stand in `rules/`, each with examples of what it must and must not find.',
    '',
    'How to read an entry:',
    '',
    '- **Confidence** is `low`, `medium` or `high`. A pattern has one of its own, and words or values nearby may lift it:',
    '  *medium, high near `words`*. *Only near `words`*: without any of them there is no match at all. A column header counts',
    '  for its column.',
    '- **Lowered by** names what nearby takes a match down, or silences it.',
    '- **Known misses** are what the rule does not find, as far as we know.',
    '',
    'Registered documents and ad-hoc terms are found too; they are no rules, so they are not here. A rule being here does',
    'not mean that it acts: policies decide that.',
    '',
  ]
}

function anchor(family: Family): string {
  return TITLES[family].toLowerCase().replaceAll(' ', '-')
}

function section(rule: DetectionRule): string[] {
  const lines = [`### \`${rule.id}\``, '', introduction(rule), '']
  lines.push(`- Confidence: ${confidence(rule)}`)
  const lowered = Object.entries(rule.antiEvidence).map(([name, { effect }]) =>
    effect === 'silence' ? `\`${name}\` (silenced)` : `\`${name}\` (at most ${effect})`,
  )
  if (lowered.length > 0) lines.push(`- Lowered by: ${lowered.join(', ')}`)
  if (rule.threshold) lines.push(`- ${threshold(rule.threshold)}`)
  if (rule.regulations.length > 0) lines.push(`- Regulations: ${rule.regulations.join(', ')}`)
  if (rule.knownMisses.length > 0) lines.push(`- Known misses: ${rule.knownMisses.map(text).join('; ')}`)
  if (rule.references.length > 0) lines.push(`- References: ${rule.references.map(reference).join(', ')}`)
  return [...lines, '']
}

function threshold({ unique, belowConfidence }: NonNullable<DetectionRule['threshold']>): string {
  const below = belowConfidence === null ? 'fewer are no finding' : `fewer are \`${belowConfidence}\` at most`
  return `In bulk: from ${unique} distinct values in one part on; ${below}`
}

/** The patterns' ways to their confidences, each said once, the surest first. */
function confidence(rule: DetectionRule): string {
  if (rule.score) return scoreOf(rule.score)
  const elements: Element[] = [...rule.patterns, ...(rule.words ?? [])]
  const ways = elements.sort((a, b) => rank(best(b)) - rank(best(a))).map(way)
  return [...new Set([...ways, ...(rule.combinations ?? []).map(together)])].join('; or ')
}

function scoreOf({ levels }: NonNullable<DetectionRule['score']>): string {
  const steps = CONFIDENCES.flatMap((level) =>
    levels[level] === undefined ? [] : [`\`${level}\` from ${levels[level]} on`],
  )
  return `by the sum of its words’ weights, ${steps.join(', ')}`
}

function together({ confidence: level, rules, within, all, any }: Combination): string {
  const named = (companions: readonly Companion[], word: string) =>
    companions.map(({ rules: ids, count }) => (count > 1 ? `${count} of ` : '') + names(ids)).join(` ${word} `)
  const sides = [named(all, 'and'), named(any, 'or')].filter((side) => side !== '')
  return `\`${level}\` where ${names(rules)} has within ${within} characters ${sides.join(', and ')}`
}

function way(pattern: Element): string {
  const own = ownConfidence(pattern)
  const only = pattern.requires.length > 0 ? `, only near ${names(pattern.requires)}` : ''
  const lifts = [...CONFIDENCES]
    .reverse()
    .filter((level) => rank(level) > rank(own))
    .map((level) => ({ level, by: Object.keys(pattern.raise).filter((name) => pattern.raise[name] === level) }))
    .filter(({ by }) => by.length > 0)
    .map(({ level, by }) => `, \`${level}\` near ${names(by)}`)
  return `\`${own}\`${only}${lifts.join('')}`
}

/** What a match has at least: where all of the evidence it needs lifts it too, it never stays at the pattern's own. */
function ownConfidence(pattern: Element): Confidence {
  const needed = pattern.requires.map((name) => pattern.raise[name] ?? pattern.confidence)
  const least = needed.reduce((a, b) => (rank(a) <= rank(b) ? a : b), needed[0] ?? pattern.confidence)
  return rank(least) > rank(pattern.confidence) ? least : pattern.confidence
}

function names(groups: readonly string[]): string {
  return groups.map((name) => `\`${name}\``).join(' or ')
}

function best(pattern: Element): Confidence {
  return [pattern.confidence, ...Object.values(pattern.raise)].reduce((a, b) => (rank(a) >= rank(b) ? a : b))
}

function rank(level: Confidence): number {
  return CONFIDENCES.indexOf(level)
}

/** Name and description; many descriptions begin with the name. */
function introduction({ name, description }: DetectionRule): string {
  const said = description.toLowerCase().startsWith(name.toLowerCase())
  return said ? sentence(description) : `${text(name)}. ${sentence(description)}`
}

function sentence(description: string): string {
  const flat = text(description)
  return /[.!?]$/.test(flat) ? flat : `${flat}.`
}

/** One line of prose in which nothing is taken for markup. */
function text(value: string): string {
  return value
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[<>*_|[\]\\]/g, '\\$&')
}

function reference(value: string): string {
  return /^https?:\/\/\S+$/.test(value) ? `<${value}>` : text(value)
}
