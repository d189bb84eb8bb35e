/**
 * `url-credentials`: whether `user:password`, from a command line or in an address with its host, can be real, percent-encoded or not.
 * Templates, masks, port numbers and the words that documentation writes there (`user:password`) are none.
 */
import { secret } from './secret.ts'
import type { Validator } from './validator.ts'

const FILLER =
  /^(?:pass(?:word|wd|w)?|pwd|pw|secret|token|user(?:name)?|key|api_?key|x+|\*+|\.+|-+|_+|0+|credentials?|passphrase|mypass(?:word)?|my_?password|your_?password|test|example|string|value|guest|redacted|open[-_ ]?sesame)$/i
/** `db_password`, `the-password`, `app_secret_key`. */
const NAMED = /^(?:[a-z]{2,10}[-_]){1,2}(?:pass(?:word|wd)?|pwd|secret|key|token)$/i
/** `ACCESS_KEY:SECRET_KEY`, `KEY:DOMAIN`: what people shall write there. */
const CONSTANT = /^[A-Z]+(?:[-_][A-Z]+)*$/
const TEMPLATE = /^[{<[$%]|[}>\]]$|\$\{|\{\{|%\(|^\d{1,2}$|^\/\//

/** Whether a password is neither a template nor a word that stands for one. */
export function isLikelyPassword(password: string): boolean {
  if (TEMPLATE.test(password) || FILLER.test(password) || NAMED.test(password)) return false
  return secret.check(`p:${password}`, undefined) !== null
}

export const urlCredentials: Validator = {
  id: 'url-credentials',
  check(value) {
    let decoded = value
    try {
      decoded = decodeURIComponent(value)
    } catch {
      // A lone percent sign is part of the password then.
    }
    const address = /^[a-z][a-z0-9+.:-]*:\/\/(.*)@[^@]*$/is.exec(decoded)
    const credentials = address?.[1] ?? decoded
    const colon = credentials.indexOf(':')
    const user = credentials.slice(0, colon)
    const password = credentials.slice(colon + 1)
    if (colon < 0 || TEMPLATE.test(user) || (CONSTANT.test(user) && CONSTANT.test(password))) return null
    return isLikelyPassword(password) ? value : null
  },
}
