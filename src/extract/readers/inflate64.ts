import type { ExtractContext } from '../format.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { LsbBits } from './lsb-bits.ts'

/**
 * Deflate64 (zip method 9): deflate with a 64 KiB window, two more distance codes and a longest length of 16 extra
 * bits. zlib doesn't read it. Never throws; stops at the ceiling of the budget.
 */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 3,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 16]
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const DISTANCE_BASE = Array.from({ length: 32 }, (_, i) => (i < 4 ? i + 1 : ((2 + (i & 1)) << ((i >> 1) - 1)) + 1))
const DISTANCE_EXTRA = Array.from({ length: 32 }, (_, i) => (i < 4 ? 0 : (i >> 1) - 1))

interface Huffman {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

export function inflate64(input: Uint8Array, context: ExtractContext): Inflated {
  const state = new Inflater(input, inflateCeiling(context), context)
  let problem: Inflated['problem'] = null
  try {
    while (!state.block()) if (!context.budget.hasTime()) throw new CeilingError()
  } catch (thrown) {
    problem = thrown instanceof CeilingError ? 'too-large' : 'corrupt'
  }
  const bytes = state.bytes()
  context.budget.inflate(bytes.length)
  return { bytes, consumed: state.at, problem }
}

class Inflater {
  readonly #out: GrowingBuffer
  readonly #bits: LsbBits

  constructor(input: Uint8Array, ceiling: number, context: ExtractContext) {
    this.#bits = new LsbBits(input)
    this.#out = new GrowingBuffer(ceiling, context)
  }

  /** Bytes of input used. */
  get at(): number {
    return this.#bits.at
  }

  bytes(): Buffer {
    return this.#out.bytes()
  }

  /** Reads one block; true behind the last one. */
  block(): boolean {
    const last = this.#bits.take(1) === 1
    switch (this.#bits.take(2)) {
      case 0:
        this.#copyStored()
        break
      case 1:
        this.#codes(fixedLengths, fixedDistances)
        break
      case 2: {
        const [lengths, distances] = this.#dynamic()
        this.#codes(lengths, distances)
        break
      }
      default:
        throw new Error('block type')
    }
    return last
  }

  #copyStored(): void {
    this.#bits.align()
    const length = this.#bits.take(16)
    if (length !== (~this.#bits.take(16) & 0xffff)) throw new Error('stored length')
    for (let i = 0; i < length; i++) this.#out.push(this.#bits.take(8))
  }

  #decode(huffman: Huffman): number {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= 15; length++) {
      code |= this.#bits.take(1)
      const count = huffman.counts[length] ?? 0
      if (code - count < first) return huffman.symbols[index + (code - first)] ?? 0
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new Error('code')
  }

  #codes(lengths: Huffman, distances: Huffman): void {
    for (;;) {
      const symbol = this.#decode(lengths)
      if (symbol < 256) {
        this.#out.push(symbol)
        continue
      }
      if (symbol === 256) return
      const base = LENGTH_BASE[symbol - 257]
      if (base === undefined) throw new Error('length code')
      const length = base + this.#bits.take(LENGTH_EXTRA[symbol - 257] ?? 0)
      const code = this.#decode(distances)
      const distance = (DISTANCE_BASE[code] ?? 0) + this.#bits.take(DISTANCE_EXTRA[code] ?? 0)
      this.#out.repeat(distance, length)
    }
  }

  #dynamic(): [Huffman, Huffman] {
    const lengthCount = this.#bits.take(5) + 257
    const distanceCount = this.#bits.take(5) + 1
    const codeCount = this.#bits.take(4) + 4
    const codeLengths = new Array<number>(19).fill(0)
    for (let i = 0; i < codeCount; i++) codeLengths[CODE_ORDER[i] ?? 0] = this.#bits.take(3)
    const codes = huffmanOf(codeLengths)
    const all: number[] = []
    while (all.length < lengthCount + distanceCount) {
      const symbol = this.#decode(codes)
      if (symbol < 16) all.push(symbol)
      else if (symbol === 16) repeat(all, all.at(-1) ?? 0, 3 + this.#bits.take(2))
      else if (symbol === 17) repeat(all, 0, 3 + this.#bits.take(3))
      else repeat(all, 0, 11 + this.#bits.take(7))
    }
    return [huffmanOf(all.slice(0, lengthCount)), huffmanOf(all.slice(lengthCount, lengthCount + distanceCount))]
  }
}

function repeat(all: number[], value: number, times: number): void {
  for (let i = 0; i < times; i++) all.push(value)
}

function huffmanOf(lengths: readonly number[]): Huffman {
  const counts = new Uint16Array(16)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  counts[0] = 0
  const offsets = new Uint16Array(16)
  for (let i = 1; i < 16; i++) offsets[i] = (offsets[i - 1] ?? 0) + (counts[i - 1] ?? 0)
  const symbols = new Uint16Array(lengths.length)
  lengths.forEach((length, symbol) => {
    if (length === 0) return
    const at = offsets[length] ?? 0
    symbols[at] = symbol
    offsets[length] = at + 1
  })
  return { counts, symbols }
}

const fixedLengths = huffmanOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)))
const fixedDistances = huffmanOf(new Array<number>(32).fill(5))
