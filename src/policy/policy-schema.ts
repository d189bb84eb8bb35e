/**
 * The shape of a policy file, save that rules and tests are checked one by one (`compile-policies.ts`), so that a
 * mistake in one rule doesn't hide the next. Every key an author may write stands here or in `conditions/`.
 */
import { z } from 'zod'
import { ACTIONS, SEVERITIES } from '../core/decision.ts'
import { HEADER_NAME, HEADER_VALUE, isReservedHeader } from '../core/header-names.ts'
import { conditionSchema } from './condition-registry.ts'
import type { Forms } from './forms.ts'
import { testSchema } from './test-schema.ts'

export const MODES = ['off', 'monitor', 'enforce'] as const
export type Mode = (typeof MODES)[number]

const ID = /^[a-z0-9][a-z0-9_-]*$/
const ADDRESS = /^[^\s<>@,;:]+@[^\s<>@,;:]+$/

const id = z.string().regex(ID, 'write a lower-case id such as `cards-to-external`')
const oneLine = z.string().regex(HEADER_VALUE, 'write one line of 1 to 500 characters')
const address = z.string().regex(ADDRESS, 'write an address such as `dpo@example.com`')

export const AUDIENCE_WORDS = ['sender', 'manager', 'reviewers'] as const

function notifySchema(forms: Forms) {
  const template = z.string().min(1)
  return forms.many(
    forms.short(
      z.enum(AUDIENCE_WORDS),
      (written) => (AUDIENCE_WORDS.some((word) => word === written) ? { [String(written)]: 'default' } : written),
      z
        .strictObject({
          sender: template.optional().describe('Template for the sender; `default` fits the action'),
          manager: template.optional().describe("Template for the sender's manager; reviewers where none is known"),
          reviewers: template.optional().describe('Template for the reviewers'),
          addresses: forms.many(address).optional().describe('Further people'),
          template: template.optional().describe('Template for `addresses`'),
        })
        .refine(
          (value) => [...AUDIENCE_WORDS, 'addresses' as const].filter((key) => value[key] !== undefined).length === 1,
          'each entry names one of sender, manager, reviewers, addresses',
        ),
    ),
  )
}

export function ruleSchema(forms: Forms) {
  const condition = conditionSchema(forms)
  return z.strictObject({
    id: id.describe('Unique in its policy; stands in reasons and audit'),
    description: z.string().optional(),
    severity: z.enum(SEVERITIES).optional(),
    mode: z.enum(MODES).optional().describe("Never stronger than the policy's"),
    regulations: forms.many(z.string().min(1)).optional().describe("Added to the policy's"),
    applies_to: condition.optional().describe("Replaces the policy's applies_to for this rule"),
    when: condition,
    unless: forms.many(condition).optional().describe('Exceptions: the rule does not match where one of them holds'),
    action: z.enum(ACTIONS).describe('The strictest action of all matching rules wins, per recipient'),
    message: z.string().max(1000).optional().describe('For people inside; peers never see it'),
    encrypt: z
      .strictObject({
        methods: forms
          .many(z.enum(['smime', 'openpgp']))
          .optional()
          .describe('Tried in order'),
        fallback: z.enum(['quarantine', 'block', 'pass']).optional().describe('For recipients without a key'),
      })
      .optional(),
    add_header: forms
      .many(
        z.strictObject({
          name: z
            .string()
            .regex(HEADER_NAME, 'write a header name such as `X-Classification`')
            .refine(
              (name) => !isReservedHeader(name),
              'this header is not for policies; write one of your own such as `X-Classification`',
            ),
          value: oneLine,
        }),
      )
      .optional(),
    write_label: forms
      .short(
        z.literal(true),
        (written) => (written === true ? {} : written),
        z.strictObject({
          unlabelled: z.string().optional().describe('Level to write where no label has one; nothing when left out'),
        }),
      )
      .optional()
      .describe("Writes the message's highest label level as the header that the label map names under `write`"),
    tag_subject: oneLine.optional().describe('Put in front of the subject'),
    redirect: forms.many(address).optional().describe('Goes to these addresses instead'),
    strip_attachments: forms
      .short(
        z.literal('matched'),
        (written) => (written === 'matched' ? { matched: true } : written),
        z
          .strictObject({
            matched: z.literal(true).optional().describe('Those that made the rule match'),
            type: forms.many(z.string().min(1)).optional().describe('Media types by content'),
            extension: forms.many(z.string().min(1)).optional().describe('Without the dot'),
            name: forms.many(z.string().min(1)).optional().describe('Globs over the file name'),
            note: oneLine.optional().describe('Left in the place of what was taken out'),
          })
          .refine(
            (value) => value.matched || value.type || value.extension || value.name,
            'write at least one of matched, type, extension, name',
          ),
      )
      .optional(),
    notify: notifySchema(forms).optional().describe("Replaces the policy's notify for this rule"),
  })
}

export function policyHeadSchema(forms: Forms) {
  const condition = conditionSchema(forms)
  return z.strictObject({
    policy: id.describe('Unique id of this policy'),
    name: z.string().min(1),
    description: z.string().optional(),
    mode: z
      .enum(MODES)
      .optional()
      .describe('enforce (default), monitor (reasons are recorded, nothing else happens) or off'),
    severity: z.enum(SEVERITIES).optional().describe('For rules that name none; medium when left out'),
    regulations: forms.many(z.string().min(1)).optional(),
    applies_to: condition.optional().describe('Must hold besides the `when` of every rule'),
    unless: forms.many(condition).optional().describe('Exceptions from every rule'),
    notify: notifySchema(forms).optional().describe('For rules that name none'),
    rules: z.array(z.unknown()).min(1, 'write at least one rule'),
    tests: z.array(z.unknown()).optional(),
  })
}

/** The whole file; what editors complete against. */
export function policyFileSchema(forms: Forms) {
  return policyHeadSchema(forms).extend({
    rules: z.array(ruleSchema(forms)).min(1),
    tests: z
      .array(testSchema(forms))
      .optional()
      .describe('Cases that `sluice policy test` runs against this policy alone'),
  })
}

export type WrittenPolicyRule = z.output<ReturnType<typeof ruleSchema>>
export type WrittenHead = z.output<ReturnType<typeof policyHeadSchema>>
export type WrittenNotify = z.output<ReturnType<typeof notifySchema>>
