/**
 * Which bytes a program's instructions and conditions tell apart. Tables of transitions have a column for each class
 * instead of for each byte. Pure.
 */
import type { ByteNode } from '../regex/utf8-set.ts'
import {
  isAsciiWordByte,
  isDigitByte,
  isDigitJoinByte,
  isTokenByte,
  LETTER_LEAD_MAX,
  LETTER_LEAD_MIN,
} from './boundary.ts'
import type { Condition, Program } from './program.ts'

/** Bytes that no instruction and no condition tells apart share a class; the end of the text has one of its own. */
export function byteClasses(program: Program): { classOf: Uint16Array; representatives: number[] } {
  const cuts = new Uint8Array(257)
  const cut = (lo: number, hi: number) => {
    cuts[lo] = 1
    cuts[hi + 1] = 1
  }
  const seen = new Set<ByteNode>()
  const visit = (node: ByteNode): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const edge of node.edges) {
      cut(edge.lo, edge.hi)
      if (edge.to) visit(edge.to)
    }
  }
  for (const instruction of program.instructions) if (instruction.op === 'set') visit(instruction.node)
  for (let byte = 1; byte < 256; byte++)
    if (
      CONDITIONS_OF_BYTE[byte] !== CONDITIONS_OF_BYTE[byte - 1] ||
      isAsciiWordByte(byte) !== isAsciiWordByte(byte - 1)
    )
      cuts[byte] = 1
  const firstOf = new Uint16Array(256)
  for (let byte = 1; byte < 256; byte++) firstOf[byte] = cuts[byte] === 1 ? byte : (firstOf[byte - 1] as number)
  // What stands in every text comes first, so that most steps of a walk stay within a line or two of a state's row.
  const classOf = new Uint16Array(257)
  const representatives = [...new Set([...FREQUENT_BYTES, ...firstOf.keys()].map((byte) => firstOf[byte] as number))]
  const numbers = new Map(representatives.map((byte, index) => [byte, index]))
  for (let byte = 0; byte < 256; byte++) classOf[byte] = numbers.get(firstOf[byte] as number) as number
  classOf[256] = representatives.push(256) - 1
  return { classOf, representatives }
}

const FREQUENT_BYTES = Buffer.from(' etaoinsrhldcumpgfywbv.,kxjqz-\nTISA0123456789')

/** Bits in `CONDITIONS_OF_BYTE`. */
export const CONDITION_BIT: Readonly<Record<Condition, number>> = {
  'text-start': 1,
  'line-start': 2,
  'text-end': 4,
  'line-end': 8,
  word: 16,
  'not-word': 16,
  'end-word': 32,
  'end-token': 64,
  'end-digit': 128,
  'end-digit-join': 256,
}

/** For each byte and the end of the text: bits of the conditions that it meets as the next one (`word`: it is a letter). */
export const CONDITIONS_OF_BYTE = Uint16Array.from({ length: 257 }, (_, byte) => {
  const end = byte === 256
  const letter = byte >= LETTER_LEAD_MIN && byte <= LETTER_LEAD_MAX
  const met: Readonly<Record<Condition, boolean>> = {
    'text-start': true,
    'line-start': true,
    'text-end': end,
    'line-end': end || byte === 10,
    word: !end && isAsciiWordByte(byte),
    'not-word': !end && isAsciiWordByte(byte),
    'end-word': end || !(isAsciiWordByte(byte) || letter),
    'end-token': end || !(isTokenByte(byte) || letter),
    'end-digit': end || !isDigitByte(byte),
    'end-digit-join': end || !(isDigitByte(byte) || isDigitJoinByte(byte)),
  }
  return Object.entries(met).reduce(
    (bits, [condition, is]) => (is ? bits | CONDITION_BIT[condition as Condition] : bits),
    0,
  )
})
