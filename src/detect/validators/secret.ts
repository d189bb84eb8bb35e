/**
 * `secret`: whether a value can be a real secret. Templates, references to variables, masks, words that documentation
 * writes in a secret's place and runs of one character are none. Arguments ask for more: `secret(mixed)` letters and
 * digits both, `secret(password)` what a person might have chosen, so that one word in lower case is enough.
 */
import type { Validator } from './validator.ts'

/** References and templates: `${NAME}`, `%(name)s`, `<your key>`, `{{ key }}`, `$name`, `os.environ`, `getKey()`. */
const REFERENCE =
  /^[$%@#&]?[{<([]|[}>)\]]$|^\$[A-Za-z_]|^%[A-Za-z_]\w*%?$|\$\{|\{\{|<%|%\(|#\{|^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+\(?|\(\)?$|^(?:process|os|env|config|settings|self|this|secrets|vault|var|data|local|module)[.[]|^arn:|^https?:\/\//i

/** Words that stand where a secret would. */
const STAND_IN =
  /^(?:your|my|the|an?|some|insert|enter|add|put|use|replace|paste|change|set|get|need|fake|dummy|sample|example|placeholder|redacted|removed|hidden|masked|censored|secret|todo|tbd|foo|bar|test(?:ing)?|none|null|nil|undefined|true|false|empty|blank|default|required|optional|string|value|text|xxx+)(?:[-_ .:]|$)|(?:^|[-_ .<])(?:your|here|placeholder|change[-_ ]?me|redacted|example|dummy)(?:$|[-_ .>])|^(?:changeme|password|passwd|passphrase|passwort|apikey|api[-_]key|token|username|user|key)$|EXAMPLE(?:KEY)?$|^DUMMY|RANDOM[-_]?STRING|YOUR[-_]/i

const MASK = /([xX*.\-_#•·=0?])\1{5,}|^([A-Za-z0-9*.\-_+/=#•])\2{3,}$|\.{3}|…|x{4,}$/

const DISTINCT_MIN = 4
const VALUE_MAX = 8_192

function isStandIn(value: string): boolean {
  return REFERENCE.test(value) || STAND_IN.test(value) || MASK.test(value)
}

export const secret: Validator = {
  id: 'secret',
  check(value, argument) {
    if (value.length > VALUE_MAX || isStandIn(value) || new Set(value).size < DISTINCT_MIN) return null
    switch (argument) {
      case 'mixed':
        return /[0-9]/.test(value) && /[A-Za-z]/.test(value) ? value : null
      default:
        return value
    }
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'mixed' ? null : 'takes no argument but `mixed`'
  },
}
