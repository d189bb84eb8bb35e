import zlib from 'node:zlib'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'

/**
 * Decompression under the budget of the message. It never throws for its input: what came out before the fault is
 * kept, with the fault beside it. A bomb costs the budget what was inflated of it, so the next one is cheaper.
 */
export type Codec = 'deflate-raw' | 'deflate' | 'brotli' | 'zstd'

export interface Inflated {
  readonly bytes: Buffer
  /** Bytes of input used; what stands behind them is another member or trailing data. */
  readonly consumed: number
  readonly problem: 'corrupt' | 'too-large' | null
  /** What stands in frames that decoders pass over. */
  readonly skipped?: readonly Buffer[]
}

interface WithInfo {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** Most bytes that one member may still come to. */
export function inflateCeiling(context: ExtractContext): number {
  return Math.max(0, Math.min(context.budget.inflatedLeft, limits.extractEntryMaxBytes))
}

/** Deflate makes at most this many bytes out of one (RFC 1951: 258 bytes for two bits, and some for the header). */
export const DEFLATE_RATIO_MAX = 1032
const CHUNK_MIN_BYTES = 64

/**
 * Inflates one member whole. Past the ceiling the result is empty and `too-large`. `size` is what the container says the
 * member comes to: believed for the first allocation only, and no more than the input could come to.
 */
export async function inflateBounded(
  codec: Codec,
  input: Uint8Array,
  context: ExtractContext,
  size?: number,
): Promise<Inflated> {
  const ceiling = inflateCeiling(context)
  if (ceiling === 0) return { bytes: Buffer.alloc(0), consumed: 0, problem: 'too-large' }
  try {
    const result = decompressSync(codec, input, ceiling, size)
    context.budget.inflate(result.buffer.length)
    return { bytes: result.buffer, consumed: result.engine.bytesWritten, problem: null }
  } catch (thrown) {
    if (codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE') {
      context.budget.inflate(ceiling)
      return { bytes: Buffer.alloc(0), consumed: 0, problem: 'too-large' }
    }
    return salvage(codec, input, ceiling, context)
  }
}

function decompressSync(codec: Codec, input: Uint8Array, maxOutputLength: number, size: number | undefined): WithInfo {
  // One byte more than what is stated, since a buffer that is filled to the end is followed by another one.
  const chunkSize =
    size === undefined
      ? undefined
      : Math.max(CHUNK_MIN_BYTES, Math.min(size + 1, maxOutputLength, input.length * DEFLATE_RATIO_MAX))
  const options = { maxOutputLength, info: true, ...(chunkSize ? { chunkSize } : {}) }
  switch (codec) {
    case 'deflate-raw':
      return zlib.inflateRawSync(input, options) as unknown as WithInfo
    case 'deflate':
      return zlib.inflateSync(input, options) as unknown as WithInfo
    case 'brotli':
      return zlib.brotliDecompressSync(input, options) as unknown as WithInfo
    case 'zstd':
      return zlib.zstdDecompressSync(input, options) as unknown as WithInfo
  }
}

function streamFor(codec: Codec): zlib.InflateRaw | zlib.BrotliDecompress | zlib.ZstdDecompress {
  switch (codec) {
    case 'deflate-raw':
      return zlib.createInflateRaw()
    case 'deflate':
      return zlib.createInflate()
    case 'brotli':
      return zlib.createBrotliDecompress()
    case 'zstd':
      return zlib.createZstdDecompress()
  }
}

/** What comes out before the first fault of a broken or truncated stream. */
async function salvage(codec: Codec, input: Uint8Array, ceiling: number, context: ExtractContext): Promise<Inflated> {
  const stream = streamFor(codec)
  const chunks: Buffer[] = []
  let length = 0
  let tooLarge = false
  stream.on('data', (chunk: Buffer) => {
    if (length + chunk.length > ceiling || !context.budget.hasTime()) {
      tooLarge = true
      stream.destroy()
      return
    }
    length += chunk.length
    chunks.push(chunk)
  })
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve())
    stream.once('end', () => resolve())
    stream.once('close', () => resolve())
    stream.end(input)
  })
  const consumed = stream.bytesWritten
  stream.destroy()
  context.budget.inflate(Math.min(length, context.budget.inflatedLeft))
  return { bytes: Buffer.concat(chunks), consumed, problem: tooLarge ? 'too-large' : 'corrupt' }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}
