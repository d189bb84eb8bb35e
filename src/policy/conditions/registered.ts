/** Matches of what the organisation registered: documents by fingerprint, and rows of exact data. */
import { z } from 'zod'
import { CONFIDENCES, type Finding, type FindingMatch } from '../../core/finding.ts'
import { alternatives, answer, defineCondition, type Judgement } from '../condition.ts'
import type { Facts } from '../facts.ts'
import { anyGlob, type Glob } from '../glob.ts'
import { countSchema, type Range, rangeOf, rangeText, shareSchema, within } from '../range.ts'
import { boundsText, judgeFindings } from './finding.ts'

const REGISTER = 'register documents with `sluice fingerprint add --name NAME …`.'
const INDEX = 'build an index with `sluice exact-data index …`.'

interface DocumentQuery {
  readonly collections: readonly Glob[] | undefined
  readonly documents: readonly Glob[] | undefined
  readonly containment: Range | undefined
  readonly resemblance: Range | undefined
}

export const documentCondition = defineCondition({
  key: 'document',
  description: 'Text of registered documents: `any`, or by collection, document and how much of it was found.',
  schema: (forms) =>
    forms.short(
      z.literal('any'),
      (written) => (written === 'any' ? {} : { collection: written }),
      z.strictObject({
        collection: forms.many(z.string().min(1)).optional().describe('Names of collections; globs allowed'),
        document: forms.many(z.string().min(1)).optional().describe('Globs over the document name'),
        containment: shareSchema(forms).optional().describe('Share of the registered document found, 0 to 1'),
        resemblance: shareSchema(forms).optional().describe('How alike both are, 0 to 1'),
      }),
    ),
  compile: (value, scope) => {
    const plain = value.collection?.every((name) => !/[*?[{]|^re:/.test(name))
    if (plain)
      scope.names(
        value.collection,
        scope.known.collections,
        ['collection'],
        'unknown-collection',
        'collection',
        REGISTER,
      )
    const query: DocumentQuery = {
      collections: scope.globs(value.collection, ['collection']),
      documents: scope.globs(value.document, ['document']),
      containment: rangeOf(value.containment, 0, ['containment'], scope),
      resemblance: rangeOf(value.resemblance, 0, ['resemblance'], scope),
    }
    const bounds = [
      query.containment && `containment ${rangeText(query.containment)}`,
      query.resemblance && `resemblance ${rangeText(query.resemblance)}`,
    ].filter(Boolean)
    const where = value.collection ? ` of ${alternatives(value.collection)}` : ''
    return {
      scope: 'message',
      text: `registered document${where}${bounds.length > 0 ? `, ${bounds.join(', ')}` : ''}`,
      judge: (facts) => judgeDocuments(query, facts),
    }
  },
})

function judgeDocuments(query: DocumentQuery, facts: Facts): Judgement {
  const selected = facts.report.findings.filter(
    (finding) => finding.kind === 'fingerprint' && (!query.collections || anyGlob(query.collections, finding.detector)),
  )
  const meets = (match: FindingMatch) =>
    (!query.documents || anyGlob(query.documents, match.document ?? '')) &&
    (!query.containment || within(query.containment, match.containment ?? 0)) &&
    (!query.resemblance || within(query.resemblance, match.resemblance ?? 0))
  const found = selected.filter((finding) => finding.matches.some(meets))
  const best = Math.max(0, ...selected.flatMap((finding) => finding.matches.map((match) => match.containment ?? 0)))
  return answer(found.length > 0, () => documentWhy(selected, found, best), {
    findings: found.map((finding) => finding.id),
    paths: [...new Set(found.flatMap((finding) => finding.matches.filter(meets).map((match) => match.part)))],
    near: selected.length > 0,
  })
}

function documentWhy(selected: readonly Finding[], found: readonly Finding[], best: number): string {
  if (selected.length === 0) return 'no registered document found'
  const ids = (found.length > 0 ? found : selected).map((finding) => finding.id).join(', ')
  return `${found.length > 0 ? 'found' : 'found too little'}: containment up to ${best.toFixed(2)} (${ids})`
}

export const exactDataCondition = defineCondition({
  key: 'exact_data',
  description: 'Rows of an exact-data index: `any`, or by index, confidence, count and distinct values.',
  schema: (forms) =>
    forms.short(
      z.literal('any'),
      (written) => (written === 'any' ? {} : { index: written }),
      z.strictObject({
        index: forms.many(z.string().min(1)).optional().describe('Names of indexes'),
        confidence: z.enum(CONFIDENCES).optional().describe('At least this; medium when left out'),
        count: countSchema(forms).optional(),
        unique: countSchema(forms).optional(),
      }),
    ),
  compile: (value, scope) => {
    scope.names(value.index, scope.known.collections, ['index'], 'unknown-collection', 'exact-data index', INDEX)
    const query = {
      selects: (finding: Finding) =>
        finding.kind === 'exact-data' && (!value.index || value.index.includes(finding.detector)),
      confidence: value.confidence ?? 'medium',
      count: rangeOf(value.count, 1, ['count'], scope),
      unique: rangeOf(value.unique, 1, ['unique'], scope),
      perPart: false,
      detectors: undefined,
    }
    return {
      scope: 'message',
      text: `exact data${value.index ? ` of ${alternatives(value.index)}` : ''}, ${boundsText(query)}`,
      judge: (facts) => judgeFindings(query, facts),
    }
  },
})
