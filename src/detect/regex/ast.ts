/** Syntax tree of an RE2 pattern, as far as matching is concerned: groups that only capture are gone. */
import type { CodePoints } from './code-points.ts'

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word'

export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'cat'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'alt'; readonly items: readonly RegexNode[] }
  | {
      readonly kind: 'repeat'
      readonly item: RegexNode
      readonly min: number
      /** Infinity when unbounded. */
      readonly max: number
      readonly greedy: boolean
    }
  | { readonly kind: 'assert'; readonly what: Assertion }

/** Least and greatest number of code points that a match of the node may have. */
export function lengthOf(node: RegexNode): { min: number; max: number } {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return { min: 0, max: 0 }
    case 'set':
      return { min: 1, max: 1 }
    case 'cat': {
      const lengths = node.items.map(lengthOf)
      return { min: lengths.reduce((sum, l) => sum + l.min, 0), max: lengths.reduce((sum, l) => sum + l.max, 0) }
    }
    case 'alt': {
      const lengths = node.items.map(lengthOf)
      return { min: Math.min(...lengths.map((l) => l.min)), max: Math.max(...lengths.map((l) => l.max)) }
    }
    case 'repeat': {
      const { min, max } = lengthOf(node.item)
      return { min: min * node.min, max: max === 0 || node.max === 0 ? 0 : max * node.max }
    }
  }
}

/** Most bytes of UTF-8 that a match of the node may have; Infinity when unbounded. */
export function byteLengthOf(node: RegexNode): number {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return 0
    case 'set': {
      const last = node.set.at(-1) ?? 0
      return last < 0x80 ? 1 : last < 0x800 ? 2 : last < 0x10000 ? 3 : 4
    }
    case 'cat':
      return node.items.reduce((sum, item) => sum + byteLengthOf(item), 0)
    case 'alt':
      return Math.max(...node.items.map(byteLengthOf))
    case 'repeat': {
      const item = byteLengthOf(node.item)
      return item === 0 || node.max === 0 ? 0 : item * node.max
    }
  }
}

/** Characters of a match within which a digit is sure to stand; Infinity where none is. */
export function digitWithin(node: RegexNode): number {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return Number.POSITIVE_INFINITY
    case 'set':
      return node.set.length === 2 && (node.set[0] as number) >= 0x30 && (node.set[1] as number) <= 0x39
        ? 1
        : Number.POSITIVE_INFINITY
    case 'cat': {
      let before = 0
      for (const item of node.items) {
        const within = digitWithin(item)
        if (within < Number.POSITIVE_INFINITY) return before + within
        before += lengthOf(item).max
      }
      return Number.POSITIVE_INFINITY
    }
    case 'alt':
      return Math.max(...node.items.map(digitWithin))
    case 'repeat':
      return node.min > 0 ? digitWithin(node.item) : Number.POSITIVE_INFINITY
  }
}

/** Letters, digits and underscores that every match is sure to begin with, up to `enough`. */
export function wordRunOf(node: RegexNode, enough: number): { run: number; whole: boolean } {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return { run: 0, whole: true }
    case 'set': {
      const word = isWordSet(node.set)
      return { run: word ? 1 : 0, whole: word }
    }
    case 'cat': {
      let run = 0
      for (const item of node.items) {
        const own = wordRunOf(item, enough - run)
        run += own.run
        if (!own.whole || run >= enough) return { run, whole: false }
      }
      return { run, whole: true }
    }
    case 'alt': {
      const branches = node.items.map((item) => wordRunOf(item, enough))
      return { run: Math.min(...branches.map(({ run }) => run)), whole: false }
    }
    case 'repeat': {
      const own = wordRunOf(node.item, enough)
      const run = own.whole ? own.run * node.min : Math.min(own.run, own.run * node.min)
      // What may follow the sure repeats is more of the same, but how much isn't sure, so the run ends there.
      return { run, whole: own.whole && node.max === node.min }
    }
  }
}

function isWordSet(set: CodePoints): boolean {
  for (let i = 0; i < set.length; i += 2) {
    const [lo, hi] = [set[i] as number, set[i + 1] as number]
    const within = (from: number, to: number) => lo >= from && hi <= to
    // Beyond ASCII bytes count as part of a run, so such characters may stand in it.
    if (!(within(0x30, 0x39) || within(0x41, 0x5a) || within(0x61, 0x7a) || within(0x5f, 0x5f) || lo >= 0x80))
      return false
  }
  return true
}

/** Whether every match begins at the start of a line or of the text. */
export function beginsLine(node: RegexNode): boolean {
  switch (node.kind) {
    case 'assert':
      return node.what === 'line-start' || node.what === 'text-start'
    case 'cat':
      return node.items[0] !== undefined && beginsLine(node.items[0])
    case 'alt':
      return node.items.every(beginsLine)
    case 'repeat':
      return node.min > 0 && beginsLine(node.item)
    default:
      return false
  }
}

/** Instructions that the node compiles to, at most (see `match/program.ts`). */
export function stepsOf(node: RegexNode): number {
  switch (node.kind) {
    case 'empty':
      return 0
    case 'assert':
    case 'set':
      return 1
    case 'cat':
      return node.items.reduce((sum, item) => sum + stepsOf(item), 0)
    case 'alt':
      return node.items.reduce((sum, item) => sum + stepsOf(item), 1)
    case 'repeat': {
      const copies = node.max === Number.POSITIVE_INFINITY ? node.min + 1 : node.max
      return copies * (stepsOf(node.item) + 1)
    }
  }
}
