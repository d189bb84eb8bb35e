/** Classification labels: by level of the label map, by scheme, id or name, or their absence and contradiction. */
import { z } from 'zod'
import type { LabelFinding } from '../../core/finding.ts'
import type { CompileScope } from '../compile-scope.ts'
import { alternatives, answer, defineCondition, type Judgement } from '../condition.ts'
import type { Facts } from '../facts.ts'
import { anyGlob, type Glob } from '../glob.ts'

const STATES = ['unlabelled', 'conflicting', 'unmapped', 'lowered'] as const
/** `>= confidential` and its like; the blank may be left out. */
const COMPARISON = /^(>=|<=|=) *(\S.*)$/
const COMPARISON_KEYS: Readonly<Record<string, string>> = { '>=': 'at_least', '<=': 'at_most', '=': 'level' }

interface LabelQuery {
  readonly states: readonly (typeof STATES)[number][] | undefined
  readonly levels: readonly string[]
  readonly atLeast: number | undefined
  readonly atMost: number | undefined
  readonly level: readonly string[] | undefined
  readonly scheme: readonly Glob[] | undefined
  readonly id: readonly Glob[] | undefined
  readonly name: readonly Glob[] | undefined
}

export const labelCondition = defineCondition({
  key: 'label',
  description:
    'Classification labels: by level (`>= confidential`), scheme, id or name; or `unlabelled`, `conflicting`, `unmapped`, `lowered`.',
  schema: (forms) =>
    forms.short(
      z.union([z.enum(STATES), z.string().regex(COMPARISON)]),
      (written) => {
        const [, operator, level] = (typeof written === 'string' && COMPARISON.exec(written.trim())) || []
        return operator ? { [COMPARISON_KEYS[operator] ?? '']: level } : { state: written }
      },
      z
        .strictObject({
          state: forms
            .many(z.enum(STATES))
            .optional()
            .describe(
              "unlabelled: none at all; conflicting: different levels; unmapped: a label the map does not know; lowered: a file's level is above the message's own",
            ),
          at_least: z.string().optional().describe('The highest level is this one or above'),
          at_most: z.string().optional().describe('Every label is mapped and the highest level is this one or below'),
          level: forms.many(z.string()).optional().describe('Exactly one of these levels'),
          scheme: forms.many(z.string()).optional().describe('Where the label came from: msip, header, marking, tlp …'),
          id: forms.many(z.string()).optional().describe('Ids of the scheme; globs allowed'),
          name: forms.many(z.string()).optional().describe('Names of the scheme; globs allowed'),
        })
        .refine(
          (value) => Object.keys(value).length > 0,
          'write at least one of state, at_least, at_most, level, scheme, id, name',
        ),
    ),
  compile: (value, scope) => {
    checkLevels(value, scope)
    const levels = scope.known.labelLevels ?? []
    const rank = (level: string | undefined) => (level === undefined ? undefined : levels.indexOf(level))
    const query: LabelQuery = {
      states: value.state,
      levels,
      atLeast: rank(value.at_least),
      atMost: rank(value.at_most),
      level: value.level,
      scheme: scope.globs(value.scheme, ['scheme']),
      id: scope.globs(value.id, ['id']),
      name: scope.globs(value.name, ['name']),
    }
    if (query.atLeast !== undefined && query.atMost !== undefined && query.atLeast > query.atMost)
      scope.problem(
        [],
        'empty-range',
        `No level is at least \`${value.at_least}\` and at most \`${value.at_most}\`; swap the two.`,
      )
    const words = Object.entries(value).map(
      ([key, given]) => `${key.replace('_', ' ')} ${alternatives([given ?? []].flat())}`,
    )
    const needsLabel = Object.keys(value).some((key) => key !== 'state') || !value.state?.includes('unlabelled')
    return {
      scope: 'message',
      text: `label ${words.join(', ').replace(/^state /, '')}`,
      narrows: { choices: { labelled: needsLabel ? ['yes'] : value.state?.length === 1 ? ['no'] : ['yes', 'no'] } },
      judge: (facts) => judgeLabels(query, facts),
    }
  },
})

function checkLevels(
  value: { at_least?: string | undefined; at_most?: string | undefined; level?: readonly string[] | undefined },
  scope: CompileScope,
): void {
  const levels = scope.known.labelLevels ?? []
  const remedy = 'define levels in the label map (`labels` in sluice.yaml), or ask by `name` or `scheme`.'
  for (const key of ['at_least', 'at_most'] as const) {
    const name = value[key]
    if (name !== undefined && !levels.includes(name))
      scope.names([name], levels, [key], 'unknown-label-level', 'label level', remedy)
  }
  scope.names(value.level, levels, ['level'], 'unknown-label-level', 'label level', remedy)
}

function judgeLabels(query: LabelQuery, facts: Facts): Judgement {
  const { labels } = facts.report
  const matching = labels.filter(
    (label) =>
      (!query.scheme || anyGlob(query.scheme, label.scheme)) &&
      (!query.id || anyGlob(query.id, label.id)) &&
      (!query.name || anyGlob(query.name, label.name)),
  )
  const matched = statesHold(query, facts) && levelsHold(query, matching)
  return answer(matched, () => why(labels), {
    paths: [...new Set(matching.map((label) => label.part))],
    near: labels.length > 0,
  })
}

function statesHold(query: LabelQuery, facts: Facts): boolean {
  const { labels } = facts.report
  return query.states === undefined || query.states.some((state) => stateHolds(state, labels, facts))
}

function stateHolds(state: (typeof STATES)[number], labels: readonly LabelFinding[], facts: Facts): boolean {
  switch (state) {
    case 'unlabelled':
      return labels.length === 0
    case 'conflicting':
      return new Set(labels.flatMap((label) => (label.level === null ? [] : [label.level]))).size > 1
    case 'unmapped':
      return labels.some((label) => label.level === null)
    case 'lowered':
      return isLowered(labels, facts)
  }
}

/** The message's own labels stand in its header and its text; those of files and of messages inside it don't count. */
function isLowered(labels: readonly LabelFinding[], facts: Facts): boolean {
  const mapped = labels.filter((label) => label.rank !== null)
  const own = mapped.filter((label) => isOwn(label.part, facts)).map((label) => label.rank ?? 0)
  return own.length > 0 && mapped.some((label) => (label.rank ?? 0) > Math.max(...own))
}

function isOwn(path: string, facts: Facts): boolean {
  let part = facts.partsByPath.get(path)
  if (!part) return false
  while (part && part.parent !== null) {
    if (facts.attachments.includes(part) || part.sniffedType === 'message/rfc822') return false
    part = facts.report.parts[part.parent]
  }
  return true
}

/** At least and level need one label that fits; at most speaks of every label, so an unmapped one fails it. */
function levelsHold(query: LabelQuery, labels: readonly LabelFinding[]): boolean {
  const asksForLabel = query.scheme || query.id || query.name || query.level
  const asksForLevel = query.atLeast !== undefined || query.atMost !== undefined
  if (!asksForLabel && !asksForLevel) return true
  if (labels.length === 0) return false
  const ranks = labels.map((label) => (label.level === null ? -1 : query.levels.indexOf(label.level)))
  if (query.level && !labels.some((label) => label.level !== null && query.level?.includes(label.level))) return false
  if (query.atLeast !== undefined && Math.max(...ranks) < query.atLeast) return false
  return query.atMost === undefined || (Math.min(...ranks) >= 0 && Math.max(...ranks) <= query.atMost)
}

/** Names of labels are the organisation's own words, but they come from content: only levels and schemes are told. */
function why(labels: readonly LabelFinding[]): string {
  if (labels.length === 0) return 'there is no label'
  const told = labels.map((label) => `${label.level ?? 'unmapped'} (${label.scheme} in ${label.part})`)
  return `labels: ${[...new Set(told)].sort().join(', ')}`
}
