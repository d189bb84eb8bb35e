/**
 * `assigned-last`: for values that hold a user name and a password with what stands between them: whether the last of
 * their words can be a secret, as `secret(assigned)` sees it; `assigned-last(password)` asks `password-value`.
 */
import { passwordValue } from './password-value.ts'
import { secret } from './secret.ts'
import type { Validator } from './validator.ts'

export const assignedLast: Validator = {
  id: 'assigned-last',
  check(value, argument) {
    const last = /[^\s"'`=:;,]+["'`]?$/.exec(value)?.[0].replace(/["'`]$/, '') ?? ''
    const checked = argument === 'password' ? passwordValue.check(last, undefined) : secret.check(last, 'assigned')
    return checked === null ? null : value
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'password' ? null : 'takes no argument or `password`'
  },
}
