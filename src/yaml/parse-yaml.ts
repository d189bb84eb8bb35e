/**
 * YAML text -> a plain value whose every node can still be located, or Diagnostics with `file:row:column` and what to
 * write instead. Pure; shared by configuration, policies and detection rules.
 */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'

export type Path = readonly (string | number)[]

export interface YamlSource {
  readonly file: string
  readonly value: unknown
  /** Place of the node at `path`, or of the nearest ancestor that exists. `key` asks for the key instead of the value. */
  at(path: Path, what?: 'key' | 'value'): { readonly row: number; readonly column: number }
  diagnostic(path: Path, code: string, message: string, what?: 'key' | 'value'): Diagnostic
}

export interface ParsedYaml {
  readonly source: YamlSource | null
  readonly diagnostics: Diagnostic[]
}

const ALIASES_MAX = 100

/** A file's text, with what it says where that is known already. */
export interface YamlText {
  readonly file: string
  readonly text: string
  /** The value that parsing the text gives, without complaints; plain JSON. Whoever gives it vouches for it. */
  readonly value?: unknown
}

/** As `parseYaml`; a text whose value is known is parsed only when a place in it is asked for. */
export function readYaml({ file, text, value }: YamlText): ParsedYaml {
  if (value === undefined) return parseYaml(file, text)
  let parsed: YamlSource | null = null
  const at: YamlSource['at'] = (path, what) => {
    parsed ??= parseYaml(file, text).source
    return parsed?.at(path, what) ?? { row: 1, column: 1 }
  }
  return { source: yamlSource(file, value, at), diagnostics: [] }
}

/** Parses one YAML document. Duplicate keys, bad syntax and alias bombs are diagnostics, not exceptions. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, strict: true })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { row: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const diagnostics: Diagnostic[] = [...document.errors, ...document.warnings].map((problem) => ({
    file,
    ...place(problem.pos[0]),
    code: problem.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'yaml-syntax',
    message: syntaxMessage(problem.code, problem.message),
    severity: problem.name === 'YAMLWarning' ? 'warning' : 'error',
  }))
  for (const { offset, name } of undefinedAliases(document)) {
    const message = `\`*${name}\` refers to \`&${name}\`, which stands nowhere above; put a text that begins with \`*\` in quotes: \`'*${name}'\``
    diagnostics.push({ file, ...place(offset), code: 'yaml-aliases', message, severity: 'error' })
  }
  if (diagnostics.some(({ severity }) => severity === 'error')) return { source: null, diagnostics }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX })
  } catch (thrown) {
    const message = thrown instanceof Error ? firstLine(thrown.message) : 'cannot be resolved'
    diagnostics.push({ file, row: 1, column: 1, code: 'yaml-aliases', message, severity: 'error' })
    return { source: null, diagnostics }
  }
  const at: YamlSource['at'] = (path, what = 'value') => place(offsetOf(document.contents, path, what))
  return { source: yamlSource(file, value, at), diagnostics }
}

function yamlSource(file: string, value: unknown, at: YamlSource['at']): YamlSource {
  return {
    file,
    value,
    at,
    diagnostic: (path, code, message, what) => ({ file, ...at(path, what), code, message, severity: 'error' }),
  }
}

const SYNTAX_REMEDIES: Partial<Readonly<Record<ErrorCode, string>>> = {
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape; use single quotes, where it is itself',
  BAD_INDENT: 'let all keys of one section begin in the same column, further right than the section’s own',
  BAD_SCALAR_START: 'put a text that begins with this character in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'write each key on a line of its own, and put a text that holds `: ` in quotes',
  DUPLICATE_KEY: 'this key stands here twice; remove one of the two',
  MISSING_CHAR: 'close what was opened: every quote, bracket and brace',
  MULTILINE_IMPLICIT_KEY: 'write `key: value` on one line, each key in the column of its neighbours',
  MULTIPLE_DOCS: 'a file holds one document; remove the `---` before the second',
  TAB_AS_INDENT: 'use spaces',
  TAG_RESOLVE_FAILED: 'remove the tag; put a text that begins with `!` in quotes',
  UNEXPECTED_TOKEN: 'look at the indentation, and at quotes and brackets before this place',
}

function syntaxMessage(code: ErrorCode, message: string): string {
  const remedy = SYNTAX_REMEDIES[code]
  if (code === 'DUPLICATE_KEY' || code === 'MULTIPLE_DOCS') return remedy ?? ''
  return remedy ? `${firstLine(message)}; ${remedy}` : firstLine(message)
}

/** `*.example.com` without quotes is an alias to YAML, and a domain to who wrote it. */
function undefinedAliases(document: Document): { offset: number; name: string }[] {
  const anchors = new Set<string>()
  const found: { offset: number; name: string }[] = []
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) found.push({ offset: node.range?.[0] ?? 0, name: node.source })
      } else if (node.anchor) anchors.add(node.anchor)
    },
  })
  return found
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}

function offsetOf(root: Node | null, path: Path, what: 'key' | 'value'): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(step))
      if (!pair) return offset
      const key = pair.key as Node | null
      const value = pair.value as Node | null
      if (last && what === 'key') return key?.range?.[0] ?? offset
      offset = value?.range?.[0] ?? key?.range?.[0] ?? offset
      node = value
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined
      if (!item) return offset
      offset = item.range?.[0] ?? offset
      node = item
    } else return offset
  }
  return offset
}
