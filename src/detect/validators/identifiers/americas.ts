/** Check rules of identifiers of North, Central and South America. */
import { isShortDate } from '../calendar-date.ts'
import { luhn, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Area 000, 666 and 900 up, group 00, serial 0000 and the numbers printed in advertising were never issued. */
function usSsn(n: string): boolean {
  return (
    isDigits(n, 9) &&
    !/^(?:000|666|9)|^.{3}00|0000$/.test(n) &&
    !['078051120', '457555462', '219099999'].includes(n) &&
    !/^(\d)\1{8}$/.test(n)
  )
}

const ITIN_GROUPS = /^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])/

const EIN_PREFIXES = /^(?:0[1-6]|1[0-6]|2[0-7]|3[0-9]|4[0-8]|5[0-9]|6[0-8]|7[1-7]|8[0-8]|9[0-5]|9[89])/

function usRouting(n: string): boolean {
  return (
    isDigits(n, 9) &&
    /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(n) &&
    Number(n) > 0 &&
    weightedSum(n, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
  )
}

/** NPI: Luhn with the health industry's issuer prefix 80840 in front (45 CFR 162.406). */
function usNpi(n: string): boolean {
  return isDigits(n, 10) && /^[12]/.test(n) && !/^(\d)\1{8}/.test(n) && luhn(`80840${n}`)
}

/** DEA number: registrant letter, initial, six digits and the check digit. */
function usDea(n: string): boolean {
  if (!/^[A-HJ-MPRSTUX][A-Z9]\d{7}$/.test(n)) return false
  const odd = weightedSum(n, [1, 0, 1, 0, 1], 2)
  const even = weightedSum(n, [0, 1, 0, 1, 0, 1], 2)
  return (odd + 2 * even) % 10 === Number(n[8])
}

const MBI = /^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/

function arCuit(n: string): boolean {
  if (!isDigits(n, 11) || !/^(?:20|2[34567]|30|3[34]|5[015])/.test(n)) return false
  const check = 11 - (weightedSum(n, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)
  return (check === 11 ? 0 : check === 10 ? 9 : check) === Number(n[10])
}

function arCbu(n: string): boolean {
  if (!isDigits(n, 22)) return false
  const digit = (sum: number) => (10 - (sum % 10)) % 10
  return (
    digit(weightedSum(n, [7, 1, 3, 9, 7, 1, 3])) === Number(n[7]) &&
    digit(weightedSum(n, [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3], 8)) === Number(n[21])
  )
}

function brCpf(n: string): boolean {
  if (!isDigits(n, 11) || /^(\d)\1+$/.test(n)) return false
  const first = ((weightedSum(n, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((weightedSum(n, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return first === Number(n[9]) && second === Number(n[10])
}

/** Digits, and since July 2026 letters that count their ASCII code minus 48. */
function brCnpj(n: string): boolean {
  if (!/^[0-9A-Z]{12}\d{2}$/.test(n) || /^(.)\1+$/.test(n)) return false
  const digit = (weights: readonly number[]) => {
    const rest = weightedSum(n, weights) % 11
    return rest < 2 ? 0 : 11 - rest
  }
  return (
    digit([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(n[12]) &&
    digit([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(n[13])
  )
}

function caSin(n: string): boolean {
  return isDigits(n, 9) && !/^[08]/.test(n) && luhn(n)
}

function caHealthBc(n: string): boolean {
  if (!isDigits(n, 10) || n[0] !== '9') return false
  return (11 - (weightedSum(n, [2, 4, 8, 5, 10, 9, 7, 3], 1) % 11)) % 11 === Number(n[9])
}

function clRut(n: string): boolean {
  if (!/^\d{7,8}[0-9K]$/.test(n) || Number(n.slice(0, -1)) === 0) return false
  let sum = 0
  for (let i = n.length - 2, weight = 2; i >= 0; i--, weight = weight === 7 ? 2 : weight + 1)
    sum += Number(n[i]) * weight
  return '0K987654321'[sum % 11] === n.at(-1)
}

function coNit(n: string): boolean {
  if (!isDigits(n, 8, 9, 10, 11, 12, 13, 14, 15, 16)) return false
  const weights = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71]
  const body = n.slice(0, -1)
  let sum = 0
  for (let i = 0; i < body.length; i++) sum += Number(body[body.length - 1 - i]) * (weights[i] ?? 0)
  return '01987654321'[sum % 11] === n.at(-1)
}

function cuNi(n: string): boolean {
  const century = n[6] === '9' ? 1800 : /[0-5]/.test(n[6] ?? '') ? 1900 : 2000
  return isDigits(n, 11) && isShortDate(n.slice(0, 6), century)
}

/** Fiscal receipts: A and P of 2006 with office and register, B of 2018, E electronic; the type is 01 to 17, E's 31 to 47. */
function doReceipt(n: string): boolean {
  return /^(?:[AP]\d{8}(?:0[1-4]|1[1-7])\d{8}|B(?:0[1-4]|1[1-7])\d{8}|E(?:3[1-4]|4[1-7])\d{10})$/.test(n)
}

function doRnc(n: string): boolean {
  if (!isDigits(n, 9)) return false
  const check = weightedSum(n, [7, 9, 8, 6, 5, 4, 3, 2]) % 11
  return ((((10 - check) % 9) + 9) % 9) + 1 === Number(n[8])
}

function ecPerson(n: string): boolean {
  if (!isDigits(n, 10) || !ecProvince(n) || Number(n[2]) > 6) return false
  return luhn(n)
}

function ecProvince(n: string): boolean {
  const province = Number(n.slice(0, 2))
  return (province >= 1 && province <= 24) || province === 30 || province === 50
}

function ecTax(n: string): boolean {
  if (!isDigits(n, 13) || !ecProvince(n)) return false
  if (Number(n[2]) <= 6 && n.slice(10) !== '000' && ecPerson(n.slice(0, 10))) return true
  if (n[2] === '6') return n.slice(9) !== '0000' && weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  return n[2] === '9' && n.slice(10) !== '000' && weightedSum(n, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
}

function gtNit(value: string): boolean {
  const n = value.replace(/^0+/, '')
  if (!/^\d{1,11}[0-9K]$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < n.length - 1; i++) sum += Number(n[n.length - 2 - i]) * (i + 2)
  return '0123456789K'[(11 - (sum % 11)) % 11] === n.at(-1)
}

/** Guatemalan CUI: eight digits, check digit, department, municipality. */
function gtCui(n: string): boolean {
  if (!isDigits(n, 13)) return false
  const department = Number(n.slice(9, 11))
  return (
    department >= 1 &&
    department <= 22 &&
    Number(n.slice(11)) >= 1 &&
    weightedSum(n, [2, 3, 4, 5, 6, 7, 8, 9]) % 11 === Number(n[8])
  )
}

const CURP = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
const STATES =
  /^.{11}(?:AS|BC|BS|CC|CH|CL|CM|CS|DF|DG|GR|GT|HG|JC|MC|MN|MS|NE|NL|NT|OC|PL|QR|QT|SL|SP|SR|TC|TL|TS|VZ|YN|ZS)/

function mxCurp(n: string): boolean {
  if (!/^[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d$/.test(n) || !STATES.test(n)) return false
  if (!isShortDate(n.slice(4, 10), /\d/.test(n[16] ?? '') ? 1900 : 2000)) return false
  let sum = 0
  for (let i = 0; i < 17; i++) sum += CURP.indexOf(n[i] ?? '') * (18 - i)
  return (10 - (sum % 10)) % 10 === Number(n[17])
}

const RFC = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ'
const RFC_RUDE =
  /^(?:BUEI|BUEY|CACA|CACO|CAGA|CAGO|CAKA|CAKO|COGE|COJA|COJE|COJI|COJO|CULO|FETO|GUEY|JOTO|KACA|KACO|KAGA|KAGO|KAKA|KOGE|KOJO|KULO|MAME|MAMO|MEAR|MEAS|MEON|MION|MOCO|MULA|PEDA|PEDO|PENE|PUTA|PUTO|QULO|RATA|RUIN)/

/** Name letters, date, and three characters of which the last is a check character for numbers made since 1990. */
function mxRfc(n: string): boolean {
  if (!/^[A-ZÑ&]{3,4}\d{6}(?:[0-9A-Z]{2}[0-9A])?$/.test(n)) return false
  const person = n.length === 13 || n.length === 10
  if (person && RFC_RUDE.test(n)) return false
  const at = person ? 4 : 3
  return n.length !== 9 && (isShortDate(n.slice(at, at + 6), 1900) || isShortDate(n.slice(at, at + 6), 2000))
}

function mxRfcChecked(n: string): boolean {
  if (!mxRfc(n) || n.length < 12) return false
  const padded = n.length === 12 ? ` ${n}` : n
  let sum = 0
  for (let i = 0; i < 12; i++) sum += RFC.indexOf(padded[i] ?? '') * (13 - i)
  const check = 11 - (sum % 11)
  return (check === 11 ? '0' : check === 10 ? 'A' : String(check)) === padded[12]
}

/** CLABE: bank, branch, account, check digit with weights 3, 7, 1. */
function mxClabe(n: string): boolean {
  if (!isDigits(n, 18)) return false
  let sum = 0
  for (let i = 0; i < 17; i++) sum += (Number(n[i]) * ([3, 7, 1][i % 3] ?? 0)) % 10
  return (10 - (sum % 10)) % 10 === Number(n[17])
}

function peRuc(n: string): boolean {
  if (!isDigits(n, 11) || !/^(?:10|15|16|17|20)/.test(n)) return false
  return (11 - (weightedSum(n, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(n[10])
}

function peCui(n: string): boolean {
  if (!/^\d{8}[0-9A-K]$/.test(n)) return isDigits(n, 8)
  const rest = weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return n[8] === '65432110987'[rest] || n[8] === 'KJIHGFEDCBA'[rest] || n[8] === 'FEDCBAKJIHG'[rest]
}

function pyRuc(n: string): boolean {
  if (!isDigits(n, 5, 6, 7, 8, 9)) return false
  let sum = 0
  for (let i = 0; i < n.length - 1; i++) sum += Number(n[n.length - 2 - i]) * (i + 2)
  return ((11 - (sum % 11)) % 11) % 10 === Number(n.at(-1))
}

function svNit(n: string): boolean {
  if (!isDigits(n, 14) || !/^[019]/.test(n)) return false
  if (n.slice(10, 13) <= '100')
    return (weightedSum(n, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 === Number(n[13])
  return ((11 - (weightedSum(n, [2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10 === Number(n[13])
}

function uyRut(n: string): boolean {
  if (!isDigits(n, 12)) return false
  const office = Number(n.slice(0, 2))
  if (office < 1 || office > 22 || n.slice(2, 8) === '000000' || n.slice(8, 11) !== '001') return false
  return (11 - (weightedSum(n, [4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(n[11])
}

function uyCi(n: string): boolean {
  const full = n.padStart(8, '0')
  return isDigits(n, 7, 8) && (10 - (weightedSum(full, [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === Number(full[7])
}

function veRif(n: string): boolean {
  if (!/^[VEJPGC]\d{9}$/.test(n)) return false
  const company: Readonly<Record<string, number>> = { V: 4, E: 8, J: 12, P: 16, G: 20, C: 12 }
  return '00987654321'[((company[n[0] ?? ''] ?? 0) + weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2], 1)) % 11] === n[9]
}

export const americas: IdentifierTable = {
  'ar.dni': identifier((n) => isDigits(n, 7, 8)),
  'cr.cpj': identifier((n) => /^(?:2[1-4]00|3(?:00[2-9]|01[0-4]|10\d|110)|4000|5001)\d{6}$/.test(n)),
  'us.ssn': identifier(usSsn),
  'us.itin': identifier((n) => isDigits(n, 9) && ITIN_GROUPS.test(n)),
  'us.atin': identifier((n) => isDigits(n, 9)),
  'us.ein': identifier((n) => isDigits(n, 9) && EIN_PREFIXES.test(n)),
  'us.ptin': identifier((n) => /^P\d{8}$/.test(n)),
  'us.rtn': identifier(usRouting),
  'us.npi': identifier(usNpi),
  'us.dea': identifier(usDea),
  'us.mbi': identifier((n) => MBI.test(n)),
  'ar.cuit': identifier(arCuit, 'AR'),
  'ar.cbu': identifier(arCbu),
  'br.cpf': identifier(brCpf),
  'br.cnpj': identifier(brCnpj, 'BR'),
  'ca.sin': identifier(caSin),
  'ca.bn': identifier((n) => /^\d{9}(?:R[CMPTZ]\d{4})?$/.test(n) && luhn(n.slice(0, 9))),
  'ca.bc_phn': identifier(caHealthBc),
  'cl.rut': identifier(clRut, 'CL'),
  'co.nit': identifier(coNit, 'CO'),
  'cr.cr': identifier((n) => /^1\d{10,11}$/.test(n)),
  'cu.ni': identifier(cuNi),
  'do.cedula': identifier((n) => isDigits(n, 11) && luhn(n)),
  'do.ncf': identifier(doReceipt),
  'do.rnc': identifier(doRnc),
  'ec.ci': identifier(ecPerson),
  'ec.ruc': identifier(ecTax, 'EC'),
  'gt.nit': identifier(gtNit),
  'gt.cui': identifier(gtCui),
  'mx.curp': identifier(mxCurp),
  'mx.rfc': identifier(mxRfc, 'MX'),
  'mx.rfc_checked': identifier(mxRfcChecked, 'MX'),
  'mx.clabe': identifier(mxClabe),
  'pe.ruc': identifier(peRuc, 'PE'),
  'pe.cui': identifier(peCui),
  'py.ruc': identifier(pyRuc, 'PY'),
  'sv.nit': identifier(svNit, 'SV'),
  'uy.rut': identifier(uyRut, 'UY'),
  'uy.ci': identifier(uyCi),
  've.rif': identifier(veRif, 'VE'),
}

/** Costa Rican groups may leave out their leading zeros, so that it is checked as written. */
export const americasAsWritten: Readonly<Record<string, (value: string) => boolean>> = {
  'cr.cpf': (value) => /^(?:0?[1-9]\d{8}|0?[1-9]-\d{3,4}-\d{3,4})$/.test(value),
}
