/**
 * Literals of which every match of a pattern contains one, derived from its syntax tree: never from an author's list,
 * which would lose matches where it is wrong. Case is folded. Pure.
 */

import { byteLengthOf, lengthOf, type RegexNode } from './ast.ts'
import { foldCase } from './code-points.ts'

export interface RequiredLiterals {
  /** What isn't in lower case is looked for as it is, the rest in any case; none is empty. */
  readonly literals: readonly string[]
  /** Most (Infinity where unbounded) and least bytes of a match that stand before the literal. */
  readonly before: number
  readonly beforeMin: number
  /** 1 for each byte that may be among them. */
  readonly lead: Uint8Array
}

const LITERALS_MAX = 128
const LITERAL_LENGTH_MAX = 24
const SET_SIZE_MAX = 4

/** Every set of required literals that the tree gives; a caller picks the one that is rarest in text. */
export function requiredLiterals(node: RegexNode): RequiredLiterals[] {
  return factors(node).filter(({ literals }) => literals.length > 0 && literals.every((l) => l !== ''))
}

/** All strings that the node matches, lower-cased, when they are few; else null. */
function exactStrings(node: RegexNode): readonly string[] | null {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return ['']
    case 'set':
      return smallSet(node.set)
    case 'cat':
      return node.items.reduce<readonly string[] | null>((all, item) => crossed(all, exactStrings(item)), [''])
    case 'alt': {
      const branches = node.items.map(exactStrings)
      return branches.some((branch) => branch === null) ? null : distinct(branches.flatMap((branch) => branch ?? []))
    }
    case 'repeat': {
      if (node.max > LITERAL_LENGTH_MAX) return null
      const item = exactStrings(node.item)
      let all: readonly string[] | null = ['']
      for (let i = 0; i < node.min; i++) all = crossed(all, item)
      let tail: readonly string[] | null = ['']
      for (let i = node.min; i < node.max; i++) {
        const longer: readonly string[] | null = crossed(item, tail)
        tail = longer && distinct(['', ...longer])
      }
      return crossed(all, tail)
    }
  }
}

function factors(node: RegexNode): RequiredLiterals[] {
  const exact = exactStrings(node)
  const own = exact ? [{ literals: exact, before: 0, beforeMin: 0, lead: NO_BYTES }] : []
  switch (node.kind) {
    case 'cat':
      return [...own, ...factorsOfCat(node.items)]
    case 'alt': {
      const branches = node.items.map((item) => rarest(requiredLiterals(item)))
      if (branches.some((branch) => branch === null)) return own
      const all = branches.flatMap((branch) => branch ?? [])
      const literals = distinct(all.flatMap((branch) => branch.literals))
      if (!literals) return own
      const before = Math.max(...all.map((branch) => branch.before))
      const beforeMin = Math.min(...all.map((branch) => branch.beforeMin))
      return [...own, { literals, before, beforeMin, lead: all.map((branch) => branch.lead).reduce(either) }]
    }
    case 'repeat':
      return node.min > 0 ? [...own, ...factors(node.item)] : own
    default:
      return own
  }
}

function factorsOfCat(items: readonly RegexNode[]): RequiredLiterals[] {
  const found: RequiredLiterals[] = []
  const start = { before: 0, beforeMin: 0, lead: NO_BYTES as Uint8Array }
  let here = start
  let run: RequiredLiterals = { ...start, literals: [''] }
  for (const item of items) {
    const after = {
      before: here.before + byteLengthOf(item),
      beforeMin: here.beforeMin + lengthOf(item).min,
      lead: either(here.lead, bytesOf(item)),
    }
    const longer = crossed(run.literals, exactStrings(item))
    if (longer) run = { ...run, literals: longer }
    else {
      found.push(run)
      for (const factor of factors(item))
        found.push({
          literals: factor.literals,
          before: here.before + factor.before,
          beforeMin: here.beforeMin + factor.beforeMin,
          lead: either(here.lead, factor.lead),
        })
      const alone = exactStrings(item)
      // `(?:[a-z]+\.)+com` has the literal `.com`, though the dot stands in another group.
      const suffix = alone ? null : exactSuffix(item)
      const lengths = suffix?.map((text) => Buffer.byteLength(text)) ?? [0]
      if (alone) run = { ...here, literals: alone }
      else
        run = {
          ...after,
          before: after.before - Math.min(...lengths),
          beforeMin: Math.max(0, after.beforeMin - Math.max(...lengths)),
          literals: suffix ?? [''],
        }
    }
    here = after
  }
  found.push(run)
  return found
}

/** Strings of which every match of the node ends with one, where its syntax shows them. */
function exactSuffix(node: RegexNode): readonly string[] | null {
  if (node.kind === 'cat') {
    const last = node.items.at(-1)
    return last ? (exactStrings(last) ?? exactSuffix(last)) : null
  }
  if (node.kind === 'repeat' && node.min > 0) return exactStrings(node.item) ?? exactSuffix(node.item)
  return null
}

const NO_BYTES = new Uint8Array(256)

function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((bit, byte) => bit | (b[byte] as number))
}

/** Bytes that can be in a match; one of a character beyond ASCII stands for all such bytes. */
function bytesOf(node: RegexNode): Uint8Array {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return NO_BYTES
    case 'set': {
      const bytes = new Uint8Array(256)
      for (let i = 0; i < node.set.length; i += 2) {
        const hi = node.set[i + 1] as number
        bytes.fill(1, Math.min(node.set[i] as number, 0x80), Math.min(hi, 0x7f) + 1)
        if (hi >= 0x80) bytes.fill(1, 0x80)
      }
      return bytes
    }
    case 'cat':
    case 'alt':
      return node.items.map(bytesOf).reduce(either, NO_BYTES)
    case 'repeat':
      return bytesOf(node.item)
  }
}

function crossed(left: readonly string[] | null, right: readonly string[] | null): readonly string[] | null {
  if (!left || !right || left.length * right.length > LITERALS_MAX) return null
  const all = left.flatMap((a) => right.map((b) => a + b))
  return all.some((text) => text.length > LITERAL_LENGTH_MAX) ? null : distinct(all)
}

function distinct(all: readonly string[]): readonly string[] | null {
  const set = [...new Set(all)]
  return set.length > LITERALS_MAX ? null : set
}

function smallSet(set: readonly number[]): readonly string[] | null {
  const all = new Set<string>()
  for (let i = 0; i < set.length; i += 2) {
    const lo = set[i] as number
    const hi = set[i + 1] as number
    if (hi - lo > 2 * SET_SIZE_MAX) return null
    for (let code = lo; code <= hi; code++) {
      all.add(hi === lo && set.length === 2 ? String.fromCodePoint(code) : foldLiteral(String.fromCodePoint(code)))
    }
  }
  return all.size > SET_SIZE_MAX ? null : [...all]
}

/** One spelling for characters that differ by case alone; a literal is looked for in all of them. */
function foldLiteral(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const forms = foldCase([code, code]).map((form) => String.fromCodePoint(form))
  // Lower-case ASCII where there is one (`k` for the Kelvin sign), else what is its own lower case.
  const ascii = forms.find((form) => form >= 'a' && form <= 'z')
  return ascii ?? forms.find((form) => form === form.toLowerCase()) ?? character
}

/** The set whose shortest literal is longest; good enough inside an alternative. */
function rarest(all: readonly RequiredLiterals[]): RequiredLiterals | null {
  const weight = ({ literals }: RequiredLiterals) =>
    Math.min(...literals.map((l) => l.length)) - literals.length / LITERALS_MAX
  return all.reduce<RequiredLiterals | null>((best, one) => (best && weight(best) >= weight(one) ? best : one), null)
}
