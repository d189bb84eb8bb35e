import { isUtf8 } from 'node:buffer'
import { limits } from '../core/limits.ts'
import type { ExtractContext } from './format.ts'
import { carveLatin, carveUtf16 } from './readers/carve-strings.ts'
import { signatureOf } from './signatures.ts'
import { sniff } from './sniff.ts'
import { endsAsZip } from './sniff-zip.ts'
import type { ByteStream } from './stream/byte-stream.ts'

/**
 * What stands behind (or before, or between) the content of a file where its own programs don't look. Zeros and blanks
 * are padding. Anything else sets `trailing-data` for policies and is read: files and text as a part of their own. A few
 * bytes that are neither, as careless programs leave them behind pictures, can hide no file: their strings are read with
 * the file itself, and they are not told as `unsupported`, which would hold ordinary mail. Old Office programs fill files
 * up to whole sectors with whatever was in memory, so there more is let be.
 */
const SECTOR_BYTES = 512

/** `rest`: what is to be looked at; `whole`: bytes of the file it stands in, where its end may be filled up to sectors. */
export async function extractTrailing(
  rest: Uint8Array,
  context: ExtractContext,
  { label = '[trailing]', whole = 1 }: { readonly label?: string; readonly whole?: number } = {},
): Promise<void> {
  const bytes = withoutPadding(rest)
  if (bytes.length === 0) return
  context.trait('trailing-data')
  const blocks = cameraBlocks(rest)
  if (blocks !== null) {
    for (const { name, data } of blocks) {
      context.text(name)
      await extractTrailing(data, context, { label: `[${name}]` })
    }
    return
  }
  const isFile = signatureOf(bytes) !== null || endsAsZip(bytes)
  const isLeftOver =
    whole % SECTOR_BYTES === 0
      ? bytes.length <= limits.extractTrailingPaddingMaxBytes && (await isUnknown(bytes))
      : bytes.length <= limits.extractTrailingNoiseMaxBytes && isNoise(bytes)
  if (!isFile && isLeftOver) {
    context.text([...carveLatin(bytes), ...carveUtf16(bytes)].join('\n'))
    return
  }
  const traits = isFile ? (['hidden-content', 'attachment'] as const) : (['hidden-content'] as const)
  await context.child({ bytes, filename: null, label, traits })
}

/** The same of what is left of a stream. */
export async function extractTrailingStream(stream: ByteStream, context: ExtractContext): Promise<void> {
  await extractTrailing(await stream.take(context.budget.limits.streamFromBytes), context)
  for (let more = await stream.next(); more !== null; more = await stream.next()) {
    if (withoutPadding(more).length === 0) continue
    context.trait('trailing-data')
    context.uninspected('too-large', 'trailing data')
    await stream.drain()
  }
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  let start = 0
  let end = bytes.length
  while (start < end && isPadding(bytes[start])) start += 1
  while (end > start && isPadding(bytes[end - 1])) end -= 1
  return bytes.subarray(start, end)
}

function isPadding(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Less than half of it is readable in any charset. */
function isNoise(bytes: Uint8Array): boolean {
  const count = (runs: readonly string[]) => runs.reduce((sum, { length }) => sum + length, 0)
  return Math.max(count(carveLatin(bytes)), count(carveUtf16(bytes)) * 2) * 2 < bytes.length && !isUtf8(bytes)
}

/** Neither text nor any format that is told by its content. */
async function isUnknown(bytes: Uint8Array): Promise<boolean> {
  const { type } = await sniff({ bytes, filename: null }, async () => null)
  return type === 'application/octet-stream'
}

interface CameraBlock {
  readonly name: string
  readonly data: Uint8Array
}

const BLOCKS_MAX = 64

/**
 * The blocks that Samsung cameras write behind a JPEG: a directory between the marks SEFH and SEFT whose entries count
 * back from it, each block with its name. Layout as documented with ExifTool (Samsung trailer tags). Null: no such thing.
 */
function cameraBlocks(bytes: Uint8Array): CameraBlock[] | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.length < 32 || buffer.toString('latin1', buffer.length - 4) !== 'SEFT') return null
  const directory = buffer.length - 8 - buffer.readUInt32LE(buffer.length - 8)
  if (directory < 0 || directory + 12 > buffer.length || buffer.toString('latin1', directory, directory + 4) !== 'SEFH')
    return null
  const count = buffer.readUInt32LE(directory + 8)
  const blocks: CameraBlock[] = []
  let covered = 0
  for (let i = 0, at = directory + 12; i < Math.min(count, BLOCKS_MAX); i++, at += 12) {
    if (at + 12 > buffer.length) return null
    const start = directory - buffer.readUInt32LE(at + 4)
    const size = buffer.readUInt32LE(at + 8)
    if (start < 0 || size < 8 || start + size > directory) return null
    const nameEnd = start + 8 + Math.min(buffer.readUInt32LE(start + 4), limits.extractNameMaxChars)
    blocks.push({
      name: buffer.toString('latin1', start + 8, nameEnd).replace(/[^\x20-\x7e]/g, ''),
      data: buffer.subarray(Math.min(nameEnd, start + size), start + size),
    })
    covered += size
  }
  // Bytes that no entry claims would be seen by nobody.
  return covered + limits.extractTrailingNoiseMaxBytes < directory ? null : blocks
}
