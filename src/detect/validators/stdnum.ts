/**
 * `stdnum(nl.bsn)`: the check rules of the stdnum package, as `country.name`. Rules use it for what `id(…)` doesn't have.
 */
import { createRequire } from 'node:module'
import { compactOf } from './identifiers/identifier.ts'
import type { Validator } from './validator.ts'

const LENGTH_MAX = 128

const require = createRequire(import.meta.url)
let known: typeof import('stdnum')['stdnum'] | undefined

/** Loads the package, which is three hundred files, when a rule first names a number of it. */
function find(argument: string) {
  known ??= (require('stdnum') as typeof import('stdnum')).stdnum
  const [country = '', name = ''] = argument.split('.')
  return known[country.toUpperCase()]?.[name]
}

export const stdnumCheck: Validator = {
  id: 'stdnum',
  check(value, argument = '') {
    if (value.length > LENGTH_MAX) return null
    const text = compactOf(value)
    const number = find(argument)
    return number?.validate(text).isValid || number?.validate(value.trim()).isValid ? text : null
  },
  argumentProblem(argument) {
    return argument !== undefined && /^[a-z]{2,3}\.\w+$/.test(argument) && find(argument)
      ? null
      : 'needs a number that the stdnum package knows, as in stdnum(nl.bsn)'
  },
}
