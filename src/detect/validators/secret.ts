/**
 * `secret`: whether a value can be a real secret. Masks, ellipses and runs of one character are none. `secret(assigned)`,
 * for values that only a name before them makes a secret, also rejects what code and documentation write in that place:
 * references to variables and managers of secrets, templates, calls, and words such as `your-key-here`. `secret(mixed)`
 * wants letters and digits besides, and `secret(unnamed)`, for keys without a mark of their own, no name of code
 * and no run of six equal characters.
 */
import { isCodeName } from './code-name.ts'
import type { Validator } from './validator.ts'

const MASK = /([xX*#•·=0?])\1{5,}|\.{3}|…|[xX]{4,}$|^[xX]{4,}|EXAMPLE\d{0,12}(?:KEY)?\w?$|^(?:DUMMY|FAKE)/

/** `${NAME}`, `%(name)s`, `<your key>`, `{{ key }}`, `$name`, `os.environ`, `config.key`, `getKey()`. */
const REFERENCE =
  /^[$%@#&]?[{<([]|[}>)\]]$|^\$[A-Za-z_]|^%[A-Za-z_]\w*%?$|\$\{|\{\{|<%|%\(|#\{|^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][A-Za-z_$]*)+$|\(|^(?:process|os|env|config|settings|self|this|secrets|vault|var|data|local|module|params|options)[.[]|^https?:\/\/|^\/(?:run|etc|var|opt|home|usr|mnt|secrets)\//i

/** Where a manager of secrets, a file or the environment holds the value: `op://vault/item`, `ssm:/prod/db`. */
const KEPT_ELSEWHERE =
  /^(?:ref\+)?(?:arn|op|vault|ssm|awsssm|secretsmanager|awssecrets|gcpsecretmanager|gcpsm|azurekeyvault|keyvault|akv|file|env|sops|conjur|keyring|bws|lpass|urn):|^@Microsoft\.KeyVault|^projects\/[^/]+\/secrets\//i

/** A variable of the environment, with what reads it: `json:file:SECRETS_FILE`. */
const READ_FROM = /^(?:[a-z_]{2,20}:){1,5}[A-Z]+_[A-Z0-9_]+$/

/** Words that stand where a secret would. */
const STAND_IN =
  /^(?:your|my|the|an?|some|insert|enter|add|put|use|replace|paste|change|set|get|need|fake|dummy|sample|example|placeholder|redacted|removed|hidden|masked|censored|todo|tbd|foo|bar|foobar|none|null|nil|undefined|true|false|empty|blank|default|required|optional|string|value|text)(?:[-_ .:]|$)|(?:^|[-_ .<])(?:your|here|placeholder|change[-_ ]?me|redacted|example|dummy)(?:$|[-_ .>])|^(?:changeme|password|passwd|passphrase|passwort|apikey|api[-_]key|token|secret|username|user|key)$|YOUR[-_]|RANDOM[-_]?STRING|example\d{0,3}$/i

/** `test`, `admin`, `user`, `value`, `secret`, `example`, `changeme`, `password` and `user:password` in base64, as manifests and headers hold them, and certificates. */
const STAND_IN_ENCODED =
  /^(?:dGVzdA|YWRtaW4|dXNlcg|dmFsdWU|c2VjcmV0|ZXhhbXBsZQ|Y2hhbmdlbWU|cGFzc3dvcmQ|dXNlcjpwYXNz(?:d29yZA)?|dXNlcm5hbWU6cGFzc3dvcmQ)(?:K|Cg)?={0,2}$|^LS0tLS1CRUdJTiBDRVJU/

const RUN = /(.)\1{5,}/
const ARGUMENTS: ReadonlySet<string> = new Set(['assigned', 'mixed', 'unnamed'])
const DISTINCT_MIN = 4
const VALUE_MAX = 8_192

export const secret: Validator = {
  id: 'secret',
  check(value, argument) {
    if (value.length > VALUE_MAX || MASK.test(value) || new Set(value).size < DISTINCT_MIN) return null
    if (argument === undefined) return value
    if (argument === 'unnamed') return isCodeName(value) || RUN.test(value) ? null : value
    if (REFERENCE.test(value) || KEPT_ELSEWHERE.test(value) || STAND_IN.test(value)) return null
    if (STAND_IN_ENCODED.test(value) || READ_FROM.test(value)) return null
    return argument === 'assigned' || (/[0-9]/.test(value) && /[A-Za-z]/.test(value)) ? value : null
  },
  argumentProblem(argument) {
    return argument === undefined || ARGUMENTS.has(argument)
      ? null
      : 'takes no argument, `assigned`, `mixed` or `unnamed`'
  },
}
