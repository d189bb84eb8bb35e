/** Classification labels: by level of the label map, by scheme, id or name, or their absence and contradiction. */
import { z } from 'zod'
import type { LabelFinding } from '../../core/finding.ts'
import type { CompileScope } from '../compile-scope.ts'
import { alternatives, answer, defineCondition, type Judgement } from '../condition.ts'
import type { Facts } from '../facts.ts'
import { anyGlob, type Glob } from '../glob.ts'

const STATES = ['unlabelled', 'conflicting', 'unmapped'] as const

interface LabelQuery {
  readonly states: readonly string[] | undefined
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
  description: 'Classification labels: by level, scheme, id or name; or `unlabelled`, `conflicting`, `unmapped`.',
  schema: (forms) =>
    forms.short(
      z.enum(STATES),
      (written) => ({ state: written }),
      z
        .strictObject({
          state: forms
            .many(z.enum(STATES))
            .optional()
            .describe(
              'unlabelled: none at all; conflicting: different levels; unmapped: a label the map does not know',
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
  const remedy = 'the configuration has no label levels yet; ask by `name` or `scheme`, or define levels there.'
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
  const matched = statesHold(query, labels) && levelsHold(query, matching)
  return answer(matched, () => why(labels), {
    paths: [...new Set(matching.map((label) => label.part))],
    near: labels.length > 0,
  })
}

function statesHold(query: LabelQuery, labels: readonly LabelFinding[]): boolean {
  if (!query.states) return true
  const levels = new Set(labels.flatMap((label) => (label.level === null ? [] : [label.level])))
  return query.states.some((state) =>
    state === 'unlabelled'
      ? labels.length === 0
      : state === 'conflicting'
        ? levels.size > 1
        : labels.some((label) => label.level === null),
  )
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
