/**
 * Sets of Unicode code points as sorted, disjoint, inclusive ranges, and the classes that RE2 syntax names. Unicode
 * properties come from the runtime's own tables. Pure.
 */

/** `[lo, hi, lo, hi, …]`, ascending and not touching. */
export type CodePoints = readonly number[]

export const CODE_POINT_MAX = 0x10ffff

/** Sorts and merges ranges given as `[lo, hi, …]` in any order. */
export function union(...sets: readonly CodePoints[]): CodePoints {
  const pairs: [number, number][] = []
  for (const set of sets) for (let i = 0; i < set.length; i += 2) pairs.push([set[i] as number, set[i + 1] as number])
  pairs.sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [lo, hi] of pairs) {
    const end = merged.length - 1
    const last = merged[end]
    if (last !== undefined && lo <= last + 1) merged[end] = Math.max(last, hi)
    else merged.push(lo, hi)
  }
  return merged
}

export function negate(set: CodePoints): CodePoints {
  const out: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    const lo = set[i] as number
    if (lo > next) out.push(next, lo - 1)
    next = (set[i + 1] as number) + 1
  }
  if (next <= CODE_POINT_MAX) out.push(next, CODE_POINT_MAX)
  return out
}

const chars = (text: string): CodePoints =>
  union(
    ...[...text].map((c) => {
      const code = c.codePointAt(0) ?? 0
      return [code, code]
    }),
  )

export const DIGIT: CodePoints = [0x30, 0x39]
export const SPACE: CodePoints = chars('\t\n\f\r ')
export const WORD: CodePoints = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]

export const POSIX: Readonly<Record<string, CodePoints>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGIT,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: WORD,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
}

const properties = new Map<string, CodePoints | null>()

/** Code points of a general category (`L`, `Lu`) or a script (`Greek`); null when there is no such property. */
export function unicodeProperty(name: string): CodePoints | null {
  if (name === 'Any') return [0, CODE_POINT_MAX]
  let known = properties.get(name)
  if (known === undefined) {
    known = enumerate(`\\p{${name}}`) ?? enumerate(`\\p{Script=${name}}`)
    properties.set(name, known)
  }
  return known
}

/** Of the code points in the ranges, and in `alike` ones. */
function enumerate(
  property: string,
  ranges: readonly Range[] = VARIED,
  alike: readonly Range[] = ALIKE,
): CodePoints | null {
  let regex: RegExp
  try {
    regex = new RegExp(`${property}+`, 'gu')
  } catch {
    return null
  }
  const out: number[] = []
  for (const [first, last] of ranges)
    for (let from = first; from < last; from += CHUNK) {
      const units = from > 0xffff ? 2 : 1
      for (const run of textOf(from, Math.min(from + CHUNK - 1, last)).matchAll(regex)) {
        const lo = from + run.index / units
        out.push(lo, lo + run[0].length / units - 1)
      }
    }
  for (const [first, last] of alike) if (String.fromCodePoint(first).search(regex) === 0) out.push(first, last)
  return union(out)
}

type Range = readonly [first: number, last: number]

/** Where code points differ from their neighbours; surrogates are none. */
const VARIED = [
  [0, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x3ffff],
  [0xe0000, 0xeffff],
] as const
/**
 * The other planes hold nothing yet, or what is for private use, and two noncharacters at their end. Looking at each of
 * their code points would be most of the work; a test does.
 */
const ALIKE = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16].flatMap((plane) => [
  [plane << 16, (plane << 16) + 0xfffd] as const,
  [(plane << 16) + 0xfffe, (plane << 16) + 0xffff] as const,
])
const CHUNK = 0x4000

/** Every code point from `first` to `last`, which are of one plane and no surrogates. */
function textOf(first: number, last: number): string {
  const units = new DataView(new ArrayBuffer((last - first + 1) * (first > 0xffff ? 4 : 2)))
  let at = 0
  for (let code = first; code <= last; code++, at += 2) {
    if (code > 0xffff) {
      units.setUint16(at, 0xd7c0 + (code >> 10), true)
      at += 2
    }
    units.setUint16(at, code > 0xffff ? 0xdc00 + (code & 0x3ff) : code, true)
  }
  return Buffer.from(units.buffer).toString('utf16le')
}

/** Where letters that have another case stand, as a test sees: most scripts have none. */
const CASED: readonly Range[] = [
  [0, 0x2fff],
  [0xa000, 0xabff],
  [0xfb00, 0xffff],
  [0x10000, 0x11fff],
  [0x16000, 0x16fff],
  [0x1d000, 0x1efff],
]

let orbits: Map<number, number[]> | undefined

/** Simple case folding: every code point that differs from a member of the set by case alone joins it. */
export function foldCase(set: CodePoints): CodePoints {
  const key = set.length <= FOLDS_KEY_MAX ? set.join() : ''
  let folded = folds.get(key)
  if (!folded) {
    folded = withOrbits(set)
    if (folds.size >= FOLDS_MAX) folds.clear()
    if (key !== '') folds.set(key, folded)
  }
  return folded
}

/** Most sets are single letters and a few classes, which stand in every pattern. */
const folds = new Map<string, CodePoints>()
const FOLDS_MAX = 4_096
const FOLDS_KEY_MAX = 16

function withOrbits(set: CodePoints): CodePoints {
  const added: number[] = []
  const table = caseOrbits()
  for (let i = 0; i < set.length; i += 2) {
    const lo = set[i] as number
    const hi = set[i + 1] as number
    if (hi - lo > table.size) {
      for (const [code, others] of table)
        if (code >= lo && code <= hi) for (const other of others) added.push(other, other)
    } else {
      for (let code = lo; code <= hi; code++) for (const other of table.get(code) ?? []) added.push(other, other)
    }
  }
  return union(set, added)
}

function* codesOf(set: CodePoints): Generator<number> {
  for (let i = 0; i < set.length; i += 2)
    for (let code = set[i] as number; code <= (set[i + 1] as number); code++) yield code
}

function caseOrbits(): Map<number, number[]> {
  if (orbits) return orbits
  const byKey = new Map<number, number[]>()
  const single = (text: string, otherwise: number) => {
    const code = text.codePointAt(0) ?? otherwise
    return String.fromCodePoint(code).length === text.length ? code : otherwise
  }
  const cased = enumerate('\\p{Changes_When_Casemapped}', CASED, []) ?? []
  for (const code of codesOf(cased)) {
    const text = String.fromCodePoint(code)
    const upper = single(text.toUpperCase(), code)
    const key = single(String.fromCodePoint(upper).toLowerCase(), upper)
    // U+0130 and U+0131 fold to nothing else under simple folding; letting them join `i` would differ from RE2.
    if (code === 0x130 || code === 0x131) continue
    const members = byKey.get(key)
    if (members) members.push(code)
    else byKey.set(key, [code])
  }
  orbits = new Map()
  for (const members of byKey.values())
    if (members.length > 1)
      for (const code of members)
        orbits.set(
          code,
          members.filter((other) => other !== code),
        )
  return orbits
}
