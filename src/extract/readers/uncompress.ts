import type { ExtractContext } from '../format.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'

/** LZW as compress(1) writes it (`.Z`), under the budget of the message. Never throws. */
export function uncompress(input: Uint8Array, context: ExtractContext): Inflated {
  const ceiling = inflateCeiling(context)
  const flags = input[2] ?? 0
  const bitsMax = flags & 0x1f
  if (bitsMax < 9 || bitsMax > 16) return { bytes: Buffer.alloc(0), consumed: 0, problem: 'corrupt' }
  const out = new GrowingBuffer(ceiling, context)
  let problem: Inflated['problem'] = null
  try {
    problem = decodeLzw(input, bitsMax, (flags & 0x80) !== 0, out)
  } catch {
    problem = 'too-large'
  }
  const bytes = out.bytes()
  context.budget.inflate(Math.min(bytes.length, context.budget.inflatedLeft))
  return { bytes, consumed: input.length, problem }
}

function decodeLzw(input: Uint8Array, bitsMax: number, blocks: boolean, out: GrowingBuffer): Inflated['problem'] {
  const prefix = new Uint16Array(1 << bitsMax)
  const suffix = new Uint8Array(1 << bitsMax)
  const stack = new Uint8Array((1 << bitsMax) + 1)
  for (let i = 0; i < 256; i++) suffix[i] = i
  let bits = 9
  let next = blocks ? 257 : 256
  let previous = -1
  let first = 0
  let at = 24
  // Codes come in groups of eight; a change of width skips the rest of the group.
  let group = at
  const end = input.length * 8
  const widen = (to: number) => {
    const size = bits * 8
    at = group + Math.ceil((at - group) / size) * size
    group = at
    bits = to
  }
  while (at + bits <= end) {
    const byte = at >> 3
    const word = (input[byte] ?? 0) | ((input[byte + 1] ?? 0) << 8) | ((input[byte + 2] ?? 0) << 16)
    let code = (word >> (at & 7)) & ((1 << bits) - 1)
    at += bits
    if (code === 256 && blocks) {
      widen(9)
      next = 257
      previous = -1
      continue
    }
    const original = code
    if (code > next || (code === next && previous < 0)) return 'corrupt'
    let depth = 0
    if (code === next) {
      stack[depth++] = first
      code = previous
    }
    while (code >= 256) {
      stack[depth++] = suffix[code] ?? 0
      code = prefix[code] ?? 0
    }
    first = code
    stack[depth++] = first
    while (depth > 0) out.push(stack[--depth] ?? 0)
    if (previous >= 0 && next < 1 << bitsMax) {
      prefix[next] = previous
      suffix[next] = first
      next += 1
      if (next === 1 << bits && bits < bitsMax) widen(bits + 1)
    }
    previous = original
  }
  return null
}
