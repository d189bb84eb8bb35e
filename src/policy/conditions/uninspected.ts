/** What could not be looked into, by reason and by the file it concerns. */
import { z } from 'zod'
import { UNINSPECTED_REASONS, type Uninspected } from '../../core/extraction.ts'
import { alternatives, answer, defineCondition } from '../condition.ts'
import type { Facts } from '../facts.ts'
import { anyGlob } from '../glob.ts'
import { countSchema, rangeOf, rangeText, within } from '../range.ts'

export const uninspectedCondition = defineCondition({
  key: 'uninspected',
  description:
    'Content that was not inspected: `any`, reasons, or reasons with the path and type of what they concern.',
  schema: (forms) =>
    forms.short(
      z.union([z.literal('any'), z.enum(UNINSPECTED_REASONS), z.array(z.enum(UNINSPECTED_REASONS)).min(1)]),
      (written) => (written === 'any' ? {} : { reason: written }),
      z.strictObject({
        reason: forms.many(z.enum(UNINSPECTED_REASONS)).optional(),
        path: forms.many(z.string().min(1)).optional().describe('Globs over the display path, e.g. *.zip/*'),
        type: forms.many(z.string().min(1)).optional().describe('Media type by content'),
        except_type: forms
          .many(z.string().min(1))
          .optional()
          .describe('Not these media types; what has no known type counts'),
        count: countSchema(forms).optional(),
      }),
    ),
  compile: (value, scope) => {
    for (const reason of value.reason ?? UNINSPECTED_REASONS) scope.references.uninspected.add(reason)
    const paths = scope.globs(value.path, ['path'])
    const types = scope.globs(value.type, ['type'])
    const except = scope.globs(value.except_type, ['except_type'])
    const count = rangeOf(value.count, 1, ['count'], scope) ?? { min: 1, max: Number.POSITIVE_INFINITY }
    const fits = (item: Uninspected, facts: Facts) => {
      const type = facts.partsByPath.get(item.path)?.sniffedType ?? ''
      return (
        (!value.reason || value.reason.includes(item.reason)) &&
        (!paths || anyGlob(paths, item.path)) &&
        (!types || anyGlob(types, type)) &&
        (!except || !anyGlob(except, type))
      )
    }
    const words = Object.entries(value).flatMap(([key, given]) =>
      Array.isArray(given) ? [`${key === 'reason' ? '' : `${key.replace('_', ' ')} `}${alternatives(given)}`] : [],
    )
    return {
      scope: 'message',
      text: `uninspected ${words.join(', ') || 'content of any kind'}`,
      judge: (facts) => {
        const all = facts.report.uninspected
        if (all.length === 0) return answer(within(count, 0), 'everything was inspected')
        const found = all.filter((item) => fits(item, facts))
        const told = found.length > 0 ? found : all
        const list = [...new Set(told.map((item) => `${item.reason} at ${item.path}`))].slice(0, 5).join(', ')
        const matched = within(count, found.length)
        const needs = matched ? '' : `, needs ${rangeText(count)}`
        return answer(matched, `${found.length} of ${all.length} fit${needs}: ${list}`, {
          paths: [...new Set(found.map((item) => item.path))],
          near: found.length > 0 || all.some((item) => value.reason?.includes(item.reason)),
        })
      },
    }
  },
})
