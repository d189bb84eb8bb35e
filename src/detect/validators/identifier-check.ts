/**
 * `id(nl.bsn)`: the check rules of national, business, financial and technical identifiers, by the name that
 * python-stdnum and its ports gave them. The canonical form is compact: upper case, no separators, no prefix.
 */
import { americas, americasAsWritten } from './identifiers/americas.ts'
import { asiaAfrica } from './identifiers/asia-africa.ts'
import { bankAccounts, bankAccountsAsWritten } from './identifiers/bank-accounts.ts'
import { easternEurope, easternEuropeAsWritten } from './identifiers/eastern-europe.ts'
import { compactOf, type Identifier } from './identifiers/identifier.ts'
import { international, internationalAsWritten } from './identifiers/international.ts'
import { newZealand } from './identifiers/new-zealand.ts'
import { checkAsWritten, northernEurope } from './identifiers/northern-europe.ts'
import { personRegisters } from './identifiers/person-registers.ts'
import { southernEurope } from './identifiers/southern-europe.ts'
import { westernEurope } from './identifiers/western-europe.ts'
import type { Validator } from './validator.ts'

/** Longest text looked at, in UTF-16 units: the longest identifier with separators stays well below. */
const LENGTH_MAX = 128

const compact: ReadonlyMap<string, Identifier> = new Map(
  [
    westernEurope,
    northernEurope,
    southernEurope,
    easternEurope,
    americas,
    asiaAfrica,
    newZealand,
    international,
    bankAccounts,
    personRegisters,
  ].flatMap((table) => Object.entries(table)),
)

const asWritten: ReadonlyMap<string, (value: string) => boolean> = new Map(
  [americasAsWritten, easternEuropeAsWritten, internationalAsWritten, checkAsWritten, bankAccountsAsWritten].flatMap(
    (table) => Object.entries(table),
  ),
)

/** Names that `id(…)` knows, sorted. */
export const identifierNames: readonly string[] = [...compact.keys(), ...asWritten.keys()].sort()

export const identifierCheck: Validator = {
  id: 'id',
  check(value, argument = '') {
    if (value.length > LENGTH_MAX) return null
    const written = asWritten.get(argument)
    if (written) return written(value.trim()) ? value.trim().toUpperCase() : null
    const known = compact.get(argument)
    if (!known) return null
    const text = compactOf(value)
    if (known.check(text)) return text
    for (const prefix of known.prefixes) {
      if (text.startsWith(prefix) && known.check(text.slice(prefix.length))) return text.slice(prefix.length)
    }
    return null
  },
  argumentProblem(argument) {
    if (argument !== undefined && (compact.has(argument) || asWritten.has(argument))) return null
    return `needs one of: ${identifierNames.join(', ')}`
  },
}
