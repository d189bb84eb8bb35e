import { z } from 'zod'
import { alternatives, answer, defineCondition } from '../condition.ts'
import { anyGlob } from '../glob.ts'

const CHANNELS = ['mail', 'upload'] as const

export const channelCondition = defineCondition({
  key: 'channel',
  description: 'How the content came: mail or upload.',
  schema: (forms) => forms.many(z.enum(CHANNELS)),
  compile: (channels) => ({
    scope: 'message',
    text: `channel ${channels.join(' or ')}`,
    narrows: { choices: { channel: channels } },
    judge: ({ envelope }) => answer(channels.includes(envelope.channel), `the channel is ${envelope.channel}`),
  }),
})

export const listenerCondition = defineCondition({
  key: 'listener',
  description: 'Name of the listener that accepted the content (globs).',
  schema: (forms) => forms.many(z.string().min(1)),
  compile: (names, scope) => {
    const globs = scope.globs(names, []) ?? []
    return {
      scope: 'message',
      text: `listener ${alternatives(names)}`,
      judge: ({ envelope }) =>
        answer(anyGlob(globs, envelope.client.listener), `the listener is ${envelope.client.listener}`),
    }
  },
})

export const userCondition = defineCondition({
  key: 'user',
  description: 'Who signed in to send: `any`, `none`, or globs over the name.',
  schema: (forms) => forms.many(z.string().min(1)),
  compile: (names, scope) => {
    const globs = scope.globs(
      names.filter((name) => name !== 'any' && name !== 'none'),
      [],
    )
    return {
      scope: 'message',
      text: `user ${alternatives(names)}`,
      judge: ({ envelope }) => {
        const user = envelope.client.authenticated
        const matched =
          user === undefined ? names.includes('none') : names.includes('any') || anyGlob(globs ?? [], user)
        return answer(matched, user === undefined ? 'nobody signed in' : `${user} signed in`)
      },
    }
  },
})
