/** Check rules of identifiers of Andorra, Cyprus, Greece, Italy, Malta, Portugal, San Marino, Spain and Turkey. */
import { isAnyDayFirstDate, isDate } from '../calendar-date.ts'
import { luhn, luhnSum, remainder, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Companies by letter; residents F up to 699999, companies A and L from 700000. */
function adNrt(n: string): boolean {
  if (!/^[ACDEFGLOPU]\d{6}[A-Z]$/.test(n)) return false
  const serial = Number(n.slice(1, 7))
  if (n[0] === 'F') return serial <= 699999
  return !/^[AL]/.test(n) || (serial > 699999 && serial < 800000)
}

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** DNI, NIE and the K, L, M numbers of persons: the letter is the number modulo 23. */
function esPerson(n: string): boolean {
  const match = /^([XYZKLM]?)(\d{1,8})([A-Z])$/.exec(n)
  if (match === null) return false
  const [, lead = '', digits = '', letter] = match
  if (lead !== '' && digits.length !== 7) return false
  if (lead === '' && digits.length < 7) return false
  const number = /[XYZ]/.test(lead) ? `${'XYZ'.indexOf(lead)}${digits}` : digits
  return letter === DNI[Number(number) % 23]
}

/** Province, office, contract, two letters from the number modulo 529. */
function esCups(n: string): boolean {
  const match = /^(\d{16})([A-Z]{2})(\d[CFPRXYZ])?$/.exec(n)
  if (match === null) return false
  const rest = remainder(match[1] ?? '', 529)
  return match[2] === `${DNI[Math.floor(rest / 23)]}${DNI[rest % 23]}`
}

const CADASTRE = [13, 15, 12, 5, 4, 17, 9, 21, 3, 7, 1]
const CADASTRE_LETTERS = 'MQWERTYUIOPASDFGHJKLBZX'

/** Two letters, each over one half of the parcel and the four digits of the property. */
function esCadastre(n: string): boolean {
  if (!/^[0-9A-ZÑ]{14}\d{4}[A-Z]{2}$/.test(n)) return false
  const check = (half: string): string => {
    let sum = 0
    for (let i = 0; i < CADASTRE.length; i++) {
      const at = 'ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'.indexOf(half[i] ?? '')
      sum += (at >= 0 ? at + 1 : Number(half[i])) * (CADASTRE[i] ?? 0)
    }
    return CADASTRE_LETTERS[sum % 23] ?? ''
  }
  return n.slice(18) === check(n.slice(0, 7) + n.slice(14, 18)) + check(n.slice(7, 14) + n.slice(14, 18))
}

function esAccount(n: string): boolean {
  if (!isDigits(n, 20) || /^0+$/.test(n)) return false
  const weights = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]
  const digit = (ten: string): number => {
    const check = 11 - (weightedSum(ten, weights) % 11)
    return check === 10 ? 1 : check === 11 ? 0 : check
  }
  return digit(`00${n.slice(0, 8)}`) === Number(n[8]) && digit(n.slice(10)) === Number(n[9])
}

/** Social security: province, number, two digits modulo 97. */
function esSocialSecurity(n: string): boolean {
  if (!isDigits(n, 11, 12)) return false
  const serial = n.slice(2, -2)
  const base =
    Number(serial) < 10_000_000 ? `${n.slice(0, 2)}${String(Number(serial)).padStart(7, '0')}` : n.slice(0, -2)
  return Number(n.slice(0, 2)) >= 1 && remainder(base, 97) === Number(n.slice(-2))
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
const OMOCODE = 'LMNPQRSTUV'

/** Sixteen characters: names, birth date and sex, municipality, check letter; digits may be omocode letters. */
function itFiscalCode(n: string): boolean {
  if (!/^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$/.test(n)) return false
  const number = (text: string) =>
    Number(Array.from(text, (c) => (OMOCODE.includes(c) ? OMOCODE.indexOf(c) : c)).join(''))
  const day = number(n.slice(9, 11)) % 40
  const month = 'ABCDEHLMPRST'.indexOf(n[8] ?? '') + 1
  const year = number(n.slice(6, 8))
  if (!isDate(1900 + year, month, day) && !isDate(2000 + year, month, day)) return false
  return itCheckLetter(n)
}

function itCheckLetter(n: string): boolean {
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const c = n.charCodeAt(i)
    const value = c >= 65 ? c - 65 : c - 48
    sum += i % 2 === 0 ? (ODD[value] ?? 0) : value
  }
  return n.charCodeAt(15) - 65 === sum % 26
}

function itVat(n: string): boolean {
  if (!isDigits(n, 11) || n.startsWith('0000000')) return false
  const province = Number(n.slice(7, 10))
  return ((province >= 1 && province <= 100) || [120, 121, 888, 999].includes(province)) && luhn(n)
}

const AIC = '0123456789BCDFGHJKLMNPQRSTUVWXYZ'

/** Medicine code: nine digits from 0, or the same in six characters of base 32. */
function itAic(n: string): boolean {
  if (/^[0-9BCDFGHJ-NP-Z]{6}$/.test(n)) {
    let value = 0
    for (const c of n) value = value * 32 + AIC.indexOf(c)
    return value <= 999999999 && itAic(String(value).padStart(9, '0'))
  }
  if (!isDigits(n, 9) || n[0] !== '0') return false
  let sum = 0
  for (let i = 0; i < 8; i++) {
    const product = Number(n[i]) * (i % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10 === Number(n[8])
}

const CY_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]

function cyTax(n: string): boolean {
  if (!/^\d{8}[A-Z]$/.test(n) || n.startsWith('12')) return false
  let sum = 0
  for (let i = 0; i < 8; i++) sum += i % 2 === 0 ? (CY_ODD[Number(n[i])] ?? 0) : Number(n[i])
  return n.charCodeAt(8) - 65 === sum % 26
}

function grVat(n: string): boolean {
  const full = n.length === 8 ? `0${n}` : n
  return (
    isDigits(full, 9) &&
    Number(full) > 0 &&
    (weightedSum(full, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === Number(full[8])
  )
}

/** Citizen card: document number, check digit, version of two characters, check; Luhn with letters 10 to 35. */
function ptCitizenCard(n: string): boolean {
  if (!/^\d{9}[0-9A-Z]{2}\d$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < 12; i++) {
    const c = n.charCodeAt(i)
    let value = c >= 65 ? c - 55 : c - 48
    if (i % 2 === 0) value = value * 2 > 9 ? value * 2 - 9 : value * 2
    sum += value
  }
  return sum % 10 === 0
}

function ptNif(n: string): boolean {
  if (!isDigits(n, 9) || n[0] === '0') return false
  const check = 11 - (weightedSum(n, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return (check > 9 ? 0 : check) === Number(n[8])
}

function trNational(n: string): boolean {
  if (!isDigits(n, 11) || n[0] === '0') return false
  const odd = weightedSum(n, [1, 0, 1, 0, 1, 0, 1, 0, 1])
  const even = weightedSum(n, [0, 1, 0, 1, 0, 1, 0, 1])
  const tenth = (((odd * 7 - even) % 10) + 10) % 10
  return tenth === Number(n[9]) && (odd + even + tenth) % 10 === Number(n[10])
}

function trVkn(n: string): boolean {
  if (!isDigits(n, 10)) return false
  let sum = 0
  for (let i = 0; i < 9; i++) {
    const shifted = (Number(n[i]) + 9 - i) % 10
    if (shifted !== 0) sum += (shifted * 2 ** (9 - i)) % 9 || 9
  }
  return (10 - (sum % 10)) % 10 === Number(n[9])
}

/** Company numbers: Luhn over seven digits, as a digit or as a letter by kind of entity; either is accepted. */
function esCompany(n: string): boolean {
  if (!/^[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]$/.test(n)) return false
  const check = (10 - (luhnSum(`${n.slice(1, 8)}0`) % 10)) % 10
  return n[8] === String(check) || n[8] === 'JABCDEFGHI'[check]
}

export const southernEurope: IdentifierTable = {
  'es.nif': identifier((n) => esPerson(n) || esCompany(n), 'ES'),
  'gr.amka': identifier((n) => isDigits(n, 11) && isAnyDayFirstDate(n.slice(0, 6)) && luhn(n)),
  'ad.nrt': identifier(adNrt),
  'cy.vat': identifier(cyTax, 'CY'),
  'es.dni': identifier((n) => /^\d/.test(n) && esPerson(n)),
  'es.nie': identifier((n) => /^[XYZ]/.test(n) && esPerson(n)),
  'es.cups': identifier(esCups, 'ES'),
  'es.referenciacatastral': identifier(esCadastre),
  'es.ccc': identifier(esAccount),
  'es.nss': identifier(esSocialSecurity),
  'es.cae': identifier((n) => /^ES000(?:0[1-9]|[1-4]\d|5[0-6])[A-Z0-9]{2}\d{3}[A-Z]$/.test(n)),
  'gr.vat': identifier(grVat, 'EL', 'GR'),
  'it.aic': identifier(itAic, 'A'),
  'it.codicefiscale': identifier(itFiscalCode),
  'it.iva': identifier(itVat, 'IT'),
  'mt.vat': identifier(
    (n) => isDigits(n, 8) && n[0] !== '0' && weightedSum(n, [3, 4, 6, 7, 8, 9, 10, 1]) % 37 === 0,
    'MT',
  ),
  'pt.cc': identifier(ptCitizenCard),
  'pt.nif': identifier(ptNif, 'PT'),
  'sm.coe': identifier((n) => isDigits(n, 1, 2, 3, 4, 5, 6) && Number(n) > 0 && Number(n) < 100_000, 'SM'),
  'tr.tckimlik': identifier(trNational),
  'tr.vkn': identifier(trVkn, 'TR'),
}
