/** Check rules of identifiers of the Nordic and Baltic countries, the United Kingdom and Ireland. */
import { isAnyDayFirstDate, isDate, isShortDate } from '../calendar-date.ts'
import { luhn, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Two rounds of weights; Estonian and Lithuanian personal codes share it. */
function balticCheck(n: string): boolean {
  let check = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
  if (check === 10) check = (weightedSum(n, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10
  return check === Number(n[10])
}

function eePersonal(n: string): boolean {
  return isDigits(n, 11) && /^[1-8]/.test(n) && isShortDate(n.slice(1, 7), centuryOf(n)) && balticCheck(n)
}

function ltPersonal(n: string): boolean {
  return isDigits(n, 11) && n[0] !== '0' && (n[0] === '9' || isShortDate(n.slice(1, 7), centuryOf(n))) && balticCheck(n)
}

/** First digit 1, 2: 19th century; 3, 4: 20th; 5, 6: 21st; 7, 8: 22nd. */
function centuryOf(n: string): number {
  return 1700 + Math.ceil(Number(n[0]) / 2) * 100
}

function lvNumber(n: string): boolean {
  if (!isDigits(n, 11)) return false
  if (Number(n[0]) > 3) return weightedSum(n, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 === 3
  if (!n.startsWith('32') && !isAnyDayFirstDate(n.slice(0, 6))) return false
  const check = ((1 + weightedSum(n, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10
  return check === Number(n[10])
}

const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY'

/** DDMMYY, century sign, serial from 002, check character modulo 31; the signs of 2023 included. */
function fiPersonal(value: string): boolean {
  const match = /^(\d{2})(\d{2})(\d{2})([-+A-FU-Y])(\d{3})([0-9A-FHJ-NPR-Y])$/i.exec(value)
  if (match === null) return false
  const [, day, month, year, sign = '', serial = '', check = ''] = match
  const century = sign === '+' ? 1800 : /[-U-Y]/i.test(sign) ? 1900 : 2000
  if (!isDate(century + Number(year), Number(month), Number(day)) || Number(serial) < 2) return false
  return HETU[Number(`${day}${month}${year}${serial}`) % 31] === check.toUpperCase()
}

function isPersonal(n: string): boolean {
  if (!isDigits(n, 10) || weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2, 1, 0]) % 11 !== 0) return false
  const century = n[9] === '9' ? 1900 : n[9] === '0' ? 2000 : n[9] === '8' ? 1800 : 0
  const day = Number(n.slice(0, 2))
  return century > 0 && isDate(century + Number(n.slice(4, 6)), Number(n.slice(2, 4)), day > 40 ? day - 40 : day)
}

function noPersonal(n: string): boolean {
  if (!isDigits(n, 11) || /^0+$/.test(n)) return false
  const first = (11 - (weightedSum(n, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11
  const second = (11 - (weightedSum(n, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return first === Number(n[9]) && second === Number(n[10])
}

/** Swedish personal and coordination numbers (day plus 60), ten or twelve digits, Luhn over the last ten. */
function sePersonal(n: string): boolean {
  if (!isDigits(n, 10, 12)) return false
  const ten = n.slice(-10)
  const day = Number(ten.slice(4, 6))
  const date = ten.slice(0, 4) + String(day > 60 ? day - 60 : day).padStart(2, '0')
  const dated =
    n.length === 12
      ? isShortDate(date, Number(n.slice(0, 2)) * 100)
      : isShortDate(date, 1900) || isShortDate(date, 2000)
  return dated && luhn(ten) && (n.length === 10 || /^(?:18|19|20)/.test(n))
}

function gbVat(n: string): boolean {
  if (/^(?:GD[0-4]|HA[5-9])\d\d$/.test(n)) return true
  if (!isDigits(n, 9, 12)) return false
  const rest = weightedSum(n, [8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97
  return (rest === 0 || rest === 42 || rest === 55) && !/^0{9}/.test(n)
}

function gbNhs(n: string): boolean {
  if (!isDigits(n, 10)) return false
  const check = (11 - (weightedSum(n, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return check === Number(n[9])
}

const UPN = 'ABCDEFGHJKLMNPQRTUVWXYZ'

function gbUpn(n: string): boolean {
  if (!/^[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]$/.test(n)) return false
  const last = n[12] ?? ''
  const value = UPN.indexOf(last)
  const sum = weightedSum(n, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) + (value < 0 ? Number(last) : value) * 13
  return UPN[sum % 23] === n[0]
}

/** Prefix letters that HMRC does not use: D, F, I, Q, U, V anywhere, O second, and seven pairs. */
function gbNino(n: string): boolean {
  return /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]?$/.test(n) && !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(n)
}

/** Surname, birth date with sex in the month's tens, initials, computer check digits. */
function gbDrivingLicence(n: string): boolean {
  const match = /^[A-Z]{1,5}9{0,4}(\d)([0156])(\d)([0-3])(\d)(\d)[A-Z9]{2}\d[A-Z]{2}(?:\d\d)?$/.exec(n)
  if (match === null || (n.length !== 16 && n.length !== 18)) return false
  const month = (Number(match[2]) % 5) * 10 + Number(match[3])
  const day = Number(match[4]) * 10 + Number(match[5])
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

const PPS = 'WABCDEFGHIJKLMNOPQRSTUV'

function ieCheck(seven: string, extra: string): string {
  const second = extra === '' || extra === 'W' ? 0 : PPS.indexOf(extra)
  return PPS[(weightedSum(seven, [8, 7, 6, 5, 4, 3, 2]) + 9 * Math.max(second, 0)) % 23] ?? ''
}

function iePps(n: string): boolean {
  const match = /^(\d{7})([A-W])([A-IWTX])?$/.exec(n)
  if (match === null) return false
  const [, seven = '', check, extra = ''] = match
  return check === ieCheck(seven, /^[A-I]$/.test(extra) ? extra : '')
}

function ieVat(n: string): boolean {
  if (/^\d[A-Z+*]\d{5}[A-W]$/.test(n)) return n[7] === ieCheck(`0${n.slice(2, 7)}${n[0]}`, '')
  return iePps(n)
}

/** Weights 1 to 9 in turn; when the remainder is ten, the same two places on. */
function turning(n: string): boolean {
  const weights = (shift: number) => Array.from({ length: n.length - 1 }, (_, i) => 1 + ((i + shift) % 9))
  let check = weightedSum(n, weights(0)) % 11
  if (check === 10) check = (weightedSum(n, weights(2)) % 11) % 10
  return check === Number(n.at(-1))
}

function noCompany(n: string): boolean {
  return isDigits(n, 9) && weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

function fiCompany(n: string): boolean {
  return isDigits(n, 8) && weightedSum(n, [7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0
}

export const northernEurope: IdentifierTable = {
  'dk.cvr': identifier((n) => /^[1-9]\d{7}$/.test(n) && weightedSum(n, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0, 'DK'),
  'ee.registrikood': identifier((n) => /^[1789]\d{7}$/.test(n) && turning(n)),
  'ee.kmkr': identifier((n) => isDigits(n, 9) && weightedSum(n, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0, 'EE'),
  'fi.ytunnus': identifier(fiCompany),
  'fi.alv': identifier(fiCompany, 'FI'),
  'fo.vn': identifier((n) => isDigits(n, 6), 'FO'),
  'gb.utr': identifier(
    (n) => isDigits(n, 10) && '21987654321'[weightedSum(n, [6, 7, 8, 9, 10, 5, 4, 3, 2], 1) % 11] === n[0],
  ),
  'lt.pvm': identifier((n) => /^(?:\d{7}1\d|\d{10}1\d)$/.test(n) && turning(n), 'LT'),
  'no.orgnr': identifier(noCompany),
  'no.mva': identifier((n) => n.endsWith('MVA') && noCompany(n.slice(0, -3)), 'NO'),
  'no.kontonr': identifier((n) => isDigits(n, 11) && weightedSum(n, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0),
  'se.vat': identifier((n) => /^\d{10}0[1-9]$/.test(n) && luhn(n.slice(0, 10)), 'SE'),
  'ee.ik': identifier(eePersonal),
  'lt.asmens': identifier(ltPersonal),
  'lv.pvn': identifier(lvNumber, 'LV'),
  'is.kennitala': identifier(isPersonal),
  'is.vsk': identifier((n) => isDigits(n, 5, 6), 'IS'),
  'no.fodselsnummer': identifier(noPersonal),
  'se.personnummer': identifier(sePersonal),
  'se.orgnr': identifier((n) => isDigits(n, 10) && luhn(n)),
  'dk.cpr': identifier((n) => isDigits(n, 10) && isAnyDayFirstDate(n.slice(0, 6))),
  'gb.vat': identifier(gbVat, 'GB', 'XI'),
  'gb.nhs': identifier(gbNhs),
  'gb.upn': identifier(gbUpn),
  'gb.nino': identifier(gbNino),
  'gb.driving': identifier(gbDrivingLicence),
  'ie.pps': identifier(iePps),
  'ie.vat': identifier(ieVat, 'IE'),
  'fi.veronumero': identifier((n) => isDigits(n, 12)),
  'fi.associationid': identifier((n) => isDigits(n, 1, 2, 3, 4, 5, 6)),
}

/** Finnish codes are told apart by their sign, so that they are checked as written. */
export const checkAsWritten: Readonly<Record<string, (value: string) => boolean>> = { 'fi.hetu': fiPersonal }
