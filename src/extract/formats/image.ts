import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError, type Format, type FormatInput } from '../format.ts'
import { picturePrint } from '../prints/picture-print.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { imageSize } from '../readers/image-size.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { emfWords, wmfWords } from '../readers/metafile-text.ts'
import { pictureTexts } from '../readers/picture-texts.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Pictures: what they carry as text, that is EXIF, IPTC and XMP, comments, text chunks and layers, and the words of metafiles.
 * Data behind the picture is a child. Text in pixels is recognised where it is switched on and the picture can be
 * decoded.
 */
export const image: Format = {
  id: 'image',
  types: [
    'image/jpeg',
    'image/png',
    'image/gif',
    'image/tiff',
    'image/webp',
    'image/bmp',
    'image/heic',
    'image/heif',
    'image/avif',
    'image/jp2',
    'image/jxl',
    'image/vnd.adobe.photoshop',
    'image/vnd.microsoft.icon',
    'image/x-icon',
    'image/x-portable-anymap',
    'image/x-tga',
    'image/vnd.zbrush.pcx',
    'image/x-xpixmap',
    'image/x-xbitmap',
  ],
  extract: (input, context) => extractImage(input, context),
}

export const metafile: Format = {
  id: 'metafile',
  types: ['image/emf', 'image/wmf', 'image/x-emf', 'image/x-wmf', 'image/x-svm'],
  extract: (input, context) => extractMetafile(input, context),
}

async function extractImage(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const found = pictureTexts(bytes, input.sniffedType)
  const texts = new Set(found.texts)
  for (const packed of found.deflated) {
    const result = await inflateBounded('deflate', packed, context)
    if (result.problem !== null) context.uninspected(result.problem, 'picture text')
    texts.add(result.bytes.toString('utf8'))
  }
  for (const value of await metadataWords(bytes)) texts.add(value)
  if (texts.size > 0) context.text([...texts].join('\n'))
  await readPixels(bytes, input.sniffedType, context)
  const print = context.picturePrint && (await picturePrint(bytes, input.sniffedType))
  if (print) context.picturePrint?.(print)
  for (const gap of found.gaps ?? []) await extractTrailing(gap, context, { label: '[gap]' })
  if (found.end === null || found.end >= bytes.length) return
  await extractTrailing(bytes.subarray(found.end), context, { whole: bytes.length })
}

/** Text in the pixels. Where they can't be read, pictures large enough for legible text are told as `not-readable`. */
async function readPixels(bytes: Buffer, type: string, context: ExtractContext): Promise<void> {
  const size = imageSize(bytes, type)
  const isLegible =
    size === null ||
    (Math.min(size.width, size.height) >= limits.extractPictureSideMinPixels &&
      size.width * size.height >= limits.extractPictureAreaMinPixels)
  if (context.pictures === null) {
    if (isLegible) context.uninspected('not-readable', 'picture without text recognition')
    return
  }
  const { text, problem } = await context.pictures.readFile(bytes, type, size, context.budget)
  if (text !== '') {
    context.via('ocr')
    context.text(text)
  }
  if (problem && (isLegible || problem.reason !== 'not-readable')) context.uninspected(problem.reason, problem.detail)
}

/** Every string in EXIF, IPTC and XMP; numbers of the camera are left out. Broken metadata gives none. */
async function metadataWords(bytes: Buffer): Promise<string[]> {
  const words: string[] = []
  let tags: unknown
  try {
    const { default: exifr } = await import('exifr')
    tags = await exifr.parse(bytes, {
      tiff: true,
      exif: true,
      gps: false,
      iptc: true,
      xmp: true,
      icc: false,
      jfif: false,
      ihdr: false,
      mergeOutput: true,
      userComment: true,
      makerNote: false,
    })
  } catch {
    return words
  }
  collect(tags, words, 0)
  return words
}

/** Far deeper than XMP nests. */
const TAG_DEPTH_MAX = 32

function collect(value: unknown, words: string[], depth: number): void {
  if (depth > TAG_DEPTH_MAX) throw new ExtractLimitError('too-deep', 'picture metadata')
  if (words.length >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'picture metadata')
  if (typeof value === 'string') {
    if (/[\p{L}\d]{2}/u.test(value)) words.push(value.trim())
  } else if (value instanceof Uint8Array) {
    if (value.length <= limits.extractHeaderMaxBytes) words.push(...commentOf(Buffer.from(value)))
  } else if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    for (const inner of Object.values(value)) collect(inner, words, depth + 1)
  }
}

/** EXIF user comments name their charset in eight bytes (EXIF 2.3, table 9). */
function commentOf(raw: Buffer): string[] {
  const mark = raw.toString('latin1', 0, 8)
  if (mark.startsWith('ASCII')) return [raw.toString('utf8', 8).replace(/\0/g, '')]
  if (mark.startsWith('UNICODE')) return [raw.toString('utf16le', 8).replace(/\0/g, '')]
  return []
}

async function extractMetafile(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  if (input.sniffedType === 'image/x-svm') {
    // Previews of tables and charts in OpenDocument: every drawn string stands in UTF-16, its first letters in 8 bits.
    const words = [...carveUtf16(bytes, 2), ...carveLatin(bytes)]
    return context.text([...new Set(words)].join('\n'))
  }
  const isEnhanced = bytes.length > 44 && bytes.toString('latin1', 40, 44) === ' EMF'
  const words = isEnhanced ? emfWords(bytes) : wmfWords(bytes)
  if (words.length > 0) context.text(words.join('\n'))
}
