/** Conditions about one side of the exchange: who sends, who receives. For uploads the recipient is the host. */
import { z } from 'zod'
import type { CompileScope } from '../compile-scope.ts'
import { alternatives, answer, type ConditionKind, defineCondition, type Leaf } from '../condition.ts'
import { domainWithin, normaliseDomain, type Party, type PartyClass } from '../directory.ts'
import type { Facts } from '../facts.ts'
import type { Forms } from '../forms.ts'
import { anyGlob } from '../glob.ts'

/** `outside` is everyone who isn't internal, partners included. */
const RECIPIENT_WORDS = ['internal', 'partner', 'external', 'outside'] as const
const SENDER_WORDS = [...RECIPIENT_WORDS, 'none'] as const

function partySchema(forms: Forms, words: readonly string[]) {
  const word = z.enum(words as [string, ...string[]])
  const name = z.string().min(1)
  return forms.short(
    z.union([word, z.array(word).min(1)]),
    (written) => ({ class: written }),
    z
      .strictObject({
        class: forms
          .many(word)
          .optional()
          .describe('internal, partner, external (everyone else), outside (not internal)'),
        address: forms.many(name).optional().describe('Globs over the whole address'),
        domain: forms.many(name).optional().describe('Domains; each covers its subdomains'),
        group: forms.many(name).optional().describe('Address groups of the directory'),
        partner_list: forms.many(name).optional().describe('Partner lists of the directory'),
      })
      .refine(
        (value) => Object.keys(value).length > 0,
        'write at least one of class, address, domain, group, partner_list',
      ),
  )
}

interface WrittenParty {
  readonly class?: readonly string[] | undefined
  readonly address?: readonly string[] | undefined
  readonly domain?: readonly string[] | undefined
  readonly group?: readonly string[] | undefined
  readonly partner_list?: readonly string[] | undefined
}

function classesOf(words: readonly string[]): PartyClass[] {
  return [...new Set(words.flatMap((word) => (word === 'outside' ? ['partner', 'external'] : [word])))] as PartyClass[]
}

type Test = { readonly text: string; readonly holds: (facts: Facts, party: Party) => boolean }

function testsOf(value: WrittenParty, scope: CompileScope): Test[] {
  const { partners, groups, directory } = scope.known
  const partnerNames = partners ?? (directory && Object.keys(directory.partners))
  const groupNames = groups ?? (directory && Object.keys(directory.groups))
  scope.names(
    value.partner_list,
    partnerNames,
    ['partner_list'],
    'unknown-partner-list',
    'partner list',
    'define one under `organisation.partners` in sluice.yaml.',
  )
  const groupRemedy = 'define one under `organisation.groups` in sluice.yaml.'
  scope.names(value.group, groupNames, ['group'], 'unknown-group', 'address group', groupRemedy)
  for (const name of value.partner_list ?? []) scope.references.partners.add(name)
  for (const name of value.group ?? []) scope.references.groups.add(name)
  const tests: Test[] = []
  const add = (text: string, holds: Test['holds']) => tests.push({ text, holds })
  if (value.class) {
    const classes = classesOf(value.class)
    add(alternatives(value.class), (_facts, party) => classes.includes(party.class))
  }
  const addresses = scope.globs(value.address, ['address'])
  if (addresses)
    add(`address ${alternatives(value.address ?? [])}`, (_facts, party) => anyGlob(addresses, party.address))
  if (value.domain) {
    const domains = new Set(value.domain.map((domain) => normaliseDomain(domain.replace(/^@|^\*?\./, ''))))
    add(`in domain ${alternatives(value.domain)}`, (_facts, party) => domainWithin(party.domain, domains))
  }
  const { group, partner_list } = value
  if (group)
    add(`in group ${alternatives(group)}`, (facts, party) => group.some((name) => facts.lookup.inGroup(name, party)))
  if (partner_list)
    add(`on partner list ${alternatives(partner_list)}`, (facts, party) =>
      partner_list.some((name) => facts.lookup.inPartnerList(name, party)),
    )
  return tests
}

function partyLeaf(role: 'sender' | 'recipient', value: WrittenParty, scope: CompileScope): Leaf {
  const tests = testsOf(value, scope)
  const classes = value.partner_list && !value.class ? undefined : value.class
  return {
    scope: role === 'sender' ? 'message' : 'recipient',
    text: `${role} ${tests.map((test) => test.text).join(' and ')}`,
    narrows: classes ? { choices: { [`${role} class`]: classesOf(classes) } } : {},
    judge: (facts, recipient) => {
      const party = role === 'sender' ? facts.sender : recipient
      const failed = tests.filter((test) => !test.holds(facts, party))
      return answer(failed.length === 0, () => explain(party, failed), {
        near: failed.length > 0 && failed.length < tests.length,
      })
    },
  }
}

function explain(party: Party, failed: readonly Test[]): string {
  const name = party.address || party.domain || 'the null sender'
  const is = party.class === 'none' ? '' : ` is ${party.class}`
  return `${name}${is}${failed.length > 0 ? `, not ${failed.map((test) => test.text).join(', not ')}` : ''}`
}

export const senderCondition: ConditionKind = defineCondition({
  key: 'sender',
  description:
    'Who sends: a class (internal, partner, external, outside, none for bounces) or addresses, domains, groups.',
  schema: (forms) => partySchema(forms, SENDER_WORDS),
  compile: (value, scope) => partyLeaf('sender', value, scope),
})

export const recipientCondition: ConditionKind = defineCondition({
  key: 'recipient',
  description:
    'Who receives, judged for every recipient alone: a class (internal, partner, external, outside) or addresses, domains, groups. For uploads: the host.',
  schema: (forms) => partySchema(forms, RECIPIENT_WORDS),
  compile: (value, scope) => partyLeaf('recipient', value, scope),
})
