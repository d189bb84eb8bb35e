/**
 * `basic-credentials`: whether base64 holds `user:password` in printable characters (RFC 7617 section 2), the password
 * not being one of documentation's. The canonical form is the base64 text.
 */
import { isLikelyPassword } from './url-credentials.ts'
import type { Validator } from './validator.ts'

export const basicCredentials: Validator = {
  id: 'basic-credentials',
  check(value) {
    const text = Buffer.from(value, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (colon < 0 || text.includes('\ufffd') || /\p{Cc}/u.test(text)) return null
    return isLikelyPassword(text.slice(colon + 1) || text.slice(0, colon)) ? value : null
  },
}
