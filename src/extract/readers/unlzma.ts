import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { type Inflating, mayGoOn } from './inflate-stream.ts'

/**
 * LZMA in its containers (.xz, .lzma) under the budget of the message. Input goes in small pieces, so a bomb is met
 * within a few megabytes of its ceiling. Never throws; the native decoder is loaded on first use.
 */
const PIECE_BYTES = 4 * 1024
/** A dictionary is allocated before the first byte comes out. */
const DICTIONARY_MAX_BYTES = 256 * 1024 * 1024

interface Decompressor {
  update(chunk: Uint8Array): Buffer
  finish(): Promise<Buffer>
}

export async function unxz(input: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const { XzDecompressor } = await import('@napi-rs/lzma')
  return feed(new XzDecompressor(), input, context)
}

/** `.lzma` (LZMA alone): properties, dictionary size and length in a 13-byte header. */
export async function unlzma(input: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const header = Buffer.from(input.buffer, input.byteOffset, Math.min(13, input.length))
  if (header.length < 13) return { bytes: Buffer.alloc(0), consumed: 0, problem: 'corrupt' }
  if (header.readUInt32LE(1) > DICTIONARY_MAX_BYTES) {
    return { bytes: Buffer.alloc(0), consumed: 0, problem: 'too-large' }
  }
  const { LzmaDecompressor } = await import('@napi-rs/lzma')
  return feed(new LzmaDecompressor(), input, context)
}

export async function* unxzStream(stream: ByteStream, context: ExtractContext, id: string): Inflating {
  const { XzDecompressor } = await import('@napi-rs/lzma')
  return yield* feedStream(new XzDecompressor(), stream, context, id)
}

export async function* unlzmaStream(stream: ByteStream, context: ExtractContext, id: string): Inflating {
  const header = await stream.peek(13)
  if (header.length < 13 || header.readUInt32LE(1) > DICTIONARY_MAX_BYTES) {
    context.uninspected(header.length < 13 ? 'corrupt' : 'too-large', id)
    return false
  }
  const { LzmaDecompressor } = await import('@napi-rs/lzma')
  return yield* feedStream(new LzmaDecompressor(), stream, context, id)
}

async function* feedStream(decoder: Decompressor, stream: ByteStream, context: ExtractContext, id: string): Inflating {
  let ended = false
  try {
    for (let chunk = await stream.next(PIECE_BYTES); chunk !== null; chunk = await stream.next(PIECE_BYTES)) {
      const out = Buffer.from(decoder.update(chunk))
      if (!mayGoOn(out.length, context, id)) return false
      if (out.length > 0) yield out
    }
    ended = true
    const out = Buffer.from(await decoder.finish())
    if (!mayGoOn(out.length, context, id)) return false
    if (out.length > 0) yield out
    return true
  } catch {
    context.uninspected('corrupt', id)
    return false
  } finally {
    if (!ended) await decoder.finish().catch(() => undefined)
  }
}

async function feed(decoder: Decompressor, input: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const ceiling = inflateCeiling(context)
  const chunks: Buffer[] = []
  let length = 0
  let problem: Inflated['problem'] = null
  let ended = false
  const take = (chunk: Buffer) => {
    length += chunk.length
    // The decoder reuses its memory, so each piece is copied.
    if (chunk.length > 0) chunks.push(Buffer.from(chunk))
  }
  try {
    for (let at = 0; at < input.length; at += PIECE_BYTES) {
      take(decoder.update(input.subarray(at, at + PIECE_BYTES)))
      if (length > ceiling || !context.budget.hasTime()) {
        problem = 'too-large'
        break
      }
    }
    ended = true
    take(await decoder.finish())
  } catch {
    problem ??= 'corrupt'
    if (!ended) await decoder.finish().catch(() => Buffer.alloc(0))
  }
  if (length > ceiling) problem = 'too-large'
  context.budget.inflate(Math.min(length, context.budget.inflatedLeft))
  return { bytes: Buffer.concat(chunks).subarray(0, ceiling), consumed: input.length, problem }
}
