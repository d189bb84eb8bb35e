import { crc32 } from 'node:zlib'
import type { ExtractContext } from '../format.ts'
import { chunksOf } from '../stream/byte-source.ts'
import { ByteStream } from '../stream/byte-stream.ts'
import type { RandomBytes } from '../stream/paged-bytes.ts'
import { bunzipStream } from './bunzip.ts'
import { type Inflating, inflateStream, mayGoOn } from './inflate-stream.ts'
import { unxzStream } from './unlzma.ts'
import type { ZipEntry } from './zip-directory.ts'

/**
 * The data of one zip entry as a stream under the budget, for what is too large to be held; null where its method or its
 * seal forbid that. Faults are said by the entry's name. `onSlack` is told what stands behind the compressed data.
 */
export function streamZipEntry(
  bytes: RandomBytes,
  entry: ZipEntry,
  context: ExtractContext,
  onSlack: (slack: Buffer) => void,
): ByteStream | null {
  if (entry.dataOffset < 0 || entry.encryption !== null) return null
  const own: ExtractContext = {
    ...context,
    uninspected: (reason, detail) => context.uninspected(reason, detail, entry.name),
  }
  const end = entry.dataOffset + entry.compressedSize
  const source = { size: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) }
  const data = new ByteStream(chunksOf(source, entry.dataOffset, Math.min(end, bytes.length)))
  const decoded = decodeStream(entry, data, own)
  if (!decoded) return null
  if (end > bytes.length) own.uninspected('corrupt', 'truncated')
  return new ByteStream(checked(decoded, entry, data, own, onSlack))
}

/** APPNOTE 4.4.5 names the methods. */
function decodeStream({ method }: ZipEntry, data: ByteStream, context: ExtractContext): Inflating | null {
  switch (method) {
    case 0:
      return stored(data, context)
    case 8:
      return inflateStream('deflate-raw', data, context, 'zip')
    case 12:
      return bunzipStream(data, context, 'zip')
    case 20:
    case 93:
      return inflateStream('zstd', data, context, 'zip')
    case 95:
      return unxzStream(data, context, 'zip')
    default:
      return null
  }
}

async function* stored(data: ByteStream, context: ExtractContext): Inflating {
  for (let chunk = await data.next(); chunk !== null; chunk = await data.next()) {
    if (!mayGoOn(chunk.length, context, 'zip')) return false
    yield chunk
  }
  return true
}

async function* checked(
  decoded: Inflating,
  entry: ZipEntry,
  data: ByteStream,
  context: ExtractContext,
  onSlack: (slack: Buffer) => void,
): AsyncGenerator<Uint8Array> {
  let crc = 0
  let next = await decoded.next()
  for (; !next.done; next = await decoded.next()) {
    crc = crc32(next.value, crc)
    yield next.value
  }
  if (!next.value) return
  if (entry.crc !== 0 && crc !== entry.crc) context.uninspected('corrupt', 'checksum')
  const slack = await data.take(context.budget.limits.streamFromBytes)
  if (slack.length > 0) onSlack(slack)
  if ((await data.peek(1)).length > 0) context.uninspected('too-large', 'trailing data')
}
