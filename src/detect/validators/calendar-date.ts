/** Dates inside identifiers. Pure calendar arithmetic: no clock, so that a verdict never depends on the day it is made. */

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether the Gregorian calendar has this day. */
export function isDate(year: number, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] ?? 0))) return false
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))
}

/** Whether six digits `YYMMDD` are a day of the century that starts at `century` (1900, 2000 …). */
export function isShortDate(yymmdd: string, century: number): boolean {
  return isDate(century + Number(yymmdd.slice(0, 2)), Number(yymmdd.slice(2, 4)), Number(yymmdd.slice(4, 6)))
}

/** Whether six digits `YYMMDD` are a day of the 20th or of the 21st century. */
export function isAnyShortDate(yymmdd: string): boolean {
  return isShortDate(yymmdd, 2000) || isShortDate(yymmdd, 1900)
}

/** Whether six digits `DDMMYY` are a day of the 20th or of the 21st century. */
export function isAnyDayFirstDate(ddmmyy: string): boolean {
  return isAnyShortDate(ddmmyy.slice(4, 6) + ddmmyy.slice(2, 4) + ddmmyy.slice(0, 2))
}
