/**
 * The check digit systems that identifiers are built from. Every function takes compact text (no separators, upper
 * case), is total, allocates nothing of note and returns false or -1 for text outside its alphabet.
 */

/** Digits of a string of ASCII digits; callers have checked the alphabet. */
export function digitsOf(digits: string): number[] {
  return Array.from(digits, (c) => c.charCodeAt(0) - 48)
}

/** Sum of digit times weight over as many places as there are weights. */
export function weightedSum(digits: string, weights: readonly number[], from = 0): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += (digits.charCodeAt(from + i) - 48) * (weights[i] ?? 0)
  return sum
}

/** Luhn (ISO/IEC 7812-1 annex B) over all digits, the check digit last. */
export function luhn(digits: string): boolean {
  return digits.length > 0 && luhnSum(digits) % 10 === 0
}

/** The Luhn sum whose remainder modulo ten is zero for a valid number. */
export function luhnSum(digits: string): number {
  let sum = 0
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = digits.charCodeAt(i) - 48
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum
}

/** Remainder of a decimal string of any length. */
export function remainder(digits: string, modulus: number): number {
  let rest = 0
  for (let i = 0; i < digits.length; i++) rest = (rest * 10 + digits.charCodeAt(i) - 48) % modulus
  return rest
}

/** ISO/IEC 7064 MOD 97-10: letters count 10 to 35. True when the remainder is one. */
export function mod97(text: string): boolean {
  return mod97Remainder(text) === 1
}

/** Remainder modulo 97 of text whose letters count 10 to 35; -1 outside `[0-9A-Z]`. */
export function mod97Remainder(text: string): number {
  let rest = 0
  for (let i = 0; i < text.length; i++) {
    const value = alphanumericValue(text.charCodeAt(i))
    if (value < 0) return -1
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest
}

/** 0-9 for digits, 10-35 for A-Z, -1 for anything else. */
export function alphanumericValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  return code >= 65 && code <= 90 ? code - 55 : -1
}

/** ISO/IEC 7064 MOD 11-10 over digits, the check digit last. */
export function mod11x10(digits: string): boolean {
  let check = 5
  for (let i = 0; i < digits.length; i++) {
    check = ((((check || 10) * 2) % 11) + digits.charCodeAt(i) - 48) % 10
  }
  return check === 1
}

/** ISO/IEC 7064 MOD 37-36 over letters and digits, the check character last. */
export function mod37x36(text: string): boolean {
  let check = 18
  for (let i = 0; i < text.length; i++) {
    const value = alphanumericValue(text.charCodeAt(i))
    if (value < 0) return false
    check = ((((check || 36) * 2) % 37) + value) % 36
  }
  return check === 1
}

/** ISO/IEC 7064 MOD 11-2: digits with a last character 0-9 or X. */
export function mod11x2(text: string): boolean {
  let check = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const value = c === 88 && i === text.length - 1 ? 10 : c - 48
    if (value < 0 || value > 10) return false
    check = (check * 2 + value) % 11
  }
  return check === 1
}

/** ISO/IEC 7064 MOD 37-2: letters and digits, the last also `*`. */
export function mod37x2(text: string): boolean {
  let check = 0
  for (let i = 0; i < text.length; i++) {
    const value = text[i] === '*' && i === text.length - 1 ? 36 : alphanumericValue(text.charCodeAt(i))
    if (value < 0) return false
    check = (check * 2 + value) % 37
  }
  return check === 1
}

const DIHEDRAL = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
].map(digitsOf)
const PERMUTATION = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
].map(digitsOf)

/** Verhoeff's dihedral group check (1969), the check digit last. */
export function verhoeff(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    check = DIHEDRAL[check]?.[PERMUTATION[i % 8]?.[digit] ?? 0] ?? 0
  }
  return check === 0
}

const QUASIGROUP = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
].map(digitsOf)

/** Damm's totally anti-symmetric quasigroup (2004), the check digit last. */
export function damm(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++) check = QUASIGROUP[check]?.[digits.charCodeAt(i) - 48] ?? 0
  return check === 0
}

const RECURSIVE = digitsOf('0946827135')

/** The recursive modulo 10 of European payment slips (ISO 20022 implementation guidelines of SIX, annex B). */
export function recursiveMod10(digits: string): number {
  let carry = 0
  for (let i = 0; i < digits.length; i++) carry = RECURSIVE[(carry + digits.charCodeAt(i) - 48) % 10] ?? 0
  return (10 - carry) % 10
}

/** GS1 modulo 10 with weights 3 and 1 from the right, the check digit last. */
export function gs1(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, weight = 1; i >= 0; i--, weight = 4 - weight) {
    sum += (digits.charCodeAt(i) - 48) * weight
  }
  return digits.length > 0 && sum % 10 === 0
}
