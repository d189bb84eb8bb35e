/** Check rules of identifiers of Austria, Belgium, France, Germany, Liechtenstein, Luxembourg, Monaco, the Netherlands and Switzerland. */

import { isAnyDayFirstDate } from '../calendar-date.ts'
import { gs1, luhn, mod11x10, mod97, recursiveMod10, remainder, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Austrian insurance number: the fourth digit checks the other nine; months 13 to 15 stand for unknown birthdays. */
function atInsurance(n: string): boolean {
  if (!isDigits(n, 10) || n[0] === '0') return false
  const month = Number(n.slice(6, 8))
  return month >= 1 && month <= 15 && weightedSum(n, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === Number(n[3])
}

/** The last two digits complement the first nine modulo 97, with a 2 in front for births since 2000. */
function beNational(n: string): boolean {
  if (!isDigits(n, 11)) return false
  const check = Number(n.slice(9))
  return 97 - remainder(n.slice(0, 9), 97) === check || 97 - remainder(`2${n.slice(0, 9)}`, 97) === check
}

function beMonth(n: string, ranges: readonly (readonly [number, number])[]): boolean {
  const month = Number(n.slice(2, 4))
  return Number(n.slice(4, 6)) <= 31 && ranges.some(([from, to]) => month >= from && month <= to)
}

const BIS_MONTHS = [
  [20, 32],
  [40, 52],
] as const

function modulo97Tail(n: string, length: number): boolean {
  return isDigits(n, length) && (remainder(n.slice(0, -2), 97) || 97) === Number(n.slice(-2))
}

function beEnterprise(n: string): boolean {
  const full = n.length === 9 ? `0${n}` : n
  return (
    isDigits(full, 10) &&
    /^[01]/.test(full) &&
    !/^0+$/.test(full) &&
    (Number(full.slice(0, 8)) + Number(full.slice(8))) % 97 === 0
  )
}

/** One digit of the first ten occurs twice or thrice, and not three times in a row; ISO 7064 MOD 11-10. */
function deTaxId(n: string): boolean {
  if (!isDigits(n, 11) || n[0] === '0') return false
  const counts = new Map<string, number>()
  for (const digit of n.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  if (/(\d)\1\1/.test(n.slice(0, 10))) return false
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3 && mod11x10(n)
}

/** Area, date of birth, letter, serial, check: the letter counts as two digits, products are cross-summed. */
function dePension(n: string): boolean {
  if (!/^\d{8}[A-Z]\d{3}$/.test(n)) return false
  const letter = String(n.charCodeAt(8) - 64).padStart(2, '0')
  const month = Number(n.slice(4, 6))
  const day = Number(n.slice(2, 4))
  if (month < 1 || month > 12 || day < 1 || day > 81) return false
  const digits = n.slice(0, 8) + letter + n.slice(9, 11)
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    const product = Number(digits[i]) * (weights[i] ?? 0)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10 === Number(n[11])
}

/** Health insurance number: the letter as two digits, then Luhn with weights 1, 2 from the left. */
function deHealthInsurance(n: string): boolean {
  if (!/^[A-Z]\d{9}$/.test(n)) return false
  const digits = String(n.charCodeAt(0) - 64).padStart(2, '0') + n.slice(1, 9)
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const product = Number(digits[i]) * (i % 2 === 0 ? 1 : 2)
    sum += product > 9 ? product - 9 : product
  }
  return sum % 10 === Number(n[9])
}

/** ICAO 9303 part 3 check digit: weights 7, 3, 1, letters 10 to 35. */
export function icaoCheckDigit(text: string): number {
  const weights = [7, 3, 1]
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const value = c >= 65 ? c - 55 : c === 60 ? 0 : c - 48
    sum += value * (weights[i % 3] ?? 0)
  }
  return sum % 10
}

/** Nine characters of the German card alphabet, the last the ICAO check digit, or ten with it. */
function deDocument(n: string): boolean {
  return (
    /^[CFGHJKLMNPRTVWXYZ0-9]{8}\d$/.test(n) &&
    /^[CFGHJKLMNPRTVWXYZ]/.test(n) &&
    icaoCheckDigit(n.slice(0, 8)) === Number(n[8])
  )
}

/** The nine characters of the serial number and the check digit that the document prints behind them. */
function deDocumentWithCheck(n: string): boolean {
  return /^[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d$/.test(n) && icaoCheckDigit(n.slice(0, 9)) === Number(n[9])
}

/** Six digits, a check digit with weights 4 and 9 from the left, two digits of specialty. */
function dePhysician(n: string): boolean {
  if (!isDigits(n, 9)) return false
  const check = (10 - (weightedSum(n, [4, 9, 4, 9, 4, 9]) % 10)) % 10
  return check === Number(n[6]) && !/^0{6}/.test(n)
}

function chEnterprise(n: string): boolean {
  return isDigits(n, 9) && (11 - (weightedSum(n, [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11 === Number(n[8])
}

function chSlip(n: string): boolean {
  return /^\d{5,27}$/.test(n) && !/^0+$/.test(n) && recursiveMod10(n.slice(0, -1)) === Number(n.at(-1))
}

function frSiren(n: string): boolean {
  return isDigits(n, 9) && luhn(n) && !/^0+$/.test(n)
}

/** La Poste's establishments (356000000) sum to a multiple of five instead of Luhn. */
function frSiret(n: string): boolean {
  if (!isDigits(n, 14) || /^0+$/.test(n)) return false
  if (n.startsWith('356000000') && n !== '35600000000048') {
    return Array.from(n).reduce((sum, digit) => sum + Number(digit), 0) % 5 === 0
  }
  return luhn(n) && luhn(n.slice(0, 9))
}

function frTva(n: string): boolean {
  if (/^\d{11}$/.test(n) && n.startsWith('000', 2)) return Number(n.slice(0, 2)) === remainder(`${n.slice(2)}12`, 97) // Monaco
  if (!/^[0-9A-HJ-NP-Z]{2}\d{9}$/.test(n)) return false
  if (!n.startsWith('000', 2) && !luhn(n.slice(2))) return false
  if (/^\d\d/.test(n)) return Number(n.slice(0, 2)) === remainder(`${n.slice(2)}12`, 97)
  const alphabet = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ'
  const [first, second] = [alphabet.indexOf(n[0] ?? ''), alphabet.indexOf(n[1] ?? '')]
  const check = first < 10 ? first * 24 + second - 10 : first * 34 + second - 100
  return (Number(n.slice(2)) + 1 + Math.floor(check / 11)) % 11 === check % 11
}

/** Sex, year, month, department (2A and 2B for Corsica), commune, order, key modulo 97. */
function frNir(n: string): boolean {
  if (!/^[1-478]\d{4}(?:\d\d|2[AB])\d{8}$/.test(n)) return false
  const digits = n.replace('2A', '19').replace('2B', '18')
  const month = Number(n.slice(3, 5))
  if (!((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)) return false
  return 97 - remainder(digits.slice(0, 13), 97) === Number(digits.slice(13))
}

function luNational(n: string): boolean {
  if (!isDigits(n, 13)) return false
  const month = Number(n.slice(4, 6))
  const day = Number(n.slice(6, 8))
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && luhn(n.slice(0, 12))
}

/** The eleven test: weights 9 to 2, the check digit counted negatively. */
function nlElevenTest(n: string): boolean {
  const full = n.length === 8 ? `0${n}` : n
  return isDigits(full, 9) && Number(full) > 0 && weightedSum(full, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

function nlBtw(n: string): boolean {
  const match = /^(\d{1,9})B(\d{2})$/.exec(n)
  if (match === null || match[2] === '00') return false
  const bsn = (match[1] ?? '').padStart(9, '0')
  return nlElevenTest(bsn) || mod97(`NL${bsn}B${match[2]}`)
}

/** VAT number: digit sums of products with weights 1 and 2, plus four, complement ten. */
function atVat(n: string): boolean {
  if (!/^U\d{8}$/.test(n)) return false
  let sum = 4
  for (let i = 1; i < 8; i++) {
    const product = Number(n[i]) * (i % 2 === 1 ? 1 : 2)
    sum += product > 9 ? product - 9 : product
  }
  return (10 - (sum % 10)) % 10 === Number(n[8])
}

export const westernEurope: IdentifierTable = {
  'at.uid': identifier(atVat, 'AT'),
  'at.tin': identifier((n) => isDigits(n, 9) && luhn(n)),
  'ch.ssn': identifier((n) => /^756\d{10}$/.test(n) && gs1(n)),
  'lu.tva': identifier((n) => isDigits(n, 8) && Number(n.slice(0, 6)) % 89 === Number(n.slice(6)), 'LU'),
  'mc.tva': identifier((n) => n.startsWith('000', 2) && frTva(n), 'FR'),
  'at.businessid': identifier((n) => /^\d{1,6}[A-Z]$/.test(n), 'FN'),
  'at.vnr': identifier((n) => atInsurance(n) && (Number(n.slice(6, 8)) > 12 || isAnyDayFirstDate(n.slice(4)))),
  'be.bis': identifier((n) => beNational(n) && beMonth(n, BIS_MONTHS)),
  'be.nn': identifier((n) => beNational(n) && beMonth(n, [[0, 12]])),
  'be.ssn': identifier((n) => beNational(n) && beMonth(n, [[0, 12], ...BIS_MONTHS])),
  'be.eid': identifier((n) => modulo97Tail(n, 12)),
  'be.ogm_vcs': identifier((n) => modulo97Tail(n, 12)),
  'be.vat': identifier(beEnterprise, 'BE'),
  'ch.uid': identifier(chEnterprise, 'CHE'),
  'ch.vat': identifier((n) => /(?:MWST|TVA|IVA|TPV)$/.test(n) && chEnterprise(n.slice(0, 9)) && n.length <= 13, 'CHE'),
  'ch.esr': identifier(chSlip),
  'de.idnr': identifier(deTaxId),
  'de.vat': identifier((n) => isDigits(n, 9) && n[0] !== '0' && mod11x10(n), 'DE'),
  'de.stnr': identifier((n) => isDigits(n, 10, 11) || (isDigits(n, 13) && n[4] === '0')),
  'de.svnr': identifier(dePension),
  'de.kvnr': identifier(deHealthInsurance),
  'de.document': identifier(deDocument),
  'de.document10': identifier(deDocumentWithCheck),
  'de.lanr': identifier(dePhysician),
  'de.leitweg': identifier((n) => leitweg(n)),
  'fr.nir': identifier(frNir),
  'fr.nif': identifier(
    (n) => isDigits(n, 13) && /^[0-3]/.test(n) && remainder(n.slice(0, 10), 511) === Number(n.slice(10)),
  ),
  'fr.siren': identifier(frSiren),
  'fr.siret': identifier(frSiret),
  'fr.tva': identifier(frTva, 'FR'),
  'fr.rcs': identifier((n) => /^RCS[\p{L}\d]{2,40}[AB]\d{9,12}$/u.test(n) && luhn(n.slice(-9))),
  'lu.nin': identifier(luNational),
  'nl.bsn': identifier(nlElevenTest),
  'nl.onderwijsnummer': identifier(
    (n) => isDigits(n, 9) && n.startsWith('10') && weightedSum(n, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 5,
  ),
  'nl.btw': identifier(nlBtw, 'NL'),
  'nl.identiteitskaartnummer': identifier((n) => /^[A-NP-Z]{2}[0-9A-NP-Z]{6}\d$/.test(n)),
  'li.peid': identifier((n) => isDigits(n.padStart(12, '0'), 12) && n.length >= 4),
}

/** Coarse address, fine address, two check digits of ISO 7064 MOD 97-10 over the whole without dashes. */
function leitweg(n: string): boolean {
  return /^(?:0[1-9]|1[0-6]|99)[0-9A-Z]{0,40}\d\d$/.test(n) && n.length >= 5 && mod97(n)
}
