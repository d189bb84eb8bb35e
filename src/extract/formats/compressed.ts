import type { ExtractContext, Format, FormatInput, StreamInput } from '../format.ts'
import { bunzip, bunzipStream } from '../readers/bunzip.ts'
import { innerName } from '../readers/entry-name.ts'
import { type Inflated, inflateBounded, inflateCeiling } from '../readers/inflate.ts'
import { type Inflating, inflateStream } from '../readers/inflate-stream.ts'
import {
  isSkippable,
  SKIPPABLE_HEAD_BYTES,
  SKIPPED_FRAMES_MAX,
  skipFrame,
  takeSkippable,
} from '../readers/skippable-frames.ts'
import { uncompress } from '../readers/uncompress.ts'
import { unlz4, unlz4Stream } from '../readers/unlz4.ts'
import { unlzip } from '../readers/unlzip.ts'
import { unlzma, unlzmaStream, unxz, unxzStream } from '../readers/unlzma.ts'
import { ByteStream } from '../stream/byte-stream.ts'
import { extractTrailing, extractTrailingStream } from '../trailing-data.ts'

/**
 * Single-file compressors: what was compressed is the one child, named as the tool would name it. What stands behind
 * the compressed data is a second child and sets `trailing-data`.
 */
type Decoder = (bytes: Uint8Array, context: ExtractContext) => Promise<Inflated> | Inflated

/** `skipped` takes what stands in frames that decoders pass over. */
type StreamDecoder = (stream: ByteStream, context: ExtractContext, id: string, skipped: Buffer[]) => Inflating

export const bzip2 = compressor(
  'bz2',
  ['application/x-bzip2'],
  { '.tbz2': '.tar', '.tbz': '.tar', '.bz2': '', '.bz': '' },
  bunzip,
  bunzipStream,
)
export const xz = compressor('xz', ['application/x-xz'], { '.txz': '.tar', '.xz': '' }, unxz, unxzStream)
export const lzma = compressor(
  'lzma',
  ['application/x-lzma', 'application/lzma'],
  { '.lzma': '' },
  unlzma,
  unlzmaStream,
)
export const zstd = compressor(
  'zst',
  ['application/zstd', 'application/x-zstd'],
  { '.tzst': '.tar', '.zst': '' },
  unzstd,
  unzstdStream,
)
export const brotli = compressor(
  'br',
  ['application/x-brotli', 'application/brotli'],
  { '.br': '' },
  (bytes, context) => inflateBounded('brotli', bytes, context),
  (stream, context, id) => inflateStream('brotli', stream, context, id),
)
export const zlibStream = compressor(
  'zlib',
  ['application/zlib'],
  {},
  (bytes, context) => inflateBounded('deflate', bytes, context),
  (stream, context, id) => inflateStream('deflate', stream, context, id),
)
export const lz4 = compressor('lz4', ['application/x-lz4'], { '.lz4': '' }, unlz4, unlz4Stream)
export const lzip = compressor('lz', ['application/x-lzip'], { '.tlz': '.tar', '.lz': '' }, unlzip)
export const compress = compressor('Z', ['application/x-compress'], { '.taz': '.tar', '.z': '' }, uncompress)

/** `decodeStream`: left out, a large file is read whole. */
function compressor(
  id: string,
  types: readonly string[],
  suffixes: Record<string, string>,
  decode: Decoder,
  decodeStream?: StreamDecoder,
): Format {
  const extractStream = async (input: StreamInput, context: ExtractContext): Promise<void> => {
    const { stream, filename } = input
    let isWhole = false
    const skipped: Buffer[] = []
    const decoded = async function* (): AsyncGenerator<Uint8Array> {
      if (decodeStream) isWhole = yield* decodeStream(stream, context, id, skipped)
    }
    await context.childStream({ stream: new ByteStream(decoded()), filename: innerName(filename, suffixes, `[${id}]`) })
    await extractSkipped(skipped, context)
    if (isWhole) await extractTrailingStream(stream, context)
  }
  return {
    id,
    types,
    extract: async (input: FormatInput, context: ExtractContext) => {
      const result = await decode(input.bytes, context)
      if (result.problem !== null) context.uninspected(result.problem, id)
      if (result.bytes.length > 0 || result.problem === null) {
        await context.child({ bytes: result.bytes, filename: innerName(input.filename, suffixes, `[${id}]`) })
      }
      await extractSkipped(result.skipped ?? [], context)
      if (result.problem === null) await extractTrailing(input.bytes.subarray(result.consumed), context)
    },
    ...(decodeStream ? { extractStream } : {}),
  }
}

async function extractSkipped(frames: readonly Buffer[], context: ExtractContext): Promise<void> {
  for (const frame of frames) await extractTrailing(frame, context, { label: '[skippable]' })
}

const ZSTD_MAGIC = 0xfd2fb528

/** All frames joined (RFC 8878); a skippable one comes apart from them. */
async function* unzstdStream(stream: ByteStream, context: ExtractContext, id: string, skipped: Buffer[]): Inflating {
  for (;;) {
    const head = await stream.peek(SKIPPABLE_HEAD_BYTES)
    const magic = head.length < SKIPPABLE_HEAD_BYTES ? 0 : head.readUInt32LE(0)
    if (isSkippable(magic)) {
      if (!(await takeSkippable(stream, context, id, skipped))) return false
    } else if (magic !== ZSTD_MAGIC) return true
    else if (!(yield* inflateStream('zstd', stream, context, id))) return false
  }
}

async function unzstd(bytes: Uint8Array, context: ExtractContext): Promise<Inflated> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks: Buffer[] = []
  const skipped: Buffer[] = []
  const ended = (consumed: number, problem: Inflated['problem']): Inflated => {
    return { bytes: Buffer.concat(chunks), consumed, problem, skipped }
  }
  let total = 0
  let at = 0
  while (at + SKIPPABLE_HEAD_BYTES <= buffer.length) {
    const end = skipFrame(buffer, at, skipped)
    if (end !== null) {
      if (skipped.length > SKIPPED_FRAMES_MAX) return ended(at, 'too-large')
      at = end
      continue
    }
    if (buffer.readUInt32LE(at) !== ZSTD_MAGIC) break
    if (total >= inflateCeiling(context) || !context.budget.hasTime()) return ended(at, 'too-large')
    const result = await inflateBounded('zstd', buffer.subarray(at), context)
    chunks.push(result.bytes)
    total += result.bytes.length
    if (result.problem !== null || result.consumed === 0) return ended(at, result.problem ?? 'corrupt')
    at += result.consumed
  }
  return ended(at, null)
}
