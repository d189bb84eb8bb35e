/** Hexadecimal, binary, decimal and octal character codes, as one run or as a list (`34 31`, `0x34,0x31`, `52, 49`, `064`). */
import { decodedText } from './decoded-text.ts'
import { byteSet, runEnd } from './token-run.ts'
import type { Edit, View } from './view.ts'

const JOIN = '[ \\t\\r\\n:,;-]{1,8}'
const PAIRS = `(?:0x)?[0-9A-Fa-f]{2}(?:${JOIN}(?:0x)?[0-9A-Fa-f]{2})`
const BITS = '[01]{8}(?:[ ,]{0,2}[01]{8})'
const CODES = `[0-9]{2,3}(?:${JOIN}[0-9]{2,3})`
const RUN = new RegExp([`${BITS}{7,}`, `${PAIRS}{7,}`, `${CODES}{7,}`].join('|'), 'y')

export const hexView: View = {
  name: 'hex',
  triggers: [PAIRS, BITS, CODES].map((run) => ({ regex: `${run}{7}`, boundary: 'word' as const })),
  edit(text, start, triggerEnd) {
    const end = runEnd(text, start, triggerEnd, RUN)
    const source = text.toString('latin1', start, end)
    const readings = /^[01\s,]+$/.test(source)
      ? [fromBinary(source)]
      : [fromHex(source), fromDecimal(source), fromOctal(source)]
    return reading(start, end, readings)
  },
  token(text, { start, end }) {
    if (end - start < TOKEN_MIN) return null
    for (let i = start; i < end; i++) if (HEX[text[i] as number] !== 1 && i !== start + 1) return null
    const source = text.toString('latin1', start, end)
    return { end, edit: reading(start, end, [/^[01]+$/.test(source) ? fromBinary(source) : fromHex(source)]) }
  },
}

/** Eight bytes: fewer are no value worth hiding. */
const TOKEN_MIN = 16
const HEX = byteSet('0123456789ABCDEFabcdef')

/** `52, 49` is text as hexadecimal and as decimal; all readings are looked at. */
function reading(start: number, end: number, readings: readonly Buffer[]): Edit | null {
  const decoded = readings.flatMap((bytes) => decodedText(bytes) ?? [])
  const [first] = decoded
  if (!first) return null
  const replacement = Buffer.concat(decoded.flatMap(({ text }, i) => (i > 0 ? [LINE_BREAK, text] : [text])))
  return { start, end, replacement, via: first.via, cut: decoded.some(({ cut }) => cut) }
}

const LINE_BREAK = Buffer.from('\n')

function fromHex(source: string): Buffer {
  return Buffer.from(source.replace(/0x/gi, '').replace(/[^0-9A-Fa-f]/g, ''), 'hex')
}

function fromBinary(source: string): Buffer {
  return Buffer.from((source.match(/[01]{8}/g) ?? []).map((bits) => Number.parseInt(bits, 2)))
}

function fromDecimal(source: string): Buffer {
  const codes = source.match(/\d+/g) ?? []
  return codes.every((code) => Number(code) >= 9 && Number(code) < 127)
    ? Buffer.from(codes.map(Number))
    : Buffer.alloc(0)
}

/** As `od` prints bytes: three digits each. */
function fromOctal(source: string): Buffer {
  const codes = source.match(/\d+/g) ?? []
  return codes.every((code) => /^[01][0-7]{2}$/.test(code))
    ? Buffer.from(codes.map((code) => Number.parseInt(code, 8)))
    : Buffer.alloc(0)
}
