import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'
import { CeilingError, GrowingBuffer } from './growing-buffer.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { type Inflating, mayGoOn } from './inflate-stream.ts'

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

/** A block comes to 900 KB and is compressed to a little more at most; with that at hand it is read at once. */
const BLOCK_AHEAD_BYTES = 2 * 1024 * 1024
/** 900 KB of runs, of which five bytes stand for 255 at most. */
const BLOCK_MAX_BYTES = 48 * 1024 * 1024

/** The same of a stream, a block at a time. */
export async function* bunzipStream(stream: ByteStream, context: ExtractContext, id: string): Inflating {
  const { default: Bunzip } = await import('seek-bzip')
  class Input extends Bunzip.Stream {
    at = 0
    ahead: Buffer = Buffer.alloc(0)
    readByte(): number {
      if (this.at >= this.ahead.length) throw new Error('end of input')
      return this.ahead[this.at++] ?? 0
    }
    eof(): boolean {
      return this.at >= this.ahead.length
    }
    async fill(): Promise<void> {
      await stream.skip(this.at)
      this.ahead = await stream.peek(BLOCK_AHEAD_BYTES)
      this.at = 0
    }
  }
  const input = new Input()
  let out = new GrowingBuffer(BLOCK_MAX_BYTES, context)
  const sink = { writeByte: (byte: number) => out.push(byte) }
  try {
    for (await input.fill(); startsMember(input.ahead, 0); await input.fill()) {
      const member = new Bunzip(input, sink)
      for (;;) {
        await input.fill()
        if (!member._init_block()) break
        out = new GrowingBuffer(BLOCK_MAX_BYTES, context)
        member._read_bunzip()
        if (!mayGoOn(out.length, context, id)) return false
        yield out.bytes()
      }
      if (member.reader.read(32) >>> 0 !== member.streamCRC) throw new Error('checksum')
    }
    return true
  } catch (thrown) {
    context.uninspected(thrown instanceof CeilingError ? 'too-large' : 'corrupt', id)
    return false
  }
}

function startsMember(input: Uint8Array, at: number): boolean {
  const level = input[at + 3] ?? 0
  return input[at] === 0x42 && input[at + 1] === 0x5a && input[at + 2] === 0x68 && level >= 0x31 && level <= 0x39
}
