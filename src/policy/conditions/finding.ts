/** What the detectors found: by detector, family, kind, confidence, count or distinct values, in all or in one part. */
import { z } from 'zod'
import { CONFIDENCES, type Confidence, FAMILIES, FINDING_KINDS, type Finding } from '../../core/finding.ts'
import type { CompileScope } from '../compile-scope.ts'
import { alternatives, answer, defineCondition, type Judgement } from '../condition.ts'
import type { Facts } from '../facts.ts'
import type { Forms } from '../forms.ts'
import { anyGlob, type Glob } from '../glob.ts'
import { countSchema, type Range, rangeOf, rangeText, within } from '../range.ts'

const schema = (forms: Forms) =>
  z
    .strictObject({
      detector: forms.many(z.string().min(1)).optional().describe('Ids of detection rules; globs allowed'),
      except_detector: forms.many(z.string().min(1)).optional().describe('Not these, within a family or kind'),
      family: forms.many(z.enum(FAMILIES)).optional(),
      kind: forms.many(z.enum(FINDING_KINDS)).optional(),
      confidence: z.enum(CONFIDENCES).optional().describe('At least this; medium when left out'),
      count: countSchema(forms).optional().describe('Matches, repetitions included'),
      unique: countSchema(forms).optional().describe('Distinct values'),
      within: z.enum(['message', 'part']).optional().describe('Count over the whole message (default) or in one part'),
    })
    .refine((value) => value.detector || value.family || value.kind, 'write at least one of detector, family, kind')

export interface FindingQuery {
  readonly selects: (finding: Finding) => boolean
  readonly confidence: Confidence
  readonly count: Range | undefined
  readonly unique: Range | undefined
  readonly perPart: boolean
  /** For silenced matches: whether a detector is among those asked for. */
  readonly detectors: readonly Glob[] | undefined
}

interface Tally {
  readonly count: number
  readonly unique: number
}

export const findingCondition = defineCondition({
  key: 'finding',
  description: 'What the detectors found, by detector, family, kind, confidence, count and distinct values.',
  schema,
  compile: (value, scope) => {
    const detectors = detectorGlobs(value.detector, 'detector', scope)
    const except = detectorGlobs(value.except_detector, 'except_detector', scope)
    const { family } = value
    const named = scope.known.detectors.filter((one) => detectors && anyGlob(detectors, one.id))
    if (family && named.length > 0 && !named.some((one) => family.includes(one.family)))
      scope.problem(
        ['family'],
        'unreachable-rule',
        `No detector named here is of family ${family.join(' or ')}; write \`family: ${named[0]?.family}\` or remove the key.`,
      )
    const wanted = remembered((id) => (!detectors || anyGlob(detectors, id)) && !(except && anyGlob(except, id)))
    const query: FindingQuery = {
      selects: (finding) =>
        wanted(finding.detector) &&
        (!family || family.includes(finding.family)) &&
        (!value.kind || value.kind.includes(finding.kind)),
      confidence: value.confidence ?? 'medium',
      count: rangeOf(value.count, 1, ['count'], scope),
      unique: rangeOf(value.unique, 1, ['unique'], scope),
      perPart: value.within === 'part',
      detectors,
    }
    const what = [
      value.detector && alternatives(value.detector),
      family && alternatives(family),
      value.kind && alternatives(value.kind),
      value.except_detector && `not ${alternatives(value.except_detector)}`,
    ].filter(Boolean)
    return {
      scope: 'message',
      text: `finding ${what.join(', ')}, ${confidenceText(query.confidence)}, ${boundsText(query)}`,
      judge: (facts) => judgeFindings(query, facts),
    }
  },
})

/** More detectors than any installation has; ids beyond it are judged each time. */
const REMEMBERED_MAX = 10_000

/** The ids of detectors come again with every message, and a glob costs a call into RE2. */
function remembered(judge: (id: string) => boolean): (id: string) => boolean {
  const known = new Map<string, boolean>()
  return (id) => {
    let answer = known.get(id)
    if (answer === undefined) {
      answer = judge(id)
      if (known.size < REMEMBERED_MAX) known.set(id, answer)
    }
    return answer
  }
}

/** Every name or glob must stand for a detection rule that exists: a misspelt one would never match, silently. */
function detectorGlobs(
  written: readonly string[] | undefined,
  key: string,
  scope: CompileScope,
): readonly Glob[] | undefined {
  const ids = scope.known.detectors.map((detector) => detector.id)
  return written?.flatMap((name, index) => {
    const [glob] = scope.globs([name], [key, index]) ?? []
    if (!glob || ids.some((id) => glob.matches(id))) return glob ?? []
    const report = (message: string) => scope.problem([key, index], 'unknown-detector', message)
    if (scope.known.collections?.includes(name))
      report(
        `\`${name}\` is registered data; write \`document: { collection: ${name} }\` or \`exact_data: { index: ${name} }\`.`,
      )
    else if (/[*?[{]|^re:/.test(name)) report(`No detection rule matches \`${name}\`; see \`sluice rules list\`.`)
    else scope.names([name], ids, [key, index], 'unknown-detector', 'detection rule', 'see `sluice rules list`.')
    return glob
  })
}

function confidenceText(confidence: Confidence): string {
  return confidence === 'high' ? 'high confidence' : `${confidence} confidence or above`
}

export function boundsText(query: Pick<FindingQuery, 'count' | 'unique' | 'perPart'>): string {
  const bounds = [
    query.count && `${rangeText(query.count)} matches`,
    query.unique && `${rangeText(query.unique)} distinct`,
  ].filter(Boolean)
  return `${bounds.length > 0 ? bounds.join(' and ') : 'at least one'}${query.perPart ? ' in one part' : ''}`
}

/** Adds up the selected findings at the confidence asked for and compares with the bounds. */
export function judgeFindings(query: FindingQuery, facts: Facts): Judgement {
  const selected = facts.report.findings.filter(query.selects)
  if (selected.length === 0) return nothingFound(query, facts)
  const counted = selected.filter((finding) => finding.atLeast[query.confidence].count > 0)
  const ids = counted.map((finding) => finding.id)
  if (query.perPart) {
    const parts = tallyByPart(counted, query.confidence)
    const meeting = [...parts].filter(([, tally]) => meets(query, tally)).map(([path]) => path)
    const best = Math.max(0, ...[...parts.values()].map((tally) => tally.count))
    return answer(
      meeting.length > 0,
      () =>
        meeting.length > 0
          ? `found in ${meeting.join(', ')}`
          : shortfall(query, facts, selected, `at most ${best} in one part`),
      { findings: ids, paths: meeting, near: selected.length > 0 },
    )
  }
  const total = sum(counted.map((finding) => finding.atLeast[query.confidence]))
  const figures = figuresText(query, total)
  const matched = meets(query, total)
  return answer(
    matched,
    () => (matched ? `${figures} (${ids.join(', ')})` : shortfall(query, facts, selected, figures)),
    {
      findings: ids,
      paths: [...new Set(counted.flatMap(pathsOf))],
      near: selected.length > 0 || silenced(query, facts) > 0,
    },
  )
}

/** What most messages get from most conditions: put together only where a person asks why. */
function nothingFound(query: FindingQuery, facts: Facts): Judgement {
  const figures = () => (query.perPart ? 'at most 0 in one part' : figuresText(query, { count: 0, unique: 0 }))
  return answer(false, () => shortfall(query, facts, [], figures()), {
    near: !query.perPart && silenced(query, facts) > 0,
  })
}

function figuresText(query: FindingQuery, total: Tally): string {
  return `${total.count} found, ${total.unique} distinct, at ${confidenceText(query.confidence)}`
}

function meets(query: FindingQuery, tally: Tally): boolean {
  if (tally.count === 0) return false
  return (!query.count || within(query.count, tally.count)) && (!query.unique || within(query.unique, tally.unique))
}

function sum(tallies: readonly Tally[]): Tally {
  return {
    count: tallies.reduce((total, tally) => total + tally.count, 0),
    unique: tallies.reduce((total, tally) => total + tally.unique, 0),
  }
}

/** Reports count a part's matches at every confidence; what one part can hold at ours is bounded by the message's. */
function tallyByPart(findings: readonly Finding[], confidence: Confidence): Map<string, Tally> {
  const parts = new Map<string, Tally>()
  for (const finding of findings) {
    const most = finding.atLeast[confidence]
    for (const [path, tally] of Object.entries(finding.perPart)) {
      const bounded = { count: Math.min(tally.count, most.count), unique: Math.min(tally.unique, most.unique) }
      parts.set(path, sum([parts.get(path) ?? { count: 0, unique: 0 }, bounded]))
    }
  }
  return parts
}

/** Every part that holds a match. */
export function pathsOf(finding: Finding): string[] {
  return [...new Set([...Object.keys(finding.perPart), ...finding.matches.map((match) => match.part)])]
}

function silenced(query: FindingQuery, facts: Facts): number {
  const { detectors } = query
  if (!detectors) return 0
  return facts.report.nearMisses.filter((miss) => anyGlob(detectors, miss.detector)).length
}

function shortfall(query: FindingQuery, facts: Facts, selected: readonly Finding[], figures: string): string {
  const dropped = silenced(query, facts)
  const alsoSilenced = dropped > 0 ? `; ${dropped} silenced by context` : ''
  if (selected.length === 0) return `none found${alsoSilenced}`
  const low = sum(selected.map((finding) => finding.atLeast.low))
  const lower = low.count > 0 && query.confidence !== 'low' ? `; ${low.count} at any confidence` : ''
  return `${figures}, needs ${boundsText(query)}${lower}${alsoSilenced}`
}
