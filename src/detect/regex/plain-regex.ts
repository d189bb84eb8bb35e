/**
 * Whether a pattern is sure to be one that RE2 takes and that wants at least a character: asking RE2 itself means
 * compiling it, which for a thousand patterns takes most of a start. Errs to one side only; `false` says "ask RE2".
 * A test holds it to RE2. Pure.
 */
import { lengthOf, type RegexNode, stepsOf } from './ast.ts'
import { parseRegex, RegexUnsupported } from './parse-regex.ts'

/** RE2 refuses counts past this, and nested ones whose product is (re2/parse.cc, `maximum_repeat_count`). */
const REPEATS_MAX = 1_000
/** Far below what RE2's memory limit for a program holds, however many byte ranges a step's characters need. */
const STEPS_MAX = 2_000

const HEX = '[0-9A-Fa-f]'
const ESCAPE = `\\\\(?:[dDwWsSnrtfv]|[!-/:-@\\[-\`{-~]|x${HEX}{2}|x\\{${HEX}{1,5}\\})`
const CLASS_CHARACTER = `(?:[^\\[\\]\\\\-]|${ESCAPE})`
const CLASS = `\\[\\^?-?${CLASS_CHARACTER}(?:-?${CLASS_CHARACTER})*-?\\]`
const TOKEN = new RegExp(
  [
    `([^\\\\\\[\\](){}*+?|^$]|${ESCAPE}|${CLASS})`,
    '(?:\\\\[bBAz]|[\\^$])',
    '(?:\\(\\?[ims]{1,3}(?:-[ims]{1,3})?\\))',
    '(\\((?:\\?:|\\?[ims]{0,3}(?:-[ims]{1,3})?:|\\?P?<([A-Za-z_][A-Za-z0-9_]*)>)?(?![?]))',
    '(\\))',
    '((?:[*+?]|\\{(\\d{1,4})(?:,(\\d{1,4})?)?\\})\\??)',
    '\\|',
  ].join('|'),
  'y',
)
/** What the groups of TOKEN are; without one it is an assertion, flags or `|`. */
const [ATOM, OPEN, NAME, CLOSE, REPEAT, MIN, MAX] = [1, 2, 3, 4, 5, 6, 7] as const

export function isPlainRegex(pattern: string): boolean {
  if (!pattern.isWellFormed() || !hasPlainSyntax(pattern)) return false
  try {
    const node = parseRegex(pattern)
    return lengthOf(node).min > 0 && stepsOf(node) <= STEPS_MAX && repeats(node) <= REPEATS_MAX
  } catch (thrown) {
    if (thrown instanceof RegexUnsupported) return false
    throw thrown
  }
}

function hasPlainSyntax(pattern: string): boolean {
  const names = new Set<string>()
  let depth = 0
  let repeatable = false
  TOKEN.lastIndex = 0
  for (let at = 0; at < pattern.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(pattern)
    if (!token) return false
    const atom = token[ATOM]
    const name = token[NAME]
    if (token[OPEN]) depth++
    if (token[CLOSE] && depth-- === 0) return false
    if (token[REPEAT] && (!repeatable || !isOrdered(token[MIN], token[MAX]))) return false
    if (name && names.size === names.add(name).size) return false
    if (atom && atom.length > 1 && !hasOrderedRanges(atom)) return false
    repeatable = atom !== undefined || token[CLOSE] !== undefined
  }
  return depth === 0
}

function isOrdered(min: string | undefined, max: string | undefined): boolean {
  return (
    min === undefined ||
    (Number(min) <= REPEATS_MAX && Number(max ?? min) <= REPEATS_MAX && Number(max ?? min) >= Number(min))
  )
}

const RANGE = new RegExp(`(${CLASS_CHARACTER})-(${CLASS_CHARACTER})|${CLASS_CHARACTER}`, 'gs')

/** Ranges between plain characters alone, each upwards. */
function hasOrderedRanges(atom: string): boolean {
  if (!atom.startsWith('[')) return true
  for (const [, from, to] of atom.slice(atom[1] === '^' ? 2 : 1, -1).matchAll(RANGE))
    if (from && to && !(from.length === 1 && to.length === 1 && from <= to)) return false
  return true
}

/** The greatest product of counts that stand inside each other. */
function repeats(node: RegexNode): number {
  switch (node.kind) {
    case 'empty':
    case 'assert':
    case 'set':
      return 1
    case 'cat':
    case 'alt':
      return Math.max(1, ...node.items.map(repeats))
    case 'repeat':
      return Math.max(1, node.max === Number.POSITIVE_INFINITY ? node.min : node.max) * repeats(node.item)
  }
}
