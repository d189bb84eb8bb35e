/**
 * A set of code points -> the byte sequences of their UTF-8 forms (RFC 3629 section 3), as a trie of byte ranges in
 * which equal subtrees are one. Pure.
 */
import type { CodePoints } from './code-points.ts'

/** `edges` are disjoint byte ranges; a null target is the end of a code point. */
export interface ByteNode {
  readonly edges: readonly { readonly lo: number; readonly hi: number; readonly to: ByteNode | null }[]
}

const LENGTH_LIMITS = [0x7f, 0x7ff, 0xffff, 0x10ffff]

export function utf8Set(set: CodePoints): ByteNode {
  const sequences: number[][] = []
  for (let i = 0; i < set.length; i += 2) splitByLength(set[i] as number, set[i + 1] as number, sequences)
  return build(sequences, 0, new Map())
}

/** Each sequence is `[lo, hi, lo, hi …]`, one pair a byte. */
function splitByLength(lo: number, hi: number, out: number[][]): void {
  let from = lo
  for (const limit of LENGTH_LIMITS) {
    if (from > hi) return
    if (from > limit) continue
    splitByPrefix(from, Math.min(hi, limit), out)
    from = limit + 1
  }
}

function splitByPrefix(lo: number, hi: number, out: number[][]): void {
  const length = encodedLength(lo)
  for (let i = 1; i < length; i++) {
    const mask = (1 << (6 * i)) - 1
    if ((lo & ~mask) === (hi & ~mask)) continue
    if ((lo & mask) !== 0) {
      splitByPrefix(lo, lo | mask, out)
      splitByPrefix((lo | mask) + 1, hi, out)
      return
    }
    if ((hi & mask) !== mask) {
      splitByPrefix(lo, (hi & ~mask) - 1, out)
      splitByPrefix(hi & ~mask, hi, out)
      return
    }
  }
  const a = encode(lo, length)
  const b = encode(hi, length)
  out.push(a.flatMap((byte, i) => [byte, b[i] as number]))
}

function encodedLength(code: number): number {
  return code <= 0x7f ? 1 : code <= 0x7ff ? 2 : code <= 0xffff ? 3 : 4
}

function encode(code: number, length: number): number[] {
  if (length === 1) return [code]
  const bytes: number[] = []
  let rest = code
  for (let i = 1; i < length; i++) {
    bytes.unshift(0x80 | (rest & 0x3f))
    rest >>= 6
  }
  return [((0xf00 >> length) & 0xff) | rest, ...bytes]
}

/** The sequences come in ascending order, so equal first ranges are neighbours. */
function build(sequences: readonly number[][], depth: number, known: Map<string, ByteNode>): ByteNode {
  const edges: { lo: number; hi: number; to: ByteNode | null }[] = []
  for (let i = 0; i < sequences.length; ) {
    const lo = sequences[i]?.[depth] as number
    const hi = sequences[i]?.[depth + 1] as number
    let end = i
    while (end < sequences.length && sequences[end]?.[depth] === lo && sequences[end]?.[depth + 1] === hi) end++
    const rest = sequences.slice(i, end)
    const to = (rest[0]?.length ?? 0) > depth + 2 ? build(rest, depth + 2, known) : null
    const last = edges.at(-1)
    if (last && last.hi === lo - 1 && last.to === to) last.hi = hi
    else edges.push({ lo, hi, to })
    i = end
  }
  const key = edges.map((e) => `${e.lo}-${e.hi}:${e.to ? identity(e.to) : ''}`).join(',')
  const same = known.get(key)
  if (same) return same
  const node = { edges }
  known.set(key, node)
  return node
}

const identities = new WeakMap<ByteNode, number>()
let identitiesGiven = 0

function identity(node: ByteNode): number {
  let id = identities.get(node)
  if (id === undefined) {
    id = ++identitiesGiven
    identities.set(node, id)
  }
  return id
}
