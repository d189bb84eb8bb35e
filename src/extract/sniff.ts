import { decodeText } from './charset.ts'
import type { ChildPart } from './format.ts'
import { hasDelimiter } from './mime/multipart.ts'
import { packedKindOf } from './readers/packed-data.ts'
import { isAppleDiskImage, isBinary, signatureOf } from './signatures.ts'
import { sniffMagic } from './sniff-magic.ts'
import { refineOle } from './sniff-ole.ts'
import { sniffText } from './sniff-text.ts'
import { endsAsZip, refineZip } from './sniff-zip.ts'

/**
 * The true type of a part, by content. The declared type and the file name only choose between kinds of text (CSV and
 * plain text look alike). Own signatures first, since they cost microseconds; libmagic for whatever they don't know.
 */
export interface Sniffed {
  readonly type: string
  /** Further formats the same bytes are valid as (a polyglot): read as well, unless one is a member of the first. */
  readonly also: readonly string[]
}

/** Kinds of text are told by their beginning. */
const TEXT_HEAD_BYTES = 16 * 1024
const NONE: readonly string[] = []

/** `magic`: libmagic's opinion of bytes that no own signature knows, or null. */
export async function sniff(
  part: ChildPart,
  magic: (bytes: Uint8Array) => Promise<string | null> = sniffMagic,
): Promise<Sniffed> {
  const { bytes } = part
  if (bytes.length === 0) return { type: 'application/x-empty', also: NONE }
  if (isMultipart(part)) return { type: part.declaredType ?? 'multipart/form-data', also: NONE }
  const signature = signatureOf(bytes)
  if (signature) return withPolyglots(bytes, refine(bytes, signature))
  if (endsAsZip(bytes)) return { type: refineZip(bytes), also: NONE }
  // Without a NUL in it packed data looks like text in some 8-bit charset.
  const packed = packedKindOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  if (packed) return { type: `application/${packed}`, also: NONE }
  const text = textOf(part)
  if (text !== null) return { type: sniffText(text, part), also: NONE }
  if (isAppleDiskImage(bytes)) return { type: 'application/x-apple-diskimage', also: NONE }
  if (isCalledBrotli(part)) return { type: 'application/x-brotli', also: NONE }
  return { type: (await magic(bytes)) ?? 'application/octet-stream', also: NONE }
}

/** Brotli has no mark of its own (RFC 7932). */
function isCalledBrotli({ filename, declaredType }: ChildPart): boolean {
  return /\.br$/i.test(filename ?? '') || /^application\/(?:x-)?brotli$/.test(declaredType ?? '')
}

/** A multipart body may end with the last bytes of an archive, so it is looked at before all marks. */
function isMultipart(part: ChildPart): boolean {
  const boundary = part.parameters?.boundary
  if (!part.declaredType?.startsWith('multipart/') || !boundary) return false
  return hasDelimiter(
    Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.length),
    0,
    part.bytes.length,
    boundary,
  )
}

function refine(bytes: Uint8Array, type: string): string {
  if (type === 'application/zip') return refineZip(bytes)
  return type === 'application/x-ole-storage' ? refineOle(bytes) : type
}

/**
 * A zip directory at the end of something that is no zip: readers of either kind would open it. Whether it is but the
 * last member of an archive shows when that is read.
 */
function withPolyglots(bytes: Uint8Array, type: string): Sniffed {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b
  // A tar, or the last stream of a compound file, may well hold a whole zip: their own formats look there.
  const mayHoldZip = type === 'application/x-tar' || bytes[0] === 0xd0
  if (!isZip && !mayHoldZip && endsAsZip(bytes)) return { type, also: [refineZip(bytes)] }
  return { type, also: NONE }
}

/** The head of the part as text, or null where it is none. What is sent as text is shown as text, odd bytes or not. */
function textOf(part: ChildPart): string | null {
  const head = part.bytes.length > TEXT_HEAD_BYTES ? part.bytes.subarray(0, TEXT_HEAD_BYTES) : part.bytes
  const declared = part.declaredType ?? null
  const sentAsText =
    declared?.startsWith('text/') || declared?.startsWith('message/') || part.parameters?.charset !== undefined
  const decoded = decodeText(head, part.parameters?.charset ?? null)
  if (!isBinary(head) || sentAsText) return decoded.text
  return decoded.charset !== null && !hasControls(decoded.text) ? decoded.text : null
}

function hasControls(text: string): boolean {
  let odd = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09 && code !== 0x0c) odd++
    else if (code === 0xfffd || (code >= 0xe000 && code <= 0xf8ff)) odd++
  }
  return odd > text.length / 50
}
