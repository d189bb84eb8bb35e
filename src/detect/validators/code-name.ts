/**
 * Names that programs and their authors write, as opposed to values drawn at random: words run together by capitals
 * (`OAuth2AccessTokenResponse`), words and numbers between separators (`655216118709.global.overview`), paths and URNs.
 * Pure; looks at the characters alone.
 */

/** Words of two letters or more, told apart by capitals, with a number of two digits at most behind each. */
const HUMPS = /^[A-Z]{0,3}[a-z]{2,}(?:\d{0,2}[A-Z]{1,3}[a-z]{2,})+\d{0,2}[A-Z]{0,3}\d{0,4}$/
const WORD = /[a-z]{2,}/g
/** Words of code are longer than the runs of small letters in a random value. */
const CHARACTERS_PER_WORD_MIN = 4

/** What a method is called on: `b.ReadUint16LengthPrefixed`. */
const RECEIVER = /^[A-Za-z_]\w{0,20}\.(?=[A-Z][a-z])/

/** Words and numbers between separators: `access-token-for-user`, `orders.v1.eu-west-1`, `CONSTANT_NAME`. */
const SEPARATED =
  /^(?:[A-Za-z]{2,}|\d{1,4}|[a-z]{3,}\d{1,2}|[a-z]{4,}\d{3,4})(?:[-_./:=](?:[A-Za-z]{2,}|\d{1,4}|[A-Za-z]{1,2}\d|[a-z]{3,}\d{1,2}|[a-z]{4,}\d{3,4}))+$/
/** The same with one long number, as ids of projects and accounts are. */
const NUMBERED = /^\d{5,20}[.:/][a-z]{2,}\d{0,2}(?:[-_.:/][a-z]{2,}\d{0,2})+$/

/** Two folders at least. Random base64 has slashes too, but capitals and digits mixed between them. */
const PATH = /^\/?(?:[A-Za-z][a-z0-9_.-]*\/|[A-Z][A-Z_-]*\/){2,}|^\/?(?:[A-Z]?[a-z]+[A-Za-z_.-]{0,24}\/){3,}/

/** Whether a value is a name, path or identifier that a person or a program's author chose. */
export function isCodeName(value: string): boolean {
  if (SEPARATED.test(value) || NUMBERED.test(value) || PATH.test(value) || /^urn:/i.test(value)) return true
  const name = value.replace(RECEIVER, '')
  return HUMPS.test(name) && name.length / (name.match(WORD) ?? ['']).length >= CHARACTERS_PER_WORD_MIN
}
