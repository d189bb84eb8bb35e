/**
 * `phone`: a number that libphonenumber knows as possible and valid for its country; `phone(TR)` reads national numbers
 * of that country too. The canonical form is E.164.
 */
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Validator } from './validator.ts'

const TEXT_MAX = 64

export const phoneNumber: Validator = {
  id: 'phone',
  check(value, argument) {
    if (value.length > TEXT_MAX) return null
    const text = value.replace(/^00(?=[1-9])/, '+')
    const country = argument !== undefined && isSupportedCountry(argument) ? argument : undefined
    const parsed = parsePhoneNumberFromString(
      text,
      country ? { defaultCountry: country, extract: false } : { extract: false },
    )
    return parsed?.isValid() ? parsed.number : null
  },
  argumentProblem(argument) {
    return argument === undefined || isSupportedCountry(argument)
      ? null
      : 'takes an ISO 3166-1 country code, as in phone(TR)'
  },
}
