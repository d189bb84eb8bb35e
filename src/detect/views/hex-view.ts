/** Hexadecimal, binary and decimal character codes, as one run or as a list (`34 31`, `0x34,0x31`, `52, 49`). */
import { decodedText } from './decoded-text.ts'
import type { View } from './view.ts'

const JOIN = '[ \\t\\r\\n:,;-]{1,3}'

export const hexView: View = {
  name: 'hex',
  triggers: [
    { regex: '(?:0x)?(?:[0-9A-Fa-f]{2}){8,}', boundary: 'word' },
    { regex: `(?:0x)?[0-9A-Fa-f]{2}(?:${JOIN}(?:0x)?[0-9A-Fa-f]{2}){7,}`, boundary: 'word' },
    { regex: `[01]{8}(?:[ ,]{0,2}[01]{8}){7,}`, boundary: 'word' },
    { regex: `[0-9]{2,3}(?:${JOIN}[0-9]{2,3}){7,}`, boundary: 'word' },
  ],
  edit(text, start, end) {
    const source = text.toString('latin1', start, end)
    const readings = /^[01\s,]+$/.test(source) ? [fromBinary(source)] : [fromHex(source), fromDecimal(source)]
    const decoded = readings.flatMap((bytes) => decodedText(bytes) ?? [])
    const [first] = decoded
    if (!first) return null
    // `52, 49` is text either way; both readings are looked at.
    const replacement = Buffer.concat(decoded.flatMap(({ text: shown }, i) => (i > 0 ? [LINE_BREAK, shown] : [shown])))
    return { start, end, replacement, via: first.via }
  },
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
