/**
 * The first bytes that matches of a pattern can have, case folded, where they are few: a look at them rules out nearly
 * every place of a text. Derived from the syntax tree; assertions count as fulfilled, so there may be more beginnings
 * than matches, never fewer. Pure.
 */
import type { RegexNode } from './ast.ts'
import type { CodePoints } from './code-points.ts'

/** A pattern with more beginnings begins like any word. */
const BEGINNINGS_MAX = 300
/** So many, where they may be longer than the least. */
const LONG_BEGINNINGS_MAX = 2_000
/** A beginning that is long enough ends before a character of which there are more. */
const FAN_OUT_MAX = 8

/** Thrown by many a pattern, so it is made once: what it costs is noting where. */
const TOO_MANY = new Error('there are too many beginnings')

/** Latin-1 strings of bytes; `open` ones go on with what follows. */
interface Beginnings {
  readonly least: number
  readonly most: number
  readonly whole: Set<string>
  readonly open: Set<string>
}

/**
 * Every folded beginning of `least` to `most` bytes that a match can have, each byte as a Latin-1 character: every match
 * begins with one of them. null when they are too many, or when a match may be shorter than `least` and so be followed
 * by anything.
 */
export function beginningsOf(node: RegexNode, least: number, most = least): string[] | null {
  try {
    const { whole, open } = extend({ least, most, whole: new Set(), open: new Set(['']) }, node)
    for (const begun of open) {
      if (begun.length < least) return null
      whole.add(begun)
    }
    return [...whole]
  } catch (thrown) {
    if (thrown === TOO_MANY) return null
    throw thrown
  }
}

function extend(from: Beginnings, node: RegexNode): Beginnings {
  if (from.open.size === 0) return from
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return from
    case 'set':
      return withSet(from, node.set)
    case 'cat':
      return node.items.reduce(extend, from)
    case 'alt':
      return joined(
        from,
        node.items.map((item) => extend(from, item)),
      )
    case 'repeat': {
      let all = from
      for (let i = 0; i < node.min && all.open.size > 0; i++) all = extend(all, node.item)
      const steps = [all]
      for (let i = node.min; i < node.max && all.open.size > 0; i++) {
        const longer = extend(all, node.item)
        // What reads nothing leads nowhere, however often it is repeated.
        if (longer.open.size === all.open.size && [...longer.open].every((bytes) => all.open.has(bytes))) break
        all = longer
        steps.push(all)
      }
      return joined(all, steps)
    }
  }
}

function joined({ least, most, whole }: Beginnings, all: readonly Beginnings[]): Beginnings {
  const out = { least, most, whole: new Set(whole), open: new Set<string>() }
  for (const one of all) {
    for (const bytes of one.whole) out.whole.add(bytes)
    for (const bytes of one.open) out.open.add(bytes)
  }
  boundSize(out)
  return out
}

function boundSize({ least, most, whole, open }: Beginnings): void {
  if (whole.size + open.size > (most > least ? LONG_BEGINNINGS_MAX : BEGINNINGS_MAX)) throw TOO_MANY
}

function withSet(from: Beginnings, set: CodePoints): Beginnings {
  const { least, most } = from
  const out = { least, most, whole: new Set(from.whole), open: new Set<string>() }
  const few = sizeOf(set) <= 2 * FAN_OUT_MAX
  const characters = few || [...from.open].some((begun) => begun.length < least) ? foldedCharacters(set) : []
  for (const begun of from.open) {
    if (begun.length >= least && (!few || characters.length > FAN_OUT_MAX)) {
      out.whole.add(begun)
      continue
    }
    for (const character of characters) {
      const bytes = begun + character
      if (bytes.length >= most) out.whole.add(bytes.slice(0, most))
      else out.open.add(bytes)
      boundSize(out)
    }
  }
  return out
}

/** UTF-8 of the set's characters as Latin-1, ASCII in lower case. */
function foldedCharacters(set: CodePoints): readonly string[] {
  let known = folded.get(set)
  if (known === undefined) {
    known = sizeOf(set) - CAPITALS > BEGINNINGS_MAX ? null : foldCharacters(set)
    folded.set(set, known)
  }
  if (!known || known.length > BEGINNINGS_MAX) throw TOO_MANY
  return known
}

/** Patterns share most of their sets. */
const folded = new WeakMap<CodePoints, readonly string[] | null>()
/** So many characters at most are others' folded form. */
const CAPITALS = 26

function sizeOf(set: CodePoints): number {
  let size = 0
  for (let i = 0; i < set.length; i += 2) size += (set[i + 1] as number) - (set[i] as number) + 1
  return size
}

function foldCharacters(set: CodePoints): string[] {
  const characters = new Set<string>()
  for (let i = 0; i < set.length; i += 2)
    for (let code = set[i] as number; code <= (set[i + 1] as number); code++) {
      const upper = code >= 0x41 && code <= 0x5a
      if (code < 0x80) characters.add(String.fromCharCode(upper ? code + 32 : code))
      else characters.add(Buffer.from(String.fromCodePoint(code)).toString('latin1'))
    }
  return [...characters]
}
