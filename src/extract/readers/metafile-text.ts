import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { CHARSET_PAGES, decodeCodePage } from './code-page.ts'

/**
 * Words drawn by Windows metafiles: text output of WMF ([MS-WMF]) and EMF ([MS-EMF]), comments included. Pieces in the
 * order of drawing; icons of embedded files show their names this way. Linear; throws `too-many` for records past the
 * limit, and nothing else.
 */
export function emfWords(bytes: Buffer): string[] {
  const words: string[] = []
  let at = 0
  for (let count = 0; at + 8 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'drawing records')
    const type = bytes.readUInt32LE(at)
    const size = bytes.readUInt32LE(at + 4)
    if (size < 8) break
    const record = bytes.subarray(at, at + size)
    at += size
    if (type === 84 || type === 83) pushWord(words, emfText(record, 28 + 8, type === 84))
    if (type === 108) pushWord(words, smallText(record))
    if (type === 96 || type === 97) pushWord(words, emfText(record, 40, type === 97))
  }
  return words
}

/** EMRTEXT: reference point, count of characters, offset of the string from the record's start. */
function emfText(record: Buffer, at: number, wide: boolean): string {
  if (at + 16 > record.length) return ''
  const count = record.readUInt32LE(at + 8)
  const offset = record.readUInt32LE(at + 12)
  const raw = record.subarray(offset, offset + count * (wide ? 2 : 1))
  return wide ? raw.toString('utf16le') : raw.toString('latin1')
}

function smallText(record: Buffer): string {
  if (record.length < 36) return ''
  const count = record.readUInt32LE(16)
  const options = record.readUInt32LE(20)
  const start = (options & 0x100) !== 0 ? 36 : 52
  const narrow = (options & 0x200) !== 0
  const raw = record.subarray(start, start + count * (narrow ? 1 : 2))
  return narrow ? raw.toString('latin1') : raw.toString('utf16le')
}

export function wmfWords(bytes: Buffer): string[] {
  const words: string[] = []
  const placeable = bytes.length > 22 && bytes.readUInt32LE(0) === 0x9ac6cdd7
  let at = (placeable ? 22 : 0) + 18
  let page = 1252
  for (let count = 0; at + 6 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'drawing records')
    const size = bytes.readUInt32LE(at) * 2
    const type = bytes.readUInt16LE(at + 4)
    if (size < 6) break
    const record = bytes.subarray(at, at + size)
    at += size
    // CreateFontIndirect: the character set of the font chooses the code page.
    if (type === 0x02fb && record.length > 19) page = CHARSET_PAGES[record[19] ?? 0] ?? 1252
    if (type === 0x0521 && record.length > 8)
      pushWord(words, decodeCodePage(textAt(record, 8, record.readUInt16LE(6)), page))
    if (type === 0x0a32 && record.length > 14) {
      const clipped = (record.readUInt16LE(12) & 0x06) !== 0
      pushWord(words, decodeCodePage(textAt(record, clipped ? 22 : 14, record.readUInt16LE(10)), page))
    }
  }
  return words
}

function textAt(record: Buffer, start: number, length: number): Buffer {
  return record.subarray(start, start + length)
}

function pushWord(words: string[], text: string): void {
  const clean = text.replace(/\0/g, '')
  if (clean.trim() !== '') words.push(clean)
}
