/**
 * RE2 syntax (https://github.com/google/re2/wiki/Syntax, plus the `\uXXXX` and `(?<name>…)` spellings that the binding
 * accepts) -> RegexNode. The RE2 library itself has accepted the pattern before, so this reader only has to understand
 * it; what it can't represent (`\C`, loops over nothing) throws RegexUnsupported. Differential tests hold it to RE2.
 */
import { type Assertion, lengthOf, type RegexNode } from './ast.ts'
import { type CodePoints, DIGIT, foldCase, negate, POSIX, SPACE, unicodeProperty, union, WORD } from './code-points.ts'

export class RegexUnsupported extends Error {}

interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly U: boolean
}

export function parseRegex(pattern: string): RegexNode {
  let node = known.get(pattern)
  if (!node) {
    node = new Reader(pattern).all()
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(pattern, node)
  }
  return node
}

/** A pattern is read when its rule is checked and again when it is compiled. */
const known = new Map<string, RegexNode>()
const KNOWN_MAX = 4_096

const ESCAPED: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const CLASSES: Readonly<Record<string, CodePoints | undefined>> = { d: DIGIT, s: SPACE, w: WORD }
const EMPTY: RegexNode = { kind: 'empty' }
const NESTING_MAX = 200

class Reader {
  readonly #text: readonly string[]
  #at = 0
  #depth = 0

  constructor(pattern: string) {
    this.#text = [...pattern]
  }

  all(): RegexNode {
    const { node } = this.#alternation({ i: false, m: false, s: false, U: false })
    if (this.#at < this.#text.length) throw new RegexUnsupported(`unexpected \`${this.#peek()}\``)
    return node
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? ''
  }

  #looking(at: string): boolean {
    for (let i = 0; i < at.length; i++) if (this.#text[this.#at + i] !== at[i]) return false
    return true
  }

  #alternation(outer: Flags): { node: RegexNode } {
    if (++this.#depth > NESTING_MAX) throw new RegexUnsupported('groups are nested too deep')
    let flags = outer
    const branches: RegexNode[] = []
    let items: RegexNode[] = []
    while (this.#at < this.#text.length && this.#peek() !== ')') {
      if (this.#peek() === '|') {
        this.#at++
        branches.push(cat(items))
        items = []
        continue
      }
      const step = this.#item(flags)
      if ('flags' in step) flags = step.flags
      else items.push(...step.nodes)
    }
    branches.push(cat(items))
    this.#depth--
    return { node: branches.length === 1 ? (branches[0] as RegexNode) : { kind: 'alt', items: branches } }
  }

  #item(flags: Flags): { flags: Flags } | { nodes: RegexNode[] } {
    if (this.#looking('\\Q')) return { nodes: this.#quoted(flags) }
    let node: RegexNode
    if (this.#peek() === '(') {
      const group = this.#group(flags)
      if ('flags' in group) return group
      node = group.node
    } else node = this.#atom(flags)
    for (;;) {
      const repeated = this.#repeat(node, flags)
      if (!repeated) return { nodes: [node] }
      node = repeated
    }
  }

  #quoted(flags: Flags): RegexNode[] {
    this.#at += 2
    const nodes: RegexNode[] = []
    while (this.#at < this.#text.length && !this.#looking('\\E')) nodes.push(this.#literal(this.#next(), flags))
    if (this.#at < this.#text.length) this.#at += 2
    const last = nodes.pop()
    if (!last) return []
    return [...nodes, this.#repeat(last, flags) ?? last]
  }

  #next(): string {
    const character = this.#peek()
    this.#at++
    return character
  }

  #literal(character: string, flags: Flags): RegexNode {
    return codeNode(character.codePointAt(0) ?? 0, flags)
  }

  #group(flags: Flags): { flags: Flags } | { node: RegexNode } {
    this.#at++
    let inner = flags
    if (this.#looking('?P<') || (this.#looking('?<') && this.#peek(2) !== '=' && this.#peek(2) !== '!')) {
      while (this.#next() !== '>')
        if (this.#at >= this.#text.length) throw new RegexUnsupported('group name without end')
    } else if (this.#peek() === '?') {
      this.#at++
      inner = this.#flags(flags)
      if (this.#next() === ')') return { flags: inner }
    }
    const { node } = this.#alternation(inner)
    if (this.#next() !== ')') throw new RegexUnsupported('missing `)`')
    return { node }
  }

  #flags(flags: Flags): Flags {
    let on = true
    let out = flags
    for (;;) {
      const character = this.#peek()
      if (character === ':' || character === ')') return out
      this.#at++
      if (character === '-') on = false
      else if (character === 'i' || character === 'm' || character === 's' || character === 'U')
        out = { ...out, [character]: on }
      else throw new RegexUnsupported(`unknown flag \`${character}\``)
    }
  }

  #repeat(node: RegexNode, flags: Flags): RegexNode | null {
    const rest = this.#peek()
    let min: number
    let max: number
    if (rest === '*' || rest === '+' || rest === '?') {
      this.#at++
      min = rest === '+' ? 1 : 0
      max = rest === '?' ? 1 : Number.POSITIVE_INFINITY
    } else {
      const counted =
        rest === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 12).join('')) : null
      if (!counted) return null
      this.#at += counted[0].length
      min = Number(counted[1])
      max = counted[2] === undefined ? min : counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY
    }
    let greedy = !flags.U
    if (this.#peek() === '?') {
      this.#at++
      greedy = !greedy
    }
    if (max > 1 && lengthOf(node).min === 0)
      throw new RegexUnsupported('it repeats what may match nothing; let the inner part match at least a character')
    return { kind: 'repeat', item: node, min, max, greedy }
  }

  #atom(flags: Flags): RegexNode {
    const character = this.#next()
    switch (character) {
      case '.':
        return { kind: 'set', set: flags.s ? negate([]) : negate([10, 10]) }
      case '^':
        return assert(flags.m ? 'line-start' : 'text-start')
      case '$':
        return assert(flags.m ? 'line-end' : 'text-end')
      case '[':
        return { kind: 'set', set: this.#bracket(flags) }
      case '\\':
        return this.#escape(flags)
      default:
        return this.#literal(character, flags)
    }
  }

  #escape(flags: Flags): RegexNode {
    switch (this.#peek()) {
      case 'b':
        return this.#assertion('word')
      case 'B':
        return this.#assertion('not-word')
      case 'A':
        return this.#assertion('text-start')
      case 'z':
        return this.#assertion('text-end')
      case 'C':
        throw new RegexUnsupported('`\\C` is not supported; write `[\\s\\S]`')
    }
    const named = this.#namedClass(flags)
    if (named) return { kind: 'set', set: named }
    return codeNode(this.#escapedCode(), flags)
  }

  #assertion(what: Assertion): RegexNode {
    this.#at++
    return assert(what)
  }

  /** `\d`, `\pL`, `\P{Greek}` … after the backslash; null when it is something else. */
  #namedClass(flags: Flags): CodePoints | null {
    const character = this.#peek()
    const known = CLASSES[character.toLowerCase()]
    if (known && character !== '') {
      this.#at++
      return signed(known, character >= 'a', flags)
    }
    if (character !== 'p' && character !== 'P') return null
    this.#at++
    let name = this.#next()
    if (name === '{') {
      name = ''
      while (this.#peek() !== '}') {
        if (this.#at >= this.#text.length) throw new RegexUnsupported('property name without end')
        name += this.#next()
      }
      this.#at++
    }
    const inverted = name.startsWith('^')
    name = name.replace(/^\^/, '').replace(/^(?:Script|sc|Script_Extensions|scx)=/, '')
    const set = unicodeProperty(name)
    if (!set) throw new RegexUnsupported(`unknown property \`${name}\``)
    return signed(set, inverted === (character === 'P'), flags)
  }

  #escapedCode(): number {
    const character = this.#next()
    if (Object.hasOwn(ESCAPED, character)) return ESCAPED[character] as number
    if (character === 'x' || character === 'u') {
      let hex = ''
      if (this.#peek() === '{') {
        this.#at++
        while (this.#peek() !== '}' && this.#at < this.#text.length) hex += this.#next()
        this.#at++
      } else for (let i = 0; i < (character === 'x' ? 2 : 4); i++) hex += this.#next()
      return Number.parseInt(hex, 16)
    }
    if (character === 'c') return (this.#next().codePointAt(0) ?? 0) & 0x1f
    if (/[0-7]/.test(character)) {
      let octal = character
      while (octal.length < 3 && /[0-7]/.test(this.#peek())) octal += this.#next()
      return Number.parseInt(octal, 8)
    }
    return character.codePointAt(0) ?? 0
  }

  #bracket(flags: Flags): CodePoints {
    const inverted = this.#peek() === '^'
    if (inverted) this.#at++
    const parts: CodePoints[] = []
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new RegexUnsupported('missing `]`')
      if (this.#looking('[:')) {
        const close = this.#text.indexOf(']', this.#at + 2)
        const posix = /^\[:(\^?)([a-z]+):\]$/.exec(this.#text.slice(this.#at, close + 1).join(''))
        const set = posix ? POSIX[posix[2] ?? ''] : undefined
        if (set) {
          this.#at = close + 1
          parts.push(signed(set, !posix?.[1], flags))
          continue
        }
      }
      if (this.#peek() === '\\') {
        this.#at++
        const named = this.#namedClass(flags)
        if (named) {
          parts.push(named)
          continue
        }
        this.#at--
      }
      const lo = this.#bracketCode()
      let hi = lo
      if (this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '') {
        this.#at++
        hi = this.#bracketCode()
      }
      parts.push([lo, hi])
    }
    this.#at++
    const set = union(...parts)
    return signed(set, !inverted, flags)
  }

  #bracketCode(): number {
    if (this.#peek() !== '\\') return this.#next().codePointAt(0) ?? 0
    this.#at++
    return this.#escapedCode()
  }
}

function cat(items: readonly RegexNode[]): RegexNode {
  if (items.length === 0) return EMPTY
  return items.length === 1 ? (items[0] as RegexNode) : { kind: 'cat', items }
}

function assert(what: Assertion): RegexNode {
  return { kind: 'assert', what }
}

/** Folding comes before negation, so that `(?i)[^k]` doesn't let the Kelvin sign bring `k` back in. */
function signed(set: CodePoints, positive: boolean, flags: Flags): CodePoints {
  const folded = flags.i ? foldCase(set) : set
  return positive ? folded : negate(folded)
}

function codeNode(code: number, flags: Flags): RegexNode {
  return { kind: 'set', set: flags.i ? foldCase([code, code]) : (ASCII[code] ?? [code, code]) }
}

/** One set for each character, so that what is worked out of a set is worked out once. */
const ASCII: readonly CodePoints[] = Array.from({ length: 0x80 }, (_, code) => [code, code])
