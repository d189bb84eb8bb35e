import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'

/**
 * bzip2 under the budget of the message, several members as one. Never throws: what came out before a fault is kept.
 * The decoder is loaded on first use.
 */
export async function bunzip(input: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const { default: Bunzip } = await import('seek-bzip')
  class Input extends Bunzip.Stream {
    at = 0
    readByte(): number {
      if (this.at >= input.length) throw new Error('end of input')
      return input[this.at++] ?? 0
    }
    eof(): boolean {
      return this.at >= input.length
    }
  }
  const source = new Input()
  const sink = new Sink(inflateCeiling(context), context)
  let problem: Inflated['problem'] = null
  try {
    while (source.at < input.length && startsMember(input, source.at)) Bunzip.decode(source, sink, false)
  } catch {
    problem = sink.full ? 'too-large' : 'corrupt'
  }
  const bytes = sink.bytes()
  context.budget.inflate(Math.min(bytes.length, context.budget.inflatedLeft))
  return { bytes, consumed: source.at, problem }
}

function startsMember(input: Uint8Array, at: number): boolean {
  const level = input[at + 3] ?? 0
  return input[at] === 0x42 && input[at + 1] === 0x5a && input[at + 2] === 0x68 && level >= 0x31 && level <= 0x39
}

/** Grows by doubling up to the ceiling; throws at it, or when the time is up. */
class Sink {
  full = false
  #buffer = Buffer.allocUnsafe(64 * 1024)
  #length = 0
  readonly #ceiling: number
  readonly #context: ExtractContext

  constructor(ceiling: number, context: ExtractContext) {
    this.#ceiling = Math.min(ceiling, limits.extractEntryMaxBytes)
    this.#context = context
  }

  writeByte(byte: number): void {
    if (this.#length >= this.#buffer.length) this.#grow()
    this.#buffer[this.#length++] = byte
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(): void {
    if (this.#length >= this.#ceiling || !this.#context.budget.hasTime()) {
      this.full = true
      throw new Error('ceiling')
    }
    const grown = Buffer.allocUnsafe(
      Math.min(this.#ceiling, this.#buffer.length + Math.min(this.#buffer.length, 4 * 1024 * 1024)),
    )
    this.#buffer.copy(grown)
    this.#buffer = grown
  }
}
