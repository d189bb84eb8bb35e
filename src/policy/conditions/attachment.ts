/** Files in the message, members of archives included; for uploads the content itself too. All keys hold for one file. */
import { z } from 'zod'
import { PART_TRAITS } from '../../core/extraction.ts'
import type { ReportedPart } from '../../core/report.ts'
import { alternatives, answer, defineCondition } from '../condition.ts'
import { anyGlob } from '../glob.ts'
import { countSchema, rangeOf, rangeText, sizeRangeOf, sizeSchema, within } from '../range.ts'

export function extensionOf(filename: string | null): string {
  const dot = filename?.lastIndexOf('.') ?? -1
  return filename && dot >= 0 ? filename.slice(dot + 1).toLowerCase() : ''
}

export const attachmentCondition = defineCondition({
  key: 'attachment',
  description: 'A file by true type, extension, name, size, oddities (macro, type-mismatch …), or simply `any`.',
  schema: (forms) =>
    forms.short(
      z.literal('any'),
      (written) => (written === 'any' ? {} : { type: written }),
      z.strictObject({
        type: forms.many(z.string().min(1)).optional().describe('Media type by content, e.g. image/*; globs allowed'),
        declared_type: forms.many(z.string().min(1)).optional().describe('Media type that the message claims'),
        extension: forms.many(z.string().min(1)).optional().describe('Without the dot'),
        name: forms.many(z.string().min(1)).optional().describe('Globs over the file name'),
        trait: forms.many(z.enum(PART_TRAITS)).optional().describe('One of these oddities'),
        size: sizeSchema(forms).optional().describe('Bytes of the file'),
        count: countSchema(forms).optional().describe('How many such files; at least one when left out'),
      }),
    ),
  compile: (value, scope) => {
    const types = scope.globs(value.type, ['type'])
    const declared = scope.globs(value.declared_type, ['declared_type'])
    const extensions = value.extension?.map((extension) => extension.replace(/^\*?\./, '').toLowerCase())
    const names = scope.globs(value.name, ['name'])
    const size = sizeRangeOf(value.size, ['size'], scope)
    const count = rangeOf(value.count, 1, ['count'], scope) ?? { min: 1, max: Number.POSITIVE_INFINITY }
    const tests: ((part: ReportedPart) => boolean)[] = []
    if (types) tests.push((part) => anyGlob(types, part.sniffedType))
    if (declared) tests.push((part) => anyGlob(declared, part.declaredType ?? ''))
    if (extensions) tests.push((part) => extensions.includes(extensionOf(part.filename)))
    if (names) tests.push((part) => anyGlob(names, part.filename ?? ''))
    if (value.trait) tests.push((part) => part.traits.some((trait) => value.trait?.includes(trait)))
    if (size) tests.push((part) => within(size, part.size))
    const words = Object.entries(value).flatMap(([key, given]) =>
      Array.isArray(given) ? [`${key.replace('_', ' ')} ${alternatives(given)}`] : [],
    )
    if (size) words.push(`size ${rangeText(size, 'bytes')}`)
    if (value.count) words.push(rangeText(count))
    return {
      scope: 'message',
      text: `attachment ${words.join(', ') || 'of any kind'}`,
      judge: ({ attachments }) => {
        const found = attachments.filter((part) => tests.every((test) => test(part)))
        const matched = within(count, found.length)
        return answer(
          matched,
          () =>
            attachments.length === 0
              ? 'there is no attachment'
              : `${found.length} of ${attachments.length} attachments fit${matched ? '' : `, needs ${rangeText(count)}`}`,
          { paths: found.map((part) => part.path), near: found.length > 0 },
        )
      },
    }
  },
})

export const sizeCondition = defineCondition({
  key: 'size',
  description: 'Size of the whole message or upload, e.g. { at_least: 10 MB }.',
  schema: sizeSchema,
  compile: (value, scope) => {
    const range = sizeRangeOf(value, [], scope) ?? { min: 0, max: Number.POSITIVE_INFINITY }
    return {
      scope: 'message',
      text: `size ${rangeText(range, 'bytes')}`,
      narrows: { ranges: { size: range } },
      judge: ({ report }) => {
        const size = report.parts[0]?.size ?? 0
        return answer(within(range, size), `the size is ${size} bytes`)
      },
    }
  },
})
