/** Check rules of identifiers of central and eastern Europe, the Balkans and the Caucasus. */
import { isDate, isShortDate } from '../calendar-date.ts'
import { mod11x10, remainder, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Czech and Slovak birth numbers: women's months plus 50, overflow plus 20; ten digits divide by eleven since 1954. */
function birthNumber(n: string): boolean {
  if (!isDigits(n, 9, 10)) return false
  let year = 1900 + Number(n.slice(0, 2))
  const month = (Number(n.slice(2, 4)) % 50) % 20
  const day = Number(n.slice(4, 6))
  if (n.length === 9) {
    if (year >= 1980) year -= 100
    if (year > 1953) return false
  } else if (year < 1954) year += 100
  if (!isDate(year, month, day)) return false
  if (n.length === 9) return n.slice(6) !== '000'
  const check = Number(n.slice(0, 9)) % 11
  return Number(n[9]) === check % 10
}

function companyNumber(n: string): boolean {
  if (!isDigits(n, 8) || /^0+$/.test(n)) return false
  const check = (11 - (weightedSum(n, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return (check || 1) % 10 === Number(n[7])
}

function czSpecial(n: string): boolean {
  if (!isDigits(n, 9) || n[0] !== '6') return false
  const check = weightedSum(n, [8, 7, 6, 5, 4, 3, 2], 1) % 11
  return 8 - ((((10 - check) % 11) + 11) % 11) === Number(n[8])
}

function czAccountPart(n: string): boolean {
  return weightedSum(n.padStart(10, '0'), [6, 3, 7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0
}

/** Optional prefix, number, bank code; the separators carry meaning, so it is checked as written. */
function czAccount(value: string): boolean {
  const match = /^(?:(\d{0,6})-)?(\d{2,10})\/(\d{4})$/.exec(value.replace(/\s/g, ''))
  return match !== null && czAccountPart(match[1] ?? '') && czAccountPart(match[2] ?? '') && Number(match[2]) > 0
}

function bgPersonal(n: string): boolean {
  if (!isDigits(n, 10)) return false
  const month = Number(n.slice(2, 4))
  const [century, real] = month > 40 ? [2000, month - 40] : month > 20 ? [1800, month - 20] : [1900, month]
  if (!isDate(century + Number(n.slice(0, 2)), real, Number(n.slice(4, 6)))) return false
  return (weightedSum(n, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === Number(n[9])
}

function bgForeigner(n: string): boolean {
  return isDigits(n, 10) && weightedSum(n, [21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 === Number(n[9])
}

function bgCompany(n: string): boolean {
  let check = weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8]) % 11
  if (check === 10) check = (weightedSum(n, [3, 4, 5, 6, 7, 8, 9, 10]) % 11) % 10
  return check === Number(n[8])
}

function bgVat(n: string): boolean {
  if (isDigits(n, 9)) return bgCompany(n)
  if (!isDigits(n, 10)) return false
  const other = 11 - (weightedSum(n, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)
  return bgPersonal(n) || bgForeigner(n) || (other === 11 ? 0 : other) === Number(n[9])
}

const BY_LETTERS = 'ABCEHKMOPT'
const CYRILLIC: Readonly<Record<string, string>> = {
  А: 'A',
  В: 'B',
  С: 'C',
  Е: 'E',
  Н: 'H',
  К: 'K',
  М: 'M',
  О: 'O',
  Р: 'P',
  Т: 'T',
}

function byTax(value: string): boolean {
  const n = Array.from(value, (c) => CYRILLIC[c] ?? c).join('')
  if (!/^[1-7ABCEHKM][0-9A-Z]\d{7}$/.test(n)) return false
  const second = /^\d/.test(n) ? n[1] : String(BY_LETTERS.indexOf(n[1] ?? ''))
  if (second === '-1' || !/^\d$/.test(second ?? '')) return false
  const first = n[0] ?? ''
  const value0 = /\d/.test(first) ? Number(first) : first.charCodeAt(0) - 55
  const sum = value0 * 29 + weightedSum(`${second}${n.slice(2)}`, [23, 19, 17, 13, 7, 5, 3])
  return sum % 11 === Number(n[8])
}

/** JMBG of the former Yugoslav states: DDMMYYY, region, serial with sex, check digit. */
function jmbg(n: string): boolean {
  if (!isDigits(n, 13)) return false
  const millennium = Number(n.slice(4, 7))
  const year = millennium < 800 ? 2000 + millennium : 1000 + millennium
  if (!isDate(year, Number(n.slice(2, 4)), Number(n.slice(0, 2)))) return false
  const check = (11 - (weightedSum(n, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return check % 10 === Number(n[12])
}

function siRegister(n: string): boolean {
  if (!/^\d{7}(?:[0-9A-Z]\d{2})?$/.test(n) || n[0] === '0') return false
  const check = 11 - (weightedSum(n, [7, 6, 5, 4, 3, 2]) % 11)
  return check < 11 && check % 10 === Number(n[6])
}

function siTax(n: string): boolean {
  if (!isDigits(n, 8) || n[0] === '0') return false
  const check = 11 - (weightedSum(n, [8, 7, 6, 5, 4, 3, 2]) % 11)
  return check !== 11 && check % 10 === Number(n[7])
}

function plPesel(n: string): boolean {
  if (!isDigits(n, 11)) return false
  const month = Number(n.slice(2, 4))
  const century = [1900, 2000, 2100, 2200, 1800][Math.floor(month / 20)] ?? 0
  if (!isDate(century + Number(n.slice(0, 2)), month % 20, Number(n.slice(4, 6)))) return false
  return (10 - (weightedSum(n, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === Number(n[10])
}

function plNip(n: string): boolean {
  return isDigits(n, 10) && Number(n) > 0 && weightedSum(n, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === Number(n[9])
}

function plRegon(n: string): boolean {
  if (!isDigits(n, 9, 14) || /^0+$/.test(n)) return false
  const nine = (weightedSum(n, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === Number(n[8])
  if (n.length === 9) return nine
  return nine && (weightedSum(n, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === Number(n[13])
}

/** Identity card: three letters, check digit, five digits; letters count 10 to 35. */
function plIdentityCard(n: string): boolean {
  if (!/^[A-Z]{3}\d{6}$/.test(n)) return false
  const weights = [7, 3, 1, 9, 7, 3, 1, 7, 3]
  let sum = 0
  for (let i = 0; i < 9; i++) {
    const c = n.charCodeAt(i)
    sum += (c >= 65 ? c - 55 : c - 48) * (weights[i] ?? 0)
  }
  return sum % 10 === 0
}

function roPersonal(n: string): boolean {
  if (!isDigits(n, 13) || n[0] === '0') return false
  const century = [1900, 1900, 1800, 1800, 2000, 2000][Number(n[0]) - 1]
  const dated =
    century === undefined
      ? isShortDate(n.slice(1, 7), 1900) || isShortDate(n.slice(1, 7), 2000)
      : isShortDate(n.slice(1, 7), century)
  const county = Number(n.slice(7, 9))
  if (!dated || county < 1 || (county > 52 && ![70, 80, 81, 82, 83].includes(county))) return false
  const check = weightedSum(n, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
  return (check === 10 ? 1 : check) === Number(n[12])
}

function roCompany(n: string): boolean {
  if (!/^[1-9]\d{1,9}$/.test(n)) return false
  const check = ((weightedSum(n.padStart(10, '0'), [7, 5, 3, 2, 1, 7, 5, 3, 2]) * 10) % 11) % 10
  return check === Number(n.at(-1))
}

/** Register letter, county, number, year; since 2024 letter, year, number, county, check digit. */
function roRegister(value: string): boolean {
  const compact = value.toUpperCase().replace(/[\s]/g, '')
  const old = /^([JFC])\/?0?(\d{1,2})\/(\d{1,8})\/(?:\d{1,2}\.\d{2}\.)?(\d{4})$/.exec(compact)
  if (old !== null) {
    const county = Number(old[2])
    return (
      ((county >= 1 && county <= 40) || county === 51 || county === 52) &&
      Number(old[4]) >= 1990 &&
      Number(old[4]) <= 2100
    )
  }
  const plain = /^([JFC])(\d{4})\d{6}(\d{2})\d$/.exec(compact)
  return plain !== null && Number(plain[2]) >= 1990 && Number(plain[2]) <= 2100 && Number(plain[3]) <= 52
}

function ruInn(n: string): boolean {
  const check = (weights: readonly number[]) => (weightedSum(n, weights) % 11) % 10
  if (isDigits(n, 10)) return Number(n) > 0 && check([2, 4, 10, 3, 5, 9, 4, 6, 8]) === Number(n[9])
  return (
    isDigits(n, 12) &&
    Number(n) > 0 &&
    check([7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === Number(n[10]) &&
    check([3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) === Number(n[11])
  )
}

function ruRegister(n: string): boolean {
  if (!isDigits(n, 13, 15) || n[0] === '0') return false
  return remainder(n.slice(0, -1), n.length === 13 ? 11 : 13) % 10 === Number(n.at(-1))
}

/** Pension insurance number (SNILS): weights 9 to 1, modulo 101. */
function ruSnils(n: string): boolean {
  if (!isDigits(n, 11) || Number(n.slice(0, 9)) <= 1001998) return false
  return (weightedSum(n, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === Number(n.slice(9))
}

function uaCompany(n: string): boolean {
  if (!isDigits(n, 8)) return false
  const number = Number(n)
  const base = number < 30_000_000 || number > 60_000_000 ? [1, 2, 3, 4, 5, 6, 7] : [7, 1, 2, 3, 4, 5, 6]
  let check = weightedSum(n, base) % 11
  if (check > 9)
    check =
      (weightedSum(
        n,
        base.map((weight) => weight + 2),
      ) %
        11) %
      10
  return check === Number(n[7])
}

function uaPerson(n: string): boolean {
  return isDigits(n, 10) && (((weightedSum(n, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) + 11) % 11) % 10 === Number(n[9])
}

function azTax(value: string): boolean {
  const n = value.length === 9 ? `0${value}` : value
  return isDigits(n, 10) && /[12]$/.test(n) && weightedSum(n, [4, 1, 8, 6, 2, 7, 5, 3]) % 11 === Number(n[8])
}

function huTax(n: string): boolean {
  return isDigits(n, 8) && weightedSum(n, [9, 7, 3, 1, 9, 7, 3, 1]) % 10 === 0
}

/** Personal tax number: 8, days since 1867, serial; weights 1 to 9 modulo 11. */
function huPersonalTax(n: string): boolean {
  return isDigits(n, 10) && n[0] === '8' && weightedSum(n, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === Number(n[9])
}

function skVat(n: string): boolean {
  return (isDigits(n, 10) && /^[1-9]\d[2-47-9]/.test(n) && Number(n) % 11 === 0) || birthNumber(n)
}

function mod11Complement(n: string, weights: readonly number[]): boolean {
  return ((11 - (weightedSum(n, weights) % 11)) % 11) % 10 === Number(n[weights.length])
}

export const easternEurope: IdentifierTable = {
  'md.idno': identifier(
    (n) => /^1\d{12}$/.test(n) && weightedSum(n, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 === Number(n[12]),
  ),
  'me.pib': identifier((n) => isDigits(n, 8) && mod11Complement(n, [8, 7, 6, 5, 4, 3, 2])),
  'mk.edb': identifier((n) => isDigits(n, 13) && mod11Complement(n, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), 'MK', 'МК'),
  'rs.pib': identifier((n) => isDigits(n, 9) && mod11x10(n), 'RS'),
  'al.nipt': identifier((n) => /^[A-M]\d(?:0[1-9]|1[0-2]|5[1-9]|6[0-2]|[0-9]{2})\d{5}[A-Z]$/.test(n), 'AL'),
  'az.voen': identifier(azTax),
  'bg.egn': identifier(bgPersonal),
  'bg.pnf': identifier(bgForeigner),
  'bg.vat': identifier(bgVat, 'BG'),
  'by.unp': identifier(byTax, 'УНП', 'UNP', 'BY'),
  'cz.rc': identifier(birthNumber),
  'cz.ico': identifier(companyNumber),
  'cz.dic': identifier((n) => (companyNumber(n) && n[0] !== '9') || czSpecial(n) || birthNumber(n), 'CZ'),
  'hr.oib': identifier((n) => isDigits(n, 11) && mod11x10(n), 'HR'),
  'hu.anum': identifier(huTax, 'HU'),
  'hu.person': identifier(huPersonalTax),
  jmbg: identifier(jmbg),
  'pl.pesel': identifier(plPesel),
  'pl.nip': identifier(plNip, 'PL'),
  'pl.regon': identifier(plRegon),
  'pl.idcard': identifier(plIdentityCard),
  'ro.cnp': identifier(roPersonal),
  'ro.cui': identifier(roCompany, 'RO'),
  'ro.cf': identifier((n) => roCompany(n) || roPersonal(n), 'RO'),
  'ru.inn': identifier(ruInn, 'RU'),
  'ru.ogrn': identifier(ruRegister),
  'ru.snils': identifier(ruSnils),
  'si.ddv': identifier(siTax, 'SI'),
  'si.emso': identifier(jmbg),
  'si.maticna': identifier(siRegister),
  'sk.rc': identifier(birthNumber),
  'sk.dph': identifier(skVat, 'SK'),
  'ua.edrpou': identifier(uaCompany),
  'ua.rntrc': identifier(uaPerson),
}

export const easternEuropeAsWritten: Readonly<Record<string, (value: string) => boolean>> = {
  'cz.bankaccount': czAccount,
  'ro.onrc': roRegister,
}
