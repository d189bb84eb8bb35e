import type { ExtractContext } from '../format.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
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
  const out = new GrowingBuffer(inflateCeiling(context), context)
  const sink = { writeByte: (byte: number) => out.push(byte) }
  let problem: Inflated['problem'] = null
  try {
    while (source.at < input.length && startsMember(input, source.at)) Bunzip.decode(source, sink, false)
  } catch (thrown) {
    problem = thrown instanceof CeilingError ? 'too-large' : 'corrupt'
  }
  const bytes = out.bytes()
  context.budget.inflate(Math.min(bytes.length, context.budget.inflatedLeft))
  return { bytes, consumed: source.at, problem }
}

function startsMember(input: Uint8Array, at: number): boolean {
  const level = input[at + 3] ?? 0
  return input[at] === 0x42 && input[at + 1] === 0x5a && input[at + 2] === 0x68 && level >= 0x31 && level <= 0x39
}
