/**
 * `jwt`: a JSON Web Token in compact form (RFC 7515 section 3.1, RFC 7516 section 3.1) whose first part decodes to a JSON
 * object that names an algorithm, a type, a key or a content type. `jwt(unsigned)` does without a signature.
 */
import type { Validator } from './validator.ts'

const HEADER_MAX = 4_096
const NAMES = ['alg', 'enc', 'typ', 'kid', 'cty', 'jku', 'x5t', 'zip']

function isHeader(base64url: string): boolean {
  if (base64url.length > HEADER_MAX) return false
  try {
    const header: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'))
    return typeof header === 'object' && header !== null && NAMES.some((name) => name in header)
  } catch {
    return false
  }
}

export const jsonWebToken: Validator = {
  id: 'jwt',
  check(value, argument) {
    const [header, payload, ...rest] = value.split('.')
    if (header === undefined || payload === undefined || (rest.length === 0 && argument !== 'unsigned')) return null
    return isHeader(header) ? value : null
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'unsigned' ? null : 'takes no argument or `unsigned`'
  },
}
