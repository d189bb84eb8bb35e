/**
 * `password-value`: whether the value beside a word for password can be one. Code that reads, names or describes a
 * password is none, nor is a mask or a word that documentation writes there. `password-value(strong)`, for values that
 * stand without quotes or in prose, also wants what words don't have: two of lower case, upper case, digits and
 * punctuation, a digit or punctuation among them.
 */
import { secret } from './secret.ts'
import type { Validator } from './validator.ts'

/** Names of fields, types and states that stand behind `password:` in code and forms. */
const CODE_WORD =
  /^(?:string|str|text|varchar|char|int|bool(?:ean)?|bytes?|object|any|required|optional|hidden|input|label|field|form|login|forgot(?:ten)?|reset|update|create|change|confirm(?:ed|ation)?|verify|check|valid(?:ate)?|invalid|incorrect|wrong|missing|empty|expired|protected|encrypted|hashed?|plain(?:text)?|enabled?|disabled?|password\w*|passwd\w*|pwd\w*|passphrase|username|email|self|this|request|params|config|settings|options|value|secret|true|false|null|none|undefined|nil|yes|no|bearer|basic)[:;,.!?)]*$|^[!@][a-z]+$/i

/** A path, selector, address, date or one word of a sentence. */
const NOT_CHOSEN =
  /^[#./~]?[a-z]+(?:[-_/][a-z]+)+[/?.]?$|^[#.][\w-]+$|^\/|^\p{L}+[.,;:!?)]*$|^[A-Z][a-z]+(?:[A-Z][a-z]+)+$|^[a-z]+(?:[A-Z][a-z]+)+$|^[A-Z]+(?:_[A-Z]+)+$|^\d{1,4}[-./]\d|^\W+$|^[\w.+-]+@[\w-]+\.[\w.-]+$/u

/** Scripts that people read and don't type blindly: a sentence begins. */
const SENTENCE =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Devanagari}]/u

/** A word with a variable in it, as shells, PHP and Perl fill it in. */
const INTERPOLATED = /^[a-z_]+\$[a-z_]+$/

/** Punctuation of code or markup around it, selectors, paths, and variables named in camel case. */
const CODE = /^[,:;)]|^\.\$|[a-z0-9](?:Pwd|Password|Passwd)$|[:,(]$|^&(?:lt|quot);|^[#.][\w-]+$|^\/|\/.*#|^%s?$/

/** A constant. */
const CONSTANT = /^[A-Z]+(?:_[A-Z]+)+$/

/** A path to a file, escapes of another script, or a name that says it is a password. */
const NAMED =
  /^(?:[\w.-]+\/)+[\w.-]+\.[a-z]{1,8}$|\\u[0-9a-f]{4}|^(?:(?:[a-z]+[-_]){1,4}|(?:new|old|my|wrong|bad|good|current|other|some|any|the|your))(?:pass|password|passwd|passphrase)[&;,]?$|^(?:invalid|wrong|incorrect|another|not|other|new|old|current|updated)(?:[-_.]?[a-z_]+)?$/i

/** `123456`, `987654321`, `abcdef`: each character one more or one less than that before it. */
function runs(value: string): boolean {
  const codes = [...value].map((character) => character.charCodeAt(0))
  return [1, -1].some((step) => codes.every((code, i) => i === 0 || code - (codes[i - 1] ?? 0) === step))
}

const CLASSES = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/]

export const passwordValue: Validator = {
  id: 'password-value',
  check(value, argument) {
    if (secret.check(value, 'assigned') === null || CODE_WORD.test(value) || CODE.test(value)) return null
    if (CONSTANT.test(value) || NAMED.test(value) || runs(value)) return null
    if (argument === undefined) return value
    const classes = CLASSES.filter((kind) => kind.test(value.replace(/[.,;:!?)]+$/, ''))).length
    if (NOT_CHOSEN.test(value) || INTERPOLATED.test(value) || SENTENCE.test(value)) return null
    return /[^A-Za-z]/.test(value) && classes >= 2 ? value : null
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'strong' ? null : 'takes no argument or `strong`'
  },
}
