/** Check rules of social insurance, health, voter and civil register numbers that the regional tables don't have. */
import { isDate, isShortDate } from '../calendar-date.ts'
import { weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** PIS, PASEP, NIT (Caixa Econômica Federal): weights modulo 11, where ten and eleven are zero. */
function brPis(n: string): boolean {
  const check = 11 - (weightedSum(n, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return isDigits(n, 11) && Number(n) > 0 && (check > 9 ? 0 : check) === Number(n[10])
}

/** Voter number (Resolução TSE 21.538): sequence, state 01 to 28, two check digits; São Paulo and Minas take 1 for 0. */
function brVoter(n: string): boolean {
  if (!isDigits(n, 12)) return false
  const state = Number(n.slice(8, 10))
  if (state < 1 || state > 28) return false
  const digit = (sum: number) => (sum % 11 === 10 ? 0 : sum % 11 === 0 && state <= 2 ? 1 : sum % 11)
  const first = digit(weightedSum(n, [2, 3, 4, 5, 6, 7, 8, 9]))
  return first === Number(n[10]) && digit(weightedSum(n.slice(8), [7, 8, 9])) === Number(n[11])
}

/** Driving licence register (CONTRAN): a first digit that would be ten or more takes two off the second. */
function brDriver(n: string): boolean {
  if (!isDigits(n, 11) || /^(.)\1*$/.test(n)) return false
  const first = weightedSum(n, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11
  const rest = (weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11) - (first > 9 ? 2 : 0)
  const second = rest < 0 ? rest + 11 : rest > 9 ? 0 : rest
  return (first > 9 ? 0 : first) === Number(n[9]) && second === Number(n[10])
}

/** Health card (CNS, DATASUS): weights 15 to 1 modulo 11; begins with 1 or 2, provisional ones with 7, 8, 9. */
function brHealth(n: string): boolean {
  return (
    isDigits(n, 15) &&
    /^[12789]/.test(n) &&
    weightedSum(n, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  )
}

function brVehicle(n: string): boolean {
  return (
    isDigits(n, 11) &&
    Number(n) > 0 &&
    ((weightedSum(n, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10 === Number(n[10])
  )
}

/** NISS: begins with 1 or 2; the primes from 29 down as weights, modulo 10. */
function ptSocialSecurity(n: string): boolean {
  return (
    isDigits(n, 11) &&
    /^[12]/.test(n) &&
    9 - (weightedSum(n, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10) === Number(n[10])
  )
}

/** TAJ: weights 3 and 7 in turn, modulo 10. */
function huHealth(n: string): boolean {
  return isDigits(n, 9) && Number(n) > 0 && weightedSum(n, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === Number(n[8])
}

/** Sex and century, date, serial; weights 1 to 10 for births until 1996, 10 to 1 since. */
function huPersonal(n: string): boolean {
  if (!isDigits(n, 11) || !/^[1-8]/.test(n)) return false
  const young = /^[3478]/.test(n)
  if (!isShortDate(n.slice(1, 7), young ? 2000 : 1900)) return false
  const rising = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) % 11 === Number(n[10])
  return rising || weightedSum(n, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === Number(n[10])
}

/** IIN of persons and BIN of companies: weights 1 to 11, then 3 to 11, 1, 2 where the first rest is ten. */
function kzCheck(n: string): boolean {
  let rest = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
  if (rest === 10) rest = weightedSum(n, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11
  return isDigits(n, 12) && rest === Number(n[11])
}

function kzPerson(n: string): boolean {
  const century = /[12]/.test(n[6] ?? '') ? 1800 : /[34]/.test(n[6] ?? '') ? 1900 : 2000
  return kzCheck(n) && /^.{6}[0-6]/.test(n) && isShortDate(n.slice(0, 6), century)
}

function kzCompany(n: string): boolean {
  const month = Number(n.slice(2, 4))
  return kzCheck(n) && month >= 1 && month <= 12 && /^.{4}[4-6][0-4]/.test(n)
}

/** Sex and century, DDMMYY, region, serial, two letters of the state; weights 7, 3, 1 as in travel documents. */
function byPersonal(n: string): boolean {
  if (!/^[1-6]\d{6}[ABCHKEM]\d{3}(?:PB|BA|BI)\d$/.test(n)) return false
  const century = /^[12]/.test(n) ? 1800 : /^[34]/.test(n) ? 1900 : 2000
  if (!isShortDate(n.slice(5, 7) + n.slice(3, 5) + n.slice(1, 3), century)) return false
  let sum = 0
  for (let i = 0; i < 13; i++) sum += Number.parseInt(n[i] ?? '', 36) * ([7, 3, 1][i % 3] ?? 0)
  return sum % 10 === Number(n[13])
}

/** DUI: weights 9 to 2 modulo 10. */
function svIdentity(n: string): boolean {
  return isDigits(n, 9) && Number(n) > 0 && (10 - (weightedSum(n, [9, 8, 7, 6, 5, 4, 3, 2]) % 10)) % 10 === Number(n[8])
}

/** Sex and century, DDMMYY and seven digits more. */
function uzPersonal(n: string): boolean {
  const century = /^[56]/.test(n) ? 2000 : /^[34]/.test(n) ? 1900 : 1800
  return isDigits(n, 14) && /^[1-6]/.test(n) && isShortDate(n.slice(5, 7) + n.slice(3, 5) + n.slice(1, 3), century)
}

/** Sex, DDMMYYYY and five digits more. */
function kgPersonal(n: string): boolean {
  const year = Number(n.slice(5, 9))
  return (
    isDigits(n, 14) &&
    /^[12]/.test(n) &&
    year >= 1900 &&
    year <= 2100 &&
    isDate(year, Number(n.slice(3, 5)), Number(n.slice(1, 3)))
  )
}

/** Six consonants of the names, YYMMDD, state 01 to 32 or 87 and 88 for births abroad, sex, three digits. */
function mxElector(n: string): boolean {
  return /^[A-Z]{6}\d{6}(?:0[1-9]|[12]\d|3[0-2]|8[78])[HM]\d{3}$/.test(n) && isShortDate(n.slice(6, 12), 2000)
}

const VIN_LETTERS = 'ABCDEFGH JKLMN P R STUVWXYZ'

/** Vehicle identification number (49 CFR 565.15): letters as digits 1 to 9, weighted, modulo 11 in the ninth place. */
function vehicleNumber(n: string): boolean {
  if (!/^[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{5}\d{3}$/.test(n) || /^0+$/.test(n)) return false
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  let sum = 0
  for (let i = 0; i < 17; i++) {
    const c = n[i] ?? ''
    const letter = VIN_LETTERS.indexOf(c)
    sum += (weights[i] ?? 0) * (letter < 0 ? Number(c) : (letter % 9) + 1)
  }
  return sum % 11 === (n[8] === 'X' ? 10 : Number(n[8]))
}

export const personRegisters: IdentifierTable = {
  'br.pis': identifier(brPis),
  'br.titulo': identifier(brVoter),
  'br.cnh': identifier(brDriver),
  'br.cns': identifier(brHealth),
  'br.renavam': identifier(brVehicle),
  'pt.niss': identifier(ptSocialSecurity),
  'hu.taj': identifier(huHealth),
  'hu.szemelyi': identifier(huPersonal),
  'kz.iin': identifier(kzPerson),
  'kz.bin': identifier(kzCompany),
  'by.id': identifier(byPersonal),
  'sv.dui': identifier(svIdentity),
  'uz.pinfl': identifier(uzPersonal),
  'kg.pin': identifier(kgPersonal),
  'mx.elector': identifier(mxElector),
  vin: identifier(vehicleNumber),
}
