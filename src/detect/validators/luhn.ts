import type { Validator } from './validator.ts'

/** ISO/IEC 7812-1 annex B: every second digit from the right doubled, digit sum divisible by ten. */
export function luhnValid(digits: string): boolean {
  let sum = 0
  let double = false
  for (let i = digits.length - 1; i >= 0; i--) {
    let digit = digits.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    if (double && (digit *= 2) > 9) digit -= 9
    sum += digit
    double = !double
  }
  return digits.length > 1 && sum % 10 === 0
}

/** Canonical form: the digits alone. */
export const luhn: Validator = {
  id: 'luhn',
  check(value) {
    const digits = value.replace(/[^0-9]/g, '')
    return luhnValid(digits) ? digits : null
  },
}
