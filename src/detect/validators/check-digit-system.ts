/** `check(mod97)` …: a bare check digit system over the letters and digits of a value, for custom identifiers. */
import { damm, gs1, luhn, mod11x2, mod11x10, mod37x2, mod37x36, mod97, verhoeff } from './check-digits.ts'
import type { Validator } from './validator.ts'

const systems: Readonly<Record<string, { readonly alphabet: RegExp; readonly check: (text: string) => boolean }>> = {
  luhn: { alphabet: /^[0-9]+$/, check: luhn },
  verhoeff: { alphabet: /^[0-9]+$/, check: verhoeff },
  damm: { alphabet: /^[0-9]+$/, check: damm },
  gs1: { alphabet: /^[0-9]+$/, check: gs1 },
  mod97: { alphabet: /^[0-9A-Z]+$/, check: mod97 },
  mod11_10: { alphabet: /^[0-9]+$/, check: mod11x10 },
  mod11_2: { alphabet: /^[0-9]+X?$/, check: mod11x2 },
  mod37_2: { alphabet: /^[0-9A-Z]+\*?$/, check: mod37x2 },
  mod37_36: { alphabet: /^[0-9A-Z]+$/, check: mod37x36 },
}

export const checkDigitSystem: Validator = {
  id: 'check',
  check(value, argument = '') {
    const text = value.replace(/[^0-9A-Za-z*]/g, '').toUpperCase()
    const system = systems[argument]
    return system?.alphabet.test(text) && system.check(text) ? text : null
  },
  argumentProblem(argument) {
    return argument !== undefined && Object.hasOwn(systems, argument)
      ? null
      : `needs one of: ${Object.keys(systems).join(', ')}`
  },
}
