/** Every kind of condition. To add one: a file in `conditions/` and one line here. */
import { z } from 'zod'
import type { ConditionKind } from './condition.ts'
import { attachmentCondition, sizeCondition } from './conditions/attachment.ts'
import { channelCondition, listenerCondition, userCondition } from './conditions/channel.ts'
import { directionCondition } from './conditions/direction.ts'
import { documentCondition } from './conditions/document.ts'
import { exactDataCondition } from './conditions/exact-data.ts'
import { findingCondition } from './conditions/finding.ts'
import { labelCondition } from './conditions/label.ts'
import { recipientCondition, senderCondition } from './conditions/party.ts'
import { timeCondition } from './conditions/time.ts'
import { uninspectedCondition } from './conditions/uninspected.ts'
import type { Forms } from './forms.ts'

export const conditionKinds: readonly ConditionKind[] = [
  channelCondition,
  directionCondition,
  senderCondition,
  recipientCondition,
  userCondition,
  listenerCondition,
  findingCondition,
  documentCondition,
  exactDataCondition,
  labelCondition,
  attachmentCondition,
  sizeCondition,
  uninspectedCondition,
  timeCondition,
]

/** A condition as written out: keys of kinds, and `all`, `any`, `none` over further ones. Several keys: all must hold. */
export type WrittenCondition = Readonly<Record<string, unknown>>

const schemas = new WeakMap<Forms, z.ZodType<WrittenCondition>>()

/** One schema per form, so that its JSON Schema is one definition that refers to itself. */
export function conditionSchema(forms: Forms): z.ZodType<WrittenCondition> {
  const known = schemas.get(forms) ?? makeConditionSchema(forms)
  schemas.set(forms, known)
  return known
}

function makeConditionSchema(forms: Forms): z.ZodType<WrittenCondition> {
  const self: z.ZodType<WrittenCondition> = z.lazy(() => conditionSchema(forms))
  const kinds = conditionKinds.map(
    (kind) => [kind.key, kind.schema(forms).optional().describe(kind.description)] as const,
  )
  const schema = z
    .strictObject({
      all: forms.many(self).optional().describe('All of these hold'),
      any: forms.many(self).optional().describe('One of these holds, or more'),
      none: forms.many(self).optional().describe('None of these holds'),
      ...Object.fromEntries(kinds),
    })
    .refine((value) => Object.keys(value).length > 0, 'write at least one condition')
  return forms.named('condition', schema)
}
