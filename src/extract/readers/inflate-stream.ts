import zlib from 'node:zlib'
import type { ExtractContext } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'
import type { Codec } from './inflate.ts'

/**
 * Decompression of a stream under the budget of the message: what comes out is handed on and not kept. Ends with the
 * compressed data and leaves what stands behind it in the stream. A fault, or the budget's end, is said to the context
 * and ends it; what came out before is told. Returns whether it came to its end.
 */
export type Inflating = AsyncGenerator<Uint8Array, boolean>

/** Counts what came out; false when there may be no more, which is said. */
export function mayGoOn(bytes: number, context: ExtractContext, id: string): boolean {
  if (!context.budget.inflate(bytes)) context.uninspected('too-large', id)
  else if (!context.budget.hasTime()) context.uninspected('timeout', id)
  else return true
  return false
}

const OUT_CHUNK_BYTES = 256 * 1024
/** Deflate makes at most a thousand bytes out of one: so little goes in at once that what comes out is bounded. */
const IN_CHUNK_BYTES = 16 * 1024

export async function* inflateStream(codec: Codec, input: ByteStream, context: ExtractContext, id: string): Inflating {
  const engine = engineOf(codec)
  const out: Buffer[] = []
  let state: 'open' | 'ended' | 'broken' = 'open'
  engine.on('data', (chunk: Buffer) => out.push(chunk))
  // It is told where the engine is waited for.
  engine.on('error', () => undefined)
  try {
    while (state === 'open') {
      const chunk = await input.next(IN_CHUNK_BYTES)
      const before = engine.bytesWritten
      const isSound = await (chunk === null ? finished(engine) : written(engine, chunk))
      if (!isSound) state = 'broken'
      const used = engine.bytesWritten - before
      // An engine that takes no more of its input has come to the end of its data.
      if (chunk !== null && used < chunk.length && state !== 'broken') {
        input.unread(chunk.subarray(used))
        state = 'ended'
      }
      for (const piece of out.splice(0)) {
        if (!mayGoOn(piece.length, context, id)) return false
        yield piece
      }
      if (chunk === null) break
    }
    if (state === 'broken') context.uninspected('corrupt', id)
    return state !== 'broken'
  } finally {
    engine.destroy()
  }
}

type Engine = zlib.InflateRaw | zlib.BrotliDecompress | zlib.ZstdDecompress

function engineOf(codec: Codec): Engine {
  const options = { chunkSize: OUT_CHUNK_BYTES }
  switch (codec) {
    case 'deflate-raw':
      return zlib.createInflateRaw(options)
    case 'deflate':
      return zlib.createInflate(options)
    case 'brotli':
      return zlib.createBrotliDecompress(options)
    case 'zstd':
      return zlib.createZstdDecompress(options)
  }
}

/** Resolves when the engine has done with the bytes; false when it has broken off. */
function written(engine: Engine, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = () => resolve(false)
    engine.once('close', onClose)
    engine.write(bytes, (error) => {
      engine.off('close', onClose)
      resolve(!error)
    })
  })
}

function finished(engine: Engine): Promise<boolean> {
  return new Promise((resolve) => {
    engine.once('end', () => resolve(true))
    for (const event of ['error', 'close'] as const) engine.once(event, () => resolve(false))
    engine.end()
  })
}
