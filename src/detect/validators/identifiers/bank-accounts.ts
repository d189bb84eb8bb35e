/** Check rules of domestic bank account numbers that have check digits of their own. */
import { luhn, mod97, recursiveMod10, weightedSum } from '../check-digits.ts'
import { type IdentifierTable, identifier, isDigits } from './identifier.ts'

/** Polish account (NRB): the IBAN without its country, whose letters stand for 25 and 21. */
function plAccount(n: string): boolean {
  return isDigits(n, 26) && mod97(`${n.slice(2)}2521${n.slice(0, 2)}`)
}

const HU_WEIGHTS = [9, 7, 3, 1, 9, 7, 3, 1, 9, 7, 3, 1, 9, 7, 3, 1]

/** Hungarian account: bank and branch in eight digits, the account in eight or sixteen, each with a check digit. */
function huAccount(n: string): boolean {
  if (!isDigits(n, 16, 24) || /^0/.test(n)) return false
  return [n.slice(0, 8), n.slice(8)].every((part) => weightedSum(part, HU_WEIGHTS.slice(0, part.length)) % 10 === 0)
}

/** Swedish bankgiro number: seven or eight digits, Luhn. */
function seBankgiro(n: string): boolean {
  return isDigits(n, 7, 8) && !n.startsWith('0') && luhn(n)
}

/**
 * Swiss postal account as it is written, `80-470-3`: the middle is filled to six digits before the check digit modulo 10
 * by carry.
 */
function chPostalAccount(value: string): boolean {
  const match = /^(\d{2})-?(\d{1,6})-(\d)$/.exec(value)
  if (!match) return false
  const [, kind = '', number = '', check = ''] = match
  return Number(number) > 0 && recursiveMod10(kind + number.padStart(6, '0')) === Number(check)
}

export const bankAccounts: IdentifierTable = {
  'hu.account': identifier(huAccount),
  'pl.nrb': identifier(plAccount, 'PL'),
  'se.bankgiro': identifier(seBankgiro),
}

export const bankAccountsAsWritten = { 'ch.postalaccount': chPostalAccount }
