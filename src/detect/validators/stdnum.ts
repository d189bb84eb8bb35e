/**
 * `stdnum(nl.bsn)`: the check rules of the stdnum package, as `country.name`. Rules use it for what `id(…)` doesn't have.
 */
import { stdnum } from 'stdnum'
import { compactOf } from './identifiers/identifier.ts'
import type { Validator } from './validator.ts'

const LENGTH_MAX = 128

function find(argument: string) {
  const [country = '', name = ''] = argument.split('.')
  return stdnum[country.toUpperCase()]?.[name]
}

export const stdnumCheck: Validator = {
  id: 'stdnum',
  check(value, argument = '') {
    if (value.length > LENGTH_MAX) return null
    const text = compactOf(value)
    const known = find(argument)
    return known?.validate(text).isValid || known?.validate(value.trim()).isValid ? text : null
  },
  argumentProblem(argument) {
    return argument !== undefined && /^[a-z]{2,3}\.\w+$/.test(argument) && find(argument)
      ? null
      : 'needs a number that the stdnum package knows, as in stdnum(nl.bsn)'
  },
}
