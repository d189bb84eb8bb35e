/**
 * `url-password`: whether the password in an address or on a command line can be one, for a percent-encoded value too.
 * Templates, masks and the words that documentation writes there (`password`, `pass`, `secret`) are none.
 */
import { secret } from './secret.ts'
import type { Validator } from './validator.ts'

const FILLER =
  /^(?:pass(?:word|wd|w)?|pwd|pw|secret|token|user(?:name)?|key|api_?key|x+|\*+|\.+|-+|_+|0+|credentials?|passphrase|mypass(?:word)?|my_?password|your_?password|test|example|string|value)$/i

export const urlPassword: Validator = {
  id: 'url-password',
  check(value) {
    let decoded = value
    try {
      decoded = decodeURIComponent(value)
    } catch {
      // A lone percent sign is part of the password then.
    }
    if (/^[{<[$%]|[}>\]]$|\$\{|\{\{|^:|^\d{1,5}$/.test(decoded) || FILLER.test(decoded)) return null
    return secret.check(`p:${decoded}`, undefined) === null ? null : value
  },
}
