/** Quoted-printable (RFC 2045 section 6.7) that nobody decoded: `=XX` and soft line breaks. */
import { isAsciiWordByte } from '../match/boundary.ts'
import { runEnd } from './token-run.ts'
import { asUtf8 } from './url-view.ts'
import type { View } from './view.ts'

export const quotedPrintableView: View = {
  name: 'quoted-printable',
  triggers: [{ regex: '=[0-9A-F]{2}|=[ \\t]{0,4}\\r?\\n', boundary: 'none' }],
  edit(text, start, triggerEnd) {
    if (text[triggerEnd] !== EQUALS && isAssignment(text, start, triggerEnd)) return null
    const end = runEnd(text, start, triggerEnd, /(?:=[0-9A-F]{2})+/y)
    const source = text.toString('latin1', start, end)
    if (/\s/.test(source)) return { start, end, replacement: Buffer.alloc(0) }
    const bytes = Buffer.from(source.replaceAll('=', ''), 'hex')
    if (bytes.length === 1 && isAssignment(text, start, end)) return null
    const visible = bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13)
    return visible ? { start, end, replacement: asUtf8(bytes) } : null
  },
}

/** `queue=49` is an assignment far more often than a hidden letter; inside of a word or number it isn't. */
function isAssignment(text: Buffer, start: number, end: number): boolean {
  const after = text[end] ?? 0
  if (end - start !== ESCAPE_BYTES || isAsciiWordByte(after)) return false
  const source = text.toString('latin1', start, end)
  return source !== '=3D' && source !== '=20' && !/\s/.test(source)
}

const ESCAPE_BYTES = 3
const EQUALS = 0x3d
