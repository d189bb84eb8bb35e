import type { ExtractContext } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { decodeCodePage } from '../readers/code-page.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { openWord } from './legacy-decryption.ts'
import { ListNumbering } from './list-numbering.ts'
import { drawingWords } from './office-art.ts'
import { readWordLists } from './word-binary-lists.ts'
import { ownStyleNames, readWordParagraphs } from './word-binary-paragraphs.ts'
import { readOldWord } from './word-old.ts'
import { pieceTable } from './word-pieces.ts'

/**
 * Word to 2003 ([MS-DOC]): all stories of the piece table, that is body, footnotes, headers, comments, endnotes and
 * text boxes, deleted and hidden text among it. Field codes and shape descriptions follow. Encrypted files are told.
 */
const FLAG_ENCRYPTED = 0x0100
const FLAG_TABLE1 = 0x0200
const FLAG_OBFUSCATED = 0x8000
/** First format version with Unicode pieces (Word 97). */
const NFIB_WORD97 = 0x00c1

/** Shortest header of any version that is read. */
const HEADER_BYTES = 0x180

/** Places of pairs of offset and length in the header. */
const STYLES_AT = 0xa2
const PARAGRAPHS_AT = 0x102
const LISTS_AT = 0x2e2

/** Text that stands in one stretch, from byte `offset` of the main stream on. */
interface WordPiece {
  readonly text: string
  readonly offset: number
  readonly bytesPerCharacter: 1 | 2
}

/** Word for Windows 1 and 2 wrote what became a stream later into a file of its own. */
export function isBareWord(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xdb || bytes[0] === 0x9b) && bytes[1] === 0xa5 && bytes[3] === 0 && bytes.length >= HEADER_BYTES
}

/** A document of Word for Windows 1 or 2. */
export function readBareWord(fib: Buffer, context: ExtractContext): void {
  if ((fib.readUInt16LE(10) & FLAG_ENCRYPTED) !== 0) context.uninspected('encrypted', 'XOR obfuscation')
  else readOldText(fib, context)
}

function readOldText(fib: Buffer, context: ExtractContext): void {
  const old = readOldWord(fib)
  if (old === null) {
    context.uninspected('corrupt', 'doc pieces')
    return
  }
  if (isGarbled(old.text)) context.uninspected('corrupt', 'doc text')
  context.text(toLines(old.text))
  if (old.otherReadings.length > 0) context.text(old.otherReadings.join('\n'))
  if (!old.isPartial) return
  context.uninspected('partial', 'doc saved fast')
  context.text(carveLatin(fib).join('\n'))
}

export function readWordBinary(root: OleNode, context: ExtractContext): void {
  let fib = childNamed(root, 'WordDocument')?.read() ?? Buffer.alloc(0)
  if (fib.length < HEADER_BYTES) {
    context.uninspected('corrupt', 'doc header')
    return
  }
  const version = fib.readUInt16LE(2)
  const flags = fib.readUInt16LE(10)
  let table = childNamed(root, (flags & FLAG_TABLE1) !== 0 ? '1Table' : '0Table')?.read() ?? Buffer.alloc(0)
  if ((flags & FLAG_ENCRYPTED) !== 0) {
    const opened = (flags & FLAG_OBFUSCATED) === 0 ? openWord(fib, table, context) : null
    if (opened === null) {
      context.uninspected('encrypted', encryptionOf(flags, table))
      return
    }
    context.trait('opened-with-password')
    fib = opened.main
    table = opened.table
  }
  if (version < NFIB_WORD97) {
    readOldText(fib, context)
    return
  }
  const pieces = readPieces(fib, table, fib.readUInt32LE(0x1a2), fib.readUInt32LE(0x1a6), context)
  const raw = pieces?.map(({ text }) => text).join('') ?? null
  if (raw === null) {
    context.uninspected('corrupt', 'doc pieces')
    const carved = carveUtf16(fib)
    if (carved.length > 0) context.text(carved.join('\n'))
    return
  }
  if (isGarbled(raw)) context.uninspected('corrupt', 'doc text')
  context.text(toLines(pieces ? withListNumbers(pieces, fib, table) : raw))
  const words = [
    // Names of styles that its authors chose.
    ...ownStyleNames(slice(table, fib, STYLES_AT)),
    ...drawingWords(slice(table, fib, 0x22a)),
    // Document variables.
    ...carveUtf16(slice(table, fib, 0x27a), 2),
  ]
  if (words.length > 0) context.text(words.join('\n'))
}

/** Characters that no story of a document holds, and how long a run of filler is. */
const FOREIGN = /[\0\x0f-\x12\x16-\x1b\x1d\ud800-\udfff\ufffe\uffff]/gu
const FILLER = /\u00ff{16}/
const FOREIGN_SHARE_MAX = 0.02

/** A piece table that points to something else than text gives characters that Word never writes there. */
function isGarbled(raw: string): boolean {
  return FILLER.test(raw) || (raw.match(FOREIGN)?.length ?? 0) > Math.max(4, raw.length * FOREIGN_SHARE_MAX)
}

function slice(table: Buffer, fib: Buffer, at: number): Buffer {
  if (at + 8 > fib.length) return Buffer.alloc(0)
  const start = fib.readUInt32LE(at)
  return table.subarray(start, start + fib.readUInt32LE(at + 4))
}

function encryptionOf(flags: number, table: Buffer): string {
  if ((flags & FLAG_OBFUSCATED) !== 0) return 'XOR obfuscation'
  return table.length >= 4 && table.readUInt16LE(0) === 1 ? 'RC4' : 'RC4 CryptoAPI'
}

/** The piece table ([MS-DOC] 2.8.35): text in the order of the document, wherever it stands in the stream. */
function readPieces(
  fib: Buffer,
  table: Buffer,
  start: number,
  length: number,
  context: ExtractContext,
): WordPiece[] | null {
  const plc = pieceTable(table.subarray(start, start + length))
  if (plc === null) return null
  const count = Math.floor((plc.length - 4) / 12)
  if (count < 1) return null
  const pieces: WordPiece[] = []
  // Overlapping pieces would multiply the text; no document is longer than its stream.
  let left = fib.length
  for (let i = 0; i < count && left > 0; i++) {
    const characters = plc.readUInt32LE(i * 4 + 4) - plc.readUInt32LE(i * 4)
    const fc = plc.readUInt32LE((count + 1) * 4 + i * 8 + 2)
    const isCompressed = (fc & 0x40000000) !== 0
    const offset = isCompressed ? (fc & 0x3fffffff) >>> 1 : fc & 0x3fffffff
    const bytes = Math.min(left, Math.max(0, characters) * (isCompressed ? 1 : 2))
    left -= bytes
    if (characters < 0 || bytes < characters || offset + bytes > fib.length)
      context.uninspected('corrupt', 'doc pieces')
    const raw = fib.subarray(offset, offset + bytes)
    const text = isCompressed ? decodeCodePage(raw, 1252) : raw.toString('utf16le')
    pieces.push({ text, offset, bytesPerCharacter: isCompressed ? 1 : 2 })
  }
  return pieces
}

/** Text with the numbers of lists in front of their paragraphs, as readers see it. */
function withListNumbers(pieces: readonly WordPiece[], fib: Buffer, table: Buffer): string {
  const text = pieces.map((piece) => piece.text).join('')
  if (fib.length < LISTS_AT + 16 || fib.readUInt32LE(LISTS_AT + 12) < 4) return text
  const [listsAt, , instancesAt, instancesLength] = [0, 4, 8, 12].map((more) => fib.readUInt32LE(LISTS_AT + more))
  const definitions = readWordLists(table, listsAt ?? 0, instancesAt ?? 0, instancesLength ?? 0)
  if (definitions.lists.size === 0) return text
  const numbering = new ListNumbering(definitions)
  const paragraphs = readWordParagraphs(fib, slice(table, fib, PARAGRAPHS_AT), slice(table, fib, STYLES_AT))
  const out: string[] = []
  let [first, start, taken] = [0, 0, 0]
  for (const piece of pieces) {
    for (let at = 0; at < piece.text.length; at++) {
      const code = piece.text.charCodeAt(at)
      if (code !== 0x0d && code !== 0x07) continue
      const list = paragraphs.listAt(piece.offset + at * piece.bytesPerCharacter)
      const label = list ? numbering.next(list) : ''
      if (label !== '') {
        out.push(text.slice(taken, start), label, '\t')
        taken = start
      }
      start = first + at + 1
    }
    first += piece.text.length
  }
  out.push(text.slice(taken))
  return out.join('')
}

/** Word's control characters as layout: cells apart by TAB, rows and paragraphs by LF, field codes behind the line. */
function toLines(raw: string): string {
  const out: string[] = []
  let codes: string[] = []
  let line = ''
  const fields: { isCode: boolean; code: string }[] = []
  const flush = () => {
    out.push(line.replace(/\t+$/, ''))
    line = ''
    out.push(...codes)
    codes = []
  }
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    const field = fields.at(-1)
    if (code >= 0x20 && code !== 0xad) {
      if (field?.isCode) field.code += raw[i]
      else line += raw[i]
      continue
    }
    switch (code) {
      case 0x07:
        // A row ends with a mark of its own right behind that of its last cell.
        if (raw.charCodeAt(i + 1) === 0x07) {
          i += 1
          flush()
        } else line += '\t'
        break
      case 0x0a:
      case 0x0b:
      case 0x0c:
      case 0x0d:
      case 0x0e:
        flush()
        break
      case 0x09:
        line += '\t'
        break
      case 0x1e:
        line += '-'
        break
      case 0x13:
        fields.push({ isCode: true, code: '' })
        break
      case 0x14:
        if (field) field.isCode = false
        break
      case 0x15:
        if (field && field.code.trim() !== '') codes.push(field.code.trim())
        fields.pop()
        break
      default:
    }
  }
  flush()
  return out.join('\n')
}
