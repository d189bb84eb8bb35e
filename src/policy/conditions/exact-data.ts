/** Rows of the organisation's own tables that were found as exact data. */
import { z } from 'zod'
import { CONFIDENCES, type Finding } from '../../core/finding.ts'
import { alternatives, defineCondition } from '../condition.ts'
import { countSchema, rangeOf } from '../range.ts'
import { boundsText, judgeFindings } from './finding.ts'

const INDEX = 'build an index with `sluice exact-data index …`.'

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
