/** Check rules of identifiers that no single country gives: finance, trade, telecommunication, publishing, the European Union. */
import { alphanumericValue, gs1, luhn, mod11x2, mod37x36, mod97, mod97Remainder, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** ISO 3166-1 alpha-2 codes, with the user-assigned ones that finance uses (EU, XK, XS …). */
const COUNTRIES = new Set(
  (
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG ' +
    'CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL ' +
    'GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA ' +
    'LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP ' +
    'NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV ' +
    'SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
  ).split(' '),
)

/** Whether two letters are an ISO 3166-1 country code. */
export function isCountry(code: string): boolean {
  return COUNTRIES.has(code)
}

const ISIN_AGENCIES = new Set([
  'XS',
  'XC',
  'XD',
  'XF',
  'XK',
  'XA',
  'XB',
  'QS',
  'QT',
  'QW',
  'EU',
  'AN',
  'CS',
  'SU',
  'YU',
  'EZ',
  'QY',
  'ZZ',
])

/** Letters become two digits, then Luhn (ISO 6166 annex A). */
function isin(n: string): boolean {
  if (!/^[A-Z]{2}[0-9A-Z]{9}\d$/.test(n)) return false
  const country = n.slice(0, 2)
  if (!isCountry(country) && !ISIN_AGENCIES.has(country)) return false
  return luhn(Array.from(n, (c) => String(alphanumericValue(c.charCodeAt(0)))).join(''))
}

const CUSIP = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#'

/** Every second value doubled, digits added (ANSI X9.6); FIGI uses the same over eleven characters. */
function doubledCheck(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const value = CUSIP.indexOf(text[i] ?? '') * (i % 2 === 1 ? 2 : 1)
    sum += Math.floor(value / 10) + (value % 10)
  }
  return (10 - (sum % 10)) % 10
}

function cusip(n: string): boolean {
  return /^[0-9A-Z]{8}\d$/.test(n) && doubledCheck(n.slice(0, 8)) === Number(n[8]) && !/^0{8}/.test(n)
}

function figi(n: string): boolean {
  return (
    /^[B-DF-HJ-NP-TV-Z]{2}G[0-9B-DF-HJ-NP-TV-Z]{8}\d$/.test(n) &&
    !/^(?:BS|BM|GG|GB|VG)/.test(n) &&
    doubledCheck(n.slice(0, 11)) === Number(n[11])
  )
}

function sedol(n: string): boolean {
  if (!/^[0-9B-DF-HJ-NP-TV-Z]{6}\d$/.test(n) || (/^\d/.test(n) && !/^\d+$/.test(n))) return false
  const weights = [1, 3, 1, 7, 3, 9]
  let sum = 0
  for (let i = 0; i < 6; i++) sum += alphanumericValue(n.charCodeAt(i)) * (weights[i] ?? 0)
  return (10 - (sum % 10)) % 10 === Number(n[6])
}

function bic(n: string): boolean {
  return /^[A-Z]{6}[0-9A-Z]{2}(?:[0-9A-Z]{3})?$/.test(n) && (isCountry(n.slice(4, 6)) || n.slice(4, 6) === 'XK')
}

function issn(n: string): boolean {
  if (!/^\d{7}[0-9X]$/.test(n)) return false
  const check = (11 - (weightedSum(n, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return (check === 10 ? 'X' : String(check)) === n[7]
}

function isbn(n: string): boolean {
  if (isDigits(n, 13)) return /^97[89]/.test(n) && gs1(n)
  if (!/^\d{9}[0-9X]$/.test(n)) return false
  const check = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11
  return (check === 10 ? 'X' : String(check)) === n[9]
}

function ismn(n: string): boolean {
  return (/^M\d{9}$/.test(n) && gs1(`9790${n.slice(1)}`)) || (/^9790\d{9}$/.test(n) && gs1(n))
}

const CONTAINER = Array.from({ length: 26 }, (_, i) => 10 + i + Math.floor((i + 9) / 10))

/** Owner, category, serial, check digit: letters skip the multiples of eleven, weights are powers of two. */
function container(n: string): boolean {
  if (!/^[A-Z]{3}[UJZ]\d{7}$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < 10; i++) {
    const c = n.charCodeAt(i)
    sum += (c >= 65 ? (CONTAINER[c - 65] ?? 0) : c - 48) * 2 ** i
  }
  return (sum % 11) % 10 === Number(n[10])
}

function imo(n: string): boolean {
  return isDigits(n, 7) && weightedSum(n, [7, 6, 5, 4, 3, 2]) % 10 === Number(n[6]) && n[0] !== '0'
}

function imei(n: string): boolean {
  return (isDigits(n, 15) && luhn(n) && !/^0+$/.test(n)) || isDigits(n, 14, 16)
}

/** MEID: 14 hexadecimal or 18 decimal digits, each with an optional check digit. */
function meid(n: string): boolean {
  if (isDigits(n, 18, 19)) {
    const [high, low] = [Number(n.slice(0, 10)), Number(n.slice(10, 18))]
    if (high > 0xff_ff_ff_ff || low > 0xff_ff_ff) return false
    return n.length === 18 || luhn(n)
  }
  if (isDigits(n, 14)) return true
  if (isDigits(n, 15)) return luhn(n)
  if (!/^[0-9A-F]{14,15}$/.test(n)) return false
  return n.length === 14 || meidCheck(n)
}

/** Luhn in base 16. */
function meidCheck(n: string): boolean {
  let sum = 0
  for (let i = 0; i < 14; i++) {
    const value = Number.parseInt(n[i] ?? '0', 16) * (i % 2 === 1 ? 2 : 1)
    sum += Math.floor(value / 16) + (value % 16)
  }
  return (16 - (sum % 16)) % 16 === Number.parseInt(n[14] ?? '0', 16)
}

/** Chemical number: the digits before the last weighted from the right. */
function casNumber(n: string): boolean {
  if (!isDigits(n, 5, 6, 7, 8, 9, 10) || n[0] === '0') return false
  let sum = 0
  for (let i = 0; i < n.length - 1; i++) sum += Number(n[n.length - 2 - i]) * (i + 1)
  return sum % 10 === Number(n.at(-1))
}

function ecNumber(n: string): boolean {
  return isDigits(n, 7) && String(weightedSum(n, [1, 2, 3, 4, 5, 6]) % 11)[0] === n[6]
}

const EIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-'

/** Sixteen characters of energy markets; dashes are part of the code, so it is checked as written. */
function eic(value: string): boolean {
  const n = value.toUpperCase()
  if (!/^[0-9]{2}[A-Z][0-9A-Z-]{12}[0-9A-Z]$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < 15; i++) sum += EIC.indexOf(n[i] ?? '') * (16 - i)
  const check = EIC[36 - ((sum - 1) % 37)]
  return check !== '-' && check === n[15]
}

/** Euro notes: the serial's digits, letters by their code, are divisible by nine (second series) or leave eight. */
function euroNote(n: string): boolean {
  const sum = (text: string) => Array.from(text).reduce((total, c) => total + Number(c), 0)
  if (/^[J-Z]\d{11}$/.test(n)) return (sum(n.slice(1)) + n.charCodeAt(0) - 64) % 9 === 8
  return /^[A-Z]{2}\d{10}$/.test(n) && (sum(n.slice(2)) + n.charCodeAt(0) + n.charCodeAt(1)) % 9 === 0
}

function creditor(n: string): boolean {
  return /^[A-Z]{2}\d{2}[0-9A-Z]{4,31}$/.test(n) && mod97Remainder(n.slice(7) + n.slice(0, 4)) === 1
}

const MEMBER = 'AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK'
const EXCISE = new RegExp(`^(?:${MEMBER}|XI)[0-9A-Z]{6,11}$`)

/** One Stop Shop: EU or IM, member state by its number, serial, check digit of the Union scheme. */
function oneStopShop(n: string): boolean {
  return /^(?:EU|IM)(?:040|056|100|191|196|203|208|233|246|250|276|300|348|372|380|428|440|442|470|528|616|620|642|703|705|724|752|900)\d{6,7}$/.test(
    n,
  )
}

function grid(n: string): boolean {
  return /^A1[0-9A-Z]{16}$/.test(n) && mod37x36(n)
}

function isan(n: string): boolean {
  if (/^[0-9A-F]{16}$/.test(n) || /^[0-9A-F]{24}$/.test(n)) return true
  const match = /^([0-9A-F]{16})([0-9A-Z])(?:([0-9A-F]{8})([0-9A-Z]))?$/.exec(n)
  if (match === null) return false
  return mod37x36(`${match[1]}${match[2]}`) && (match[4] === undefined || mod37x36(`${match[1]}${match[3]}${match[4]}`))
}

/** Mobile subscribers: country code of ITU-T E.212, at most fifteen digits. */
function imsi(n: string): boolean {
  return isDigits(n, 14, 15) && /^(?:2\d\d|3[0-7]\d|4[0-7]\d|5[0-5]\d|6[0-5]\d|7[0-5]\d|901)/.test(n)
}

export const international: IdentifierTable = {
  bic: identifier(bic),
  casrn: identifier(casNumber),
  cfi: identifier((n) => /^[CDEFHIJKLMORST][A-Z]{5}$/.test(n)),
  cusip: identifier(cusip),
  ean: identifier((n) => isDigits(n, 8, 12, 13, 14) && gs1(n)),
  'eu.at_02': identifier(creditor),
  'eu.banknote': identifier(euroNote),
  'eu.ecnumber': identifier(ecNumber),
  'eu.excise': identifier((n) => EXCISE.test(n)),
  'eu.nace': identifier((n) => /^(?:[A-U]|\d{2,4})$/.test(n)),
  'eu.oss': identifier(oneStopShop),
  figi: identifier(figi),
  'gb.sedol': identifier(sedol),
  grid: identifier(grid, 'GRID'),
  imei: identifier(imei),
  imo: identifier(imo, 'IMO'),
  imsi: identifier(imsi),
  isan: identifier(isan),
  isbn: identifier(isbn),
  isin: identifier(isin),
  ismn: identifier(ismn, 'ISMN'),
  isni: identifier((n) => /^\d{15}[0-9X]$/.test(n) && mod11x2(n), 'ISNI'),
  isrc: identifier((n) => /^[A-Z]{2}[0-9A-Z]{3}\d{7}$/.test(n), 'ISRC'),
  issn: identifier(issn, 'ISSN'),
  iso11649: identifier((n) => /^RF\d{2}[0-9A-Z]{1,21}$/.test(n) && mod97(n.slice(4) + n.slice(0, 4))),
  iso6346: identifier(container),
  lei: identifier((n) => /^[0-9A-Z]{18}\d{2}$/.test(n) && mod97(n)),
  meid: identifier(meid),
  upi: identifier((n) => /^QZ[0-9B-DF-HJ-NP-TV-XZ]{9}[0-9B-DF-HJ-NP-TV-XZ]$/.test(n) && upi(n)),
}

const UPI = '0123456789BCDFGHJKLMNPQRSTVWXZ'

/** ISO 4914: the hybrid system of ISO/IEC 7064 in base 30 (MOD 31, 30). */
function upi(n: string): boolean {
  let check = 30
  for (let i = 0; i < n.length - 1; i++) {
    check = (check + UPI.indexOf(n[i] ?? '')) % 30 || 30
    check = (check * 2) % 31
  }
  return (check + UPI.indexOf(n.at(-1) ?? '')) % 30 === 1
}

export const internationalAsWritten: Readonly<Record<string, (value: string) => boolean>> = { 'eu.eic': eic }
