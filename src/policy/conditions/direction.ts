/**
 * Outbound: to someone outside, whoever sends (a gateway without internal domains counts everyone outside).
 * Internal: from inside to inside. Inbound: from elsewhere to inside. Judged per recipient.
 */
import { z } from 'zod'
import { answer, defineCondition } from '../condition.ts'
import type { Party } from '../directory.ts'

const DIRECTIONS = ['outbound', 'inbound', 'internal'] as const
type Direction = (typeof DIRECTIONS)[number]

function directionOf(sender: Party, recipient: Party): Direction {
  if (recipient.class !== 'internal') return 'outbound'
  return sender.class === 'internal' ? 'internal' : 'inbound'
}

export const directionCondition = defineCondition({
  key: 'direction',
  description: 'outbound (to someone outside), inbound (from elsewhere to inside) or internal, per recipient.',
  schema: (forms) => forms.many(z.enum(DIRECTIONS)),
  compile: (directions) => {
    const recipients = directions.flatMap((d) => (d === 'outbound' ? ['partner', 'external'] : ['internal']))
    const senders = directions.every((d) => d === 'internal')
      ? ['internal']
      : directions.every((d) => d === 'inbound')
        ? ['partner', 'external', 'none']
        : undefined
    return {
      scope: 'recipient',
      text: `direction ${directions.join(' or ')}`,
      narrows: {
        choices: {
          direction: directions,
          'recipient class': [...new Set(recipients)],
          ...(senders && { 'sender class': senders }),
        },
      },
      judge: (facts, recipient) => {
        const direction = directionOf(facts.sender, recipient)
        return answer(
          directions.includes(direction),
          () => `to ${recipient.address || recipient.domain} it is ${direction}`,
        )
      },
    }
  },
})
