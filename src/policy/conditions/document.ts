/** Registered documents in the message: which collection, how much of it, and whether the recipient may have it. */
import { z } from 'zod'
import { type Finding, type FindingMatch, SENSITIVITIES, type Sensitivity } from '../../core/finding.ts'
import { alternatives, answer, defineCondition, type Judgement } from '../condition.ts'
import type { Party } from '../directory.ts'
import type { Facts } from '../facts.ts'
import { anyGlob, type Glob } from '../glob.ts'
import { countSchema, type Range, rangeOf, rangeText, shareSchema, within } from '../range.ts'

const REGISTER = 'register documents with `sluice fingerprint add --name NAME …`.'
const RECIPIENTS = ['partner', 'not-partner'] as const

interface DocumentQuery {
  readonly collections: readonly Glob[] | undefined
  readonly documents: readonly Glob[] | undefined
  readonly containment: Range | undefined
  readonly resemblance: Range | undefined
  readonly words: Range | undefined
  readonly sensitivity: Sensitivity | undefined
  readonly recipient: (typeof RECIPIENTS)[number] | undefined
}

export const documentCondition = defineCondition({
  key: 'document',
  description:
    'Text of registered documents: `any`, or by collection, document, how much of it was found and who may receive it.',
  schema: (forms) =>
    forms.short(
      z.literal('any'),
      (written) => (written === 'any' ? {} : { collection: written }),
      z.strictObject({
        collection: forms.many(z.string().min(1)).optional().describe('Names of collections; globs allowed'),
        document: forms.many(z.string().min(1)).optional().describe('Globs over the document name'),
        containment: shareSchema(forms).optional().describe('Share of the registered document found, 0 to 1'),
        resemblance: shareSchema(forms).optional().describe('How alike both are, 0 to 1'),
        words: countSchema(forms).optional().describe('Words of the longest passage found'),
        sensitivity: z.enum(SENSITIVITIES).optional().describe('Registered with this sensitivity or a higher one'),
        recipient: z
          .enum(RECIPIENTS)
          .optional()
          .describe(
            'not-partner: an outside recipient on none of the partner lists that the document was registered with; partner: on one of them',
          ),
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
      words: rangeOf(value.words, 1, ['words'], scope),
      sensitivity: value.sensitivity,
      recipient: value.recipient,
    }
    const bounds = [
      query.containment && `containment ${rangeText(query.containment)}`,
      query.resemblance && `resemblance ${rangeText(query.resemblance)}`,
      query.words && `a passage of ${rangeText(query.words, 'words')}`,
      query.sensitivity && `sensitivity ${query.sensitivity} or higher`,
      query.recipient && `recipient ${query.recipient === 'partner' ? 'a partner' : 'no partner'} for it`,
    ].filter(Boolean)
    const where = value.collection ? ` of ${alternatives(value.collection)}` : ''
    return {
      scope: query.recipient ? 'recipient' : 'message',
      text: `registered document${where}${bounds.length > 0 ? `, ${bounds.join(', ')}` : ''}`,
      judge: (facts, recipient) => judgeDocuments(query, facts, recipient),
    }
  },
})

function judgeDocuments(query: DocumentQuery, facts: Facts, recipient: Party): Judgement {
  const selected = facts.report.findings.filter(
    (finding) => finding.kind === 'fingerprint' && (!query.collections || anyGlob(query.collections, finding.detector)),
  )
  const meets = (match: FindingMatch) =>
    (!query.documents || anyGlob(query.documents, match.document ?? '')) &&
    (!query.containment || within(query.containment, match.containment ?? 0)) &&
    (!query.resemblance || within(query.resemblance, match.resemblance ?? 0)) &&
    (!query.words || within(query.words, match.passageWords ?? 0)) &&
    (!query.sensitivity || isAtLeast(query.sensitivity, match.sensitivity)) &&
    (!query.recipient || concerns(query.recipient, match.partners ?? [], facts, recipient))
  // Reports list a bounded number of matches: what is not listed is taken to be for nobody outside, and sensitive.
  const isStrict = query.recipient ? query.recipient === 'not-partner' && isOutside(recipient) : query.sensitivity
  const unlisted = (finding: Finding) => isStrict && finding.count > finding.matches.length
  const found = selected.filter((finding) => unlisted(finding) || finding.matches.some(meets))
  return answer(found.length > 0, () => documentWhy(query, selected, found, recipient), {
    findings: found.map((finding) => finding.id),
    paths: [...new Set(found.flatMap((finding) => finding.matches.filter(meets).map((match) => match.part)))],
    near: selected.length > 0,
  })
}

/** Documents that were registered without a sensitivity have none that could be compared. */
function isAtLeast(wanted: Sensitivity, sensitivity: Sensitivity | undefined): boolean {
  return sensitivity !== undefined && SENSITIVITIES.indexOf(sensitivity) >= SENSITIVITIES.indexOf(wanted)
}

function concerns(
  wanted: (typeof RECIPIENTS)[number],
  lists: readonly string[],
  { lookup }: Facts,
  recipient: Party,
): boolean {
  // A list that the directory no longer has lets nobody receive anything.
  const isPartner = lists.some(
    (name) => Object.hasOwn(lookup.directory.partners, name) && lookup.inPartnerList(name, recipient),
  )
  return wanted === 'partner' ? isPartner : !isPartner && isOutside(recipient)
}

function isOutside(recipient: Party): boolean {
  return recipient.class !== 'internal'
}

function documentWhy(
  query: DocumentQuery,
  selected: readonly Finding[],
  found: readonly Finding[],
  recipient: Party,
): string {
  if (selected.length === 0) return 'no registered document found'
  const shown = found.length > 0 ? found : selected
  const matches = shown.flatMap((finding) => finding.matches)
  const containment = Math.max(0, ...matches.map((match) => match.containment ?? 0))
  const words = Math.max(0, ...matches.map((match) => match.passageWords ?? 0))
  const figures = `containment up to ${containment.toFixed(2)}${words > 0 ? `, passages up to ${words} words` : ''}`
  const ids = shown.map((finding) => finding.id).join(', ')
  const lists = [...new Set(matches.flatMap((match) => match.partners ?? []))].sort()
  const may = lists.length > 0 ? `for partners on ${alternatives(lists)}` : 'for nobody outside'
  const who = query.recipient ? `; ${may}, ${recipient.address || recipient.domain} is ${recipient.class}` : ''
  const verdict = found.length > 0 ? 'found' : query.recipient ? 'found something else' : 'found too little'
  return `${verdict}: ${figures}${who} (${ids})`
}
