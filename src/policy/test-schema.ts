/** Test cases in a policy file: a message described by what was found in it, and the action each recipient must get. */
import { z } from 'zod'
import { ACTIONS } from '../core/decision.ts'
import { PART_TRAITS, UNINSPECTED_REASONS } from '../core/extraction.ts'
import { CONFIDENCES, FAMILIES, FINDING_KINDS, SENSITIVITIES } from '../core/finding.ts'
import type { Forms } from './forms.ts'
import { byteSizeSchema } from './range.ts'

export function testSchema(forms: Forms) {
  const size = byteSizeSchema(forms)
  const text = z.string().min(1)
  const count = z.int().min(1)
  return z.strictObject({
    name: text,
    channel: z.enum(['mail', 'upload']).optional().describe('mail when left out'),
    from: z.string().optional().describe('someone@internal.example when left out; empty for a bounce'),
    to: forms.many(z.string()).optional().describe('someone@external.example when left out; for uploads the host'),
    user: text.optional(),
    listener: text.optional(),
    at: z.iso.datetime({ offset: true }).optional().describe('When, e.g. 2026-11-03T10:00:00Z'),
    internal: forms.many(text).optional().describe('Internal domains; internal.example when left out'),
    partners: z.record(z.string(), forms.many(text)).optional().describe('Partner lists'),
    groups: z.record(z.string(), forms.many(text)).optional().describe('Address groups'),
    findings: forms
      .many(
        forms.short(
          text,
          (written) => ({ detector: written }),
          z
            .strictObject({
              detector: text.optional(),
              family: z.enum(FAMILIES).optional().describe("The detector's own when left out"),
              kind: z.enum(FINDING_KINDS).optional().describe('pattern when left out'),
              confidence: z.enum(CONFIDENCES).optional().describe('high when left out'),
              count: count.optional(),
              unique: count.optional(),
              part: text.optional().describe('Path of the part; mail when left out'),
              document: text.optional(),
              containment: z.number().min(0).max(1).optional(),
              resemblance: z.number().min(0).max(1).optional(),
              words: count.optional().describe('Words of the longest passage'),
              partners: forms.many(text).optional().describe('Partner lists that may receive the document'),
              sensitivity: z.enum(SENSITIVITIES).optional().describe('Of the registered document'),
            })
            .refine((value) => value.detector || value.family, 'write detector or family'),
        ),
      )
      .optional(),
    labels: forms
      .many(
        forms.short(
          text,
          (written) => ({ level: written }),
          z.strictObject({
            level: text.optional().describe('A level of the label map; unmapped when left out'),
            scheme: text.optional(),
            id: text.optional(),
            name: text.optional(),
            part: text.optional(),
          }),
        ),
      )
      .optional(),
    uninspected: forms
      .many(
        forms.short(
          z.enum(UNINSPECTED_REASONS),
          (written) => ({ reason: written }),
          z.strictObject({
            reason: z.enum(UNINSPECTED_REASONS),
            path: text.optional(),
            type: text.optional().describe('Media type by content'),
          }),
        ),
      )
      .optional(),
    attachments: forms
      .many(
        forms.short(
          text,
          (written) => ({ name: written }),
          z.strictObject({
            name: text,
            path: text.optional().describe('mail/NAME when left out'),
            type: text.optional().describe('Media type by content'),
            declared_type: text.optional(),
            traits: forms.many(z.enum(PART_TRAITS)).optional(),
            size: size.optional(),
          }),
        ),
      )
      .optional(),
    size: size.optional().describe('Of the whole message'),
    expect: z
      .union([z.enum(ACTIONS), z.record(z.string(), z.enum(ACTIONS))], {
        error: `write ${ACTIONS.join(', ')}, or a map from recipient to one of them`,
      })
      .describe('One action for everyone, or a map from recipient to action'),
    rules: z.array(z.string()).optional().describe('Ids of exactly the rules that must match, when given'),
  })
}

export type WrittenTest = z.output<ReturnType<typeof testSchema>>
