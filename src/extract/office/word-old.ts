import { CHARSET_PAGES, decodeCodePage } from '../readers/code-page.ts'
import { pieceTable } from './word-pieces.ts'

/**
 * Text of Word for Windows 1 to 95: 8-bit characters in one stretch, or in pieces where the file was saved fast; 16-bit
 * in Far East editions. Nothing says which code page they are in: the header has a language and whether a Macintosh
 * wrote them, fonts have a character set. So there may be several readings, the likeliest first.
 */
export interface OldWordText {
  readonly text: string
  /** Lines that read otherwise in the character set of some font. */
  readonly otherReadings: readonly string[]
  /** Whether pieces of a fast save were not read: versions before 6 keep them elsewhere, others point out of the file. */
  readonly isPartial: boolean
}

const FLAG_COMPLEX = 0x0004
const FLAG_WIDE = 0x1000
const CHARSET_AT = 0x14
const MACINTOSH = 0x0100
const TEXT_AT = 0x18
const FONTS_AT = 0xd0
const PIECES_AT = 0x160
const NFIB_WORD6_MIN = 0x0065
const UTF16_PAGE = 1200
const MACINTOSH_PAGE = 10000

/** Null where the header points to no text. */
export function readOldWord(fib: Buffer): OldWordText | null {
  const flags = fib.readUInt16LE(10)
  const isWord6 = fib.readUInt16LE(2) >= NFIB_WORD6_MIN
  const isComplex = (flags & FLAG_COMPLEX) !== 0
  const isWide = isWord6 && (flags & FLAG_WIDE) !== 0
  const { bytes, isCut } = isComplex && isWord6 ? pieces(fib, isWide) : stretch(fib)
  if (bytes === null) return null
  const page = isWide ? UTF16_PAGE : pageOf(fib)
  const text = decodeCodePage(bytes, page)
  const otherReadings: string[] = []
  if (isWord6 && !isWide) {
    const known = new Set(linesOf(text))
    for (const other of fontPages(fib)) {
      for (const line of linesOf(decodeCodePage(bytes, other))) {
        if (known.has(line) || !/[^\x00-\x7f]/.test(line)) continue
        known.add(line)
        otherReadings.push(line)
      }
    }
  }
  return { text, otherReadings, isPartial: isCut || (isComplex && !isWord6) }
}

function linesOf(text: string): string[] {
  return text.split(/[\x07\n-\r]+/)
}

/** Characters as they stand in the file; null without any. `isCut`: some of the pieces they are in were not read. */
interface Characters {
  readonly bytes: Buffer | null
  readonly isCut: boolean
}

function stretch(fib: Buffer): Characters {
  const start = fib.readUInt32LE(TEXT_AT)
  const end = fib.readUInt32LE(TEXT_AT + 4)
  return { bytes: start < end && start < fib.length ? fib.subarray(start, end) : null, isCut: false }
}

function pieces(fib: Buffer, isWide: boolean): Characters {
  const start = fib.readUInt32LE(PIECES_AT)
  const plc = pieceTable(fib.subarray(start, start + fib.readUInt32LE(PIECES_AT + 4)))
  if (plc === null) return { bytes: null, isCut: false }
  const count = Math.floor((plc.length - 4) / 12)
  const found: Buffer[] = []
  let left = fib.length
  let isCut = false
  for (let i = 0; i < count; i++) {
    const characters = Math.max(0, plc.readUInt32LE(i * 4 + 4) - plc.readUInt32LE(i * 4))
    const length = characters * (isWide ? 2 : 1)
    const offset = plc.readUInt32LE((count + 1) * 4 + i * 8 + 2)
    // Pieces that come to more than the file repeat each other.
    const piece = fib.subarray(offset, offset + Math.min(length, left))
    if (piece.length < length) isCut = true
    left -= piece.length
    found.push(piece)
  }
  return { bytes: Buffer.concat(found), isCut }
}

function pageOf(fib: Buffer): number {
  if (fib.readUInt16LE(CHARSET_AT) === MACINTOSH) return MACINTOSH_PAGE
  const language = fib.readUInt16LE(6)
  return language === 0x0404 || language === 0x0c04 ? 950 : (LANGUAGE_PAGES[language & 0x3ff] ?? 1252)
}

/** Code pages of the character sets that fonts of Word 6 and 95 have, in the order of the table of fonts. */
function fontPages(fib: Buffer): Set<number> {
  const start = fib.readUInt32LE(FONTS_AT)
  const table = fib.subarray(start, start + fib.readUInt32LE(FONTS_AT + 4))
  const pages = new Set<number>()
  for (let at = 2; at + 6 <= table.length; at += 1 + (table[at] ?? 0)) {
    const page = CHARSET_PAGES[table[at + 4] ?? 0]
    if (page !== undefined) pages.add(page)
  }
  return pages
}

/** By the primary language identifier ([MS-LCID]). */
const LANGUAGE_PAGES: Readonly<Record<number, number>> = {
  4: 936,
  5: 1250,
  8: 1253,
  13: 1255,
  1: 1256,
  14: 1250,
  17: 932,
  18: 949,
  21: 1250,
  24: 1250,
  25: 1251,
  26: 1250,
  27: 1250,
  30: 874,
  31: 1254,
  34: 1251,
  35: 1251,
  36: 1250,
  37: 1257,
  38: 1257,
  39: 1257,
  42: 1258,
}
