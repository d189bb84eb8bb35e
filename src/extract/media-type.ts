/** Media types as MIME and HTTP write them (RFC 2045 section 5.1, RFC 9110 section 8.3.1). Never throws. */
export interface MediaType {
  /** `type/subtype` in lower case, or null where the value holds none. */
  readonly type: string | null
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const TYPE = /^\s*([!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;|$)/i
const PARAMETER = /;\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/giy

/** Reads one Content-Type value. A repeated parameter keeps its first value. */
export function parseMediaType(value: string | null): MediaType {
  if (value === null) return { type: null, parameters: {} }
  const head = TYPE.exec(value)
  if (!head) return { type: null, parameters: {} }
  const parameters: Record<string, string> = {}
  PARAMETER.lastIndex = value.indexOf(';') < 0 ? value.length : value.indexOf(';')
  for (let m = PARAMETER.exec(value); m; m = PARAMETER.exec(value)) {
    const name = (m[1] ?? '').toLowerCase()
    if (!(name in parameters)) parameters[name] = m[2] !== undefined ? m[2].replace(/\\(.)/g, '$1') : (m[3] ?? '')
  }
  return { type: (head[1] ?? '').toLowerCase(), parameters }
}
