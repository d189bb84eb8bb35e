import { decodeText, isPlainUtf8 } from '../charset.ts'
import { isCodedRun } from '../embedded/base64-files.ts'
import { mayEmbed, readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, StreamInput } from '../format.ts'

/**
 * A text that is too large to be held, decoded and told piece by piece. Pieces end with a line where there is one, and
 * never within a character, an escape or (if it can be helped) a file that stands encoded in the text. Each is decoded
 * by itself, so a dump of several charsets reads well; the charset that a mark at the beginning states holds for all.
 */
export interface TextPieces {
  /** What is told of a piece as it was decoded; left out: the piece. */
  readonly transform?: (piece: string) => string
}

export async function streamText(
  { stream, parameters }: StreamInput,
  context: ExtractContext,
  { transform }: TextPieces = {},
): Promise<void> {
  const size = context.budget.limits.streamPieceBytes
  let charset = parameters.charset ?? null
  let unit: Unit = 1
  let isFirst = true
  for (;;) {
    if (!context.budget.hasTime()) return context.uninspected('timeout', 'text')
    const ahead = await stream.peek(size)
    if (ahead.length === 0) return
    if (isFirst) {
      charset = statedCharset(ahead, charset)
      unit = unitOf(charset)
      isFirst = false
    }
    const cut = ahead.length < size ? { at: ahead.length, isTorn: false } : cutOf(ahead, unit)
    if (cut.isTorn) context.uninspected('partial', 'embedded file')
    await tellPiece(await stream.take(cut.at), charset, context, transform)
  }
}

async function tellPiece(
  bytes: Buffer,
  charset: string | null,
  context: ExtractContext,
  transform: TextPieces['transform'],
): Promise<void> {
  if (!transform && isPlainUtf8(bytes, charset)) {
    await context.pass(bytes)
    if (mayEmbed(bytes)) await readEmbedded(bytes.toString('utf8'), context, bytes)
    return
  }
  const { text, others } = decodeText(bytes, charset)
  for (const reading of [text, ...others]) {
    const shown = reading.includes('\0') ? reading.replaceAll('\0', '') : reading
    await context.pass(Buffer.from(transform ? transform(shown) : shown, 'utf8'))
  }
  if (mayEmbed(Buffer.from(text, 'utf8'))) await readEmbedded(text, context, bytes)
}

/** Bytes of one character, where they are always as many. */
type Unit = 1 | 2 | 4

const SAMPLE_BYTES = 64 * 1024

/** What holds for the whole text: a mark at its beginning, or that its bytes are no ASCII at all; else what is declared. */
function statedCharset(beginning: Buffer, declared: string | null): string | null {
  const { charset } = decodeText(beginning.subarray(0, SAMPLE_BYTES), declared)
  const isStated = charset !== null && /^(?:utf-(?:7|16..|32..)|gb18030|ibm\d+)$/.test(charset)
  return isStated ? charset : declared
}

function unitOf(charset: string | null): Unit {
  return charset?.startsWith('utf-16') ? 2 : charset?.startsWith('utf-32') ? 4 : 1
}

const LF = 0x0a
/** In no charset of several bytes is a smaller one part of a character, nor of an escape of JSON but at its end. */
const WHOLE_BELOW = 0x30

interface Cut {
  readonly at: number
  /** In the middle of what may be an encoded file. */
  readonly isTorn: boolean
}

/** Where a piece ends: in the second half of what is at hand. */
function cutOf(bytes: Buffer, unit: Unit): Cut {
  if (unit > 1) return { at: wideCut(bytes, unit), isTorn: false }
  const least = bytes.length >> 1
  const last = bytes.lastIndexOf(LF)
  for (let end = last; end >= least; ) {
    const before = bytes.lastIndexOf(LF, end - 1)
    if (!isCodedRun(bytes, before + 1, end)) return { at: end + 1, isTorn: false }
    end = before
  }
  if (last >= least) return { at: last + 1, isTorn: true }
  for (let at = bytes.length; at > least; at--)
    if ((bytes[at - 1] as number) < WHOLE_BELOW) return { at, isTorn: false }
  let at = bytes.length
  while (at > least && ((bytes[at - 1] as number) & 0xc0) === 0x80) at--
  // The first byte of the character that is cut off, or of one that is whole: it goes with the next piece.
  return { at: Math.max(least, at - 1), isTorn: isCodedRun(bytes, at - 1 - RUN_BYTES, at - 1) }
}

const RUN_BYTES = 64

/** Two halves of one UTF-16 character stay together. */
function wideCut(bytes: Buffer, unit: Unit): number {
  const at = bytes.length - (bytes.length % 4)
  const isHigh = (byte: number | undefined) => byte !== undefined && byte >= 0xd8 && byte <= 0xdb
  return unit === 2 && (isHigh(bytes[at - 1]) || isHigh(bytes[at - 2])) ? at - 2 : at
}
