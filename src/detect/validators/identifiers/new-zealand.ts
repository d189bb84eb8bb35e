/** Check rules of New Zealand's bank accounts, tax numbers and health index. */
import { weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Bank ranges and the algorithm letter of Inland Revenue's bank account validation table. */
const NZ_BANKS: readonly (readonly [string, readonly (readonly [number, number])[], string])[] = [
  [
    '01',
    [
      [1, 999],
      [1100, 1199],
      [1800, 1899],
    ],
    '',
  ],
  [
    '02',
    [
      [1, 999],
      [1200, 1299],
    ],
    '',
  ],
  [
    '03',
    [
      [1, 999],
      [1300, 1399],
      [1500, 1599],
      [1700, 1799],
      [1900, 1999],
    ],
    '',
  ],
  ['04', [[2020, 2024]], ''],
  [
    '06',
    [
      [1, 999],
      [1400, 1499],
    ],
    '',
  ],
  ['08', [[6500, 6599]], 'D'],
  ['09', [[0, 0]], 'E'],
  ['10', [[5165, 5169]], ''],
  [
    '11',
    [
      [5000, 6499],
      [6600, 8999],
    ],
    '',
  ],
  [
    '12',
    [
      [3000, 3299],
      [3400, 3499],
      [3600, 3699],
    ],
    '',
  ],
  ['13', [[4900, 4999]], ''],
  ['14', [[4700, 4799]], ''],
  ['15', [[3900, 3999]], ''],
  ['16', [[4400, 4499]], ''],
  ['17', [[3300, 3399]], ''],
  ['18', [[3500, 3599]], ''],
  ['19', [[4600, 4649]], ''],
  ['20', [[4100, 4199]], ''],
  ['21', [[4800, 4899]], ''],
  ['22', [[4000, 4049]], ''],
  ['23', [[3700, 3799]], ''],
  ['24', [[4300, 4349]], ''],
  ['25', [[2500, 2599]], 'F'],
  ['26', [[2600, 2699]], 'G'],
  ['27', [[3800, 3849]], ''],
  ['28', [[2100, 2149]], 'G'],
  ['29', [[2150, 2299]], 'G'],
  ['30', [[2900, 2949]], ''],
  ['31', [[2800, 2849]], 'X'],
  ['33', [[6700, 6799]], 'F'],
  ['35', [[2400, 2499]], ''],
  ['38', [[9000, 9499]], ''],
  ['88', [[8800, 8805]], ''],
]

const NZ_WEIGHTS: Readonly<Record<string, readonly [number, readonly number[]]>> = {
  A: [11, [0, 0, 6, 3, 7, 9, 0, 0, 10, 5, 8, 4, 2, 1]],
  B: [11, [0, 0, 0, 0, 0, 0, 0, 0, 10, 5, 8, 4, 2, 1]],
  D: [11, [0, 0, 0, 0, 0, 0, 0, 7, 6, 5, 4, 3, 2, 1]],
  F: [10, [0, 0, 0, 0, 0, 0, 0, 1, 7, 3, 1, 7, 3, 1]],
}

/** Bank 2, branch 4, account 7 (padded to 8), suffix 2 to 4. */
function nzAccount(n: string): boolean {
  if (!isDigits(n, 15, 16, 17)) return false
  const [bank, branch, base] = [n.slice(0, 2), Number(n.slice(2, 6)), n.slice(6, 13)]
  const entry = NZ_BANKS.find(
    ([id, ranges]) => id === bank && ranges.some(([from, to]) => branch >= from && branch <= to),
  )
  if (entry === undefined) return false
  const suffix = n.slice(13)
  const letter = entry[2] !== '' ? entry[2] : Number(base) < 990_000 ? 'A' : 'B'
  const padded = n.slice(0, 6) + base.padStart(8, '0')
  if (letter === 'X') return true
  if (letter === 'E')
    return crossSum(`${base.slice(-4)}${suffix.padStart(4, '0')}`, [5, 4, 3, 2, 0, 0, 0, 1]) % 11 === 0
  if (letter === 'G') return crossSum(`${base}${suffix.padStart(4, '0')}`, [1, 3, 7, 1, 3, 7, 1, 0, 3, 7, 1]) % 10 === 0
  const [modulus, weights] = NZ_WEIGHTS[letter] ?? [1, []]
  return weightedSum(padded, weights) % modulus === 0
}

/** Weighted sum whose products are themselves reduced to one digit by adding their digits twice. */
function crossSum(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    let product = Number(digits[i]) * (weights[i] ?? 0)
    product = product > 9 ? Math.floor(product / 10) + (product % 10) : product
    sum += product > 9 ? Math.floor(product / 10) + (product % 10) : product
  }
  return sum
}

function nzIrd(value: string): boolean {
  const n = value.padStart(9, '0')
  if (!isDigits(value, 8, 9) || Number(n) < 10_000_000 || Number(n) > 150_000_000) return false
  const first = (11 - (weightedSum(n, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  if (first !== 10) return first === Number(n[8])
  return (11 - (weightedSum(n, [7, 4, 3, 2, 5, 2, 7, 6]) % 11)) % 11 === Number(n[8])
}

/** NZ National Health Index: three letters and four digits modulo 11, or the form of 2026 modulo 24. */
function nzNhi(n: string): boolean {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
  if (!/^[A-HJ-NP-Z]{3}(?:\d{4}|\d{2}[A-HJ-NP-Z]{2})$/.test(n)) return false
  let sum = 0
  for (let i = 0; i < 6; i++) {
    const letter = alphabet.indexOf(n[i] ?? '')
    sum += (letter >= 0 ? letter + 1 : Number(n[i])) * (7 - i)
  }
  const last = n[6] ?? ''
  if (/\d/.test(last)) return sum % 11 !== 0 && (11 - (sum % 11)) % 10 === Number(last)
  return alphabet[(24 - (sum % 24) - 1 + 24) % 24] === last
}

export const newZealand: IdentifierTable = {
  'nz.bankaccount': identifier(nzAccount),
  'nz.ird': identifier(nzIrd, 'NZ'),
  'nz.nhi': identifier(nzNhi),
}
