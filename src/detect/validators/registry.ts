/** Every validator that rules may name. Adding one: a file beside this and a line here. */
import { assignedLast } from './assigned-last.ts'
import { basicCredentials } from './basic-credentials.ts'
import { calendarDay } from './calendar-day.ts'
import { checkDigitSystem } from './check-digit-system.ts'
import { cryptoAddress } from './crypto-address.ts'
import { entropy } from './entropy.ts'
import { iban } from './iban.ts'
import { identifierCheck } from './identifier-check.ts'
import { ipAddress } from './ip-address.ts'
import { jsonWebToken } from './json-web-token.ts'
import { keyMaterial } from './key-material.ts'
import { luhn } from './luhn.ts'
import { passwordValue } from './password-value.ts'
import { paymentCard } from './payment-card.ts'
import { phoneNumber } from './phone-number.ts'
import { randomValue } from './random-value.ts'
import { secret } from './secret.ts'
import { seedWords } from './seed-words.ts'
import { stdnumCheck } from './stdnum.ts'
import { urlCredentials } from './url-credentials.ts'
import type { Validator } from './validator.ts'
import { walletKey } from './wallet-key.ts'

const validators = [
  assignedLast,
  basicCredentials,
  calendarDay,
  checkDigitSystem,
  cryptoAddress,
  entropy,
  iban,
  identifierCheck,
  ipAddress,
  jsonWebToken,
  keyMaterial,
  luhn,
  passwordValue,
  paymentCard,
  phoneNumber,
  randomValue,
  secret,
  seedWords,
  stdnumCheck,
  urlCredentials,
  walletKey,
] as const satisfies readonly Validator[]

const byId: ReadonlyMap<string, Validator> = new Map(
  validators.map((validator: Validator) => [validator.id, validator]),
)

export interface ValidatorUse {
  readonly validator: Validator
  readonly argument: string | undefined
  /** As written in the rule. */
  readonly name: string
}

/** Resolves `name` or `name(argument)`; a string says what is wrong. */
export function resolveValidator(name: string): ValidatorUse | string {
  const parsed = /^([a-z][a-z0-9_-]*)(?:\((.*)\))?$/s.exec(name)
  const validator = parsed ? byId.get(parsed[1] ?? '') : undefined
  if (!parsed || !validator) return `there is no validator \`${name}\`; known: ${[...byId.keys()].sort().join(', ')}`
  const argument = parsed[2]
  const problem = validator.argumentProblem
    ? validator.argumentProblem(argument)
    : argument === undefined
      ? null
      : 'takes no argument'
  return problem === null ? { validator, argument, name } : `validator \`${validator.id}\` ${problem}`
}
