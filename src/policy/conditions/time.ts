/** When the content was evaluated, in a named time zone. Hours may run past midnight (`22:00-06:00`). */
import { z } from 'zod'
import { answer, defineCondition } from '../condition.ts'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)$/

export const timeCondition = defineCondition({
  key: 'time',
  description: 'Days and hours in a time zone; ask for other times with `none`.',
  schema: (forms) =>
    z
      .strictObject({
        days: forms.many(z.enum(DAYS)).optional(),
        hours: forms
          .many(z.string().regex(HOURS, 'write hours such as `08:00-18:00`'))
          .optional()
          .describe('From and to; the end is not included'),
        timezone: z.string().optional().describe('IANA name, e.g. Europe/Berlin; UTC when left out'),
      })
      .refine((value) => value.days || value.hours, 'write days, hours or both'),
  compile: (value, scope) => {
    const zone = formatterOf(value.timezone ?? 'UTC')
    if (!zone)
      scope.problem(
        ['timezone'],
        'unknown-timezone',
        `There is no time zone \`${value.timezone}\`; write an IANA name such as \`Europe/Berlin\`.`,
      )
    const format = zone ?? formatterOf('UTC')
    const spans = value.hours?.map(minutesOf)
    return {
      scope: 'message',
      text: `time ${[value.days?.join(' or '), value.hours?.join(' or ')].filter(Boolean).join(', ')} ${value.timezone ?? 'UTC'}`,
      judge: ({ now }) => {
        const [day = '', hour = '0', minute = '0'] = (format?.format(now) ?? '').replace(',', '').split(/[ :]/)
        const minutes = Number(hour) * 60 + Number(minute)
        const onDay = !value.days || value.days.some((wanted) => wanted === day.toLowerCase())
        const inHours = !spans || spans.some((span) => inSpan(span, minutes))
        return answer(onDay && inHours, () => `it is ${day} ${hour}:${minute}`, { near: onDay || inHours })
      },
    }
  },
})

function formatterOf(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  } catch {
    return null
  }
}

function minutesOf(hours: string): { from: number; to: number } {
  const [, h1, m1, h2, m2] = HOURS.exec(hours) ?? []
  return { from: Number(h1) * 60 + Number(m1), to: Number(h2) * 60 + Number(m2) }
}

function inSpan(span: { from: number; to: number }, minutes: number): boolean {
  if (span.from <= span.to) return minutes >= span.from && minutes < span.to
  return minutes >= span.from || minutes < span.to
}
