/**
 * `random-value`: whether a value without a known form looks drawn at random, as keys and tokens are: letters and digits
 * mixed, entropy for its length, no words joined by separators, no version, date, path, address, hash of a known
 * prefix or identifier of code. `random-value(loose)` takes values whose characters repeat or run in sequence too,
 * `random-value(letters)` letters alone, and `random-value(no-digest)` nothing that could be a hash or a UUID.
 */
import { isCodeName } from './code-name.ts'
import { bitsPerCharacter } from './entropy.ts'
import { secret } from './secret.ts'
import type { Validator } from './validator.ts'

const NOT_RANDOM =
  /^(?:sha(?:1|2|224|256|384|512)|md5|blake[23]\w*|crc32|sha512)[-:_=]|^\d[\d.,:_/-]*$|^v?\d+\.\d+\.\d+|^(?:\d{4})-\d{2}-\d{2}|^[\w.-]+\.(?:js|ts|json|ya?ml|py|go|java|c|h|cpp|rb|php|html?|css|md|txt|xml|pem|crt|cer|key|p12|pfx|png|jpe?g|gif|svg|pdf|com|org|net|io|dev)(?:[:/].*)?$|^[\w.+-]+@[\w-]+\.[\w.]+$|::|->|==\w|[<>]|^[a-z]{2}(?:-[a-z]+)+-\d:\d{12}:|^pk_(?:live|test)_|^AWS4-HMAC|aws4_request$/i

const DIGEST = /^[0-9a-f]+$|^[0-9A-F]+$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const LETTERS_BITS_MIN = 3.4
const BITS_MIN = 3
const LOOSE_BITS_MIN = 2.2
const DIGITS_MIN = 2
/** Names in code change between small and capital letters less often. */
const CASE_CHANGES_MIN = 6
/** A tenth of a random value's characters do so by chance. */
const IN_SEQUENCE_SHARE = 0.75

/**
 * Letters and digits mixed. A quarter of all random values of sixteen letters and digits have fewer than two digits: for
 * those one is enough where small and capital letters alternate as in no word.
 */
function mixed(value: string): boolean {
  const digits = value.replace(/[^0-9]/g, '').length
  const letters = value.replace(/[^A-Za-z]/g, '').length
  if (letters < DIGITS_MIN || digits === 0) return false
  return digits >= DIGITS_MIN || (value.match(/[a-z](?=[A-Z])|[A-Z](?=[a-z])/g) ?? []).length >= CASE_CHANGES_MIN
}

/** `1234567890abcdef`, `A1B2C3D4E5F6`: most characters follow the one before them, or the one before that. */
function inSequence(value: string): boolean {
  let steps = 0
  for (let i = 1; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code - value.charCodeAt(i - 1) === 1 || code - value.charCodeAt(i - 2) === 1) steps++
  }
  return steps >= value.length * IN_SEQUENCE_SHARE
}

const ARGUMENTS: ReadonlySet<string> = new Set(['loose', 'letters', 'no-digest'])

function bitsWanted(argument: string | undefined): number {
  if (argument === 'loose') return LOOSE_BITS_MIN
  return argument === 'letters' ? LETTERS_BITS_MIN : BITS_MIN
}

export const randomValue: Validator = {
  id: 'random-value',
  check(value, argument) {
    if (secret.check(value, 'assigned') === null || NOT_RANDOM.test(value)) return null
    if (isCodeName(value) || (argument === 'no-digest' && DIGEST.test(value))) return null
    if (argument !== 'letters' && !mixed(value)) return null
    if (argument !== 'loose' && argument !== 'letters' && inSequence(value)) return null
    return bitsPerCharacter(value) >= bitsWanted(argument) ? value : null
  },
  argumentProblem(argument) {
    return argument === undefined || ARGUMENTS.has(argument)
      ? null
      : 'takes no argument, `loose`, `letters` or `no-digest`'
  },
}
