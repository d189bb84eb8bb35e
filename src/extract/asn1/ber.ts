import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'

/**
 * Just enough BER (X.690) to find content inside CMS: tags, definite and indefinite lengths, constructed strings. Every
 * length is held against the bytes that are there, depth and node counts are bounded (ExtractLimitError), nothing is
 * copied but string pieces.
 */
export interface BerNode {
  readonly tag: number
  readonly constructed: boolean
  readonly from: number
  readonly to: number
  /** Where the next node starts. */
  readonly end: number
}

const DEPTH_MAX = 32

/** The node at `at`, or null where there is none. A length past the end is cut to what is there. */
export function berNodeAt(bytes: Buffer, at: number, limit: number, depth = 0): BerNode | null {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit || depth > DEPTH_MAX) return null
  const constructed = (tag & 0x20) !== 0
  if ((tag & 0x1f) === 0x1f) return null
  if (first === 0x80) return indefinite(bytes, at, limit, tag, depth)
  const size = first < 0x80 ? 0 : first & 0x7f
  if (size > 6 || at + 2 + size > limit) return null
  const length = size === 0 ? first : bytes.readUIntBE(at + 2, size)
  const from = at + 2 + size
  const to = Math.min(from + length, limit)
  return { tag, constructed, from, to, end: to }
}

function indefinite(bytes: Buffer, at: number, limit: number, tag: number, depth: number): BerNode | null {
  let next = at + 2
  for (let count = 0; count < limits.extractRecordsMax && next + 1 < limit; count++) {
    if (bytes[next] === 0 && bytes[next + 1] === 0)
      return { tag, constructed: true, from: at + 2, to: next, end: next + 2 }
    const child = berNodeAt(bytes, next, limit, depth + 1)
    if (!child) break
    next = child.end
  }
  return { tag, constructed: true, from: at + 2, to: limit, end: limit }
}

export function berChildren(bytes: Buffer, node: BerNode): BerNode[] {
  const children: BerNode[] = []
  if (!node.constructed) return children
  for (let at = node.from; at < node.to; ) {
    if (children.length >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'asn1 values')
    const child = berNodeAt(bytes, at, node.to)
    if (!child) break
    children.push(child)
    at = child.end
  }
  return children
}

/** Bytes of an octet string, its pieces joined where it is constructed. */
export function berContent(bytes: Buffer, node: BerNode, depth = 0): Buffer {
  if (!node.constructed) return bytes.subarray(node.from, node.to)
  if (depth > DEPTH_MAX) throw new ExtractLimitError('too-deep', 'asn1 values')
  return Buffer.concat(berChildren(bytes, node).map((child) => berContent(bytes, child, depth + 1)))
}

/** Dotted form of an object identifier; empty for anything else. */
export function berOid(bytes: Buffer, node: BerNode): string {
  if (node.tag !== 0x06 || node.to === node.from || node.to - node.from > 64) return ''
  const first = bytes[node.from] ?? 0
  const arcs = [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40))]
  let arc = 0
  for (let at = node.from + 1; at < node.to; at++) {
    const byte = bytes[at] ?? 0
    arc = arc * 128 + (byte & 0x7f)
    if ((byte & 0x80) === 0) {
      arcs.push(arc)
      arc = 0
    }
  }
  return arcs.join('.')
}
