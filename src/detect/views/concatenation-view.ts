/** Strings that a program puts together from pieces: `"4111" + "1111"`, with the operators of most languages. */
import { isAsciiWordByte } from '../match/boundary.ts'
import type { View } from './view.ts'

const OPERATOR = '(?:\\+|&|\\.{1,2}|\\|\\||<>)'
const BLANK = '[ \\t\\r\\n]{0,16}'
const HYPHEN = 0x2d
const NOTHING = new Uint8Array(0)

export const concatenationView: View = {
  name: 'concatenation',
  triggers: [{ regex: `"${BLANK}${OPERATOR}${BLANK}"|'${BLANK}${OPERATOR}${BLANK}'`, boundary: 'none' }],
  // Pieces that end in a space or a sentence are prose, and its values stand whole in one of them.
  edit: (text, start, end) =>
    joins(text[start - 1]) && joins(text[end]) ? { start, end, replacement: NOTHING } : null,
}

function joins(byte: number | undefined): boolean {
  return byte !== undefined && (isAsciiWordByte(byte) || byte === HYPHEN)
}
