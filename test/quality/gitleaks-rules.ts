/**
 * The public gitleaks rule set (MIT, github.com/gitleaks/gitleaks, config/gitleaks.toml), read from the place it was put
 * and run on RE2: what the same texts give with it. It is no part of this repository. What of its format is not read
 * (paths, composite rules) makes it find more, not less.
 */
import { readFileSync } from 'node:fs'
import RE2 from 're2'

export interface SecretSpan {
  readonly rule: string
  /** UTF-16 offsets of the secret. */
  readonly start: number
  readonly end: number
}

interface Allowlist {
  readonly regexes: readonly RE2[]
  readonly target: 'secret' | 'match' | 'line'
  readonly stopwords: readonly string[]
}

interface GitleaksRule {
  readonly id: string
  readonly regex: RE2
  readonly keywords: readonly string[]
  readonly entropy: number
  readonly secretGroup: number
  readonly allowlists: readonly Allowlist[]
}

type Table = Record<string, string | number | string[]>

export class GitleaksRules {
  readonly rules: readonly GitleaksRule[]
  /** Ids of rules whose pattern RE2 can't compile. */
  readonly skipped: readonly string[]
  readonly #global: Allowlist

  constructor(file: string) {
    const { global, rules } = readTables(readFileSync(file, 'utf8'))
    this.#global = allowlistOf(global)
    const skipped: string[] = []
    this.rules = rules.flatMap(({ rule, allowlists }) => {
      const regex = typeof rule.regex === 'string' ? compiled(rule.regex) : null
      if (!regex) skipped.push(String(rule.id))
      return regex ? [ruleOf(rule, regex, allowlists)] : []
    })
    this.skipped = skipped
  }

  find(text: string): SecretSpan[] {
    const folded = text.toLowerCase()
    return this.rules
      .filter((rule) => rule.keywords.length === 0 || rule.keywords.some((keyword) => folded.includes(keyword)))
      .flatMap((rule) => this.#findRule(rule, text))
  }

  #findRule(rule: GitleaksRule, text: string): SecretSpan[] {
    const found: SecretSpan[] = []
    for (const match of text.matchAll(rule.regex)) {
      const secret = rule.secretGroup > 0 ? match[rule.secretGroup] : match.slice(1).find((group) => group)
      const value = secret ?? match[0]
      const start = match.index + match[0].indexOf(value)
      const line = text.slice(text.lastIndexOf('\n', start) + 1).split('\n', 1)[0] ?? ''
      if (rule.entropy > 0 && entropyOf(value) <= rule.entropy) continue
      if ([this.#global, ...rule.allowlists].some((list) => allows(list, value, match[0], line))) continue
      found.push({ rule: rule.id, start, end: start + value.length })
    }
    return found
  }
}

function allows({ regexes, target, stopwords }: Allowlist, secret: string, match: string, line: string): boolean {
  const text = { secret, match, line }[target]
  return regexes.some((regex) => regex.test(text)) || stopwords.some((word) => secret.toLowerCase().includes(word))
}

function ruleOf(rule: Table, regex: RE2, allowlists: readonly Table[]): GitleaksRule {
  return {
    id: String(rule.id),
    regex,
    keywords: listOf(rule.keywords).map((keyword) => keyword.toLowerCase()),
    entropy: Number(rule.entropy ?? 0),
    secretGroup: Number(rule.secretGroup ?? 0),
    allowlists: allowlists.map(allowlistOf),
  }
}

function allowlistOf(table: Table): Allowlist {
  const target = table.regexTarget === 'match' || table.regexTarget === 'line' ? table.regexTarget : 'secret'
  const regexes = listOf(table.regexes).flatMap((regex) => compiled(regex) ?? [])
  return { regexes, target, stopwords: listOf(table.stopwords).map((word) => word.toLowerCase()) }
}

function listOf(value: Table[string] | undefined): string[] {
  return Array.isArray(value) ? value : []
}

function compiled(regex: string): RE2 | null {
  try {
    return new RE2(regex, 'g')
  } catch {
    return null
  }
}

/** As much of TOML as that file is written in: tables, and keys with strings, numbers and lists of strings. */
function readTables(text: string): { global: Table; rules: { rule: Table; allowlists: Table[] }[] } {
  const global: Table = {}
  const rules: { rule: Table; allowlists: Table[] }[] = []
  let table: Table = {}
  const pattern = /^\[\[?([\w.]+)\]\]?\s*$|^(\w+)\s*=\s*(?:'''(.*?)'''|"((?:[^"\\]|\\.)*)"|\[(.*?)\]\s*$|(-?[\d.]+))/gms
  for (const [, name, key, literal, quoted, list, number] of text.matchAll(pattern)) {
    if (name === 'rules') {
      table = {}
      rules.push({ rule: table, allowlists: [] })
    } else if (name === 'rules.allowlists') {
      table = {}
      rules.at(-1)?.allowlists.push(table)
    } else if (name) table = name === 'allowlist' ? global : {}
    if (key) table[key] = literal ?? quoted ?? (list === undefined ? Number(number) : stringsOf(list))
  }
  return { global, rules }
}

function stringsOf(list: string): string[] {
  return [...list.matchAll(/'''(.*?)'''|"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1] ?? match[2] ?? '')
}

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  const length = [...text].length
  return [...counts.values()].reduce((sum, count) => sum - (count / length) * Math.log2(count / length), 0)
}
