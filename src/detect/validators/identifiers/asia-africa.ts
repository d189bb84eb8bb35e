/** Check rules of identifiers of Asia, Oceania, the Middle East and Africa. */
import { isAnyDayFirstDate, isAnyShortDate, isDate, isShortDate } from '../calendar-date.ts'
import { luhn, mod11x2, verhoeff, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

function auAbn(n: string): boolean {
  return isDigits(n, 11) && n[0] !== '0' && (weightedSum(n, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0
}

function auAcn(n: string): boolean {
  return isDigits(n, 9) && Number(n) > 0 && (10 - (weightedSum(n, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(n[8])
}

/** Nine digits, or the older eight. */
function auTfn(n: string): boolean {
  if (isDigits(n, 8)) return weightedSum(n, [10, 7, 8, 4, 6, 3, 5, 1]) % 11 === 0
  return isDigits(n, 9) && Number(n) > 0 && weightedSum(n, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
}

/** Medicare card: colour 2 to 6, check digit ninth, issue number, optional individual number. */
function auMedicare(n: string): boolean {
  return isDigits(n, 10, 11) && /^[2-6]/.test(n) && weightedSum(n, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(n[8])
}

const PROVINCES = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]|91)/

function cnResident(n: string): boolean {
  if (/^\d{15}$/.test(n)) return PROVINCES.test(n) && isShortDate(n.slice(6, 12), 1900)
  if (!/^\d{17}[0-9X]$/.test(n) || !PROVINCES.test(n)) return false
  const year = Number(n.slice(6, 10))
  return year >= 1850 && year <= 2100 && isDate(year, Number(n.slice(10, 12)), Number(n.slice(12, 14))) && mod11x2(n)
}

const USCC = '0123456789ABCDEFGHJKLMNPQRTUWXY'

function cnCredit(n: string): boolean {
  if (!/^[0-9ANY]\d{7}[0-9A-HJ-NPQRTUWXY]{10}$/.test(n)) return false
  const weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
  let sum = 0
  for (let i = 0; i < 17; i++) sum += USCC.indexOf(n[i] ?? '') * (weights[i] ?? 0)
  return USCC[(31 - (sum % 31)) % 31] === n[17]
}

/** HKID: one or two letters, six digits, check 0-9 or A; a missing first letter counts 36. */
function hkIdentity(n: string): boolean {
  if (!/^[A-Z]{1,2}\d{6}[0-9A]$/.test(n)) return false
  const padded = n.padStart(9, ' ')
  let sum = 0
  for (let i = 0; i < 9; i++) {
    const c = padded.charCodeAt(i)
    const value = c === 32 ? 36 : i === 8 && c === 65 ? 10 : c >= 65 ? c - 55 : c - 48
    sum += value * (9 - i)
  }
  return sum % 11 === 0
}

const TAIWAN = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'

function twIdentity(n: string): boolean {
  if (!/^[A-Z][1289A-D]\d{8}$/.test(n)) return false
  const code = TAIWAN.indexOf(n[0] ?? '') + 10
  const second = /\d/.test(n[1] ?? '') ? Number(n[1]) : (TAIWAN.indexOf(n[1] ?? '') + 10) % 10
  const sum = Math.floor(code / 10) + (code % 10) * 9 + second * 8 + weightedSum(n, [7, 6, 5, 4, 3, 2, 1, 1], 2)
  return sum % 10 === 0
}

/** Personal number: weights 6 to 2 and 7 to 2 modulo 11. */
function jpPersonal(n: string): boolean {
  if (!isDigits(n, 12)) return false
  const rest = weightedSum(n, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (rest <= 1 ? 0 : 11 - rest) === Number(n[11])
}

/** Seventh digit: century and sex; 5 to 8 for foreigners, whose check digit is two higher. */
function krResident(n: string, foreign: boolean): boolean {
  if (!isDigits(n, 13)) return false
  const seventh = Number(n[6])
  if (foreign !== (seventh >= 5 && seventh <= 8)) return false
  const century = [1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800][seventh] ?? 0
  if (!isShortDate(n.slice(0, 6), century)) return false
  return true
}

function krChecked(n: string): boolean {
  const rest = weightedSum(n, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11
  const foreign = Number(n[6]) >= 5 && Number(n[6]) <= 8
  return (11 - rest) % 10 === Number(n[12]) || (foreign && (13 - rest) % 10 === Number(n[12]))
}

function krBusiness(n: string): boolean {
  if (!isDigits(n, 10) || Number(n.slice(0, 3)) < 101 || n.slice(3, 5) === '00' || n.slice(5, 9) === '0000')
    return false
  const sum = weightedSum(n, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((Number(n[8]) * 5) / 10)
  return (10 - (sum % 10)) % 10 === Number(n[9])
}

/** NRIC and FIN: prefix S, T, F, G, M; weights 2, 7, 6, 5, 4, 3, 2 with an offset by century. */
function sgNric(n: string): boolean {
  if (!/^[STFGM]\d{7}[A-Z]$/.test(n)) return false
  const offset: Readonly<Record<string, number>> = { S: 0, T: 4, F: 0, G: 4, M: 3 }
  const rest = (weightedSum(n, [2, 7, 6, 5, 4, 3, 2], 1) + (offset[n[0] ?? ''] ?? 0)) % 11
  if (/^[ST]/.test(n)) return 'JZIHGFEDCBA'[rest] === n[8]
  return (n[0] === 'M' ? 'KLJNPQRTUWX'[10 - rest] : 'XWUTRQPNMLK'[rest]) === n[8]
}

const UEN_ENTITY =
  /^[RST]\d{2}(?:CC|CD|CH|CL|CM|CP|CS|CX|DP|FB|FC|FM|FN|GA|GB|GS|HS|LL|LP|MB|MC|MD|MH|MM|MQ|NB|NR|PA|PB|PF|RF|RP|SM|SS|TC|TU|VH|XL)\d{4}[A-Z]$/

function sgUen(n: string): boolean {
  if (/^\d{8}[A-Z]$/.test(n)) return 'XMKECAWLJDB'[weightedSum(n, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === n[8]
  if (/^(?:18|19|20)\d{7}[A-Z]$/.test(n))
    return 'ZKCMDNERGWH'[weightedSum(n, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === n[9]
  if (!UEN_ENTITY.test(n)) return false
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWX0123456789'
  const weights = [4, 3, 5, 3, 10, 2, 2, 5, 7]
  let sum = -5
  for (let i = 0; i < 9; i++) sum += alphabet.indexOf(n[i] ?? '') * (weights[i] ?? 0)
  return alphabet[((sum % 11) + 11) % 11] === n[9]
}

function inAadhaar(n: string, lengths: readonly number[]): boolean {
  return isDigits(n, ...lengths) && /^[2-9]/.test(n) && verhoeff(n) && n !== Array.from(n).reverse().join('')
}

const BASE36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function inGstin(n: string): boolean {
  if (!/^(?:0[1-9]|[12]\d|3[0-8]|97)[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < 14; i++) {
    const product = BASE36.indexOf(n[i] ?? '') * (i % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 36) + (product % 36)
  }
  return BASE36[(36 - (sum % 36)) % 36] === n[14]
}

const HOLDER = /^[A-Z]{3}[ABCEFGHJKLPT][A-Z]\d{4}[A-Z]$/

function idNik(n: string): boolean {
  if (!isDigits(n, 16) || !/^(?:1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-6])/.test(n)) return false
  const day = String(Number(n.slice(6, 8)) % 40).padStart(2, '0')
  return isAnyDayFirstDate(day + n.slice(8, 12))
}

function idNpwp(n: string): boolean {
  if (isDigits(n, 16)) return n[0] === '0' ? idNpwp(n.slice(1)) : idNik(n)
  return isDigits(n, 15) && luhn(n.slice(0, 9)) && !/^0{9}/.test(n)
}

function ilIdentity(value: string): boolean {
  const n = value.padStart(9, '0')
  return isDigits(value, 5, 6, 7, 8, 9) && Number(n) > 0 && luhn(n)
}

function irNational(n: string): boolean {
  if (!isDigits(n, 10) || /^(\d)\1+$/.test(n) || n.slice(3, 9) === '000000') return false
  const rest = weightedSum(n, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
  return (rest < 2 ? rest : 11 - rest) === Number(n[9])
}

function thPersonal(n: string): boolean {
  if (!isDigits(n, 13)) return false
  return (11 - (weightedSum(n, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(n[12])
}

const THAI_GROUPS = /^[1-8]/

function vnTax(n: string): boolean {
  if (!isDigits(n, 10, 13) || n.slice(2, 9) === '0000000' || n.slice(10) === '000') return false
  return 10 - (weightedSum(n, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11) === Number(n[9])
}

/** South African and similar numbers: YYMMDD, sequence, citizenship 0 to 2, Luhn. */
function zaIdentity(n: string): boolean {
  return isDigits(n, 13) && isAnyShortDate(n.slice(0, 6)) && /^[0-2]/.test(n.slice(10)) && luhn(n)
}

function muNid(n: string): boolean {
  if (!/^[A-Z]\d{12}[0-9A-Z]$/.test(n) || !isAnyDayFirstDate(n.slice(1, 7))) return false
  let sum = 0
  for (let i = 0; i < 13; i++) sum += BASE36.indexOf(n[i] ?? '') * (14 - i)
  return BASE36[(17 - (sum % 17)) % 17] === n[13]
}

function maIce(n: string): boolean {
  if (!isDigits(n, 15)) return false
  let rest = 0
  for (const digit of n) rest = (rest * 10 + Number(digit)) % 97
  return rest === 0
}

/** Company or partner number, tax class, and for companies the office's two last digits modulo ten. */
function snNinea(n: string): boolean {
  const match = /^(\d{7}|\d{9})(?:[012][A-Z]\d)?$/.exec(n)
  if (match === null) return false
  const body = (match[1] ?? '').padStart(9, '0')
  return weightedSum(body, [1, 2, 1, 2, 1, 2, 1, 2, 1]) % 10 === 0
}

function tnTax(n: string): boolean {
  return (
    /^\d{1,7}[A-HJ-NP-TV-Z](?:[ABDNP][CMNPE](?:000|\d{3}))?$/.test(n) &&
    (/000$/.test(n) || !/\d{3}$/.test(n) || /E\d{3}$/.test(n))
  )
}

function pkCnic(n: string): boolean {
  return isDigits(n, 13) && /^[1-7]/.test(n) && n[12] !== '0'
}

function twUbn(n: string): boolean {
  if (!isDigits(n, 8) || Number(n) === 0) return false
  const weights = [1, 2, 1, 2, 1, 2, 4, 1]
  let sum = 0
  for (let i = 0; i < 8; i++) {
    const product = Number(n[i]) * (weights[i] ?? 0)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 5 === 0 || (n[6] === '7' && (sum + 1) % 5 === 0)
}

function jpCorporate(n: string): boolean {
  return isDigits(n, 13) && 9 - (weightedSum(n, [2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], 1) % 9) === Number(n[0])
}

function ghTax(n: string): boolean {
  if (!/^[PCGQV]00[0-9A-Z]{7}[0-9X]$/.test(n) || !/^\d{9}$/.test(n.slice(1, 10))) return false
  const check = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9], 1) % 11
  return (check === 10 ? 'X' : String(check)) === n[10]
}

/** Western or Arabic-Indic digits. */
function egTax(n: string): boolean {
  return /^(?:[0-9]{9}|[\u0660-\u0669]{9})$/.test(n)
}

export const asiaAfrica: IdentifierTable = {
  'dz.nif': identifier((n) => isDigits(n, 15, 20)),
  'eg.tn': identifier(egTax),
  'gh.tin': identifier(ghTax),
  'gn.nifp': identifier((n) => isDigits(n, 9) && luhn(n)),
  'jp.cn': identifier(jpCorporate),
  'ke.pin': identifier((n) => /^[AP]\d{9}[A-Z]$/.test(n)),
  'mz.nuit': identifier((n) => isDigits(n, 9) && '01234567891'[weightedSum(n, [8, 9, 4, 5, 6, 7, 8, 9]) % 11] === n[8]),
  'tw.ubn': identifier(twUbn),
  'au.abn': identifier(auAbn, 'AU'),
  'au.acn': identifier(auAcn),
  'au.tfn': identifier(auTfn),
  'au.medicare': identifier(auMedicare),
  'cn.ric': identifier(cnResident),
  'cn.uscc': identifier(cnCredit),
  'hk.hkid': identifier(hkIdentity),
  'tw.idcard': identifier(twIdentity),
  'jp.in': identifier(jpPersonal),
  'kr.rrn': identifier((n) => krResident(n, false)),
  'kr.rrn_checked': identifier((n) => krResident(n, false) && krChecked(n)),
  'kr.frn': identifier((n) => krResident(n, true)),
  'kr.brn': identifier((n) => isDigits(n, 10) && Number(n.slice(0, 3)) >= 101 && n.slice(3, 5) !== '00'),
  'kr.brn_checked': identifier(krBusiness),
  'kr.driver': identifier((n) => isDigits(n, 12) && /^(?:1[1-9]|2[0-68])/.test(n)),
  'sg.nric': identifier(sgNric),
  'sg.uen': identifier(sgUen),
  'in.aadhaar': identifier((n) => inAadhaar(n, [12])),
  'in.vid': identifier((n) => inAadhaar(n, [16])),
  'in.gstin': identifier(inGstin),
  'in.pan': identifier((n) => HOLDER.test(n) && n.slice(5, 9) !== '0000'),
  'in.epic': identifier((n) => /^[A-Z]{3}\d{7}$/.test(n) && luhn(n.slice(3))),
  'id.nik': identifier(idNik),
  'id.npwp': identifier(idNpwp, 'ID'),
  'il.idnr': identifier(ilIdentity),
  'il.hp': identifier((n) => isDigits(n, 9) && n[0] === '5' && luhn(n)),
  'ir.national': identifier(irNational),
  'my.nric': identifier(
    (n) =>
      isDigits(n, 12) && isAnyShortDate(n.slice(0, 6)) && !/^.{6}(?:00|17|18|19|20|69|70|73|80|81|94|95|96|97)/.test(n),
  ),
  'pk.cnic': identifier(pkCnic),
  'th.pin': identifier((n) => THAI_GROUPS.test(n) && thPersonal(n)),
  'th.moa': identifier((n) => n[0] === '0' && thPersonal(n)),
  'th.tin': identifier((n) => /^[0-8]/.test(n) && thPersonal(n)),
  'vn.mst': identifier(vnTax),
  'za.idnr': identifier(zaIdentity),
  'za.tin': identifier((n) => isDigits(n, 10) && /^[01239]/.test(n) && luhn(n)),
  'mu.nid': identifier(muNid),
  'ma.ice': identifier(maIce),
  'sn.ninea': identifier(snNinea),
  'tn.mf': identifier(tnTax),
  'om.vat': identifier((n) => /^\d{10}$/.test(n), 'OM'),
}
