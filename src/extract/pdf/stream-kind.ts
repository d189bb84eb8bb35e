import { isFont } from '../readers/font.ts'
import { streamHead } from './pdf-filters.ts'
import { isReadableText, pdfStringText } from './pdf-string-text.ts'
import { nameOf, type PdfDict } from './pdf-value.ts'

/**
 * What a stream is, told by its content wherever its dictionary could lie: a picture's sizes, for one, may stand in the
 * dictionary of anything. Pure; never throws.
 */

/** The sizes of a picture may stand in the dictionary of anything. */
export function isPicture(data: Buffer, dict: PdfDict): boolean {
  const isCalledSo = nameOf(dict.get('Subtype')) === 'Image' || (dict.has('Width') && dict.has('Height'))
  return isCalledSo && !isPlainText(streamHead(data, dict).toString('latin1'))
}

const PLAIN_MIN_CHARS = 8

/** Words in ASCII, as no pixels are. */
export function isPlainText(text: string): boolean {
  const words = text.match(/[A-Za-z\d\s]/g)?.length ?? 0
  const printable = text.match(/[\s\x20-\x7e]/g)?.length ?? 0
  return (
    text.length >= PLAIN_MIN_CHARS &&
    printable * 10 >= text.length * 9 &&
    words * 2 >= text.length &&
    new Set(text).size >= PLAIN_MIN_CHARS
  )
}

/** TrueType, OpenType, Type 1 and CFF. */
export function isFontProgram(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, 16)
  return (
    isFont(bytes, '') ||
    /^(?:\x80\x01.{4})?%!(?:PS-AdobeFont|FontType)/s.test(head) ||
    /^\x01\0[\x04-\x08][\x01-\x04]/.test(head)
  )
}

/** ICC.1, 7.2.12: the mark of a profile. */
export function isColourProfile(bytes: Buffer): boolean {
  return bytes.toString('latin1', 36, 40) === 'acsp'
}

export function isMarkup(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*<[?!A-Za-z]/.test(bytes.toString('latin1', 0, 64))
}

const HEAD_BYTES = 4096

/** Text in some charset, as its beginning tells. */
export function isTextStream(bytes: Buffer): boolean {
  const head = bytes.subarray(0, HEAD_BYTES)
  return isReadableText(head.toString('utf8')) || isReadableText(pdfStringText(head.toString('latin1')))
}
