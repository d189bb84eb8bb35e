/**
 * Text of an equation of the Equation Editor or MathType (stream `Equation Native`, MTEF versions 1 to 5): the characters
 * in the order of the file. Their records are recognised by what they look like and the records between them stepped
 * over byte by byte, so nothing that was typed is missed, and what damage there is costs no more than itself. Layout:
 * the MTEF documentation of the MathType SDK, "CHAR records".
 */
const CHAR = 2
/** Typefaces are written with 128 added; fonts of the document itself have numbers from 1 on as well. */
const TYPEFACE_MIN = 0x80
const TYPEFACE_MAX = 0xa0
const OPTION_MAX = 0x40
const EIGHT_BIT_POSITION = 0x04
const SIXTEEN_BIT_POSITION = 0x10
const FIRST_CHARACTER = 0x20

/** Characters next to each other are words; null where the stream is too short to be an equation. */
export function equationText(stream: Buffer): string | null {
  const start = stream.length >= 2 ? stream.readUInt16LE(0) : 0
  const data = stream.subarray(start)
  if (start < 2 || data.length < 5) return null
  const isNew = (data[0] ?? 0) >= 5
  let text = ''
  let end = -1
  for (let at = 0; at + 4 <= data.length; ) {
    const record = isNew ? newCharacter(data, at) : oldCharacter(data, at)
    if (record === null) {
      at += 1
      continue
    }
    if (end >= 0 && end !== at) text += ' '
    text += String.fromCharCode(record.code)
    at += record.length
    end = at
  }
  return text
}

interface Character {
  readonly code: number
  readonly length: number
}

/** Up to version 3: options and type in one byte, typeface, code. */
function oldCharacter(data: Buffer, at: number): Character | null {
  if (((data[at] ?? 0) & 0xf) !== CHAR || !isTypeface(data[at + 1])) return null
  const code = data.readUInt16LE(at + 2)
  return code >= FIRST_CHARACTER ? { code, length: 4 } : null
}

/** From version 5 on: type, options, typeface, code, then places of the character in its font. */
function newCharacter(data: Buffer, at: number): Character | null {
  const options = data[at + 1] ?? 0
  if (data[at] !== CHAR || options >= OPTION_MAX || !isTypeface(data[at + 2]) || at + 5 > data.length) return null
  const code = data.readUInt16LE(at + 3)
  const eight = (options & EIGHT_BIT_POSITION) !== 0 ? 1 : 0
  const sixteen = (options & SIXTEEN_BIT_POSITION) !== 0 ? 2 : 0
  return code >= FIRST_CHARACTER ? { code, length: 5 + eight + sixteen } : null
}

function isTypeface(byte: number | undefined): boolean {
  return byte !== undefined && byte >= TYPEFACE_MIN && byte <= TYPEFACE_MAX
}
