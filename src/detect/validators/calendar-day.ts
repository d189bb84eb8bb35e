/** `day`: a date that exists, written day, month or year first with `.`, `/`, `-` or blanks, between 1850 and 2100. */
import { isDate } from './calendar-date.ts'
import type { Validator } from './validator.ts'

export const calendarDay: Validator = {
  id: 'day',
  check(value) {
    const [a = '', b = '', c = '', ...more] = value.split(/[^0-9]+/).filter((part) => part !== '')
    if (more.length > 0 || c === '') return null
    if (a.length === 4) return day(Number(a), Number(b), Number(c))
    const year = Number(c.length === 2 ? (Number(c) > 30 ? `19${c}` : `20${c}`) : c)
    return day(year, Number(b), Number(a)) ?? day(year, Number(a), Number(b))
  },
}

function day(year: number, month: number, dayOfMonth: number): string | null {
  if (year < 1850 || year > 2100 || !isDate(year, month, dayOfMonth)) return null
  return `${year}-${String(month).padStart(2, '0')}-${String(dayOfMonth).padStart(2, '0')}`
}
