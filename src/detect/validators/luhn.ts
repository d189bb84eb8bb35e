import { luhn as luhnHolds } from './check-digits.ts'
import type { Validator } from './validator.ts'

/** `luhn`: ISO/IEC 7812-1 annex B over the digits of the value. Canonical form: the digits alone. */
export const luhn: Validator = {
  id: 'luhn',
  check(value) {
    const digits = value.replace(/[^0-9]/g, '')
    return digits.length > 1 && luhnHolds(digits) ? digits : null
  },
}
